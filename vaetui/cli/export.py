"""`vaetui export`: write the weights of a run for other programs."""

from __future__ import annotations

from pathlib import Path

from trainer.contract.files import clean
from vaetui.cli.image_output import unknown_file_type
from vaetui.cli.loaded_run import load_model
from vaetui.cli.messages import UsageError, print_status
from vaetui.export import weights
from vaetui.export.files import save

ENDINGS = (".onnx", ".npz")


def export(name: str, runs: Path | None, *, to: str, out: Path | None) -> int:
    """Write all weights to one file, or encoder and decoder to two; return the exit code.

    The file is `out`, or in the current folder, named after the run, with the ending `to`.
    """
    if out is None and not to:
        raise UsageError("no file type: give --to onnx or --to npz, or --out FILE")
    to, ending = to.lower(), out.suffix.lower() if out else ""
    if to and f".{to}" not in ENDINGS:
        raise UsageError(f"--to takes onnx or npz, not {clean(to, 40)!r}")
    if out is not None and ending not in ENDINGS:
        raise unknown_file_type(out, ENDINGS)
    if out is not None and to and ending != f".{to}":
        raise UsageError(f"--to {to} does not go with --out {clean(str(out))!r}")
    loaded = load_model(name, runs)
    out = out or Path(f"{loaded.run.name}.{to}")
    if out.suffix.lower() == ".npz":
        files = {out: weights.weights_npz(loaded.run.name, loaded.model)}
    else:
        graphs = weights.onnx_graphs(loaded.run.name, loaded.model)
        files = {out.with_name(f"{out.stem}-{part}{out.suffix}"): data for part, data in graphs.items()}
    save(files)
    for path in files:
        print_status(f"wrote {clean(str(path))}")
    return 0
