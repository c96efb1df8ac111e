"""Requests for the values that the explorer shows: what to read or compute for which selection."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from pathlib import Path

from trainer.contract.run_dir import MODEL as MODEL_FILE
from trainer.contract.run_dir import TIMELINE as TIMELINE_FILE
from vaetui.arrays import Floats
from vaetui.errors import EXPECTED_ERRORS, sentence
from vaetui.format import megabytes
from vaetui.latent import posteriors, test_images
from vaetui.latent.posteriors import Codes
from vaetui.latent.test_images import ImageSet, LoadedImages
from vaetui.models import image_ranking, registry
from vaetui.models.autoencoder import Vae
from vaetui.models.image_ranking import ImageRanking
from vaetui.runs import timeline
from vaetui.runs.run_watcher import Run
from vaetui.runs.timeline import Timeline
from vaetui.tui.loading.cache import Cache
from vaetui.tui.loading.loader import Loader, Request, Task
from vaetui.tui.state.app_state import AppState
from vaetui.tui.state.loaded import (
    CODES,
    IMAGES,
    MODEL,
    RANKING,
    RECONSTRUCTIONS,
    TIMELINE,
    FileStamps,
    Loaded,
    Stamp,
    Values,
)
from vaetui.tui.state.view_state import Reconstruction, ViewState, no_model

LARGE = 5 << 20  # bytes of a model's file, which take 20 ms to read and check


def load_values(loader: Loader, state: AppState, data: Path, needs: frozenset[str]) -> Values:
    """Return what is loaded for the selected run of the kinds a view `needs`; begin to load the rest."""
    run, stamps = state.runs.run, state.stamps
    if run is None:
        return Values()
    version = state.image_versions.get(run.config.data.name, 0)
    test_set = loader.get(images(run, version, data, loader.cache))
    model, codes, ranking = Loaded[Vae](), Loaded[Codes](), Loaded[ImageRanking]()
    if MODEL in needs and stamps.model is not None:
        model = loader.get(_model(run, stamps.model))
    shown = test_set.value.shown if test_set.value else None
    if model.value is not None and shown is not None:
        versions = (model.version, test_set.version)
        if CODES in needs:
            codes = loader.get(_codes(run, model.value, shown, versions))
        if RANKING in needs:
            ranking = loader.get(_ranking(run, model.value, shown, versions))
    epochs = loader.get(_timeline(run, stamps.timeline)) if TIMELINE in needs else Loaded[Timeline]()
    return Values(test_set, model, codes, epochs, ranking)


# --- files


def read_stamps(run: Path) -> FileStamps:
    """Read the stamps of the files of a run directory."""
    return FileStamps(_stamp(run / MODEL_FILE), _stamp(run / TIMELINE_FILE))


def _stamp(path: Path) -> Stamp:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def images(run: Run, version: int, data: Path, cache: Cache) -> Request[LoadedImages]:
    """Request the test images that a run is evaluated on.

    They are binarised at once if the greyscale ones are loaded.
    """
    dataset, is_binarised = run.config.data.name, run.config.data.binarize != "none"
    greyscale: Loaded[LoadedImages] | None = cache.get((IMAGES, (dataset, False))) if is_binarised else None
    known = greyscale.value if greyscale and greyscale.version == (dataset, version) else None

    def work(_: Task) -> LoadedImages:
        try:
            loaded = known or test_images.load(dataset, data)
        except EXPECTED_ERRORS as error:
            return LoadedImages(None, sentence(error))
        return loaded.binarised() if is_binarised else loaded

    return Request(
        (IMAGES, (dataset, is_binarised)),
        (dataset, version),
        work,
        "loading test images …",
        order="all",
        is_quick=known is not None,
        shows_older=True,
    )


def _model(run: Run, stamp: tuple[int, int, int]) -> Request[Vae]:
    return Request(
        (MODEL, run.path),
        stamp,
        lambda _: registry.load_model(run.path, run.config),
        f"reading a model of {megabytes(stamp[1])} …",
        order="one",  # paging over large models reads the last, not all of them at once
        is_quick=stamp[1] <= LARGE,
        shows_older=True,
    )


def _codes(run: Run, vae: Vae, shown: ImageSet, version: Hashable) -> Request[Codes]:
    def work(task: Task) -> Codes | None:
        codes = posteriors.load_test_codes(run.results, vae, lambda: shown.images, task.goes_on)
        task.notify(codes.notice if codes else "")
        return codes

    return Request((CODES, run.path), version, work, "encoding images …", "no codes: {}")


def _timeline(run: Run, stamp: Stamp) -> Request[Timeline]:
    return Request(
        (TIMELINE, run.path),
        stamp or "no file",
        lambda _: timeline.read_timeline(run.path),
        "reading the timeline …",
        order="one",
        shows_older=True,
    )


def _ranking(run: Run, vae: Vae, shown: ImageSet, version: Hashable) -> Request[ImageRanking]:
    def work(task: Task) -> ImageRanking | None:
        return image_ranking.rank(vae, len(shown), shown.pixels, task.goes_on)

    return Request((RANKING, run.path), version, work, f"ordering {len(shown)} images by distortion …")


# --- for single views


def reconstructions(
    view: str, runs: Sequence[Run], shown: ImageSet, image: int, state: ViewState
) -> Request[dict[Path, Reconstruction]]:
    """Request reconstructions of one test image by many checkpoints, by run directory."""
    epochs = tuple((run.path, run.latest and run.latest.epoch, run.state) for run in runs)

    def work(task: Task) -> dict[Path, Reconstruction]:
        pixels, made = shown.pixels([image]), dict[Path, Reconstruction]()
        for count, run in enumerate(runs):
            task.report(f"{count} of {len(runs)}")
            made[run.path] = reconstruct(run, _cached_model(run, task.loader.cache), pixels)
        return made

    version = (epochs, state.versions[IMAGES], shown.is_binarised, image)
    return Request((RECONSTRUCTIONS, view), version, work, "reading models …", shows_older=True)


def _cached_model(run: Run, cache: Cache) -> Loaded[Vae]:
    """Return the model of a run as its file is now; without a sentence if there is no file."""
    stamp = _stamp(run.path / MODEL_FILE)
    loaded: Loaded[Vae] | None = cache.get((MODEL, run.path))
    if stamp is None:
        return Loaded()
    if loaded is None or loaded.version != stamp:
        try:
            loaded = Loaded(registry.load_model(run.path, run.config), stamp)
        except EXPECTED_ERRORS as error:
            loaded = Loaded(None, stamp, sentence(error))
        cache.put((MODEL, run.path), loaded)
    return loaded


def reconstruct(run: Run, model: Loaded[Vae], pixels: Floats) -> Reconstruction:
    """Reconstruct one image `(1, 784)` through the mean of its posterior."""
    vae = model.value
    if vae is None:
        return Reconstruction(None, 0.0, model.sentence or no_model(run))
    mean = vae.encode(pixels).mean
    return Reconstruction(vae.decode(mean)[0], float(vae.distortion(pixels, mean)[0]))
