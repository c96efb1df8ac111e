"""Requests for values of the latent space: the map by t-SNE, distances between codes, mixtures, statistics.

They are apart from `sources`, since the first frame needs none of them.
"""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np

from trainer.contract.files import Problem, clean
from vaetui.errors import sentence
from vaetui.format import thousands
from vaetui.latent import code_distances, mixture, nearest, tsne_cache
from vaetui.latent.code_distances import CodeDistances
from vaetui.latent.mixture import Mixture
from vaetui.latent.posteriors import Codes
from vaetui.latent.projection import ProjectedCodes, tsne_projection
from vaetui.latent.sample_statistics import SampleStatistics, sample_statistics
from vaetui.latent.samplers import SampleSources
from vaetui.latent.sources import SOURCES, Source
from vaetui.runs.run_watcher import Run
from vaetui.tui.loading.loader import CancelledError, Request, Task
from vaetui.tui.state.loaded import DISTANCES, MIXTURE, STATISTICS, TSNE
from vaetui.tui.state.selection import Selection

DELAY = 0.1  # seconds without a key before mixtures are fitted and statistics of every source computed


def tsne(run: Run, codes: Codes, version: Hashable) -> Request[ProjectedCodes]:
    """Request the map of the codes by t-SNE, from its file or computed."""
    count = thousands(min(len(codes.mean), tsne_cache.MOST))
    random = "random " if len(codes.mean) > tsne_cache.MOST else ""

    def work(task: Task) -> ProjectedCodes:
        try:
            points, notice = tsne_cache.load_or_run_tsne(run.path, codes, task.report)
        except CancelledError:
            raise
        except Exception as error:  # the codes are untrusted: whatever is wrong, the app goes on
            raise Problem(clean(sentence(error))) from error
        task.notify(notice)
        return tsne_projection(codes, points)

    # It is not cancelled, since it is computed only once for a model and then kept beside it.
    message = f"t-SNE of {count} {random}codes, once only …"
    return Request(
        (TSNE, run.path), version, work, message, "no t-SNE: {}", order="one", can_be_abandoned=True
    )


def distances(run: Run, codes: Codes, version: Hashable) -> Request[CodeDistances]:
    """Request the distances between codes."""

    def work(_: Task) -> CodeDistances:
        return code_distances.measure_distances(codes.posterior)

    return Request((DISTANCES, run.path), version, work, "measuring distances between codes …")


def gaussians(run: Run, codes: Codes, components: int, version: Hashable) -> Request[Mixture]:
    """Request a mixture of `components` Gaussians fitted to the codes."""

    def work(task: Task) -> Mixture | None:
        finite = nearest.finite(codes.mean)
        try:
            return mixture.fit_mixture(finite, components, is_unwanted=lambda: task.is_cancelled)
        except np.linalg.LinAlgError:
            raise Problem(mixture.fit_failure(components)) from None

    message = f"fitting the mixture to {len(codes.mean)} codes …"
    key = (MIXTURE, (run.path, components))
    return Request(key, (version, components), work, message, delay=DELAY)


def statistics(
    run: Run, known: SampleSources, near: CodeDistances, image: int, selection: Selection, version: Hashable
) -> Request[dict[Source, SampleStatistics]]:
    """Request the statistics of the samples of every source."""
    seed, temperature = selection.seed, selection.temperature

    def work(task: Task) -> dict[Source, SampleStatistics]:
        by_source: dict[Source, SampleStatistics] = {}
        for source in filter(known.can_sample, SOURCES):
            task.report("")
            by_source[source] = sample_statistics(source, known, near, image, seed, temperature)
        return by_source

    key = (STATISTICS, (run.path, selection.image, seed, selection.tenths))
    return Request(key, version, work, delay=DELAY)
