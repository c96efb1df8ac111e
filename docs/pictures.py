"""Render the README's screenshots with the explorer: `make pictures`; requires MNIST, like `make bench`."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from vaetui.export import files
from vaetui.render.terminal import Terminal
from vaetui.runs.run_index import RunIndex
from vaetui.tui.app import Explorer
from vaetui.tui.screen import screenshot

FOLDER = Path(__file__).parent / "pictures"
SIZE = (132, 40)
CHECKPOINT = "checkpoints/examples/vae-z10-b1-bce-s0"
# Key presses for each, after a fresh start.
PICTURES = {
    "interpolate": ("4", "P", *["right"] * 30),
    "latent": ("5", "w"),
    "sample": ("3", "p", "p"),
    "compare": ("7",),
}


async def draw(name: str, keys: tuple[str, ...], data: Path) -> None:
    """Write one screenshot as SVG."""
    terminal = Terminal("truecolor", "half", is_tty=True, columns=SIZE[0], reason="")
    app = Explorer(RunIndex(Path("checkpoints")), data, terminal, [Path(CHECKPOINT)])
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause(1.0)
        for key in keys:
            await pilot.press(key)
        await pilot.pause(3.0)  # for codes, distances and other checkpoints, which load in the background
        drawing = screenshot.screen_drawing(screenshot.screen_lines(app.screen))
    files.save({FOLDER / f"{name}.svg": files.svg(drawing)})


def main() -> None:
    """Write all screenshots."""
    data = Path(os.environ.get("VAETUI_DATA", "../shared/data"))
    FOLDER.mkdir(exist_ok=True)
    for name, keys in PICTURES.items():
        asyncio.run(draw(name, keys, data))
        sys.stdout.write(f"{FOLDER / name}.svg\n")


if __name__ == "__main__":
    main()
