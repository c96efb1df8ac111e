"""`vaetui export`: the weights of a run for other programs."""

from __future__ import annotations

from pathlib import Path

from trainer.contract.files import clean
from vaetui.cli.read import open_model
from vaetui.cli.say import Usage, narrate
from vaetui.export import weights
from vaetui.export.files import save_all

ENDINGS = (".onnx", ".npz")


def export(text: str, runs: Path | None, *, to: str, out: Path | None) -> int:
    """Write all weights to one file, or encoder and decoder to two; returns the exit code.

    `out` names the file, by itself it is the run's name in the current folder with the ending `to`.
    """
    if out is None and not to:
        raise Usage("say what to write: --to onnx or --to npz, or --out FILE")
    to, ending = to.lower(), out.suffix.lower() if out else ""
    if to and f".{to}" not in ENDINGS:
        raise Usage(f"--to takes onnx or npz, not {clean(to, 40)!r}")
    if out is not None and ending not in ENDINGS:
        kinds = " or ".join(ENDINGS)
        raise Usage(f"--out {clean(str(out))!r} does not say what to write: end it in {kinds}")
    if out is not None and to and ending != f".{to}":
        raise Usage(f"--to {to} does not go with --out {clean(str(out))!r}")
    subject = open_model(text, runs)
    name, model = subject.run.name, subject.model
    out = out or Path(f"{name}.{to}")
    if out.suffix.lower() == ".npz":
        files = {out: weights.weights_npz(name, model)}
    else:
        graphs = weights.onnx_graphs(name, model)
        files = {out.with_name(f"{out.stem}-{part}{out.suffix}"): data for part, data in graphs.items()}
    save_all(files)
    for path in files:
        narrate(f"wrote {clean(str(path))}")
    return 0
