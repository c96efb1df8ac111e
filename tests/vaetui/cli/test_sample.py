"""Draws on standard output: from the prior, a posterior, all of them, a mixture."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL.GifImagePlugin import GifImageFile

from tests import ROOT, tiny
from tests.vaetui.cli.reading import as_bytes, as_unit, facts, output, written
from tests.vaetui.cli.shell import call, complaint
from trainer.contract.datasets.registry import load_test
from trainer.contract.run_dir import LATENTS
from trainer.contract.tensors import read_tensors
from vaetui.latent import mixture, prior, samplers
from vaetui.latent.samplers import SampleSources
from vaetui.latent.sources import Source
from vaetui.models import registry
from vaetui.models.autoencoder import Posterior
from vaetui.runs.timeline import read_timeline

ROWS = 14  # of characters for a digit in full size
IMAGES = load_test("digits", Path())


def test_sample_decodes_the_noise_that_every_checkpoint_shares(run: Path) -> None:
    found = facts("sample", run, "--count", 3, "--seed", 7)
    points = prior.prior_noise(7, 3, 2)
    model = registry.load_model(run, tiny.config())
    assert [digit["z"] for digit in found["digits"]] == points.tolist()
    assert [digit["image"] for digit in found["digits"]] == [as_bytes(p) for p in model.decode(points)]
    assert found["seed"] == 7


def test_sample_prints_as_many_as_fit_and_their_seed(run: Path) -> None:
    lines = output(call("sample", run))
    assert len(lines) == 2 + ROWS + 2
    assert max(map(len, lines)) > 30
    assert lines[-1] == "decoded draws of the prior N(0, I), seed 0"
    assert output(call("sample", run)) == lines
    assert output(call("sample", run, "--seed", 1)) != lines


def test_sampling_an_autoencoder_says_that_it_has_no_prior(runs: Path) -> None:
    run = tiny.make(runs, tiny.config("ae"))
    result = call("sample", run)
    assert result.returncode == 0
    assert "autoencoder" in result.stderr


# --- other sources ------------------------------------------------------------------------------------


def known(run: Path, digit: int) -> SampleSources:
    """What there is to draw from, by the trainer's own codes."""
    model = registry.load_model(run, tiny.config())
    arrays = read_tensors(run / LATENTS).arrays
    fitted = mixture.fit_mixture(arrays["mean"], 3)
    around = model.encode(as_unit(IMAGES.pixels[[digit]]))
    return SampleSources(2, around, Posterior(arrays["mean"], arrays["log_var"]), fitted)


@pytest.mark.parametrize(
    ("source", "options", "own"),
    [
        ("prior", (), {}),
        ("posterior", ("--digit", "#7"), {"test_image": 7, "label": int(IMAGES.labels[7])}),
        ("aggregate", (), {}),
        ("mixture", ("--components", 3), {"components": 3}),
    ],
)
def test_every_source_draws_what_the_explorer_draws(
    run: Path, source: Source, options: tuple[Any, ...], own: dict[str, int]
) -> None:
    asked = ("--from", source, *options, "--seed", 5, "--temperature", 0.7, "--count", 6)
    found = facts("sample", run, *asked)
    wanted = samplers.sample(source, known(run, 7), 6, 5, 0.7)
    assert [digit["z"] for digit in found["digits"]] == wanted.z.tolist()
    decoded = registry.load_model(run, tiny.config()).decode(wanted.z)
    assert [digit["image"] for digit in found["digits"]] == [as_bytes(image) for image in decoded]
    assert (found["from"], found["seed"], found["temperature"]) == (source, 5, 0.7)
    assert found.items() >= own.items()
    origins = {"aggregate": ("test_image", 0), "mixture": ("component", 1)}
    if source in origins:
        name, first = origins[source]
        assert [digit[name] - first for digit in found["digits"]] == wanted.origin.tolist()


def test_the_first_test_digit_and_ten_gaussians_are_usual(run: Path) -> None:
    assert facts("sample", run, "--from", "posterior")["test_image"] == 0
    assert facts("sample", run, "--from", "mixture")["components"] == 10


def test_codes_are_made_where_the_trainer_wrote_none(run: Path) -> None:
    (run / LATENTS).unlink()
    found = facts("sample", run, "--from", "aggregate", "--temperature", 0, "--count", 2)
    images = [digit["test_image"] for digit in found["digits"]]
    assert f"{len(IMAGES.labels)} test images" in found["protocol"]
    means = registry.load_model(run, tiny.config()).encode(as_unit(IMAGES.pixels[images])).mean
    np.testing.assert_allclose([digit["z"] for digit in found["digits"]], means, atol=1e-5)


def test_damaged_codes_are_reported_and_made_anew(run: Path) -> None:
    (run / LATENTS).write_bytes(b"x" * 99)
    result = call("sample", run, "--from", "aggregate", "--count", 1)
    assert result.returncode == 0
    assert "the codes are computed again" in result.stderr


