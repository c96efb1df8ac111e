"""What commands that print digits say to programs, and the files that they write."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.vaetui.cli.shell import Result, call
from vaetui import arrays


def output(result: Result) -> list[str]:
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout.splitlines()


def facts(*arguments: object) -> dict[str, Any]:
    (line,) = output(call(*arguments, "--json"))
    found: dict[str, Any] = json.loads(line)
    return found


def as_bytes(pixels: arrays.Floats) -> list[list[int]]:
    rows: list[list[int]] = np.rint(255 * pixels).astype(int).reshape(28, 28).tolist()
    return rows


def as_unit(pixels: npt.NDArray[np.uint8]) -> arrays.Floats:
    return pixels.astype(np.float32) / np.float32(255)


def written(out: Path, *arguments: object) -> Path:
    """The file, after a command that printed nothing but its name."""
    result = call(*arguments, "--out", out)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", f"wrote {out}\n")
    return out
