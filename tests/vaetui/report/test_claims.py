"""Every check of the published recipes, on made-up figures: holds, does not hold, undecided."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import tiny
from tests.vaetui.report.making import SEEN, quality, run, verdict
from trainer.contract.config import Config
from trainer.contract.datasets.registry import load_test
from trainer.contract.evaluation import SampleStatistics
from trainer.contract.files import Problem
from trainer.contract.metrics import METRICS, append_epochs
from trainer.contract.run_dir import MODEL
from trainer.contract.tensors import write_tensors
from vaetui import recipes
from vaetui.models.autoencoder import Posterior
from vaetui.recipes import Claim
from vaetui.report import claims, measures
from vaetui.report.claims import CHECKS

WORSE = SampleStatistics(0.5, 2.0, 90.0)


def validated(path: Path, config: Config, **figures: float) -> Path:
    """The run with other validation figures in its last epoch."""
    (path / METRICS).unlink()
    for row in tiny.course(config, config.optimiser.epochs, config.optimiser.epochs):
        assert row.val
        append_epochs(path, [dataclasses.replace(row, val=dataclasses.replace(row.val, **figures))])
    return path


def sizes(runs: Path, costs: Mapping[int, float], kind: Any = "vae", field: str = "distortion") -> list[Path]:
    return [run(runs, tiny.config(kind, size), figures={field: cost}) for size, cost in costs.items()]


def test_every_published_claim_names_a_check_and_what_it_takes() -> None:
    for name in recipes.names():
        claims.validate(recipes.load(name).claims)
    used = {claim.check for name in recipes.names() for claim in recipes.load(name).claims}
    assert used == set(CHECKS)


@pytest.mark.parametrize(
    ("claim", "complaint"),
    [
        (
            Claim("C.", "classes_clusters"),
            "an unknown check, `classes_clusters`: did you mean classes_cluster?",
        ),
        (Claim("C.", "nearly_identical", {}), "lacks `latent`, which nearly_identical takes: a whole number"),
        (Claim("C.", "chosen_latent", {"latent": "x"}), "latent takes a whole number, not 'x'"),
        (Claim("C.", "error_levels_off", {"kind": "gan"}), 'kind takes "vae" or "ae", not \'gan\''),
        (Claim("C.", "classes_cluster", {"latent": 2}), "classes_cluster has no `latent`, it takes nothing"),
        (Claim("C.", "classes_mixed_up", {"latent": 2, "pair": [4, 4]}), "pair takes two classes, 0 to 9"),
        (Claim("C.", "quality_is_even", {"tolerance": True}), "tolerance takes a number, not True"),
    ],
)
def test_a_claim_that_cannot_be_checked_is_refused(claim: Claim, complaint: str) -> None:
    with pytest.raises(Problem) as refused:
        claims.validate([claim])
    assert complaint in str(refused.value)


# --- errors -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("costs", "holds"), [((120, 100, 95), True), ((120, 100, 85), False), ((120, 115, 114), False)]
)
def test_distortion_levels_off(runs: Path, costs: tuple[float, ...], holds: bool) -> None:
    paths = sizes(runs, dict(zip((5, 10, 50), costs, strict=True)))
    found = verdict(paths, "distortion_levels_off", at=[5, 10, 50])
    assert found.holds is holds
    assert f"falls by {costs[0] - costs[1]:.2f}" in found.measured
    assert found.protocol == "test, 60 images, grey levels, one posterior draw, epoch 3"


def test_missing_runs_leave_a_claim_undecided(runs: Path) -> None:
    found = verdict(sizes(runs, {5: 100}), "distortion_levels_off", at=[5, 10, 50])
    assert (found.holds, found.measured) == (None, "no VAE with z = 10 and β = 1 is among the runs")
    assert found.answer == "undecided"
    path = run(runs, tiny.config("ae"))
    assert verdict([path], "error_levels_off", kind="vae").measured == "no VAE is among the runs"
    assert verdict([path], "error_levels_off", kind="ae").measured == (
        "there is only one latent size of autoencoders"
    )


@pytest.mark.parametrize(("rise", "holds"), [(0.0, True), (0.02, False)])
def test_error_falls_for_every_class(runs: Path, rise: float, holds: bool) -> None:
    paths = []
    for size, error in ((2, 0.04), (5, 0.03), (10, 0.02)):
        each = {str(label): error + (rise if (size, label) == (10, 3) else 0.0) for label in range(10)}
        paths.append(run(runs, tiny.config("ae", size), per_class_mse=each))
    found = verdict(paths, "error_falls_for_every_class", kind="ae")
    assert found.holds is holds
    assert ("; not: class 3 from z = 5 to 10" in found.measured) is not holds


@pytest.mark.parametrize(("errors", "holds"), [((0.05, 0.0204, 0.02), True), ((0.05, 0.04, 0.03), False)])
def test_error_levels_off(runs: Path, errors: tuple[float, ...], holds: bool) -> None:
    paths = sizes(runs, dict(zip((2, 5, 10), errors, strict=True)), field="mse")
    assert verdict(paths, "error_levels_off", kind="vae").holds is holds


def test_easiest_and_hardest_classes(runs: Path) -> None:
    each = {str(label): 0.02 + {1: -0.01, 7: -0.005, 2: 0.01, 8: 0.02}.get(label, 0.0) for label in range(10)}
    paths = [run(runs, tiny.config(latent=size), per_class_mse=each) for size in (2, 5)]
    assert verdict(paths, "easiest_classes", classes=[1, 7]).holds is True
    assert verdict(paths, "easiest_classes", classes=[1, 2]).holds is False
    assert verdict(paths, "hardest_classes", classes=[2, 8]).holds is True
    assert "in 2 of 2 runs" in verdict(paths, "hardest_classes", classes=[8, 2]).measured
    assert verdict(paths, "hardest_classes", classes=[7, 8]).holds is False
    lacking = run(runs, tiny.config(latent=10), per_class_mse={})
    assert verdict([lacking], "easiest_classes", classes=[1]).holds is None


@pytest.mark.parametrize(("one", "holds"), [(80.0, True), (40.0, False)])
def test_quality_is_even(runs: Path, one: float, holds: bool) -> None:
    each = {str(label): one if label == 1 else 100.0 for label in range(10)}
    path = run(runs, tiny.config(), per_class_distortion=each)
    assert verdict([path], "quality_is_even", tolerance=0.5).holds is holds


def test_chosen_latent(runs: Path) -> None:
    paths = []
    for size, error in ((5, 0.03), (20, 0.02), (50, 0.021)):
        config = tiny.config(latent=size)
        paths.append(validated(run(runs, config), config, mse=error, elbo=-100.0 - size))
    found = verdict(paths, "chosen_latent", latent=20)
    assert found.holds is True
    assert "5.0% below z = 50" in found.measured
    assert "lowest validation −ELBO: z = 5 (105.00 nats per image)" in found.measured
    assert found.protocol == "validation, 180 images, one posterior draw, epoch 3"
    assert verdict(paths, "chosen_latent", latent=5).holds is False


def test_best_settings(runs: Path) -> None:
    paths = []
    for rate, elbo in ((1e-3, -110.0), (1e-4, -105.0)):
        config = tiny.config(lr=rate, batch_size=64)
        paths.append(validated(run(runs, config), config, elbo=elbo))
    asked: dict[str, Any] = {"kind": "vae", "batch-size": 64}
    assert verdict(paths, "best_settings", lr=1e-4, **asked).holds is True
    assert verdict(paths, "best_settings", lr=1e-3, **asked).holds is False
    assert verdict(paths, "best_settings", lr=3e-4, **asked).holds is None


def test_losses_in_some_unit(runs: Path) -> None:
    config = tiny.config(latent=20)
    path = validated(run(runs, config), config, distortion=0.157 * 784, rate=0.243 * 784, elbo=-0.4 * 784)
    found = verdict([path], "losses_in_some_unit", values=[0.157, 0.243, 0.4])
    assert found.holds is True
    assert found.measured.endswith("within 10%: nats per pixel")
    assert verdict([path], "losses_in_some_unit", values=[0.5, 0.5, 1.0]).holds is False


# --- codes --------------------------------------------------------------------------------------------


def test_explained_variance_and_clusters_on_random_weights(runs: Path) -> None:
    path = run(runs, tiny.config(latent=5))
    values = {"components": 2, "tolerance": 0.01}
    assert verdict([path], "explained_variance", share=0.0, **values).holds is False
    assert verdict([path], "explained_variance", share=0.5, components=2, tolerance=1.0).holds is True
    assert verdict([path], "explained_variance", share=0.5, components=5, tolerance=1.0).holds is None
    assert verdict([path], "classes_cluster").holds is False, "random weights know no classes"


def test_neighbour_purity_of_clusters_and_of_noise() -> None:
    labels = np.repeat(np.arange(10, dtype=np.uint8), 30)
    noise = np.random.default_rng(0).standard_normal((300, 3)).astype(np.float32)
    assert measures.neighbour_purity(noise + 100 * labels[:, None], labels).mean() == 1.0
    assert measures.neighbour_purity(noise, labels).mean() < 0.2


def test_two_equal_sizes_are_undecided(runs: Path) -> None:
    """The second dimension is blind: both models see, and decode, the same."""
    small, large = (run(runs, tiny.config(latent=size)) for size in (1, 2))
    narrow = tiny.weights(tiny.config(latent=1))
    wide = dict(narrow)
    for head in ("mean", "log_var"):
        wide[f"{head}.weight"] = np.hstack([narrow[f"{head}.weight"], 0 * narrow[f"{head}.weight"]])
        wide[f"{head}.bias"] = np.hstack([narrow[f"{head}.bias"], 0 * narrow[f"{head}.bias"]])
    wide["decoder.0.weight"] = np.vstack([narrow["decoder.0.weight"], 0 * narrow["decoder.0.weight"]])
    write_tensors(large / MODEL, wide, {"epoch": "3"})
    for check in ("clusters_better", "walks_cross_fewer_classes"):
        assert verdict([small, large], check, than=1, latent=2, beta=1).holds is None, check


def test_interpolations_cross_the_classes_in_between() -> None:
    labels = np.arange(3, dtype=np.uint8).repeat(measures.VOTERS)
    shapes = np.eye(3, 784, dtype=np.float32)
    pixels = shapes[labels]
    frames = shapes[[[0, 1, 2, 2], [0, 0, 2, 2], [1, 0, 2, 1]]]
    assert measures.classes_crossed(frames, pixels, labels).tolist() == [1.0, 0.0, 2.0]


def test_a_jerk_is_larger_than_even_steps() -> None:
    even = np.linspace(0, 1, 11, dtype=np.float32)
    steps = np.stack([even, np.r_[np.zeros(10), 1.0].astype(np.float32)])[:, :, None]
    assert measures.unevenness(steps).tolist() == pytest.approx([1.0, 10.0])


def test_interpolation_of_a_small_smooth_decoder_is_smooth(runs: Path) -> None:
    path = run(runs, tiny.config())
    assert verdict([path], "interpolation_is_smooth").holds is True


def test_the_distance_to_the_prior() -> None:
    rng = np.random.default_rng(0)
    codes = rng.standard_normal((20_000, 2)).astype(np.float32)
    assert measures.kl_to_prior(Posterior(codes, None)) == pytest.approx(0, abs=1e-3)
    shifted = measures.kl_to_prior(Posterior(codes + 2, None))
    assert shifted == pytest.approx(2.0, rel=0.05), "½·2² nats a dimension"
    flat = Posterior(0 * codes, np.zeros_like(codes))
    assert measures.kl_to_prior(flat) == pytest.approx(0), "collapsed posteriors are the prior itself"
    assert measures.kl_to_prior(Posterior(0 * codes, None)) == np.inf


def collapsed(runs: Path, beta: float, *, kind: Any = "vae") -> Path:
    """A model whose posteriors are the prior, and which decodes always the same."""
    config = tiny.config(kind, 2, beta)
    path = run(runs, config, quality=quality())
    weights = tiny.weights(config)
    for name in weights:
        if name.startswith(("mean", "log_var", "decoder.0")):
            weights[name] = 0 * weights[name]
    write_tensors(path / MODEL, weights, {"epoch": "3"})
    return path


def test_codes_near_the_prior(runs: Path) -> None:
    usual, strict = run(runs, tiny.config(beta=1)), collapsed(runs, 10)
    found = verdict([usual, strict], "codes_near_the_prior", latent=2, beta=10)
    assert found.holds is True
    assert "; at β = 1 " in found.measured
    assert verdict([usual, strict], "codes_near_the_prior", latent=2, beta=1).holds is False


def test_vae_nearer_the_prior(runs: Path) -> None:
    vae, other = collapsed(runs, 1), run(runs, tiny.config("ae"))
    assert verdict([vae, other], "vae_nearer_the_prior").holds is True
    assert verdict([vae], "vae_nearer_the_prior").measured == "no autoencoder is among the runs"


# --- images -------------------------------------------------------------------------------------------


def test_classes_mixed_up(runs: Path) -> None:
    path = run(runs, tiny.config(latent=5), quality=quality())
    found = verdict([path], "classes_mixed_up", latent=5, pair=[9, 4])
    assert found.holds is True
    assert "9↔4 confused 20× (10.0% of their 200), rank 1 of 45" in found.measured
    assert verdict([path], "classes_mixed_up", latent=5, pair=[1, 7]).holds is False
    illegible = run(runs, tiny.config(latent=2), quality=quality(accuracy=0.5))
    assert verdict([illegible], "classes_mixed_up", latent=2, pair=[4, 9]).holds is False


@pytest.mark.parametrize(
    ("check", "values"),
    [
        ("classes_mixed_up", {"latent": 2, "pair": [4, 9]}),
        ("nearly_identical", {"latent": 2}),
        ("clear_for_few_classes", {"latent": 2, "beta": 1}),
        ("prior_worse_than_posterior", {"latent": 2, "beta": 1}),
    ],
)
def test_without_a_classifier_it_says_what_to_run(runs: Path, check: str, values: dict[str, Any]) -> None:
    path = run(runs, tiny.config())
    found = verdict([path], check, **values)
    assert found.holds is None
    assert found.measured == f"no classifier figures of {path.name}: evaluate that run first"


def test_nearly_identical(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = run(runs, tiny.config(latent=50), quality=quality())
    assert verdict([path], "nearly_identical", latent=50).holds is False, "random weights keep nothing"
    monkeypatch.setattr(measures, "reconstruction_error", lambda *_: 0.001)
    assert verdict([path], "nearly_identical", latent=50).holds is True
    lossy = run(runs, tiny.config(latent=20), quality=quality(accuracy=0.9))
    assert verdict([lossy], "nearly_identical", latent=20).holds is False


def test_clear_for_few_classes(runs: Path) -> None:
    clear = run(runs, tiny.config(), quality=quality())
    assert verdict([clear], "clear_for_few_classes", latent=2, beta=1).holds is False, "all ten are"
    rows = tuple(tuple(100 if true == taken and true < 2 else 0 for taken in range(10)) for true in range(10))
    few = run(runs, tiny.config(beta=4), quality=quality(confusion=rows))
    found = verdict([few], "clear_for_few_classes", latent=2, beta=4)
    assert found.holds is True
    assert "clear: 2 of 10 classes (0, 1)" in found.measured


def test_prior_worse_than_posterior(runs: Path) -> None:
    even = run(runs, tiny.config(), quality=quality())
    worse = run(runs, tiny.config(beta=0), quality=quality(prior=WORSE))
    assert verdict([even], "prior_worse_than_posterior", latent=2, beta=1).holds is False
    found = verdict([worse], "prior_worse_than_posterior", latent=2, beta=0)
    assert found.holds is True
    assert "prior 90.0, around data 20.0 (4.50×); confidence 0.500 and 0.900" in found.measured


def test_vae_decodes_prior_better(runs: Path) -> None:
    vae = run(runs, tiny.config(), quality=quality())
    blind = run(runs, tiny.config("ae"), quality=quality(prior=WORSE, around=None))
    assert verdict([vae, blind], "vae_decodes_prior_better").holds is True
    good = run(runs, tiny.config("ae"), "good", quality=quality(prior=dataclasses.replace(SEEN, frechet=1.0)))
    assert verdict([vae, good], "vae_decodes_prior_better").holds is False
    other = run(runs, tiny.config("ae"), "other", quality=quality(classifier="feedbeef"))
    found = verdict([vae, other], "vae_decodes_prior_better")
    assert found.holds is None
    assert found.measured.startswith("the runs were measured with different classifiers: evaluate ")


def test_little_diversity(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual, strict = run(runs, tiny.config()), collapsed(runs, 10)
    found = verdict([usual, strict], "little_diversity", latent=2, beta=10)
    assert found.holds is True
    assert "variance 0% of the test images'" in found.measured
    pixels = load_test("digits", Path()).pixels.astype(np.float32) / 255
    monkeypatch.setattr(measures, "prior_samples", lambda _: pixels)
    found = verdict([strict], "little_diversity", latent=2, beta=10)
    assert found.holds is False
    assert found.measured.startswith("sharpness 100% and variance 100% of the test images'")
