"""Run folders as a stranger or a bad copy may leave them: each a copy of a good run, damaged once."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import struct
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tests import tiny
from trainer.contract.config import CONFIG
from trainer.contract.evaluation import EVALUATION
from trainer.contract.metrics import METRICS
from trainer.contract.run_dir import LATENTS, MODEL, STATUS, TIMELINE
from trainer.contract.tensors import Array, read_tensors, write_tensors

GOOD = "good"
LOCK = "run.lock"
JSON_FILES = (CONFIG, STATUS, EVALUATION)
TENSOR_FILES = (MODEL, LATENTS, TIMELINE)
FILES = (*JSON_FILES, METRICS, *TENSOR_FILES)

# What a terminal or a reader could be steered by: escape sequences, C1 controls, newlines, bidi overrides,
# zero-width characters.
EVIL = "a\x1b[2J\x1b]0;t\x07\x9b31m\r\n\u202e\u2066\u200b\ufeffz"

Damage = Callable[[Path], None]


# --- to any file ---


def _bytes(change: Callable[[bytes], bytes]) -> Damage:
    def damage(path: Path) -> None:
        path.write_bytes(change(path.read_bytes()))

    return damage


def _instead(make: Damage) -> Damage:
    def damage(path: Path) -> None:
        path.unlink()
        make(path)

    return damage


def _flip(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 4]) + data[middle + 1 :]


def _bind(path: Path) -> None:
    with contextlib.chdir(path.parent), socket.socket(socket.AF_UNIX) as server:
        server.bind(path.name)


ANY_FILE: Mapping[str, Damage] = {
    "missing": Path.unlink,
    "empty": _bytes(lambda data: b""),
    "garbage": _bytes(lambda data: bytes(range(256)) * 9),
    "half": _bytes(lambda data: data[: len(data) // 2]),
    "nuls": _bytes(lambda data: bytes(len(data))),
    "flipped": _bytes(_flip),
    "deep": _bytes(lambda data: b"[" * 200_000),
    "digits": _bytes(lambda data: b'{"epoch":' + b"1" * 200_000 + b"}\n"),
    "directory": _instead(Path.mkdir),
    "fifo": _instead(os.mkfifo),
    "socket": _instead(_bind),
    "zero": _instead(lambda path: path.symlink_to("/dev/zero")),
    "full": _instead(lambda path: path.symlink_to("/dev/full")),
    "loop": _instead(lambda path: path.symlink_to(path.name)),
    "dangling": _instead(lambda path: path.symlink_to("nowhere")),
    "out": _instead(lambda path: path.symlink_to("/etc/passwd")),
    "large": lambda path: os.truncate(path, 2_000 << 20),  # NULs, which take no room on the disk
}


# --- to what a file says ---


def _edited(name: str, *changes: tuple[str, Any]) -> Damage:
    """Set keys of a JSON file, or of every row of the metrics; a dot leads to a key inside."""

    def edit(text: str) -> str:
        raw = json.loads(text)
        for place, value in changes:
            *outer, last = place.split(".")
            inner = raw
            for key in outer:
                inner = inner[key]
            inner[last] = value
        return json.dumps(raw)

    def damage(run: Path) -> None:
        lines = [(run / name).read_text()] if name != METRICS else (run / name).read_text().splitlines()
        (run / name).write_text("\n".join(map(edit, lines)) + "\n")

    return damage


def _tensors(name: str, change: Callable[[dict[str, Array]], object], **metadata: str) -> Damage:
    def damage(run: Path) -> None:
        file = read_tensors(run / name)
        arrays = dict(file.arrays)
        change(arrays)
        own = {"epoch": file.metadata["epoch"]} if "epoch" in file.metadata else {}
        write_tensors(run / name, arrays, own | metadata)

    return damage


def _filled(name: str, value: float, *only: str) -> Damage:
    def fill(arrays: dict[str, Array]) -> None:
        for key in only or tuple(arrays):
            arrays[key] = np.full(arrays[key].shape, value, arrays[key].dtype)

    return _tensors(name, fill)


def _headed(name: str, header: bytes, length: int | None = None, size: int = 0) -> Damage:
    def damage(run: Path) -> None:
        with (run / name).open("wb") as file:
            file.write(struct.pack("<Q", len(header) if length is None else length) + header)
            file.truncate(max(size, file.tell()))

    return damage


def _claiming(size: int) -> Damage:
    """A sparse latents file whose header agrees with its length."""
    header = json.dumps({"mean": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}).encode()
    return _headed(LATENTS, header, size=8 + len(header) + size)


def _metrics(write: Callable[[Any], object]) -> Damage:
    def damage(run: Path) -> None:
        with (run / METRICS).open("r+b") as file:
            write(file)

    return damage


def _many_rows(file: Any) -> None:
    figures = {"distortion": 1.0, "rate": 1.0, "elbo": 1.0, "mse": 1.0}
    row = {"train": figures, "val": figures, "active_units": 1, "kl_per_dim": [1.0, 1.0], "seconds": 1.0}
    for number in range(1, 30_000):
        file.write(json.dumps(row | {"epoch": number}).encode() + b"\n")


def _one_long_line(file: Any) -> None:
    file.truncate(200 << 20)
    file.seek(0, 2)
    file.write(b"\n")


def _long_then_good(file: Any) -> None:
    rows = file.read()
    _one_long_line(file)
    file.write(rows)


_NOTHING = {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]}
_MANY = json.dumps({f"{number}": _NOTHING for number in range(15_000)}).encode()
HUGE = 1e30  # as large as a figure may be

# By the file that is damaged.
CONTENT: Mapping[str, Mapping[str, Damage]] = {
    CONFIG: {
        "schema of the future": _edited(CONFIG, ("schema", 99)),
        "schema that is none": _edited(CONFIG, ("schema", [1])),
        "text in config": _edited(
            CONFIG, ("device", EVIL), ("versions", {EVIL: EVIL, "device": EVIL, "precision": EVIL})
        ),
        "dataset unknown": _edited(CONFIG, ("data.name", "nothing")),
        "dataset a path": _edited(CONFIG, ("data.name", "../../etc")),
        "created late": _edited(CONFIG, ("created", 1e11)),
        "rates huge": _edited(CONFIG, ("optimiser.lr", 1e308), ("objective.beta", 1e308)),
        "latent huge": _edited(CONFIG, ("model.latent", 65536), ("model.hidden", [65536] * 16)),
        "latent other": _edited(CONFIG, ("model.latent", 3)),
        "counts huge": _edited(CONFIG, ("data.test", 10**8), ("optimiser.epochs", 10**6)),
        "counts zero": _edited(CONFIG, ("data.train", 0), ("data.val", 0), ("data.test", 0)),
        "kind other": _edited(CONFIG, ("model.kind", "ae")),
        "gaussian": _edited(CONFIG, ("objective.likelihood", "gaussian")),
        "keep best": _edited(CONFIG, ("optimiser.keep", "best"), ("optimiser.patience", 10**6)),
    },
    STATUS: {
        "text in status": _edited(STATUS, ("state", "failed"), ("error", EVIL * 1000), ("host", EVIL)),
        "status early": _edited(STATUS, ("early", True), ("epoch", 0), ("epochs", 0)),
        "status running": _edited(STATUS, ("state", "running"), ("pid", 1), ("progress", 1.0)),
        "status late": _edited(STATUS, ("updated", 1e11), ("epoch", 10**6), ("epochs", 10**6)),
        "status nonsense": _edited(STATUS, ("epoch", 10**400)),
        "speed huge": _edited(STATUS, ("state", "queued"), ("images_per_second", HUGE)),
    },
    METRICS: {
        "epoch of 401 digits": _edited(METRICS, ("epoch", 10**400)),
        "rates empty": _edited(METRICS, ("kl_per_dim", [])),
        "figures huge": _edited(
            METRICS,
            *((f"{part}.{key}", HUGE) for part in ("train", "val") for key in ("distortion", "rate", "mse")),
            ("train.elbo", -HUGE),
            ("val.elbo", -HUGE),
            ("kl_per_dim", [HUGE, -HUGE]),
            ("seconds", 1e10),
        ),
        "figures tiny": _edited(METRICS, ("train.distortion", 5e-324), ("val", None), ("kl_per_dim", [0, 0])),
        "figures negative": _edited(METRICS, ("val.distortion", -HUGE), ("val.rate", -1), ("val.mse", -1)),
        "figures text": _edited(METRICS, ("train", "x")),
        "epochs all one": _edited(METRICS, ("epoch", 10**6)),
        "metrics 200 MB": _metrics(_long_then_good),
        "metrics one line": _metrics(_one_long_line),
        "metrics many rows": _metrics(_many_rows),
        "metrics half a line": _metrics(lambda file: (file.seek(0, 2), file.write(b'{"epoch": 4, "tr'))),
    },
    EVALUATION: {
        "text in evaluation": _edited(
            EVALUATION, *((key, EVIL) for key in ("split", "binarize", "likelihood", "precision", "weights"))
        ),
        "classes missing": _edited(EVALUATION, ("per_class_mse", {}), ("per_class_distortion", {"3": 1.0})),
        "classes other": _edited(EVALUATION, ("per_class_mse", {EVIL: 1.0})),
        "test figures huge": _edited(
            EVALUATION,
            *((f"figures.{key}", HUGE) for key in ("distortion", "rate", "mse")),
            ("figures.elbo", -HUGE),
            ("kl_per_dim", [HUGE, HUGE]),
            ("per_class_mse", {str(label): HUGE for label in range(10)}),
            ("per_class_distortion", {str(label): -HUGE for label in range(10)}),
            ("images", 10**9),
            ("posterior_draws", 10**9),
        ),
        "quality odd": _edited(EVALUATION, ("quality", {"confusion": []})),
        "marginal odd": _edited(EVALUATION, ("marginal", {"nats": "x"})),
    },
    MODEL: {
        "header too long": _headed(MODEL, b"{}", 1 << 62),
        "header of many arrays": _headed(MODEL, _MANY),
        "weights shaped otherwise": _tensors(MODEL, lambda a: a.update({"mean.bias": a["mean.bias"][:1]})),
        "weights of doubles": _tensors(MODEL, lambda a: a.update({"mean.bias": np.zeros(2)})),
        "weights missing": _tensors(MODEL, lambda a: a.pop("mean.bias")),
        "weights infinite": _filled(MODEL, np.inf),
        "weights nan": _filled(MODEL, np.nan, "mean.bias"),
        "weights huge": _filled(MODEL, 3e38),
        "weights negative": _filled(MODEL, -3e38),
        "epoch odd": _tensors(MODEL, lambda a: None, epoch=EVIL),
        "epoch other": _tensors(MODEL, lambda a: None, epoch="999999999"),
    },
    LATENTS: {
        "latents of 2 GB": _claiming(1_900 << 20),
        "codes huge": _filled(LATENTS, 3e38, "mean", "log_var"),
        "codes far apart": _tensors(LATENTS, lambda a: a["mean"].__setitem__((0, 0), np.float32(3e38))),
        "codes all alike": _filled(LATENTS, 0.0, "mean"),
        "codes certain": _filled(LATENTS, -3e38, "log_var"),
        "codes of one image": _tensors(LATENTS, lambda a: a.update({k: v[:1] for k, v in a.items()})),
        "codes of none": _tensors(LATENTS, lambda a: a.update({k: v[:0] for k, v in a.items()})),
        "labels odd": _filled(LATENTS, 77, "labels"),
        "labels of one class": _filled(LATENTS, 3, "labels"),
        "labels in floats": _tensors(LATENTS, lambda a: a.update(labels=a["labels"].astype(np.float32))),
    },
    TIMELINE: {
        "frames none": _tensors(TIMELINE, lambda a: a.update(probes=a["probes"][:0], epoch=a["epoch"][:0])),
        "frames falling": _tensors(TIMELINE, lambda a: a.update(epoch=a["epoch"][::-1])),
        "frames late": _tensors(TIMELINE, lambda a: a.update(epoch=a["epoch"] + (1 << 30))),
        "probes of no image": _filled(TIMELINE, (1 << 31) - 1, "probe_index"),
        "probes shaped otherwise": _tensors(TIMELINE, lambda a: a.update(probes=a["probes"][:, :, :9])),
    },
}


def _on(name: str, damage: Damage) -> Damage:
    return lambda run: damage(run / name)


DAMAGES: Mapping[str, Damage] = {
    **{f"{name} {how}": _on(name, damage) for name in FILES for how, damage in ANY_FILE.items()},
    **{f"{LOCK} {how}": _on(LOCK, ANY_FILE[how]) for how in ("directory", "fifo", "zero", "loop")},
    **{name: damage for damages in CONTENT.values() for name, damage in damages.items()},
}


def make(runs: Path, damages: Mapping[str, Damage] = DAMAGES) -> list[Path]:
    """Make good runs, VAEs and an autoencoder, and beside them one of each of `damages`; the damaged ones."""
    tiny.grid(runs, kinds=("vae", "ae"))
    good = tiny.make(runs, tiny.config(beta=0.5), name=GOOD)
    (good / LOCK).touch()
    return [_damaged(good, number, name, damage) for number, (name, damage) in enumerate(damages.items())]


def _damaged(good: Path, number: int, name: str, damage: Damage) -> Path:
    run = good.with_name(name.replace(" ", "-"))
    shutil.copytree(good, run)
    raw = json.loads((run / CONFIG).read_text())
    raw["objective"]["beta"] = 0.001 * (number + 1)  # a cell of its own
    (run / CONFIG).write_text(json.dumps(raw))
    damage(run)
    return run


def make_names(runs: Path) -> Iterator[Path]:
    """Runs and data sets whose names would steer a terminal."""
    for name in (EVIL, "x" * 250, "-dash", "\u0627\u0644\u202e", "e\u0301" * 50, "\udcff\udc80", "`a|b$(c)`"):
        yield tiny.make(runs, tiny.config(), name=name)
    (runs / EVIL).mkdir()
    yield tiny.make(runs, tiny.config()).rename(runs / EVIL / "inner")
