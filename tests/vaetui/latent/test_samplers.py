"""Draws from every source, the mixture against scikit-learn's, and what counts as far from any code."""

import numpy as np
import pytest
from sklearn.mixture import GaussianMixture

from vaetui.arrays import Floats
from vaetui.latent import mixture
from vaetui.latent.code_distances import measure_distances
from vaetui.latent.prior import prior_noise
from vaetui.latent.samplers import NO_ORIGIN, SampleSources, sample, sample_posteriors
from vaetui.latent.sources import SOURCES, Source
from vaetui.models.autoencoder import Posterior

LATENT, IMAGES = 4, 500


def clusters(apart: float = 6.0, images: int = IMAGES, latent: int = LATENT) -> Floats:
    """Three groups of points of different size, each stretched and turned in its own way."""
    rng = np.random.default_rng(3)
    parts = []
    for place, share in enumerate((0.5, 0.3, 0.2)):
        turn = rng.standard_normal((latent, latent)) / np.sqrt(latent)
        middle = apart * np.eye(latent)[place]
        parts.append(rng.standard_normal((int(images * share), latent)) @ turn + middle)
    return np.concatenate(parts).astype(np.float32)


@pytest.fixture(scope="module")
def known() -> SampleSources:
    mean = clusters()
    log_var = np.full_like(mean, -2.0)
    fitted = mixture.fit_mixture(mean, 3)
    return SampleSources(LATENT, Posterior(mean[:1], log_var[:1]), Posterior(mean, log_var), fitted)


# --- samplers


@pytest.mark.parametrize("source", SOURCES)
def test_the_first_draws_are_the_same_for_every_count(known: SampleSources, source: Source) -> None:
    few, many = sample(source, known, 5, seed=7), sample(source, known, 40, seed=7)
    np.testing.assert_array_equal(few.z, many.z[:5])
    np.testing.assert_array_equal(few.origin, many.origin[:5])
    assert not np.array_equal(few.z, sample(source, known, 5, seed=8).z)
    assert many.z.shape == (40, LATENT)
    assert many.z.dtype == np.float32


def test_every_checkpoint_gets_the_same_noise_and_the_same_images() -> None:
    def known(latent: int) -> SampleSources:
        return SampleSources(latent, codes=Posterior(*np.zeros((2, IMAGES, latent), np.float32)))

    for source in ("prior", "aggregate"):
        small, large = sample(source, known(2), 9, seed=1), sample(source, known(7), 9, seed=1)
        np.testing.assert_array_equal(small.z, large.z[:, :2])
        np.testing.assert_array_equal(small.origin, large.origin)


def test_the_prior_is_noise_times_temperature(known: SampleSources) -> None:
    np.testing.assert_allclose(sample("prior", known, 6, 2, 0.5).z, 0.5 * prior_noise(2, 6, LATENT))
    assert (sample("prior", known, 6, 2, 0.5).origin == NO_ORIGIN).all()


