"""`--out FILE`: digits as a file instead of text, of the kind that its ending says."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from trainer.contract.files import clean
from vaetui.cli.say import Usage, narrate
from vaetui.export import files
from vaetui.export.content import run_arrays
from vaetui.export.files import ExportContent
from vaetui.models.autoencoder import Vae

MOVING = ".gif"


def check(out: Path | None, *, moves: bool = False) -> None:
    """Raise `Usage` where a file ends as no kind does, or as one that moves where nothing does."""
    ending = out.suffix.lower() if out else ""
    if out is None or (ending in files.ENDINGS and (moves or ending != MOVING)):
        return
    still = [ending for ending in files.ENDINGS if moves or ending != MOVING]
    kinds = f"{', '.join(still[:-1])} or {still[-1]}"
    if ending == MOVING:
        raise Usage(f"only interpolate and traverse write a {MOVING}: end --out in {kinds}")
    raise Usage(f"--out {clean(str(out))!r} does not say what to write: end it in {kinds}")


def write(out: Path, run: str, model: Vae, content: ExportContent) -> None:
    """Write `content`, whose numbers are of `run`, in the place of a file that is there; say so."""
    whole = dataclasses.replace(content, arrays={**run_arrays(run, model), **content.arrays})
    wanted = next(one for one in whole.formats if one.ending == out.suffix.lower())
    files.save(out, whole.made(wanted))
    narrate(f"wrote {clean(str(out))}")
