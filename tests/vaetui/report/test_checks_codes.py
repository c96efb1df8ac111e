"""Checks on latent spaces: each holds on a model built so, and fails where it is false by construction."""

from pathlib import Path

import numpy as np
import pytest

from tests import tiny
from tests.vaetui.report.built import (
    Constant,
    Jumping,
    Linear,
    Noisy,
    built,
    checked,
    digits,
    shuffled,
)
from vaetui.arrays import Floats
from vaetui.latent.posteriors import Codes
from vaetui.models.autoencoder import Posterior
from vaetui.report import measures


def clustered(latent: int, spread: float = 0.1) -> Codes:
    """Codes around one place a class, in the first two dimensions; noise of `spread` in all."""
    labels = digits()[1]
    angles = labels * (2 * np.pi / 10)
    places = np.zeros((len(labels), latent))
    places[:, :2] = 5 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    places += spread * np.random.default_rng(0).standard_normal(places.shape)
    mean = places.astype(np.float32)
    return Codes(mean, labels, np.full_like(mean, -4.0))


def test_explained_variance(runs: Path) -> None:
    run = built(runs, Linear(5))
    share = float(run.axes.explained[:2].sum())
    asked = {"components": 2, "limit": 0.02, "others": [0.05]}
    assert checked([run], "explained_variance", share=share + 0.01, **asked).verdict is True
    assert checked([run], "explained_variance", share=share + 0.03, **asked).verdict is False
    assert checked([run], "explained_variance", share=share - 0.03, **asked).verdict is False
    found = checked([built(runs, Linear(2))], "explained_variance", share=0.5, **asked)
    assert found.measured == "codes of 2 dimensions have no more than 2 components"


def test_classes_cluster_in_the_plane_that_the_write_up_shows(runs: Path) -> None:
    assert checked([built(runs, Linear(4), codes=clustered(4))], "classes_cluster").verdict is True
    assert checked([built(runs, Linear(5), codes=shuffled(Linear(5)))], "classes_cluster").verdict is False
    found = checked([built(runs, Linear(20))], "classes_cluster")
    assert found.verdict is False, "digits cluster in 20 dimensions, and overlap in two"
    assert "in all 20 dimensions 88" in found.measured


def test_clusters_overlap(runs: Path) -> None:
    apart = built(runs, Linear(2), codes=clustered(2))
    assert checked([apart], "clusters_overlap", latent=2, beta=1).verdict is False
    assert checked([built(runs, Linear(3))], "clusters_overlap", latent=3, beta=1).verdict is True


def test_clusters_of_one_size_are_better(runs: Path) -> None:
    small, large = built(runs, Linear(2)), built(runs, Linear(20))
    found = checked([small, large], "clusters_better", than=2, latent=20, beta=1)
    assert found.verdict is True
    assert checked([small, large], "clusters_better", than=20, latent=2, beta=1).verdict is False
    same = built(runs, Linear(3), codes=small.codes)
    assert checked([small, same], "clusters_better", than=2, latent=3, beta=1).verdict is None, "a tie"


def test_similar_classes_are_near(runs: Path) -> None:
    assert checked([built(runs, Linear(20))], "similar_classes_are_near").verdict is True
    mixed = built(runs, Linear(5), codes=shuffled(Linear(5)))
    assert checked([mixed], "similar_classes_are_near").verdict is False


# --- posteriors -----------------------------------------------------------------------------------------


def test_posteriors_near_the_prior(runs: Path) -> None:
    usual = built(runs, Linear(2))
    collapsed = built(runs, Linear(2, 0.0, 1e-3), tiny.config(beta=10))
    found = checked([usual, collapsed], "posteriors_near_the_prior", latent=2, beta=10)
    assert found.verdict is True
    assert "mean rate relative to β = 1 0.00" in found.measured
    assert checked([usual, collapsed], "posteriors_near_the_prior", latent=2, beta=1).verdict is False


