"""What each latent dimension does to a digit, on standard output and in files."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from PIL.GifImagePlugin import GifImageFile

from tests import tiny
from tests.vaetui.cli.reading import as_bytes, as_unit, facts, output, written
from tests.vaetui.cli.shell import call, complaint, terminal
from trainer.contract.datasets.registry import load_test
from trainer.contract.metrics import append_epochs
from vaetui import arrays
from vaetui.models import registry

IMAGES = load_test("digits", Path())
SMALL_ROWS = 7  # of characters for a thumbnail


@pytest.fixture
def made(runs: Path) -> Path:
    """Five dimensions, of which the third carries most and the last two nothing."""
    config = tiny.config(latent=5)
    run = tiny.make(runs, config)
    last = tiny.epoch(config, 3)
    kl = (1.0, 0.5, 2.0, 0.001, 0.0)
    append_epochs(run, [dataclasses.replace(last, kl_per_dim=kl)])
    return run


def own_code(run: Path, image: int) -> arrays.Floats:
    model = registry.load_model(run, tiny.config(latent=5))
    code: arrays.Floats = model.encode(as_unit(IMAGES.pixels[[image]])).mean[0]
    return code


def test_every_dimension_is_traversed_the_largest_kl_first(made: Path) -> None:
    found = facts("traverse", made, "--digit", "#7", "--steps", 3)
    assert [row["dim"] for row in found["dims"]] == [3, 1, 2, 4, 5]
    assert [row["figure"] for row in found["dims"]] == pytest.approx([2, 1, 0.5, 0.001, 0])
    assert [row["is_collapsed"] for row in found["dims"]] == [False] * 3 + [True] * 2
    assert (found["digit"], found["label"]) == (7, int(IMAGES.labels[7]))
    code, model = own_code(made, 7), registry.load_model(made, tiny.config(latent=5))
    np.testing.assert_allclose(found["code"], code, atol=1e-6)
    for row in found["dims"]:
        assert row["own"] == pytest.approx(float(code[row["dim"] - 1]))
        z = np.array([digit["z"] for digit in row["digits"]], np.float32)
        wanted = np.tile(code, (3, 1))
        wanted[:, row["dim"] - 1] = [-3, 0, 3]
        np.testing.assert_allclose(z, wanted, atol=1e-6)
        assert [digit["value"] for digit in row["digits"]] == [-3, 0, 3]
        assert [digit["image"] for digit in row["digits"]] == [as_bytes(image) for image in model.decode(z)]


def test_some_dimensions_between_other_ends_with_others_moved(made: Path) -> None:
    found = facts(
        *("traverse", made, "--dim", "z5,2", "--set", "1=-0.5,2=9", "--from", -1, "--to", 2, "--steps", 4)
    )
    assert [row["dim"] for row in found["dims"]] == [5, 2]
    assert [digit["value"] for digit in found["dims"][0]["digits"]] == [-1, 0, 1, 2]
    z = np.array([digit["z"] for digit in found["dims"][0]["digits"]])
    assert z[:, 0] == pytest.approx([-0.5] * 4)
    assert z[:, 1] == pytest.approx([9] * 4)
    moved = [digit["z"][1] for digit in found["dims"][1]["digits"]]
    assert moved == pytest.approx([-1, 0, 1, 2])  # what is traversed goes before what is set
    assert "dim 1 at −0.50" in found["protocol"]


def test_an_autoencoder_is_reported_in_spreads_of_its_codes(grid: Path) -> None:
    run = grid / "digits" / "ae-z5-bce-s0-h16"
    found = facts("traverse", run, "--steps", 3)
    assert found["sorted_by"] == "variance"
    assert "of the codes, from their mean" in found["protocol"]
    figures = [row["figure"] for row in found["dims"]]
    assert figures == sorted(figures, reverse=True)
    row = found["dims"][0]
    low, middle, high = (digit["z"][row["dim"] - 1] for digit in row["digits"])
    assert high - middle == pytest.approx(middle - low)
    assert high - middle == pytest.approx(3 * figures[0] ** 0.5, rel=1e-4)


def test_rows_are_dimensions_under_their_names(made: Path) -> None:
    lines = output(call("traverse", made))
    assert lines[2].startswith("dim 3  KL 2.00 nats, this image at ")
    assert lines[3].split() == ["−3.00", "−1.50", "0.00", "+1.50", "+3.00"]
    heads = [line for line in lines if line.startswith("dim ")]
    assert [head.split()[1] for head in heads] == ["3", "1", "2", "4", "5"]
    assert [head.endswith(", collapsed") for head in heads] == [False] * 3 + [True] * 2
    assert lines[3 + 1 + SMALL_ROWS + 1] == heads[1]
    assert max(map(len, lines)) <= 80
    assert "sorted by KL as measured" in " ".join(lines[-3:])


def test_values_are_reported_again_where_a_row_is_broken(made: Path) -> None:
    lines = output(call("traverse", made, "--dim", "1", "--steps", 7))
    assert [line.split() for line in lines if "3.00" in line and "KL" not in line] == [
        ["−3.00", "−2.00", "−1.00", "0.00", "+1.00"],
        ["+2.00", "+3.00"],
    ]


def test_what_has_collapsed_is_grey_on_a_terminal(made: Path) -> None:
    with terminal("traverse", made, "--dim", "3,5", rows=40) as screen:
        assert screen.end() == 0
    lines = screen.text().splitlines()
    inks = {line[:5]: screen.screen.buffer[y][0].fg for y, line in enumerate(lines) if line[:3] == "dim"}
    assert inks == {"dim 3": "default", "dim 5": "brightblack"}


def test_files_hold_every_dimension(made: Path, tmp_path: Path) -> None:
    with np.load(written(tmp_path / "a.npz", "traverse", made, "--digit", "#7")) as found:
        assert found["dimensions"].tolist() == [2, 0, 1, 3, 4]  # from 0, as arrays are
        assert found["z"].shape == (5, 13, 5)
        images = registry.load_model(made, tiny.config(latent=5)).decode(found["z"].reshape(65, 5))
        np.testing.assert_array_equal(found["images"].reshape(65, 784), images)
        np.testing.assert_array_equal(found["code"], own_code(made, 7))
    with GifImageFile(written(tmp_path / "a.gif", "traverse", made, "--steps", 5)) as movie:
        assert movie.n_frames == 8
    drawn = written(tmp_path / "a.svg", "traverse", made).read_text()
    for text in ("dim 3", "KL 2.00 nats", "−3.00", "0.00", "+3.00"):
        assert f">{text}</text>" in drawn


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--dim 6", "has dimensions 1 to 5, not 6"),
        ("--dim 0", "has dimensions 1 to 5, not 0"),
        ("--dim x", "--dim takes numbers of dimensions as in 3 or z3, not 'x'"),
        ("--set 9=1", "not 9"),
        ("--set 1=", "--set takes dimensions and their values as in 3=1.5"),
        ("--set 1=nan", "--set takes dimensions and their values as in 3=1.5"),
        ("--from 1 --to 1", "--from takes a number below that of --to, not 1 and 1"),
        ("--from nan", "--from takes a number below"),
        ("--steps 1", "--steps"),
        ("--digit #400", "not #400"),
    ],
)
def test_what_cannot_be_traversed_is_one_sentence(made: Path, options: str, words: str) -> None:
    result = call("traverse", made, *options.split())
    assert words in complaint(result)
    assert result.returncode == 2
