"""Principal component analysis of codes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vaetui.arrays import Floats


@dataclass(frozen=True, eq=False)
class Pca:
    """Principal axes of codes: `centre` (latent,), `axes` (latent, latent), `variance` (latent,).

    The rows of `axes` are orthonormal, that of the largest variance first.
    """

    centre: Floats
    axes: Floats
    variance: Floats

    @property
    def explained(self) -> Floats:
        """Return the share of variance along each axis `(latent,)`: their sum is 1, or 0 without variance."""
        total = float(self.variance.sum())
        return np.asarray(self.variance / total if total > 0 else np.zeros_like(self.variance), np.float32)

    def project(self, z: Floats) -> Floats:
        """Project points `(…, latent)` on the axes, `(…, latent)`, the first axis first."""
        return np.asarray((z - self.centre) @ self.axes.T, np.float32)

    def back(self, scores: Floats) -> Floats:
        """Return points `(…, latent)` from `scores` on the first axes `(…, up to latent)`; others are 0."""
        return np.asarray(self.centre + scores @ self.axes[: scores.shape[-1]], np.float32)


def fit_pca(codes: Floats) -> Pca:
    """Fit the principal axes of `codes` `(images, latent)`: eigenvectors of their covariance (n − 1).

    Raises `ValueError` where there are no codes.
    """
    if len(codes) == 0:
        raise ValueError("there are no codes to find axes of")
    centre = codes.mean(0, dtype=np.float64)
    apart = codes - centre  # (images, latent), float64
    variance, vectors = np.linalg.eigh(apart.T @ apart / max(len(codes) - 1, 1))
    axes = vectors.T[::-1]
    largest = np.abs(axes).argmax(1)
    # the largest component is positive: the same on every machine
    signs = np.sign(axes[np.arange(len(axes)), largest])
    parts = (centre, axes * signs[:, None], variance[::-1].clip(0))
    return Pca(*(np.ascontiguousarray(part, np.float32) for part in parts))
