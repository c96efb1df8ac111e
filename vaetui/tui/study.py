"""What is looked at: a run, its model, test images and codes, and the subject that stays put meanwhile."""

from __future__ import annotations

import shlex
from pathlib import Path
from weakref import WeakKeyDictionary

from trainer.files import clean
from vaetui.library import Library, Run, runs_folder
from vaetui.tui import store
from vaetui.tui.browser import Browser
from vaetui.tui.ranking import Ranking
from vaetui.tui.scene import Codes, Scene, Shown
from vaetui.tui.subject import Subject, opening
from vaetui.tui.timelines import Timelines
from vaetui.tui.waits import Waits
from vaetui.vae import Vae

MOST_CODES = 6  # models whose codes are kept
# What is waited for, by dataset, run and model.
IMAGES, MODELS, CODES, TIMELINES, RANKINGS = "images", "models", "codes", "timelines", "rankings"


class Study:
    """Makes a `Scene` of what the library, the models and the readers of images have to give."""

    def __init__(self, library: Library, wanted: tuple[Path, ...] = (), last: Path | None = None) -> None:
        self.browser = Browser(library, wanted, last)
        self.subject = Subject()
        self._has_polled = False  # the first frame comes before what is slow is told
        self.told = ""  # what has happened just now, said until the next key
        self.waits = Waits()
        self.models = store.Models()
        self.timelines = Timelines()
        self._images: dict[str, tuple[Shown | None, str]] = {}  # by dataset, with the notice on them
        self._binarised: dict[str, Shown] = {}  # by dataset, once a run is judged on them
        self._codes: WeakKeyDictionary[Vae, Codes] = WeakKeyDictionary()
        self._no_codes: WeakKeyDictionary[Vae, str] = WeakKeyDictionary()  # why
        self._rankings: WeakKeyDictionary[Vae, Ranking | str] = WeakKeyDictionary()  # or why there is none
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
            ranking=ranking if isinstance(ranking, Ranking) else None,
            no_ranking=ranking if isinstance(ranking, str) else self.waits.sentence((RANKINGS, vae)),
        )

    def _order(self, ranking: Ranking | str | None, shown: Shown | None) -> None:
        """Put the digits into the order that is wanted, the first of them first, once it is known."""
        gallery = self.subject.gallery
        if shown is not None and gallery.lacks_ranking and isinstance(ranking, Ranking):
            labels = shown.images.labels
            listed = gallery.ranked(ranking).listed(labels)
            digit = int(listed[0]) if len(listed) else self.subject.digit
            self.subject = self.subject.hung(gallery.ranked(ranking)).at(digit)

    def _waiting(self, shown: Shown | None, vae: Vae | None) -> str:
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
        return self.dataset() in self._images

    def take_images(self, dataset: str, shown: Shown | None, notice: str) -> None:
        """Keep the test images of `dataset`, or what stands in for them and why."""
        self._images[dataset] = (shown, notice)
        self._binarised.pop(dataset, None)
        self._rankings.clear()

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

    def take_ranking(self, vae: Vae, ranking: Ranking | str) -> None:
        """Keep the order of the test images by `vae`, or why there is none."""
        self._rankings[vae] = ranking

    def has_ranking(self, vae: Vae) -> bool:
        """Whether ordering the test images by `vae` has come to an end, well or badly."""
        return vae in self._rankings

    def shown(self) -> Shown | None:
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

    def _as_judged(self, shown: Shown) -> Shown:
        run = self.browser.run
        if run is None or run.config.data.binarize == "none":
            return shown
        if run.config.data.name not in self._binarised:
            self._binarised[run.config.data.name] = store.binarised(shown)
        return self._binarised[run.config.data.name]

    # --- words

    def notice(self) -> str:
        """The most pressing thing that is wrong or missing, "" if nothing is."""
        run = self.browser.run
        _, images = self._images.get(self.dataset(), (None, ""))
        damaged = [sentence for _, sentence in self.browser.library.problems]
        every = [
            *(run.problem if run else "", _failure(run), images),
            *(*damaged, self._reading()),
        ]
        pressing = list(filter(None, every))
        more = f" (and {len(pressing) - 1} more)" if len(pressing) > 1 else ""
        return pressing[0] + more if pressing else ""

    def _reading(self) -> str:
        unread = self.browser.library.unread
        return f"reading {unread} more run{'s' * (unread > 1)} …" if unread and self._has_polled else ""

    def _advice(self) -> tuple[str, ...]:
        folder = clean(str(self.browser.library.folder))
        command = "$ vaetui train --latent 2,10 --beta 1,4 --epochs 5"
        if runs_folder(None).absolute() != self.browser.library.folder.absolute():
            command += f" --runs {shlex.quote(folder)}"
        return (
            f"There are no runs in {folder} yet.",
            "",
            "Train a small grid in another terminal:",
            "",
            command,
            "",
            "The first run opens here by itself.",
        )


def _failure(run: Run | None) -> str:
    if run is None or run.state not in ("failed", "died"):
        return ""
    if run.state == "died":
        return f"{run.name}: its trainer died; the same `vaetui train` goes on with it"
    return f"{run.name} failed: {run.status.error}"
