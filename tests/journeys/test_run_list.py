"""The run list: seeds × learning rates are filtered, sorted, marked, opened, noted, renamed and deleted."""

from pathlib import Path

import pytest

from tests import ptys, tiny
from trainer.contract.run_dir import NOTE

SIZES = pytest.mark.parametrize("size", [(80, 24), (200, 50)], ids=lambda s: f"{s[0]}x{s[1]}")
SLOW = "vae-z4-b1-bce-s1-h16-lr0.0003"


@pytest.fixture
def sweep(runs: Path) -> Path:
    """Two seeds × two learning rates of one model, an autoencoder, a shipped run and one that was stopped."""
    for lr in (1e-3, 3e-4):
        for seed in (0, 1):
            tiny.make(runs, tiny.config(latent=4, lr=lr, seed=seed))
    tiny.make(runs, tiny.config("ae", latent=4))
    tiny.make(runs, tiny.config(latent=4), name="mine", state="stopped", done=1)
    tiny.ship(runs, tiny.config(latent=10))
    return runs


def names(terminal: ptys.Terminal) -> list[str]:
    """Return the beginnings of the runs' names, in the order of the list."""
    words = [line[2:].split() for line in terminal.screen.display]
    return [w[0][:8] for w in words if w and (w[0] == "mine" or w[0].startswith(("vae-z", "ae-z")))]


def headings(terminal: ptys.Terminal) -> list[str]:
    """Return the line with the titles of the columns, none before it is drawn."""
    return [line for line in terminal.screen.display if " state" in line and " epoch" in line]


@SIZES
def test_the_run_list(sweep: Path, size: tuple[int, int]) -> None:
    with ptys.opened(sweep, size=size) as terminal:
        terminal.type(b"R")
        terminal.wait_to_see("7 of 7")
        terminal.until(lambda: headings(terminal) != [])
        (heading,) = headings(terminal)
        for title in ("run", "kind", "z", "lr", "seed", "state", "epoch", "−ELBO"):
            assert title in heading.split(), terminal.report()
        assert terminal.shows("after the last epoch, nats per image, validation")
        assert all(len(line) == size[0] for line in terminal.screen.display)

        # filter as one types; an error is one line and the list stays
        terminal.type(b"/lr<1e-3 kind:va")
        terminal.wait_to_see("2 of 7")
        terminal.until(lambda: len(names(terminal)) == 2)
        assert terminal.shows("0.0003")
        terminal.type(b" lr<")
        terminal.wait_to_see("lr< has no value: write lr<VALUE")
        assert terminal.shows("2 of 7")
        assert len(names(terminal)) == 2
        terminal.type(b"\x15")  # all of the line away
        terminal.wait_to_see("7 of 7")
        terminal.type(b"\t")
        terminal.wait_to_see("v mark")

        # sort by the next column and in reverse
        terminal.type(b"l")
        terminal.wait_to_see("run↑")
        terminal.until(lambda: names(terminal) == sorted(names(terminal)))
        terminal.type(b"o")
        terminal.wait_to_see("run↓")
        terminal.until(lambda: names(terminal) == sorted(names(terminal), reverse=True))
        terminal.type(b"h")
        terminal.wait_until_gone("run↓")

        # mark and unmark the run under the cursor, which is not the open one
        terminal.type(b"/seed:1 lr:0.0003\t")
        terminal.wait_to_see("1 of 7")
        terminal.type(b"v")
        terminal.wait_to_see(f"›◆{SLOW[:12]}")
        terminal.type(b"v")
        terminal.wait_until_gone("◆")
        terminal.type(b"v")
        terminal.wait_to_see(f"›◆{SLOW[:12]}")

        # a note, in the list and in the folder
        terminal.type(b"n")
        terminal.wait_to_see(f"Note on {SLOW}")
        terminal.type(b"slow but steady\r")
        terminal.wait_to_see("is saved")
        assert (sweep / "digits" / SLOW / NOTE).read_text() == "slow but steady\n"

        # open: that run in every view, with its note in the sidebar
        terminal.type(b"\r")
        terminal.wait_until_gone("1 of 7")
        terminal.wait_to_see("slow but steady")
        assert terminal.shows("◆")

        # rename: refused names can be corrected, the selection and the mark follow
        terminal.type(b"R")
        terminal.wait_to_see("slow but steady")
        terminal.type(b"r")
        terminal.wait_to_see(f"New name of {SLOW}")
        terminal.type(b"\x15no good\r")
        terminal.wait_to_see("'no good' cannot name a run")
        terminal.type(b"\x15mine\r")
        terminal.wait_to_see("digits/mine exists already: choose another name")
        terminal.type(b"\x15steady\r")
        terminal.wait_to_see("›◆steady")
        assert (sweep / "digits" / "steady").is_dir()
        assert not (sweep / "digits" / SLOW).exists()

        # delete: asked, to a folder that is named and not listed
        terminal.type(b"\x1b[3~")
        terminal.wait_to_see("Move steady to the trash?")
        terminal.type(b"n")
        terminal.wait_until_gone("Move steady")
        assert (sweep / "digits" / "steady").is_dir()
        terminal.type(b"\x1b[3~")
        terminal.wait_to_see("Move steady to the trash?")
        terminal.type(b"\r")
        terminal.wait_to_see(".trash/digits/steady")
        terminal.wait_to_see("0 of 6")
        assert (sweep / ".trash" / "digits" / "steady" / NOTE).exists()
        terminal.type(b"\t\x15")
        terminal.wait_to_see("6 of 6")
        terminal.until(lambda: len(names(terminal)) == 6)

        # what ships with vaetui stays
        terminal.type(b"examples\t")
        terminal.wait_to_see("1 of 6")
        terminal.type(b"\x1b[3~\r")
        terminal.wait_to_see("ships with vaetui and is never changed")
        assert (sweep / "examples" / "vae-z10-b1-bce-s0-h16").is_dir()

        # beside the view, where there is room
        terminal.type(b"\t\x15\tw")
        if size[0] < 200:
            terminal.wait_to_see("needs 200 columns, and this terminal has 80")
            terminal.type(b"\x1b")
            terminal.wait_until_gone("6 of 6")
        else:
            terminal.wait_to_see("stays beside the view")
            terminal.type(b"\x1b")
            terminal.wait_until_gone("stays beside")
            terminal.wait_to_see("6 of 6")
            assert terminal.shows("│ runs")
        terminal.type(b"q")
        terminal.until(lambda: terminal.process.poll() is not None)
        assert terminal.process.returncode == 0, terminal.report()
