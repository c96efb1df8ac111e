"""Figures in few pixels and t-SNE by a stand-in: what is tested here is the same, and much faster."""

import pytest

from vaetui.report import paper
from vaetui.tui import embed


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper, "DPI", 30)
    monkeypatch.setattr(embed, "tsne", lambda codes, tell: codes[:, :2].copy())
