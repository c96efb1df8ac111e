"""`vaetui export`: the weights of a run for other programs."""

from __future__ import annotations

from pathlib import Path

from trainer.files import clean
from vaetui import weights
from vaetui.cli.read import open_model
from vaetui.cli.say import Usage, narrate
from vaetui.export import save

ENDINGS = (".onnx", ".npz")


def export(text: str, runs: Path | None, *, out: Path) -> int:
    """Write all weights to one file, or encoder and decoder to two; returns the exit code."""
    if out.suffix not in ENDINGS:
        kinds = " or ".join(ENDINGS)
        raise Usage(f"--out {clean(str(out))!r} does not say what to write: end it in {kinds}")
    subject = open_model(text, runs)
    name, model = subject.run.name, subject.model
    if out.suffix == ".npz":
        files = {out: weights.npz(name, model)}
    else:
        graphs = weights.onnx_graphs(name, model)
        files = {out.with_name(f"{out.stem}-{part}{out.suffix}"): data for part, data in graphs.items()}
    for path, data in files.items():
        save(path, data)
        narrate(f"wrote {clean(str(path))}")
    return 0
