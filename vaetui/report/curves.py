"""Figures of numbers: losses over the epochs, errors by class and latent size, the rate–distortion plane."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from trainer.run import Figures
from vaetui.compare import CLASSES, Entry, courses, iso_line
from vaetui.options import PIXELS_AS
from vaetui.report import paper
from vaetui.report.document import Picture
from vaetui.report.material import Material, Subject, thousands
from vaetui.vae import COSTS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Read = Callable[[Figures], float]
Panel = tuple[str, list[Subject]]

NATS, MSE = "nats per image", "squared error per pixel"
MOST_LINES = 7  # in a panel, where β can part them
HEIGHT = 6.6  # centimetres of a row of panels
FAR = 4.0  # times the next smaller rate
LEAST_EPOCHS = 5  # from which on the first one may be cut off


def all_curves(material: Material) -> Iterator[Picture]:
    """Losses of every family, then what tells its parts."""
    for number, family in enumerate(material.families):
        mark = f"-{number + 1}" if number else ""
        yield losses(family, mark)
        vaes = [subject for subject in family if subject.is_vae]
        if vaes:
            yield parts(vaes, mark)
        if family[0].config.objective.likelihood == "gaussian":
            yield errors_by_epoch(family, mark)


def losses(family: Sequence[Subject], mark: str = "") -> Picture:
    """Distortion of autoencoders and −ELBO of VAEs over the epochs, training beside validation."""

    def read(subject: Subject) -> Read:
        return (lambda one: -one.elbo) if subject.is_vae else (lambda one: one.distortion)

    data, width = _over_epochs(by_kind(family), read, NATS, is_shared=False)
    what = "−ELBO of VAEs" if all(one.is_vae for one in family) else "distortion of autoencoders"
    if len({one.is_vae for one in family}) > 1:
        what = "distortion of autoencoders and −ELBO of VAEs"
    caption = f"Loss over the epochs: {what}, {NATS}{_cost(family)}. {_splits(family)}"
    return Picture(f"loss{mark}.png", data, caption, f"Curves of {what} over the epochs", width)


def parts(vaes: Sequence[Subject], mark: str = "") -> Picture:
    """The two parts of the loss of VAEs: distortion and rate."""
    members = list(vaes)
    shown: list[Panel] = [("Distortion", members), ("Rate: KL(q(z|x) ‖ p(z))", members)]
    reads: list[Read] = [lambda one: one.distortion, lambda one: one.rate]
    figure, axes = paper.panels(2, 2, HEIGHT + 0.4)
    looks = paper.styles([subject.label for subject in members])
    for axis, (title, _), read in zip(axes, shown, reads, strict=True):
        for subject in members:
            _curve(axis, subject, read, looks[subject.label], subject.label)
        _dress(axis, title, NATS, members, read)
    _legend(axes[:1], len(members))
    caption = f"The parts of the VAEs' loss over the epochs, {NATS}{_cost(members)}. {_splits(members)}"
    alt = "Curves of distortion and rate over the epochs"
    return Picture(f"parts{mark}.png", paper.png(figure), caption, alt)


def errors_by_epoch(family: Sequence[Subject], mark: str = "") -> Picture:
    """The squared error over the epochs, kinds side by side on one scale."""
    data, width = _over_epochs(by_kind(family), lambda _: lambda one: one.mse, MSE, is_shared=True)
    caption = f"Squared error per pixel (MSE) over the epochs. {_splits(family)}"
    return Picture(f"mse{mark}.png", data, caption, "Curves of the squared error over the epochs", width)


def by_kind(family: Sequence[Subject]) -> list[Panel]:
    """Autoencoders left, VAEs right; these by β where one panel would be too full."""
    panels: list[Panel] = []
    if others := [subject for subject in family if not subject.is_vae]:
        panels.append(("Autoencoders", others))
    vaes = [subject for subject in family if subject.is_vae]
    betas = sorted({subject.beta or 0.0 for subject in vaes})
    if len(vaes) > MOST_LINES and len(betas) > 1:
        panels += [(f"VAEs, β = {beta:g}", [one for one in vaes if one.beta == beta]) for beta in betas]
    elif vaes:
        panels.append(("VAEs", vaes))
    return panels


def _over_epochs(
    shown: Sequence[Panel], read: Callable[[Subject], Read], unit: str, *, is_shared: bool
) -> tuple[bytes, float]:
    figure, axes = paper.panels(len(shown), 2 if len(shown) % 3 else 3, HEIGHT, sharey=is_shared)
    looks = paper.styles([_variant(one) for _, members in shown for one in members])
    everyone = [one for _, members in shown for one in members]
    for axis, (title, members) in zip(axes, shown, strict=True):
        for subject in members:
            _curve(axis, subject, read(subject), looks[_variant(subject)], _variant(subject))
        _dress(axis, title, unit, everyone if is_shared else members, read(members[0]))
        if is_shared:
            axis.label_outer()
    _legend(axes, max(len(members) for _, members in shown))
    return paper.png(figure), paper.share_of_page(figure)


def _variant(subject: Subject) -> str:
    """Its label without the kind, which the panel tells."""
    return subject.label.removeprefix("VAE ").removeprefix("AE ")


def _curve(axis: Axes, subject: Subject, read: Read, look: dict[str, object], label: str) -> None:
    rows = subject.run.epochs
    numbers = [row.epoch for row in rows]
    is_short = len(rows) < 3
    line = {**look, "marker": look["marker"] if is_short else None}
    axis.plot(numbers, [read(row.train) for row in rows], linestyle="--", alpha=0.65, **line)  # type: ignore[arg-type]
    held_out = [(row.epoch, read(row.val)) for row in rows if row.val]
    if held_out:
        every = max(1, len(rows) // 8)
        axis.plot(*zip(*held_out, strict=True), label=label, markevery=every, **look)  # type: ignore[arg-type]
    else:
        axis.plot([], [], label=label, **look)  # type: ignore[arg-type]


def _dress(axis: Axes, title: str, unit: str, members: Sequence[Subject], read: Read) -> None:
    from matplotlib.ticker import MaxNLocator

    axis.set_title(title)
    axis.set_xlabel("epoch")
    axis.set_ylabel(unit)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    values = _later(members, read)
    if values:
        low, high = min(values), max(values)
        room = 0.06 * (high - low) or 0.05 * abs(high) or 1.0
        axis.set_ylim(max(low - room, min(0.0, low)), high + room)


def _later(members: Sequence[Subject], read: Read) -> list[float]:
    """All values that are shown; of long runs the first epoch may lie above."""
    values = []
    for subject in members:
        rows = subject.run.epochs
        for row in rows[1:] if len(rows) >= LEAST_EPOCHS else rows:
            values += [read(one) for one in (row.train, row.val) if one]
    return [value for value in values if math.isfinite(value)]


def _legend(axes: Sequence[Axes], lines: int) -> None:
    for axis in axes:
        axis.legend(ncols=2 if lines > 4 else 1)


def _cost(family: Sequence[Subject]) -> str:
    return f" ({COSTS['gaussian']})" if family[0].config.objective.likelihood == "gaussian" else ""


def _splits(family: Sequence[Subject]) -> str:
    data = family[0].config.data
    solid = (
        f"Solid: {thousands(data.val)} validation images at the epoch's end"
        if data.val
        else "No validation images"
    )
    cut = " The first epoch may lie above the frame." if _is_long(family) else ""
    pixels = PIXELS_AS[data.binarize]
    return (
        f"{solid}; dashed: running mean over the epoch's {thousands(data.train)} training images; "
        f"{pixels}, one posterior draw an image (none for an autoencoder).{cut}"
    )


def _is_long(family: Sequence[Subject]) -> bool:
    return any(len(one.run.epochs) >= LEAST_EPOCHS for one in family)


# --- one run ----------------------------------------------------------------------------------------------


def chosen_curve(subject: Subject, number: int) -> Picture:
    """Training and validation of the chosen model."""
    figure, (axis,) = paper.panels(1, 1, 7.0)
    read: Read = (lambda one: -one.elbo) if subject.is_vae else (lambda one: one.distortion)
    what = "−ELBO" if subject.is_vae else "distortion"
    blue, orange = paper.FEW[:2]
    rows = subject.run.epochs
    axis.plot(
        [row.epoch for row in rows], [read(row.train) for row in rows], "--", color=orange, label="training"
    )
    held_out = [(row.epoch, read(row.val)) for row in rows if row.val]
    if held_out:
        axis.plot(*zip(*held_out, strict=True), color=blue, label="validation")
    test = read(subject.evaluation.figures)
    axis.axhline(test, color="#666666", linewidth=0.9, linestyle=":", label="test, of the kept weights")
    _dress(axis, f"{subject.label}: {what}", NATS, [subject], read)
    axis.legend()
    caption = (
        f"The chosen model, {subject.label}: {what} in {NATS} of training (running mean) and validation over "
        f"the epochs, and {test:.2f} on {subject.protocol}."
    )
    name = f"chosen{f'-{number}' if number > 1 else ''}.png"
    return Picture(name, paper.png(figure), caption, f"Training and validation {what}", 0.66)


# --- by class ---------------------------------------------------------------------------------------------


def by_class(material: Material) -> Iterator[Picture]:
    """The squared error of each class: by latent size where there are several, else by run."""
    for number, family in enumerate(material.families):
        mark = f"-{number + 1}" if number else ""
        groups = [
            (title, members)
            for title, members in _courses(family)
            if len({one.latent for one in members}) > 2
            and len(members) == len({one.latent for one in members})
        ]
        yield _by_size(groups, mark) if groups else _by_run(family, mark)


def _courses(family: Sequence[Subject]) -> list[Panel]:
    """Subjects that differ in their latent size alone, by kind and β."""
    found: dict[tuple[bool, float | None], list[Subject]] = {}
    for subject in family:
        found.setdefault((subject.is_vae, subject.beta), []).append(subject)
    several = len({beta for is_vae, beta in found if is_vae}) > 1
    titles = {
        key: "Autoencoders" if not key[0] else f"VAEs, β = {key[1]:g}" if several else "VAEs" for key in found
    }
    return [(titles[key], members) for key, members in found.items()]


def _by_size(groups: Sequence[Panel], mark: str) -> Picture:
    figure, axes = paper.panels(len(groups), 2, 8.0, sharey=True)
    for axis, (title, members) in zip(axes, groups, strict=True):
        places = range(len(members))
        for label in CLASSES:
            values = [one.evaluation.per_class_mse.get(label, math.nan) for one in members]
            colour = paper.CLASSES[int(label)]
            axis.plot(places, values, color=colour, linewidth=0.9)
            axis.plot(places, values, "o", color="white", markersize=7)
            axis.plot(places, values, color=colour, marker=f"${label}$", markersize=5.5, linestyle="none")
        axis.set_xticks(list(places), [str(one.latent) for one in members])
        axis.set_title(title)
        axis.set_xlabel("latent size z")
        axis.set_ylabel(MSE)
        axis.set_ylim(bottom=0)
        axis.label_outer()
    caption = (
        f"Reconstruction error of each class 0–9 (its digit marks it) by latent size. {_tested(groups[0][1])}"
    )
    width = paper.share_of_page(figure)
    return Picture(f"classes{mark}.png", paper.png(figure), caption, "Error by class and latent size", width)


def _by_run(family: Sequence[Subject], mark: str) -> Picture:
    figure, (axis,) = paper.panels(1, 1, 7.5)
    looks = paper.styles([one.label for one in family])
    for subject in family:
        values = [subject.evaluation.per_class_mse.get(label, math.nan) for label in CLASSES]
        axis.plot(
            range(10), values, linestyle=":", linewidth=0.8, label=subject.label, **looks[subject.label]
        )
    axis.set_xticks(range(10), CLASSES)
    axis.set_xlabel("class")
    axis.set_ylabel(MSE)
    axis.set_ylim(bottom=0)
    axis.legend(ncols=2 if len(family) > 3 else 1)
    caption = f"Reconstruction error of each class. {_tested(family)}"
    return Picture(f"classes{mark}.png", paper.png(figure), caption, "Error by class", 0.66)


def _tested(members: Sequence[Subject]) -> str:
    protocols = dict.fromkeys(one.protocol for one in members)
    return f"{MSE[0].upper()}{MSE[1:]}; {'; or '.join(protocols)}."


# --- the plane --------------------------------------------------------------------------------------------


def plane(material: Material) -> Iterator[Picture]:
    """Rate and distortion of the VAEs that were measured alike, where there are several."""
    for number, one in enumerate(r for r in material.rankings if r.is_of_vaes and len(r.entries) > 1):
        yield _plane(material, one.entries, f"-{number + 1}" if number else "")


def _plane(material: Material, entries: Sequence[Entry], mark: str) -> Picture:
    figure, (axis,) = paper.panels(1, 1, 9.0)
    subjects = [material.of(entry) for entry in entries]
    alike = sorted(zip(subjects, entries, strict=True), key=lambda pair: material.subjects.index(pair[0]))
    by_latent = len({entry.beta for entry in entries}) > 1
    for course in courses(entries, by_latent):
        rates = [one.figures.rate for one in course]
        axis.plot(rates, [one.figures.distortion for one in course], color="#bbbbbb", linewidth=0.9, zorder=1)
    looks = paper.styles([subject.label for subject, _ in alike])
    for subject, entry in alike:
        look = looks[subject.label] | {"linestyle": "none", "markersize": 5.5, "zorder": 3}
        axis.plot([entry.figures.rate], [entry.figures.distortion], label=subject.label, **look)
    far = _frame(axis, entries)
    _iso_lines(axis)
    axis.set_xlabel(f"rate, {NATS}")
    axis.set_ylabel(f"distortion, {NATS}")
    axis.legend(ncols=2 if len(alike) > 8 else 1, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    protocol = entries[0].protocol.words
    beyond = "".join(
        f" Out of the frame: {material.of(one).label} at rate {one.figures.rate:.1f}, distortion "
        f"{one.figures.distortion:.1f}."
        for one in far
    )
    caption = (
        f"The rate–distortion plane: on a grey diagonal rate + distortion, −ELBO, is the number beside it. "
        f"Grey lines join runs of one {'latent size' if by_latent else 'β'}. On {protocol}.{beyond}"
    )
    return Picture(f"plane{mark}.png", paper.png(figure), caption, "Rate–distortion plane", 0.75)


def _frame(axis: Axes, entries: Sequence[Entry]) -> list[Entry]:
    """Frame the VAEs but those whose rate, as at β = 0, dwarfs all others'; these are returned."""
    ordered = sorted(entries, key=lambda entry: entry.figures.rate)
    near = ordered[:1]
    for entry in ordered[1:]:
        if len(near) > 1 and entry.figures.rate > FAR * max(near[-1].figures.rate, 1.0):
            break
        near.append(entry)
    rates = [entry.figures.rate for entry in near]
    costs = [entry.figures.distortion for entry in near]
    across, up = (0.12 * (max(values) - min(values)) or 1.0 for values in (rates, costs))
    axis.set_xlim(max(0.0, min(rates) - across), max(rates) + across)
    axis.set_ylim(min(costs) - up, max(costs) + up)
    return ordered[len(near) :]


def _iso_lines(axis: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    box = (*axis.get_xlim(), *axis.get_ylim())
    values = MaxNLocator(11).tick_values(box[0] + box[2], box[1] + box[3])
    for bound in values:
        ends = iso_line(float(bound), box)
        if ends is not None:
            (x, y), (to_x, to_y) = ends
            axis.plot([x, to_x], [y, to_y], color="#cccccc", linewidth=0.7, linestyle=(0, (4, 3)), zorder=0)
            axis.annotate(f"{bound:g}", (to_x, to_y), fontsize=6.5, color="#888888", ha="right", va="bottom")
    axis.set_xlim(box[0], box[1])
    axis.set_ylim(box[2], box[3])
