"""PCA against scikit-learn's and its own properties; quantiles and the sheet of the plane."""

from math import erf, sqrt

import numpy as np
import pytest
from sklearn.decomposition import PCA

from vaetui.arrays import Floats
from vaetui.latent.path import grid_points
from vaetui.latent.pca import fit_pca
from vaetui.latent.prior import normal_quantiles

SHAPES = pytest.mark.parametrize(("count", "latent"), [(300, 1), (300, 2), (200, 10), (150, 100), (40, 60)])


def codes(count: int, latent: int) -> Floats:
    """Points with a spread of their own along every axis, turned, off the middle."""
    rng = np.random.default_rng([count, latent])
    turn = np.linalg.qr(rng.standard_normal((latent, latent)))[0]
    return np.asarray(
        (rng.standard_normal((count, latent)) * np.geomspace(3, 0.3, latent)) @ turn + 1, np.float32
    )


@SHAPES
def test_the_axes_are_those_of_scikit_learn_up_to_sign(count: int, latent: int) -> None:
    found, theirs = fit_pca(codes(count, latent)), PCA(svd_solver="full").fit(codes(count, latent))
    real = min(count - 1, latent)  # beyond it there is no variance and no axis of its own
    cosines = np.abs((found.axes[:real] * theirs.components_[:real]).sum(1))
    np.testing.assert_allclose(cosines, 1, atol=1e-4)
    np.testing.assert_allclose(found.variance[:real], theirs.explained_variance_[:real], rtol=1e-3)
    np.testing.assert_allclose(found.explained[:real], theirs.explained_variance_ratio_[:real], rtol=1e-3)


@SHAPES
def test_going_back_undoes_the_projection(count: int, latent: int) -> None:
    z = codes(count, latent)
    found = fit_pca(z)
    np.testing.assert_allclose(found.back(found.project(z)), z, atol=1e-4)
    np.testing.assert_allclose(found.axes @ found.axes.T, np.eye(latent), atol=1e-5)


@SHAPES
def test_the_first_two_scores_come_back_as_themselves(count: int, latent: int) -> None:
    found = fit_pca(codes(count, latent))
    scores = np.random.default_rng(0).standard_normal((7, min(latent, 2))).astype(np.float32)
    again = found.project(found.back(scores))
    np.testing.assert_allclose(again[:, : scores.shape[1]], scores, atol=1e-4)
    np.testing.assert_allclose(again[:, scores.shape[1] :], 0, atol=1e-4)


@SHAPES
def test_variances_fall_and_their_shares_sum_to_one(count: int, latent: int) -> None:
    found = fit_pca(codes(count, latent))
    assert (np.diff(found.variance) <= 1e-6).all()
    assert (found.variance >= 0).all()
    assert float(found.explained.sum()) == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(found.variance.sum(), codes(count, latent).var(0, ddof=1).sum(), rtol=1e-4)


def test_a_single_code_has_no_variance() -> None:
    found = fit_pca(np.ones((1, 3), np.float32))
    assert found.explained.tolist() == [0, 0, 0]
    with pytest.raises(ValueError, match="no codes"):
        fit_pca(np.ones((0, 3), np.float32))


@pytest.mark.parametrize("count", [1, 2, 7, 30])
def test_quantiles_are_the_middles_of_equal_shares(count: int) -> None:
    shares = [0.5 * (1 + erf(value / sqrt(2))) for value in normal_quantiles(count).tolist()]
    np.testing.assert_allclose(shares, (np.arange(count) + 0.5) / count, atol=1e-6)


def test_the_sheet_goes_row_by_row_from_the_top() -> None:
    found = grid_points(np.array([1, 2], np.float32), np.array([10, 20, 30], np.float32))
    assert found.tolist() == [[1, 30], [2, 30], [1, 20], [2, 20], [1, 10], [2, 10]]
