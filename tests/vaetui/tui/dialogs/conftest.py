"""No trainer is started from a dialog, only noted."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.vaetui.tui.dialogs.train_dialog import Started
from vaetui.runs import launch


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Started:
    """What would have been started: no trainer is, and no PyTorch asked for."""
    orders: Started = []

    def start(runs: Sequence[Path], folder: Path, **_: Any) -> subprocess.Popen[bytes]:
        orders.append((list(runs), folder))
        process = subprocess.Popen([sys.executable, "-c", ""])
        process.wait()
        return process

    monkeypatch.setattr(launch, "start", start)
    monkeypatch.setattr(launch, "check_device", lambda *_: None)
    return orders
