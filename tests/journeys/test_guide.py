"""docs/guide.md, played in a terminal: its keys show the words that it quotes."""

from pathlib import Path

import pytest

from docs import guide
from tests import ptys

BYTES = {"up": b"\x1b[A", "down": b"\x1b[B", "right": b"\x1b[C", "left": b"\x1b[D", "enter": b"\r"}


@pytest.mark.parametrize("size", [(80, 24), (200, 50)], ids=["80x24", "200x50"])
def test_each_step_shows_what_it_quotes(size: tuple[int, int], tmp_path: Path) -> None:
    steps = guide.steps()
    assert [step.title[:2] for step in steps] == ["1.", "2.", "3.", "4."]
    with ptys.opened(Path("@examples"), "--data", str(tmp_path), size=size) as terminal:
        for step in steps:
            assert step.words, step.title
            for key in step.keys:
                terminal.type(BYTES.get(key, key.encode()))
            for words in step.words:
                terminal.wait_to_see(words)


def test_each_picture_is_there() -> None:
    for step in guide.steps():
        assert (guide.PAGE.parent / "pictures" / f"{step.picture}.svg").is_file(), "run `make pictures`"
