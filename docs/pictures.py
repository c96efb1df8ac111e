"""Render the pictures of README and guide: `make pictures`; requires MNIST, like `make bench`."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from docs import guide
from vaetui.export import encode, files
from vaetui.render.terminal import Terminal
from vaetui.runs.run_index import RunIndex
from vaetui.tui.app import Explorer
from vaetui.tui.screen import screenshot

FOLDER = Path(__file__).parent / "pictures"
SIZE = (132, 40)
EXAMPLES, CHECKPOINT = Path("checkpoints/examples"), "vae-z10-b1-bce-s0"
# Key presses for each, after a fresh start.
PICTURES = {
    "interpolate": ("4", "P", *["right"] * 30),
    "latent": ("5", "w"),
    "sample": ("3", "p", "p"),
    "compare": ("7",),
}


async def draw(pictures: Mapping[str, tuple[str, ...]], wanted: list[Path], data: Path) -> None:
    """Write a screenshot after the keys of each picture, in one explorer that opens on `wanted`."""
    terminal = Terminal("truecolor", "half", is_tty=True, columns=SIZE[0], reason="")
    app = Explorer(RunIndex(EXAMPLES.parent), data, terminal, wanted)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause(1.0)
        for name, keys in pictures.items():
            for key in keys:
                await pilot.press(key)
            await pilot.pause(3.0)  # for codes, distances and other checkpoints, which load in the background
            drawing = screenshot.screen_drawing(screenshot.screen_lines(app.screen))
            files.save({FOLDER / f"{name}.svg": encode.svg(drawing)})
            sys.stdout.write(f"{FOLDER / name}.svg\n")


def main() -> None:
    """Write all screenshots."""
    data = Path(os.environ.get("VAETUI_DATA", "../shared/data"))
    FOLDER.mkdir(exist_ok=True)
    for name, keys in PICTURES.items():
        asyncio.run(draw({name: keys}, [EXAMPLES / CHECKPOINT], data))
    asyncio.run(draw({step.picture: step.keys for step in guide.steps()}, [], data))


if __name__ == "__main__":
    main()
