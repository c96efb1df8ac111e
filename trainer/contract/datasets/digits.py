"""The 1797 digits of 8×8 pixels that come with scikit-learn, rendered at 28×28 like MNIST; numpy only.

Each digit is enlarged to clean strokes, its bounding box fitted into 20×20 and that put into 28×28 by its
centre of mass. Origin: "Optical Recognition of Handwritten Digits", test part, Alpaydin and Kaynak 1998.
"""

from __future__ import annotations

import gzip
import importlib.util
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from trainer.contract.config import SIDE
from trainer.contract.files import DamagedFile, Problem

COUNT = 1797
TRAIN = 1500  # the first ones, in stored order: other people wrote the last ones
CHECKSUM = "9168aa7119d604f0700673169e1daaec3b5b8205f628b293d48178f3753aca9f"  # `Dataset.checksum`

BOX = 20
STORED, INK = 8, 16  # pixels a side, and the value of a pixel that is all ink
FINE = 4  # fine pixels a stored pixel; a power of 2 keeps the interpolation exact, so alike on every machine

# Chosen so that strokes are as wide and dark as in MNIST.
SHARPEN = 0.5
THRESHOLD = 0.8  # of the digit's own darkness
SOFTNESS = 0.4  # how much darkness lies between paper and full ink

Grey = npt.NDArray[np.float64]
Pixels = npt.NDArray[np.uint8]


def find() -> Path | None:
    """Return the path of scikit-learn's digits, found without importing it, which takes a second."""
    package = importlib.util.find_spec("sklearn")
    if package is None or not package.submodule_search_locations:
        return None
    path = Path(package.submodule_search_locations[0], "datasets", "data", "digits.csv.gz")
    return path if path.is_file() else None


def read(part: slice) -> tuple[Pixels, Pixels]:
    """Read pixels (images, 784) and labels (images,) of a part of the stored order. Raises `Problem`."""
    path = find()
    if path is None:
        raise Problem("the data set `digits` ships with scikit-learn, which is missing: install scikit-learn")
    try:
        lines = gzip.decompress(path.read_bytes()).decode().split()
        # (images, 65): pixels row by row, then which digit it is
        rows = np.loadtxt(lines, delimiter=",") if lines else np.empty(0)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise DamagedFile(path, f"{error}: install scikit-learn again") from None
    if rows.shape != (COUNT, STORED * STORED + 1) or rows.min() < 0 or rows.max() > INK:
        raise DamagedFile(path, f"it does not hold {COUNT} digits: install scikit-learn again")
    grey = rows[part, :-1].reshape(-1, STORED, STORED) / INK
    return place(fit(strokes(grey))).reshape(-1, SIDE * SIDE), rows[part, -1].astype(np.uint8)


def strokes(grey: Grey) -> Grey:
    """Enlarge (images, 8, 8) to (images, 40, 40) in 0…1: cubic interpolation, sharpened, nearly binary.

    A stored pixel is the mean over 4×4 scanned ones, so that thin strokes are pale: the threshold between
    paper and ink follows how dark the digit's own ink is. The result has a margin of one stored pixel.
    """
    position = (np.arange((STORED + 2) * FINE) + 0.5) / FINE - 1.5  # of fine pixels, in stored ones
    d = np.abs(position[:, None] - np.arange(-1, STORED + 1))
    near, far = (1.5 * d - 2.5) * d * d + 1, ((-0.5 * d + 2.5) * d - 4) * d + 2  # Keys 1981, a = −1/2
    cubic = np.where(d < 1, near, np.where(d < 2, far, 0.0))  # (40, 10)
    neighbours = np.eye(STORED + 2, k=1) + np.eye(STORED + 2, k=-1)
    sharpen = (1 + SHARPEN) * np.eye(STORED + 2) - SHARPEN / 2 * neighbours
    enlarge = (cubic @ sharpen)[:, 1:-1]  # (40, 8): what lies outside is paper
    darkness = np.square(grey).sum((1, 2)) / grey.sum((1, 2))  # mean over the ink
    threshold = THRESHOLD * darkness[:, None, None]
    ink: Grey = np.clip((enlarge @ grey @ enlarge.T - threshold) / SOFTNESS + 0.5, 0, 1)
    return ink


def fit(ink: Grey) -> Pixels:
    """Fit each bounding box of (images, fine, fine) into (images, 20, 20), averaging over areas."""
    fine = ink.shape[1]
    spans = []
    for axis in (2, 1):
        inked = ink.max(axis) > 0  # (images, fine): rows, then columns
        spans.append((inked.argmax(1), fine - inked[:, ::-1].argmax(1)))
    (top, bottom), (left, right) = spans
    step = np.maximum(bottom - top, right - left)[:, None] / BOX  # fine pixels a pixel, one for both axes
    shares = []
    for start, stop in spans:
        edges = (start + stop)[:, None] / 2 + (np.arange(BOX + 1) - BOX / 2) * step  # (images, 21)
        covered = np.clip(edges[:, :, None] - np.arange(fine), 0, 1)  # of each fine pixel, before each edge
        shares.append(np.diff(covered, axis=1) / step[:, :, None])  # (images, 20, fine)
    rows, columns = shares
    mean = rows @ ink @ columns.transpose(0, 2, 1)
    # The last bits of a sum depend on the processor; rounding must not, or the checksum would.
    pixels: Pixels = np.floor(255 * mean + 0.5 + 1e-6).astype(np.uint8)
    return pixels


def place(boxes: Pixels) -> Pixels:
    """Place (images, 20, 20) in (images, 28, 28), centred by mass to half a pixel as in MNIST."""
    along = np.arange(BOX)
    mass = boxes.sum((1, 2), dtype=np.int64)
    corners = []
    for axis in (2, 1):
        centre = boxes.sum(axis, dtype=np.int64) @ along / mass
        corners.append(np.clip(np.floor(SIDE / 2 + 0.5 - centre).astype(int), 0, SIDE - BOX))
    rows, columns = (corner[:, None] + along for corner in corners)  # (images, 20)
    placed = np.zeros((len(boxes), SIDE, SIDE), np.uint8)
    placed[np.arange(len(boxes))[:, None, None], rows[:, :, None], columns[:, None, :]] = boxes
    return placed
