"""The way from test digit to test digit on standard output and in files."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL.GifImagePlugin import GifImageFile

from tests import tiny
from tests.vaetui.cli.reading import as_bytes, as_unit, facts, output, written
from tests.vaetui.cli.shell import call, complaint
from trainer.contract.datasets.registry import load_test
from vaetui.latent import path
from vaetui.models import registry

IMAGES = load_test("digits", Path())


@pytest.mark.parametrize("how", ["slerp", "lerp"])
def test_interpolate_goes_from_one_mean_to_the_other(run: Path, how: path.InterpolationMethod) -> None:
    found = facts("interpolate", run, "3", "#5", "--steps", 4, f"--{how}")
    model = registry.load_model(run, tiny.config())
    images = load_test("digits", Path())
    ends = [int(np.flatnonzero(images.labels == 3)[0]), 5]
    means = model.encode(as_unit(images.pixels[ends])).mean
    points = path.interpolate(means, 4, how)
    assert (found["a"], found["b"], found["how"]) == (*ends, how)
    assert [digit["t"] for digit in found["digits"]] == pytest.approx([0, 1 / 3, 2 / 3, 1])
    assert np.array([digit["z"] for digit in found["digits"]]) == pytest.approx(points, abs=1e-6)
    assert found["digits"][-1]["image"] == as_bytes(model.decode(means)[1])


def test_interpolate_fills_the_width_with_steps(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = output(call("interpolate", run, "2", "9"))
    assert lines[-3].split() == ["0.00", "0.25", "0.50", "0.75", "1.00"]
    assert "slerp" in lines[-1]
    monkeypatch.setenv("COLUMNS", "158")
    wide = output(call("interpolate", run, "2", "9", "--small"))
    assert len(wide[-3].split()) == 10


def test_interpolate_writes_what_moves(run: Path, tmp_path: Path) -> None:
    out = written(tmp_path / "way.gif", "interpolate", run, "2", "9", "--steps", 5, "--plain")
    printed = facts("interpolate", run, "2", "9", "--steps", 5)["digits"]
    with GifImageFile(out) as movie:
        assert movie.n_frames == 8  # there and back
        for step in range(5):
            movie.seek(step)
            assert np.asarray(movie.convert("L"))[4::8, 4::8].tolist() == printed[step]["image"]


# --- through several ----------------------------------------------------------------------------------


def first(label: int) -> int:
    return int(np.flatnonzero(IMAGES.labels == label)[0])


@pytest.mark.parametrize("how", ["slerp", "lerp"])
def test_stops_are_met_one_after_the_other(run: Path, how: path.InterpolationMethod) -> None:
    found = facts("interpolate", run, "--stops", "2, 3,#8,1", "--steps", 13, f"--{how}")
    stops = [first(2), first(3), 8, first(1)]
    means = registry.load_model(run, tiny.config()).encode(as_unit(IMAGES.pixels[stops])).mean
    z = np.array([digit["z"] for digit in found["digits"]], np.float32)
    np.testing.assert_array_equal(z, path.interpolate(means, 13, how))
    np.testing.assert_allclose(z[::4], means, atol=1e-6)
    assert (found["stops"], found["a"], found["b"]) == (stops, stops[0], stops[-1])
    assert [digit["t"] for digit in found["digits"]] == pytest.approx(np.arange(13) / 4)
    assert "1 from stop to stop" in found["protocol"]


def test_two_stops_are_the_same_as_a_and_b(run: Path) -> None:
    by_stops = output(call("interpolate", run, "--stops", "2,9"))
    assert by_stops == output(call("interpolate", run, "2", "9"))


def test_a_file_has_twenty_steps_from_stop_to_stop_and_text_has_what_fits(run: Path, tmp_path: Path) -> None:
    with GifImageFile(written(tmp_path / "a.gif", "interpolate", run, "--stops", "2,3,8")) as movie:
        assert movie.n_frames == 80  # 41 there, 39 back
    lines = output(call("interpolate", run, "--stops", "2,3,8,7,9,1"))
    printed = [word for line in lines[:-3] for word in line.split() if word.replace(".", "").isdigit()]
    assert [word for word in printed if word.endswith(".00")] == [f"{stop}.00" for stop in range(6)]


@pytest.mark.parametrize(("steps", "rows"), [(13, [5, 5, 5]), (12, [5, 4, 5]), (121, [21, 20] * 3)])
def test_a_still_has_a_row_from_stop_to_stop(run: Path, tmp_path: Path, steps: int, rows: list[int]) -> None:
    out = written(tmp_path / "a.svg", "interpolate", run, "--stops", "2,3,#8,1", "--steps", steps)
    root = ElementTree.fromstring(out.read_text())
    texts = [
        (text.text or "", int(text.attrib["y"])) for text in root.iter("{http://www.w3.org/2000/svg}text")
    ]
    captions = [(words, y) for words, y in texts if words.startswith("t ")]
    lines = [[words for words, y in captions if y == line] for line in sorted({y for _, y in captions})]
    assert [len(line) for line in lines] == rows
    names = [words for words, _ in texts if "→" in words]
    stops = [f"{label} (#{number})" for label, number in ((2, first(2)), (3, first(3)))]
    assert len(names) == 3
    assert names[0] == " → ".join(stops)
    assert lines[0][0] == "t 0.00"
    assert lines[-1][-1] == "t 3.00"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "missing argument 'A'"),
        ("2", "missing argument 'B': interpolation needs A and B, or --stops 2,3,8"),
        ("2 3 --stops 4,5", "name A and B, or --stops, not both"),
        ("--stops 4", "--stops takes two images or more"),
        ("--stops 4,,5", "an image is a class 0 to 9"),
        ("--stops 4,5,6 --steps 2", "3 stops are more than 2"),
    ],
)
def test_stops_that_are_no_way_are_one_sentence(run: Path, line: str, words: str) -> None:
    result = call("interpolate", run, *line.split())
    assert words in complaint(result)
    assert result.returncode == 2
