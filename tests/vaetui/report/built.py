"""Models built so that a claim is true, or false, by construction, and reports on them.

They see the bundled digits. `linear` encodes by principal components and decodes by their inverse: its codes
keep what digits look like. Others are made of it: `constant` decodes always the mean image, `noisy` decodes
images that have nothing to do with the code, `shuffled` has the codes of other images.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from tests import tiny
from trainer.contract.config import Config
from trainer.contract.datasets.registry import load_test
from trainer.contract.evaluation import Evaluation
from vaetui.arrays import Floats
from vaetui.latent.pca import Pca
from vaetui.latent.posteriors import Codes
from vaetui.models.autoencoder import Network, Posterior, Vae
from vaetui.recipes import Claim
from vaetui.report.claims import CheckedClaim, check_claims
from vaetui.report.data import ReportData, ReportRun
from vaetui.runs.run_watcher import Run, read_run


@cache
def digits() -> tuple[Floats, Any]:
    """The test images `(images, 784)` in 0…1 and their classes `(images,)`."""
    images = load_test("digits", Path())
    return (images.pixels / 255).astype(np.float32), images.labels


@cache
def axes() -> Pca:
    """The principal axes of the test images."""
    pixels = digits()[0]
    centre = pixels.mean(0)
    apart = pixels - centre
    values, left = np.linalg.eigh(apart @ apart.T)  # fewer images than pixels
    kept = slice(None, 50, -1)
    rows = left[:, kept].T @ apart / np.sqrt(values[kept, None])
    return Pca(centre, np.asarray(rows, np.float32), np.asarray(values[kept] / (len(pixels) - 1), np.float32))


@dataclass(frozen=True, eq=False)
class Linear:
    """Codes are the first principal components `(images, latent)`, times `scale`."""

    latent: int
    log_var: float | None = -4.0
    scale: float = 1.0

    def encode(self, pixels: Floats) -> Posterior:
        mean = self.scale * axes().project(pixels)[:, : self.latent]
        log_var = None if self.log_var is None else np.full_like(mean, self.log_var)
        return Posterior(mean, log_var)

    def decode(self, z: Floats) -> Floats:
        return axes().back(z / self.scale)


class Constant(Linear):
    """Decode always the mean image."""

    def decode(self, z: Floats) -> Floats:
        return np.tile(axes().centre, (len(z), 1))


class Noisy(Linear):
    """Decode noise that is another for every code."""

    def decode(self, z: Floats) -> Floats:
        rng = np.random.default_rng(0)
        return np.asarray(rng.random((len(z), 784)), np.float32)


class Jumping(Linear):
    """Decode the first principal component in two steps only: between them the image jumps."""

    def decode(self, z: Floats) -> Floats:
        nearest = np.argmin(np.square(z[:, None] - self.encode(digits()[0]).mean[None]).sum(-1), axis=1)
        return np.asarray(digits()[0][nearest])


class Blurred(Linear):
    """Decode the reconstructions of three components, whatever there are."""

    def decode(self, z: Floats) -> Floats:
        return axes().back(z[:, :3])


def built(
    runs: Path, network: Network, config: Config | None = None, codes: Codes | None = None, **changes: Any
) -> ReportRun:
    """A run in the folder `runs` whose model is `network`; `changes` are of its evaluation."""
    config = config or tiny.config(latent=getattr(network, "latent", 2), likelihood="gaussian")
    path = tiny.make(runs, config)
    evaluation: Evaluation = tiny.evaluation(config, config.optimiser.epochs)
    figures = dataclasses.replace(evaluation.figures, **changes.pop("figures", {}))
    evaluation = dataclasses.replace(evaluation, figures=figures, **changes)
    tiny.write_evaluation(path, evaluation)
    return report_run(read_run(path), network, codes)


def report_run(run: Run, network: Network, codes: Codes | None = None) -> ReportRun:
    pixels, labels = digits()
    posterior = network.encode(pixels)
    codes = codes or Codes(posterior.mean, labels, posterior.log_var)
    assert run.evaluation is not None
    return ReportRun(run, run.name, Vae(run.config, 3, network, {}), codes, pixels, run.evaluation)


def shuffled(network: Network) -> Codes:
    """The codes of `network`, each that of another image."""
    pixels, labels = digits()
    posterior = network.encode(pixels)
    order = np.random.default_rng(0).permutation(len(pixels))
    return Codes(
        posterior.mean[order], labels, None if posterior.log_var is None else posterior.log_var[order]
    )


def report(runs: Sequence[ReportRun], claims: Sequence[Claim] = ()) -> ReportData:
    return ReportData("A test", "Does it work?", ("None.",), tuple(claims), False, tuple(runs))


def checked(runs: Sequence[ReportRun], check: str, **values: Any) -> CheckedClaim:
    """What a check says of runs."""
    given: Mapping[str, Any] = {name.replace("_", "-"): value for name, value in values.items()}
    (found,) = check_claims(report(runs, [Claim("Sentence.", check, given)]))
    return found
