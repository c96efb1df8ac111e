"""metrics.jsonl: one `Epoch` a line, appended while a run is trained."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from trainer.contract.config import MAX_EPOCHS, MAX_WIDTH, Model
from trainer.contract.files import (
    MAX_JSON_BYTES,
    DamagedFile,
    MissingFile,
    append_bytes,
    read_bounded,
    write_bytes,
)
from trainer.contract.values import Between, Figure, parse

METRICS = "metrics.jsonl"

# Bounds of numbers that are read; `Config.check` bounds those of a configuration.
EpochNumber = Annotated[int, Between(0, MAX_EPOCHS)]
Units = Annotated[int, Between(0, MAX_WIDTH)]


@dataclass(frozen=True, slots=True)
class Figures:
    """Means over images: distortion, rate and ELBO in nats per image, squared error per pixel.

    All at one posterior sample per image; an autoencoder has no posterior, so at its code. It has neither
    rate nor ELBO, which are null in files; here they are 0 and −distortion, the terms of its loss.
    """

    distortion: Figure
    rate: Figure
    elbo: Figure
    mse: Figure


@dataclass(frozen=True, slots=True)
class Epoch:
    """One line of metrics.jsonl.

    `train` is the running mean over the epoch's own steps, `val` is measured at the epoch's end, None without
    a validation split. `kl_per_dim` (nats, one a latent dimension) and `active_units` come from the
    validation images, else from the epoch's own steps.
    """

    epoch: Annotated[int, Between(1, MAX_EPOCHS)]
    train: Figures
    val: Figures | None
    active_units: Units
    kl_per_dim: tuple[Figure, ...]
    seconds: Annotated[float, Between(0, 1e10)]

    @property
    def held_out(self) -> Figures:
        """The figures to compare by: validation, or training without a validation split."""
        return self.val or self.train


def stored_figures(figures: Figures, *, is_vae: bool) -> dict[str, float | None]:
    """Return figures as they are in files: null is what an autoencoder does not have."""
    return dataclasses.asdict(figures) | ({} if is_vae else {"rate": None, "elbo": None})


def with_loss_terms(raw: Any, names: Sequence[str], model: Model | None) -> Any:
    """Return JSON whose figures under `names` have numbers for the null rate and ELBO of an autoencoder.

    A VAE (by `model`) has no nulls, and what is no object is left as it is: reading it says what is wrong.
    """
    if not isinstance(raw, dict) or (model is not None and model.is_vae):
        return raw
    return raw | {name: _with_loss_terms(raw[name]) for name in names if name in raw}


def _with_loss_terms(figures: Any) -> Any:
    if not isinstance(figures, dict) or not isinstance(figures.get("distortion"), int | float):
        return figures
    terms = {"rate": 0.0, "elbo": -figures["distortion"]}
    return figures | {name: term for name, term in terms.items() if figures.get(name, term) is None}


def check_dimensions(model: Model, kl_per_dim: tuple[float, ...], active_units: int) -> None:
    """Check figures by dimension. Raises `ValueError` where they are not of a model of this shape."""
    if len(kl_per_dim) != model.latent:
        raise ValueError(f"kl_per_dim has {len(kl_per_dim)} values, the model {model.latent} dimensions")
    if active_units > model.latent:
        raise ValueError(f"active_units is {active_units}, the model has {model.latent} dimensions")


def parse_epoch(line: bytes, path: Path, model: Model | None = None) -> Epoch:
    """Parse one line of metrics.jsonl, checked against `model` where given. Raises `DamagedFile`."""
    epoch = parse(Epoch, line, path, prepare=lambda raw: with_loss_terms(raw, ("train", "val"), model))
    try:
        if model is not None:
            check_dimensions(model, epoch.kl_per_dim, epoch.active_units)
    except ValueError as error:
        raise DamagedFile(path, f"epoch {epoch.epoch}: {error}") from None
    return epoch


def append_epochs(run: Path, epochs: Sequence[Epoch], *, is_vae: bool = True) -> None:
    """Append a line each to metrics.jsonl, all of them or none. Raises `OSError`."""
    rows = (
        json.dumps(_stored(epoch, is_vae=is_vae), allow_nan=False, separators=(",", ":")) for epoch in epochs
    )
    append_bytes(run / METRICS, "".join(f"{row}\n" for row in rows).encode())


def _stored(epoch: Epoch, *, is_vae: bool) -> dict[str, Any]:
    val = epoch.val and stored_figures(epoch.val, is_vae=is_vae)
    return dataclasses.asdict(epoch) | {"train": stored_figures(epoch.train, is_vae=is_vae), "val": val}


def read_epochs(run: Path) -> list[Epoch]:
    """Read all whole lines of metrics.jsonl, oldest first; none where there is no file yet."""
    whole = _content(run).rpartition(b"\n")[0]
    return [parse_epoch(line, run / METRICS) for line in whole.splitlines() if line.strip()]


def _content(run: Path) -> bytes:
    try:
        return read_bounded(run / METRICS, 64 * MAX_JSON_BYTES)
    except MissingFile:
        return b""


def keep_epochs(run: Path, last: int, model: Model | None = None) -> list[Epoch]:
    """Drop the lines of metrics.jsonl after epoch `last`, which a resumed run writes again; return the rest.

    The dropped lines are not parsed: a crash or a full disk may have torn them. Raises `Problem` for a
    damaged line before them, and `OSError`.
    """
    path, content = run / METRICS, _content(run)
    whole = content[: content.rfind(b"\n") + 1]
    epochs: list[Epoch] = []
    lines: list[bytes] = []
    for line in whole.splitlines(keepends=True):
        if last == 0 or (epochs and epochs[-1].epoch >= last):
            break
        if line.strip():
            epochs.append(parse_epoch(line, path, model))
            lines.append(line)
    if epochs and epochs[-1].epoch > last:
        del epochs[-1], lines[-1]
    kept = b"".join(lines)
    if kept != content:
        write_bytes(path, kept)
    return epochs
