"""Run t-SNE in a process of its own, which reports its progress and ends with its parent.

`python -m vaetui.latent.tsne` reads codes as an .npy from its standard input and writes the number of each
fiftieth iteration on a line, then an empty line and the bytes of the points.
"""

from __future__ import annotations

import contextlib
import io
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from typing import IO, Final

import numpy as np

from trainer.contract.files import Problem, clean
from vaetui.arrays import Floats

MIN_CODES: Final = 5  # codes; fewer have no neighbourhoods
PERPLEXITY: Final = 30.0
ITERATIONS: Final = 1000
_DONE = re.compile(r"Iteration (\d+): error")  # what scikit-learn says of each fiftieth


def perplexity(count: int) -> float:
    """Return the perplexity for `count` points."""
    return min(PERPLEXITY, (count - 1) / 3)


def run_tsne(codes: Floats, progress: Callable[[float], object]) -> Floats:
    """Embed `codes` `(codes, latent)` as `(codes, 2)` by van der Maaten & Hinton 2008, deterministically.

    `progress` gets the part done, 0 to 1. Raises `Problem` where codes are too few or the process fails.
    """
    if len(codes) < MIN_CODES:
        raise Problem(f"{len(codes)} codes are too few for t-SNE, which needs {MIN_CODES}")
    stored = io.BytesIO()
    np.save(stored, codes)
    command = (sys.executable, "-P", "-m", "vaetui.latent.tsne")
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors) as child,
    ):
        assert child.stdin is not None
        assert child.stdout is not None
        with contextlib.suppress(BrokenPipeError):  # why it is gone already is seen below
            child.stdin.write(stored.getvalue())
            child.stdin.close()
        while (line := child.stdout.readline().strip()).isdigit():
            progress(int(line) / ITERATIONS)
        points = np.frombuffer(child.stdout.read(), np.float32)
        if child.wait() != 0 or points.size != 2 * len(codes):
            raise Problem(f"the process of t-SNE failed: {_last(errors) or f'exit code {child.returncode}'}")
    return points.reshape(-1, 2)


def _last(errors: IO[bytes]) -> str:
    """Return the last line that was written."""
    errors.seek(0)
    lines = errors.read().decode(errors="replace").split("\n")
    return clean(next((line for line in reversed(lines) if line.strip()), ""), 200)


class _Counted(io.TextIOBase):
    """A stream that reads what scikit-learn prints, and writes the numbers of iterations."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out

    def write(self, text: str) -> int:
        found = _DONE.search(text)
        if found:
            self._out.write(f"{found[1]}\n".encode())
            self._out.flush()
        return len(text)


def main() -> None:
    """Read codes, write points."""
    from sklearn.manifold import TSNE

    codes = np.load(io.BytesIO(sys.stdin.buffer.read()), allow_pickle=False)
    start = "pca" if codes.shape[1] > 1 else "random"
    model = TSNE(
        perplexity=perplexity(len(codes)), init=start, random_state=0, max_iter=ITERATIONS, verbose=2
    )
    out = sys.stdout.buffer
    try:
        with contextlib.redirect_stdout(_Counted(out)):
            points = np.asarray(model.fit_transform(codes), np.float32)
    except ValueError as error:  # its first line says it, the others give advice to programmers
        sys.exit(str(error).partition("\n")[0])
    out.write(b"\n" + points.tobytes())
    out.flush()


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):  # the parent has ended
        main()