def test_draws_say_what_they_are_of(run: Path) -> None:
    lines = output(call("sample", run, "--from", "aggregate", "--count", 2))
    notes = re.findall(r"#(\d+): (\d)", lines[2 + ROWS])
    assert len(notes) == 2
    assert all(int(image) % 10 == int(label) for image, label in notes)  # as tiny's labels are
    assert lines[-1] == "decoded draws of the aggregated posterior of 60 test images, seed 0"
    lines = output(call("sample", run, "--from", "mixture", "--temperature", 0.5, "--count", 2))
    assert lines[2 + ROWS].split()[::2] == ["Gaussian"] * 2
    assert "mixture of 10 Gaussians" in lines[-2] + lines[-1]
    assert lines[-1].endswith("temperature 0.5, seed 0")


def test_a_file_says_where_its_draws_are_from(run: Path, tmp_path: Path) -> None:
    out = written(tmp_path / "a.npz", "sample", run, "--from", "mixture", "--temperature", 0.5)
    with np.load(out) as found:
        assert (str(found["source"]), float(found["temperature"])) == ("mixture", 0.5)
        assert found["z"].shape == (64, 2)


def test_a_gif_has_the_samples_of_every_epoch(run: Path, tmp_path: Path) -> None:
    out = written(tmp_path / "a.gif", "sample", run, "--count", 3, "--plain")
    kept = read_timeline(run)
    with GifImageFile(out) as movie:
        assert movie.n_frames == len(kept.epochs) == 3
        for place in range(3):
            movie.seek(place)
            seen = np.asarray(movie.convert("L")).astype(int)[2::4, 2::4]
            for number in range(3):
                left = number * 30
                shown = seen[:28, left : left + 28]
                wanted = kept.draws[place, number].reshape(28, 28)
                np.testing.assert_allclose(shown, wanted, atol=1, err_msg="a palette has 255 of its levels")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            "--from posterior --seed 3 --temperature 2",
            "kept of every epoch: leave out --from, --temperature and --seed",
        ),
        ("--count 17", "has 16 images of every epoch, not 17: ask for fewer"),
    ],
)
def test_a_gif_of_other_samples_is_refused(run: Path, tmp_path: Path, options: str, words: str) -> None:
    result = call("sample", run, *options.split(), "--out", tmp_path / "a.gif")
    assert words in complaint(result)
    assert not (tmp_path / "a.gif").exists()


@pytest.mark.parametrize(
    ("source", "words", "count"),
    [
        ("posterior", "its posterior is a point, so that all samples are the same", 1),
        ("aggregate", "its samples are codes of test images themselves", 2),
    ],
)
def test_of_an_autoencoder_it_says_what_draws_are(runs: Path, source: str, words: str, count: int) -> None:
    run = tiny.make(runs, tiny.config("ae"))
    result = call("sample", run, "--from", source, "--temperature", 2, "--json")
    assert result.returncode == 0
    assert words in result.stderr
    assert len(json.loads(result.stdout)["digits"]) == count
    mixed = call("sample", run, "--from", "mixture")
    assert (mixed.returncode, mixed.stderr) == (0, "")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--from moon", "--from takes prior, posterior, aggregate or mixture, not 'moon'"),
        ("--digit 3", "--digit is for --from posterior, not prior"),
        ("--from aggregate --components 3", "--components is for --from mixture, not aggregate"),
        ("--temperature nan", "--temperature takes a number, not nan"),
        ("--temperature -1", "--temperature"),
        ("--from mixture --components 0", "--components"),
        ("--from posterior --digit 12", "an image is a class 0 to 9"),
    ],
)
def test_what_cannot_be_asked_for_is_one_sentence(run: Path, options: str, words: str) -> None:
    result = call("sample", run, *options.split())
    assert words in complaint(result)
    assert result.returncode == 2


def test_the_mixture_is_fitted_by_one_thread_as_in_the_explorer(run: Path) -> None:
    """A small fit, which others would only slow down, and the same figures however many cores there are."""
    code = f"""
from vaetui.cli.main import run_command
assert run_command(["sample", {str(run)!r}, "--from", "mixture", "--out", {str(run / "a.npz")!r}]) == 0
from threadpoolctl import threadpool_info
print([pool["num_threads"] for pool in threadpool_info() if pool["internal_api"] == "openblas"])
"""
    clean = {name: value for name, value in os.environ.items() if "NUM_THREADS" not in name}
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT, env=clean
    )
    assert result.stdout == "[1]\n"


def test_codes_too_far_apart_for_a_mixture_are_one_sentence(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise np.linalg.LinAlgError

    monkeypatch.setattr(mixture, "fit_mixture", fail)
    result = call("sample", run, "--from", "mixture")
    assert complaint(result) == "no mixture of 10 Gaussians fits these codes: they lie too far apart"
    assert result.returncode == 1