def test_posteriors_are_their_mean_and_temperature_times_sigma_times_noise(known: SampleSources) -> None:
    assert known.image_posterior is not None
    assert known.codes is not None
    sigma = np.float32(np.exp(-1))
    found = sample("posterior", known, 6, 2, 0.5)
    np.testing.assert_allclose(
        found.z, known.image_posterior.mean + 0.5 * sigma * prior_noise(2, 6, LATENT), rtol=1e-5
    )
    every = sample("aggregate", known, 6, 2, 0.5)
    at = known.codes.mean[every.origin]
    np.testing.assert_allclose(every.z, at + 0.5 * sigma * prior_noise(2, 6, LATENT), rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(sample("aggregate", known, 6, 2, 0.0).z, at)


def test_the_aggregated_posterior_draws_images_evenly(known: SampleSources) -> None:
    origin = sample("aggregate", known, 20_000).origin
    counts = np.bincount(origin, minlength=IMAGES)
    assert len(counts) == IMAGES
    assert np.abs(counts - 40).max() < 5 * np.sqrt(40)


def test_an_autoencoder_has_points_for_posteriors() -> None:
    mean = clusters()
    posterior = Posterior(mean, None)
    ones = np.ones((2, LATENT), np.float32)
    np.testing.assert_array_equal(sample_posteriors(posterior, np.array([3, 5]), ones, 2.0), mean[[3, 5]])


def test_the_mixture_draws_have_its_means_and_covariances(known: SampleSources) -> None:
    fitted = known.mixture
    assert fitted is not None
    found = sample("mixture", known, 30_000, seed=4)
    for place in range(3):
        own = found.z[found.origin == place]
        assert len(own) / len(found.z) == pytest.approx(fitted.weight[place], abs=0.02)
        np.testing.assert_allclose(own.mean(0), fitted.mean[place], atol=0.06)
        covariance = fitted.factor[place] @ fitted.factor[place].T
        np.testing.assert_allclose(np.cov(own.T), covariance, atol=0.12)
    cold = sample("mixture", known, 50, seed=4, temperature=0.0)
    np.testing.assert_allclose(cold.z, fitted.mean[cold.origin], rtol=1e-6)


@pytest.mark.parametrize("source", SOURCES)
def test_an_unknown_distribution_cannot_be_sampled(source: Source) -> None:
    bare = SampleSources(LATENT)
    assert bare.can_sample(source) == (source == "prior")
    if source != "prior":
        with pytest.raises(ValueError, match=f"the source {source} is unknown"):
            sample(source, bare, 1)


def test_weights_of_a_stranger_bring_no_warning() -> None:
    wild = SampleSources(
        2, codes=Posterior(np.full((3, 2), 1e38, np.float32), np.full((3, 2), 1e3, np.float32))
    )
    assert wild.codes is not None
    z = sample("aggregate", wild, 4).z
    found = measure_distances(wild.codes).nearest(z, np.full(4, NO_ORIGIN))
    assert ((found.index >= 0) & (found.index < 3)).all()


# --- mixture


def test_separate_groups_are_found_as_scikit_learn_finds_them() -> None:
    x = clusters()
    found = mixture.fit_mixture(x, 3, ridge=1e-6)
    theirs = GaussianMixture(3, random_state=0, reg_covar=1e-6).fit(x)
    assert found is not None
    order = np.argsort(-theirs.weights_)
    np.testing.assert_allclose(found.weight, theirs.weights_[order], atol=1e-3)
    np.testing.assert_allclose(found.mean, theirs.means_[order], atol=1e-2)
    covariance = found.factor @ found.factor.transpose(0, 2, 1)
    np.testing.assert_allclose(covariance, theirs.covariances_[order], atol=2e-2)
    np.testing.assert_allclose(found.log_density(x[:9]), theirs.score_samples(x[:9]), atol=0.05)
    assert found.nats == pytest.approx(float(theirs.score(x)), abs=1e-3)
    assert found.nats == pytest.approx(float(found.log_density(x).mean()), abs=1e-6)


@pytest.mark.parametrize("components", [1, 5, 10])
def test_groups_that_run_into_each_other_are_fitted_as_well_as_by_scikit_learn(components: int) -> None:
    x = clusters(1.5)
    found = mixture.fit_mixture(x, components, ridge=1e-6)
    theirs = GaussianMixture(components, random_state=0, reg_covar=1e-6).fit(x)
    assert found is not None
    assert found.nats > float(theirs.score(x)) - 0.15
    assert found.weight.sum() == pytest.approx(1)
    assert (np.diff(found.weight) <= 0).all()


def test_the_fit_is_that_of_its_seed() -> None:
    x = clusters(1.5)
    first, again, other = (
        mixture.fit_mixture(x, 6, 1),
        mixture.fit_mixture(x, 6, 1),
        mixture.fit_mixture(x, 6, 2),
    )
    assert first is not None
    assert again is not None
    assert other is not None
    np.testing.assert_array_equal(first.mean, again.mean)
    assert not np.array_equal(first.mean, other.mean)


@pytest.mark.parametrize("images", [1, 2, 7])
def test_there_are_no_more_components_than_codes(images: int) -> None:
    found = mixture.fit_mixture(np.arange(images * 3, dtype=np.float32).reshape(images, 3), 10)
    assert found is not None
    assert len(found.weight) == images
    assert np.isfinite(found.factor).all()


def test_codes_all_in_one_place_are_no_trouble() -> None:
    found = mixture.fit_mixture(np.ones((30, 3), np.float32), 4)
    assert found is not None
    np.testing.assert_allclose(found.weight @ found.mean, 1, atol=1e-6)


def test_a_fit_that_nobody_waits_for_ends() -> None:
    assert mixture.fit_mixture(clusters(), 3, is_unwanted=lambda: True) is None
    with pytest.raises(ValueError, match="at least one code"):
        mixture.fit_mixture(clusters()[:0], 3)


# --- nearness


def brute(z: Floats, codes: Floats, but: int) -> tuple[int, float]:
    apart = np.linalg.norm(codes - z, axis=1)
    if but != NO_ORIGIN:
        apart[but] = np.inf
    return int(apart.argmin()), float(apart.min())


def test_the_nearest_code_is_that_of_a_search_one_by_one() -> None:
    mean = clusters() + np.float32(100)  # far from the origin, where a product of large numbers is coarse
    found = measure_distances(Posterior(mean, np.full_like(mean, -2.0)))
    z = mean[:250] + np.float32(0.5) * prior_noise(0, 250, LATENT)
    but = np.where(np.arange(250) % 2, np.arange(250), NO_ORIGIN)
    near = found.nearest(z, but)
    wanted = [brute(point, mean, int(own)) for point, own in zip(z, but, strict=True)]
    assert near.index.tolist() == [index for index, _ in wanted]
    np.testing.assert_allclose(near.distance, [distance for _, distance in wanted], rtol=1e-3)


def test_a_code_is_near_itself_unless_that_does_not_count() -> None:
    mean = clusters()
    found = measure_distances(Posterior(mean, None))
    itself = found.nearest(mean[:3], np.full(3, NO_ORIGIN))
    assert itself.index.tolist() == [0, 1, 2]
    np.testing.assert_allclose(itself.distance, 0, atol=1e-6)
    assert (found.nearest(mean[:3], np.arange(3)).distance > 0.01).all()


def test_one_in_twenty_posterior_draws_is_far_and_half_are_nearer_than_usual() -> None:
    mean = clusters(images=1000)
    posterior = Posterior(mean, np.full_like(mean, -1.0))
    found = measure_distances(posterior)
    draws = sample("aggregate", SampleSources(LATENT, codes=posterior), 4000, seed=9)
    near = found.nearest(draws.z, draws.origin)
    assert found.is_far(near).mean() == pytest.approx(0.05, abs=0.02)
    assert (near.distance < found.median).mean() == pytest.approx(0.5, abs=0.05)


def test_points_in_a_hole_are_far() -> None:
    mean = clusters(20.0)
    found = measure_distances(Posterior(mean, np.full_like(mean, -3.0)))
    between = mean[[0]] * 0.5 + mean[[-1]] * 0.5
    assert found.is_far(found.nearest(between, np.array([NO_ORIGIN]))).all()


def test_inactive_dimensions_do_not_count() -> None:
    """Their posteriors are the prior, so that noise in them would hide what matters."""
    mean = clusters()
    idle = np.random.default_rng(0).standard_normal((len(mean), 20)).astype(np.float32) * 0.01
    wide = Posterior(np.hstack([mean, idle]), np.zeros((len(mean), LATENT + 20), np.float32))
    found = measure_distances(wide)
    assert found.active.tolist() == [True] * LATENT + [False] * 20
    z = np.hstack([mean[:5], np.full((5, 20), 9, np.float32)])
    np.testing.assert_allclose(found.nearest(z, np.full(5, NO_ORIGIN)).distance, 0, atol=1e-6)
    collapsed = measure_distances(Posterior(idle, np.zeros_like(idle)))
    assert collapsed.active.all()


def test_one_code_alone_says_nothing_of_what_is_usual() -> None:
    alone = measure_distances(Posterior(np.ones((1, 2), np.float32), None))
    near = alone.nearest(np.zeros((1, 2), np.float32), np.array([NO_ORIGIN]))
    assert near.distance.tolist() == pytest.approx([2**0.5])
    assert not alone.is_far(near).any()
    with pytest.raises(ValueError, match="no codes"):
        measure_distances(Posterior(np.ones((0, 2), np.float32), None))
