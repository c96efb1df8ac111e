"""What is looked at: a run, its model, test images and codes, and the subject that stays put meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from weakref import WeakKeyDictionary

from trainer.contract.files import clean
from vaetui.latent.posteriors import Codes
from vaetui.latent.test_images import ImageSet
from vaetui.models.image_ranking import ImageRanking
from vaetui.models.mlp import Vae
from vaetui.runs.run_index import RunIndex
from vaetui.runs.run_watcher import Run
from vaetui.tui.loading import store
from vaetui.tui.loading.progress import Waits
from vaetui.tui.loading.timelines import Timelines
from vaetui.tui.state.run_selection import Browser
from vaetui.tui.state.selection import Subject, opening
from vaetui.tui.state.view_state import Scene

MOST_CODES = 6  # models whose codes are kept
# What is waited for, by dataset, run and model.
IMAGES, MODELS, CODES, TIMELINES, RANKINGS = "images", "models", "codes", "timelines", "rankings"


@dataclass(frozen=True)
class Told:
    """What came of something that was asked for, in a sentence; "" when that has been seen."""

    sentence: str = ""
    is_trouble: bool = False


class Study:
    """Makes a `Scene` of what the library, the models and the readers of images have to give."""

    def __init__(self, library: RunIndex, wanted: tuple[Path, ...] = (), last: Path | None = None) -> None:
        self.browser = Browser(library, wanted, last)
        self.subject = Subject()
        self._has_polled = False  # the first frame comes before what is slow is told
        self.told = Told()
        self.waits = Waits()
        self.models = store.Models()
        self.timelines = Timelines()
        self._images: dict[str, tuple[ImageSet | None, str]] = {}  # by dataset, with the notice on them
        self._absent: set[str] = set()  # datasets that can be downloaded
        self._binarised: dict[str, ImageSet] = {}  # by dataset, once a run is judged on them
        self._codes: WeakKeyDictionary[Vae, Codes] = WeakKeyDictionary()
        self._no_codes: WeakKeyDictionary[Vae, str] = WeakKeyDictionary()  # why
        self._rankings: WeakKeyDictionary[Vae, ImageRanking | str] = (
            WeakKeyDictionary()
        )  # or why there is none
        self._elsewhere: dict[str, Subject] = {}  # of the images that were looked at before
        self._name = ""  # of the images that the subject is about

    def poll(self) -> bool:
        """Look at the runs folder and the selected model's file. Returns whether anything changed."""
        self._has_polled = True
        changed = self.browser.poll()
        run = self.browser.run
        if run is None:
            return changed
        return self.models.look(run) | self.timelines.look(run) | changed

    def scene(self, needs_model: bool) -> Scene:
        """What is looked at now; without the model where that is not needed, since it may have to be read."""
        run = self.browser.run
        if run is None:
            return Scene(advice=self._advice())
        shown = self.shown()
        loaded = self.models.here(run) if needs_model else store.Loaded(None, None, "")
        vae = loaded.vae if loaded else None
        ranking = self._rankings.get(vae) if vae else None
        self._order(ranking, shown)
        found = self.timelines.here(run)
        return Scene(
            run=run,
            family=self.browser.family,
            vae=vae,
            trouble=store.trouble(run, loaded) if loaded else self.waits.sentence(self.waits.any_of(MODELS)),
            shown=shown,
            codes=self._codes.get(vae) if vae else None,
            subject=self.subject,
            waiting=self._waiting(shown, vae),
            marked=self.browser.marked,
            timeline=found.timeline if found else None,
            no_timeline=found.trouble if found else self.waits.sentence((TIMELINES, run.path)),
            ranking=ranking if isinstance(ranking, ImageRanking) else None,
            no_ranking=ranking if isinstance(ranking, str) else self.waits.sentence((RANKINGS, vae)),
        )

    def _order(self, ranking: ImageRanking | str | None, shown: ImageSet | None) -> None:
        """Put the digits into the order that is wanted, the first of them first, once it is known."""
        gallery = self.subject.gallery
        if shown is not None and gallery.lacks_ranking and isinstance(ranking, ImageRanking):
            labels = shown.images.labels
            listed = gallery.ranked(ranking).listed(labels)
            digit = int(listed[0]) if len(listed) else self.subject.digit
            self.subject = self.subject.hung(gallery.ranked(ranking)).at(digit)

    def _waiting(self, shown: ImageSet | None, vae: Vae | None) -> str:
        """Why there are no images or no codes, as far as that is to be told."""
        if shown is None:
            _, why = self._images.get(self.dataset(), (None, ""))
            return why or self.waits.sentence((IMAGES, self.dataset()))
        if vae is None:
            return ""
        return self._no_codes.get(vae) or self.waits.sentence((CODES, vae))

    # --- images and codes

    def dataset(self) -> str:
        """The dataset of the selected run, "" without one."""
        return self.browser.run.config.data.name if self.browser.run else ""

    def has_images(self) -> bool:
        """Whether reading the images of the dataset has come to an end, well or badly."""
        return self.has_images_of(self.dataset())

    def has_images_of(self, dataset: str) -> bool:
        """The same of another dataset."""
        return dataset in self._images

    def is_absent(self) -> bool:
        """Whether the images of the dataset are not here and can be downloaded."""
        return self.dataset() in self._absent

    def take_images(self, dataset: str, shown: ImageSet | None, notice: str, is_absent: bool = False) -> None:
        """Keep the test images of `dataset`, or what stands in for them and why."""
        if dataset in self._images:
            self._codes.clear()  # they may be those of the images before
        self._images[dataset] = (shown, notice)
        self._binarised.pop(dataset, None)
        self._rankings.clear()
        (self._absent.add if is_absent else self._absent.discard)(dataset)

    def take_codes(self, vae: Vae, codes: Codes) -> None:
        """Keep the codes of the test images by `vae`."""
        self._codes[vae] = codes
        while len(self._codes) > MOST_CODES:
            del self._codes[next(iter(self._codes))]

    def fail_codes(self, vae: Vae, why: str) -> None:
        """Keep in mind that `vae` has no codes, and why."""
        self._no_codes[vae] = f"no codes: {why}"

    def has_no_codes(self, vae: Vae) -> bool:
        """Whether making codes with `vae` has failed."""
        return vae in self._no_codes

    def take_ranking(self, vae: Vae, ranking: ImageRanking | str) -> None:
        """Keep the order of the test images by `vae`, or why there is none."""
        self._rankings[vae] = ranking

    def has_ranking(self, vae: Vae) -> bool:
        """Whether ordering the test images by `vae` has come to an end, well or badly."""
        return vae in self._rankings

    def shown(self) -> ImageSet | None:
        """The test images to show, in grey levels or binarised, as the selected run is judged on them.

        The subject moves over to them where the dataset is another.
        """
        shown, _ = self._images.get(self.dataset(), (None, ""))
        if shown is None:
            return None
        if shown.name != self._name:
            self._elsewhere[self._name] = self.subject
            there = self._elsewhere.get(shown.name) or opening(shown.images.labels)
            self.subject, self._name = self.subject.among(there), shown.name
        return self._as_judged(shown)

    def _as_judged(self, shown: ImageSet) -> ImageSet:
        run = self.browser.run
        if run is None or run.config.data.binarize == "none":
            return shown
        if run.config.data.name not in self._binarised:
            self._binarised[run.config.data.name] = store.binarised(shown)
        return self._binarised[run.config.data.name]

    # --- words

    def notice(self) -> Told:
        """What was told just now, else the most pressing thing that is wrong or missing, if anything is."""
        if self.told.sentence:
            return self.told
        run = self.browser.run
        _, images = self._images.get(self.dataset(), (None, ""))
        damaged = [sentence for _, sentence in self.browser.library.problems]
        every = [
            *(run.problem if run else "", _failure(run), images),
            *(*damaged, self._reading()),
        ]
        pressing = list(filter(None, every))
        more = f" (and {len(pressing) - 1} more)" if len(pressing) > 1 else ""
        return Told(pressing[0] + more, is_trouble=True) if pressing else Told()

    def _reading(self) -> str:
        unread = self.browser.library.unread
        return f"reading {unread} more run{'s' * (unread > 1)} …" if unread and self._has_polled else ""

    def _advice(self) -> tuple[str, ...]:
        from vaetui.commands import command

        folder = self.browser.library.folder
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


def _failure(run: Run | None) -> str:
    if run is None or run.state not in ("failed", "interrupted"):
        return ""
    if run.state == "interrupted":
        return f"{run.name}: its trainer ended without saving; training it with the same options continues"
    return f"{run.name} failed: {run.status.error}"