def test_many_dimensions_do_not_make_posteriors_nearer(runs: Path) -> None:
    """0.05 nats a dimension are 3.2 nats an image at 64."""
    posterior = np.full((len(digits()[1]), 64), np.sqrt(0.1), np.float32)
    codes = Codes(posterior, digits()[1], np.zeros_like(posterior))
    run = built(runs, Linear(64), codes=codes)
    found = checked([run], "posteriors_near_the_prior", latent=64, beta=1)
    assert found.verdict is False
    assert "mean rate 3.20 nats" in found.measured


# --- interpolations -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("network", "verdict"),
    [(Linear(20), True), (Constant(20), False), (Noisy(20), False), (Jumping(20), False)],
)
def test_interpolation_is_smooth(runs: Path, network: Linear, verdict: bool) -> None:
    """A constant decoder has even steps and never arrives; one that shows the nearest image jumps."""
    assert checked([built(runs, network)], "interpolation_is_smooth").verdict is verdict


def test_an_untrained_network_does_not_interpolate(runs: Path) -> None:
    from tests.vaetui.report.making import run, verdict

    assert verdict([run(runs, tiny.config())], "interpolation_is_smooth").verdict is False


class InOrder(Linear):
    """One dimension, along which the mean images of the classes 2, 3, 8, 7, 9 and 1 stand in this order."""

    order = (2, 3, 8, 7, 9, 1)

    def encode(self, pixels: Floats) -> Posterior:
        labels = digits()[1]
        places = np.array([self.order.index(c) if c in self.order else 9 for c in labels], np.float32)
        mean = np.stack([places, 0 * places], axis=1)
        return Posterior(mean, np.full_like(mean, -4.0))

    def decode(self, z: Floats) -> Floats:
        pixels, labels = digits()
        means = np.stack([pixels[labels == c].mean(0) for c in self.order])
        return np.asarray(means[z[:, 0].round().clip(0, 5).astype(int)])


def test_a_walk_passes_through_the_classes_in_order(runs: Path) -> None:
    run = built(runs, InOrder(2))
    found = checked([run], "walk_passes", latent=2, beta=1, classes=[2, 3, 8, 7, 9, 1])
    assert found.verdict is True
    assert "classes shown 4.00" in found.measured
    assert checked([run], "walk_passes", latent=2, beta=1, classes=[2, 8, 3, 1]).verdict is False


def test_a_walk_passes_few_classes(runs: Path) -> None:
    small, large = built(runs, InOrder(2)), built(runs, Linear(20))
    asked = {"beta": 1, "ends": [2, 1]}
    assert checked([small, large], "walk_passes_few", latent=20, than=2, **asked).verdict is True
    assert checked([small, large], "walk_passes_few", latent=2, than=20, **asked).verdict is False


# --- VAE and autoencoder --------------------------------------------------------------------------------


def test_the_vae_is_smoother(runs: Path) -> None:
    even, jumping = built(runs, Linear(20)), built(runs, Jumping(20, None), tiny.config("ae", 20))
    assert checked([even, jumping], "vae_is_smoother").verdict is True
    other, linear = built(runs, Jumping(5)), built(runs, Linear(5, None), tiny.config("ae", 5))
    assert checked([other, linear], "vae_is_smoother").verdict is False


class Curved(Linear):
    """Codes on a thin ring, which no Gaussian fits: inside and outside it noise is decoded."""

    def encode(self, pixels: Floats) -> Posterior:
        angles = np.arange(len(pixels)) * (2 * np.pi / len(pixels))
        mean = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
        return Posterior(mean, None if self.log_var is None else np.full_like(mean, self.log_var))

    def decode(self, z: Floats) -> Floats:
        pixels = digits()[0]
        place = np.round(np.arctan2(z[:, 1], z[:, 0]) / (2 * np.pi) * len(pixels)).astype(int) % len(pixels)
        noise = np.random.default_rng(0).random((len(z), 784))
        is_on = np.abs(np.linalg.norm(z, axis=1) - 1) < 0.05
        return np.where(is_on[:, None], pixels[place], noise).astype(np.float32)


