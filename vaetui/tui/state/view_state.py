"""What a view shows: one run, its model, the images and the selection, as values."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from trainer.contract.files import clean
from trainer.contract.run_dir import MODEL as MODEL_FILE
from vaetui.arrays import Floats
from vaetui.latent.posteriors import Codes
from vaetui.latent.test_images import ImageSet
from vaetui.models.autoencoder import Vae
from vaetui.models.image_ranking import ImageRanking
from vaetui.runs.families import Family
from vaetui.runs.run_watcher import Run
from vaetui.runs.seeds import SeedGroup
from vaetui.runs.timeline import Timeline
from vaetui.tui.state.app_state import AppState
from vaetui.tui.state.loaded import CODES, IMAGES, Values
from vaetui.tui.state.selection import Selection


@dataclass(frozen=True, eq=False)
class ViewState:
    """Everything that a view may show.

    `run` is of one seed, and `family` has one run a cell, of the same seed where there is one; `models` is
    the family with all seeds, and `groups` has the model of each run.
    `trouble` says in a line why there is no model, `waiting` why there are no images or codes, `no_timeline`
    and `no_ranking` likewise; each is "" if there is one, or before loading takes long. `advice` are the
    lines to show without a run. `marked` are the marked runs in that order. `ranking` is that of the test
    images by `vae`. `versions` has by kind the versions of images and codes.
    """

    run: Run | None = None
    family: Family | None = None
    models: Family | None = None
    groups: Mapping[Path, SeedGroup] = field(default_factory=dict)
    vae: Vae | None = None
    trouble: str = ""
    shown: ImageSet | None = None
    codes: Codes | None = None
    selection: Selection = field(default_factory=Selection)
    waiting: str = ""
    advice: tuple[str, ...] = ()
    marked: tuple[Run, ...] = ()
    timeline: Timeline | None = None
    no_timeline: str = ""
    ranking: ImageRanking | None = None
    no_ranking: str = ""
    versions: Mapping[str, Hashable] = field(default_factory=dict)

    @property
    def marked_paths(self) -> frozenset[Path]:
        """Return the directories of the marked runs."""
        return frozenset(run.path for run in self.marked)


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """An image reconstructed by a checkpoint: pixels `(784,)` and nats, or why there is none."""

    pixels: Floats | None
    nats: float
    trouble: str = ""


def view_state(state: AppState, values: Values) -> ViewState:
    """Return what views show of the app's state and the values loaded for it."""
    run, family = state.runs.run, state.runs.family
    if run is None:
        return ViewState(advice=_advice(state.runs.library.folder))
    images, vae, codes = values.images, values.model.value, values.codes
    shown = images.value.shown if images.value else None
    no_images = (images.value.notice if images.value else "") or images.sentence
    return ViewState(
        run=run,
        family=family.of_seed(run) if family and family.has_seeds else family,
        models=family,
        groups=state.runs.groups,
        vae=vae,
        trouble=no_model(run) if state.stamps.model is None else "" if vae else values.model.sentence,
        shown=shown,
        codes=codes.value,
        selection=state.selection,
        waiting=no_images if shown is None else codes.sentence,
        marked=state.runs.marked,
        timeline=values.timeline.value,
        no_timeline="" if values.timeline.value else values.timeline.sentence,
        ranking=values.ranking.value,
        no_ranking=values.ranking.sentence,
        versions={IMAGES: images.version, CODES: codes.version},
    )


def no_model(run: Run) -> str:
    """Return in one sentence why a run has no model file, and what to do."""
    sentences = {
        "starting": "is starting: PyTorch is being loaded, and its model comes with its first epoch",
        "queued": "is queued: its model comes with its first epoch",
        "running": f"is in its first epoch, {run.status.progress:.0%} done: its model comes soon",
        "failed": f"failed: {run.status.error}",
        "finished": f"has no {MODEL_FILE}: copy it here, or train the run again",
    }
    ended = "ended before its model was saved: training it with the same options continues"
    state = "starting" if run.is_starting else run.state
    return f"{run.name} {sentences.get(state, ended)}"


def _advice(folder: Path) -> tuple[str, ...]:
    from vaetui.commands import command

    return (
        f"There are no runs in {clean(str(folder))} yet.",
        "",
        "Press t to train some here, or train a small grid in another terminal:",
        "",
        "$ " + command(*["train", "--latent", "2,10", "--beta", "1,4", "--epochs", "5"], runs=folder),
        "",
        "The first run opens here automatically. To look at the example models:",
        "",
        "$ " + command("explore", "--examples"),
    )
