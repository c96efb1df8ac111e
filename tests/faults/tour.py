"""The explorer through its views on the runs of a folder: `python -m tests.faults.tour RUNS NAME=VIEWS…`.

A process of its own, so that its memory can be measured: it prints the most MiB that it held and what was on
the screen that no terminal should get. Whatever the explorer raises ends it with a traceback.
"""

import asyncio
import json
import os
import sys
import unicodedata
from pathlib import Path

from tests.vaetui.tui.driving import LARGE, exploring, press, settle, text

# What is done in each view beside looking at it.
KEYS = {
    "1": ("w", "w", "w", "w", "w"),
    "2": ("o", "w", "comma"),
    "3": ("p", "p", "p"),
    "5": ("w",),
    "7": ("w",),
}
STEERING = ("Cc", "Cf", "Cs", "Co", "Cn")


async def tour(runs: Path, wanted: dict[str, str]) -> set[str]:
    """Look at each of `wanted` (folder name → number keys of views); return what was odd on the screen."""
    odd: set[str] = set()
    async with exploring(runs, LARGE, poll=60, data=runs / "none") as (app, _):
        for name, views in wanted.items():
            path = next(path for path in runs.glob("*/*") if path.name == name)
            app.state.runs.await_run(path)
            app.show_selected()
            await settle(app)
            for view in views:
                await press(app, view, *KEYS.get(view, ()))
                if app._exception is not None:
                    raise RuntimeError(f"{name!r} in view {view}") from app._exception
                odd |= {c for c in text(app) if c != "\n" and unicodedata.category(c) in STEERING}
    return odd


if __name__ == "__main__":
    asked = dict(word.rsplit("=", 1) for word in map(os.fsdecode, map(os.fsencode, sys.argv[2:])))
    found = asyncio.run(tour(Path(sys.argv[1]), asked))
    print(json.dumps({"odd": sorted(found)}))
