"""Digits on standard output: test images and their reconstructions; and what goes into files."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests import tiny
from tests.vaetui.cli.reading import as_bytes, as_unit, facts, output, written
from tests.vaetui.cli.shell import call, complaint, terminal
from trainer.contract.datasets.registry import load_test
from trainer.contract.run_dir import MODEL
from vaetui.cli.show import by_class_in_turn
from vaetui.latent import prior
from vaetui.models import registry

ROWS = 14  # of characters for a digit in full size

# --- show ---------------------------------------------------------------------------------------------


def test_show_prints_two_digits_over_their_reconstructions_where_nobody_says_how_wide(run: Path) -> None:
    lines = output(call("show", run))
    assert lines[0] == f"{run.name} · digits · epoch 3"
    assert lines[2].split() == ["0", "#16", "1", "#0"]
    pictures = lines[3 : 3 + 2 * ROWS]
    assert all(line.isascii() for line in pictures)
    assert sum(bool(line.strip()) for line in pictures[:ROWS]) > 6
    assert sum(bool(line.strip()) for line in pictures[ROWS:]) > 6
    assert max(map(len, lines)) <= 80
    assert [word for word in lines[3 + 2 * ROWS].split() if word != "nats"] == [
        f"{digit['distortion']:.1f}" for digit in facts("show", run, "--count", 2)["digits"]
    ]
    protocol = (
        "test images (grey levels) over reconstructions (posterior mean) · distortion in nats per image"
    )
    assert " ".join(lines[-2:]) == f"{protocol} · weights of the last epoch"


def test_show_tells_programs_what_numpy_decodes(run: Path) -> None:
    found = facts("show", run, "--digits", "7,#0,7")
    model = registry.load_model(run, tiny.config())
    images = load_test("digits", Path())
    first_seven = int(np.flatnonzero(images.labels == 7)[0])
    assert [digit["image"] for digit in found["digits"]] == [first_seven, 0, first_seven]
    assert [digit["label"] for digit in found["digits"]] == [7, int(images.labels[0]), 7]
    pixels = as_unit(images.pixels[[first_seven]])
    posterior = model.encode(pixels)
    digit = found["digits"][0]
    assert digit["original"] == images.pixels[first_seven].reshape(28, 28).tolist()
    assert digit["reconstruction"] == as_bytes(model.decode(posterior.mean)[0])
    assert digit["distortion"] == pytest.approx(float(model.distortion(pixels, posterior.mean)[0]))
    assert digit["rate"] == pytest.approx(float(model.rate(posterior)[0]))
    assert (found["run"], found["path"], found["epoch"]) == (run.name, str(run), 3)
    assert (found["dataset"], found["split"]) == ("digits", "test")


def test_show_names_the_epoch_that_was_kept(runs: Path) -> None:
    made = tiny.config(epochs=50, patience=5, keep="best")
    run = tiny.make(runs, made, done=12, best=7, early=True)
    assert output(call("show", run, "--count", 1))[0] == f"{run.name} · digits · epoch 7 (best)"
    found = facts("show", run, "--count", 1)
    assert (found["epoch"], found["keep"]) == (7, "best")
    assert found["protocol"].endswith(" · weights of the best epoch by validation ELBO")
    assert facts("sample", run, "--count", 1)["keep"] == "best"


def test_more_digits_than_fit_become_thumbnails_in_bands(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = output(call("show", run, "--count", 7))
    heads = [line.split()[0::2] for line in lines if "#" in line and " #" in line and "nats" not in line]
    assert [head for head in heads if head[0].isdigit()] == [list("01234"), list("56")]
    small = output(call("show", run, "--small"))
    assert small[2].split()[0::2] == list("01234")
    assert len(small) == 3 + 2 * ROWS // 2 + 4
    monkeypatch.setenv("COLUMNS", "40")
    narrow = output(call("show", run))
    assert narrow[2].split()[0::2] == list("01")
    assert len(narrow[3]) <= 40


def test_classes_take_turns() -> None:
    labels = np.array([3, 3, 1, 0, 3, 1, 0], np.uint8)
    assert by_class_in_turn(labels, 7) == [3, 2, 0, 6, 5, 1, 4]
    assert by_class_in_turn(labels, 2) == [3, 2]
    assert by_class_in_turn(labels, 99) == by_class_in_turn(labels, 7)


def test_a_terminal_gets_half_blocks_in_colour_as_wide_as_it_is(run: Path) -> None:
    with terminal("show", run, columns=120, rows=50) as screen:
        assert screen.end() == 0
        lines = screen.text().splitlines()
        row = screen.screen.buffer[10]
        colours = {row[column].fg for column in range(120)} | {row[column].bg for column in range(120)}
    assert lines[2].split()[0::2] == list("0123")
    assert "▀" in "".join(lines) or "▄" in "".join(lines)
    assert len(colours) > 4


def test_images_that_are_not_here_are_replaced_by_digits_with_a_word(runs: Path, tmp_path: Path) -> None:
    run = tiny.make(runs, tiny.config(dataset="mnist"))
    result = call("show", run, "--data", tmp_path)
    assert result.returncode == 0
    assert result.stdout.startswith(f"{run.name} · digits · epoch 3\n")
    assert "using the bundled digits instead of mnist" in result.stderr
    assert str(tmp_path / "MNIST") in result.stderr


def test_a_run_without_a_model_says_when_there_will_be_one(runs: Path) -> None:
    with tiny.live(runs, done=0) as run:
        result = call("show", run)
    assert f"{run.name} has no model yet" in complaint(result)
    assert result.returncode == 1


def test_a_damaged_model_is_one_sentence(run: Path) -> None:
    (run / MODEL).write_bytes(b"\xff" * 64)
    result = call("sample", run)
    assert f"{MODEL} is damaged" in complaint(result)
    assert result.returncode == 1


# --- files --------------------------------------------------------------------------------------------


def test_show_writes_its_numbers(run: Path, tmp_path: Path) -> None:
    printed = facts("show", run, "--digits", "3,#5")["digits"]
    with np.load(written(tmp_path / "a.npz", "show", run, "--digits", "3,#5")) as found:
        assert found["indices"].tolist() == [digit["image"] for digit in printed]
        assert found["labels"].tolist() == [digit["label"] for digit in printed]
        assert [as_bytes(image) for image in found["originals"]] == [digit["original"] for digit in printed]
        assert found["distortion"].tolist() == pytest.approx([digit["distortion"] for digit in printed])
        assert (str(found["run"]), int(found["epoch"])) == (run.name, 3)


def test_a_file_does_not_depend_on_how_wide_the_terminal_is(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = written(tmp_path / "a.png", "show", run).read_bytes()
    monkeypatch.setenv("COLUMNS", "300")
    assert written(tmp_path / "b.png", "show", run).read_bytes() == first
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.text["Title"] == f"{run.name} · digits · epoch 3"  # type: ignore[attr-defined]
    with Image.open(written(tmp_path / "c.png", "show", run, "--plain")) as picture:
        assert picture.width == 4 * (10 * (28 + 2) + 2)  # one of each class
        assert picture.text == {}  # type: ignore[attr-defined]
    with np.load(written(tmp_path / "a.npz", "sample", run)) as found:
        np.testing.assert_array_equal(found["z"], prior.prior_noise(0, 64, 2))


def test_a_file_that_is_there_is_replaced_and_json_is_still_printed(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.svg"
    out.write_text("old")
    result = call("sample", run, "--count", 2, "--json", "--out", out)
    assert len(json.loads(result.stdout)["digits"]) == 2
    assert out.read_text().startswith("<svg")
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["a.svg"]


@pytest.mark.parametrize(
    ("command", "name", "code", "why"),
    [
        ("show", "a.jpg", 2, "has no known file type: end it in .png, .svg, .gif or .npz"),
        ("interpolate", "a", 2, "end it in .png, .svg, .gif or .npz"),
        ("sample", "none/a.png", 1, "make its folder first"),
    ],
)
def test_what_cannot_be_written_is_one_sentence(
    run: Path, tmp_path: Path, command: str, name: str, code: int, why: str
) -> None:
    ends = ("2", "9") if command == "interpolate" else ()
    result = call(command, run, *ends, "--out", tmp_path / name)
    assert why in complaint(result)
    assert result.returncode == code
    assert not (tmp_path / name).exists()