def test_the_vae_is_more_continuous(runs: Path) -> None:
    even, curved = built(runs, Linear(2)), built(runs, Curved(2, None), tiny.config("ae"))
    assert checked([even, curved], "vae_is_more_continuous").verdict is True
    vae = built(runs, Curved(2), tiny.config(beta=4))
    other = built(runs, Linear(2, None), tiny.config("ae", 2, likelihood="gaussian"))
    assert checked([vae, other], "vae_is_more_continuous").verdict is False


def test_the_vae_is_more_structured(runs: Path) -> None:
    good, bad = Linear(20), shuffled(Linear(20))
    vae, other = built(runs, good), built(runs, Linear(20, None), tiny.config("ae", 20), codes=bad)
    assert checked([vae, other], "vae_is_more_structured").verdict is True
    mixed, linear = (
        built(runs, Linear(5), codes=shuffled(Linear(5))),
        built(runs, Linear(5, None), tiny.config("ae", 5)),
    )
    assert checked([mixed, linear], "vae_is_more_structured").verdict is False
    assert checked([vae], "vae_is_more_structured").measured == "no autoencoder is among the runs"


# --- measures -------------------------------------------------------------------------------------------


def test_neighbour_purity_of_clusters_and_of_noise() -> None:
    labels = np.repeat(np.arange(10, dtype=np.uint8), 30)
    noise = np.random.default_rng(0).standard_normal((300, 3)).astype(np.float32)
    assert measures.neighbour_purity(noise + 100 * labels[:, None], labels).mean() == 1.0
    assert measures.neighbour_purity(noise, labels).mean() < 0.2


def test_interpolations_cross_the_classes_in_between() -> None:
    classes = np.array([[0, 1, 2, 2], [0, 0, 2, 2], [1, 0, 2, 1]], np.uint8)
    assert measures.classes_crossed(classes).tolist() == [1.0, 0.0, 2.0]
    assert measures.pass_in_order(classes, [0, 2]).tolist() == [1.0, 1.0, 1.0]
    assert measures.pass_in_order(classes, [2, 1]).tolist() == [0.0, 0.0, 1.0]


def test_images_are_classified_by_the_nearest() -> None:
    labels = np.arange(3, dtype=np.uint8).repeat(measures.VOTERS)
    shapes = np.eye(3, 784, dtype=np.float32)
    frames = shapes[[[0, 1, 2], [2, 0, 0]]]
    assert measures.classes_of(frames, shapes[labels], labels).tolist() == [[0, 1, 2], [2, 0, 0]]


def test_a_jerk_is_larger_than_even_steps() -> None:
    even = np.linspace(0, 1, 11, dtype=np.float32)
    steps = np.stack([even, np.r_[np.zeros(10), 1.0].astype(np.float32)])[:, :, None]
    assert measures.unevenness(steps).tolist() == pytest.approx([1.0, 10.0])


def test_rank_correlation() -> None:
    rising = np.array([1.0, 2.0, 5.0, 9.0])
    assert measures.rank_correlation(rising, rising**2) == pytest.approx(1.0)
    assert measures.rank_correlation(rising, -rising) == pytest.approx(-1.0)
    assert measures.rank_correlation(rising, 0 * rising) == 0.0


def test_the_distance_to_data_is_that_to_the_nearest_image() -> None:
    pixels = np.eye(3, 784, dtype=np.float32)
    found = measures.distance_to_data(np.stack([pixels[1], 2 * pixels[2], 0 * pixels[0]]), pixels)
    assert found.tolist() == pytest.approx([0.0, 1.0, 1.0], abs=1e-6)


def test_fitted_samples_have_the_moments_of_the_codes() -> None:
    codes = np.random.default_rng(1).standard_normal((2000, 3)).astype(np.float32) @ np.diag([1, 5, 0.1])
    seen = measures.fitted_samples(_Identity(), (codes + 7).astype(np.float32), 4000)  # type: ignore[arg-type]
    assert np.cov(seen, rowvar=False) == pytest.approx(np.cov(codes, rowvar=False), abs=1.0)
    assert seen.mean(0) == pytest.approx(codes.mean(0) + 7, abs=0.3)


class _Identity:
    """A decoder that returns the codes."""

    def decode(self, z: Floats) -> Floats:
        return z
