"""t-SNE in a process of its own."""

import sys

import numpy as np
import pytest

from trainer.contract.files import Problem
from vaetui.latent.tsne import MIN_CODES, perplexity, run_tsne


@pytest.mark.parametrize("size_of_z", [1, 3])
def test_clusters_stay_together_and_progress_is_reported(size_of_z: int) -> None:
    rng = np.random.default_rng(0)
    centres = np.array([-20, 0, 20])[:, None]
    codes = (np.repeat(centres, 8, axis=0) + rng.standard_normal((24, size_of_z))).astype(np.float32)
    fractions: list[float] = []
    points = run_tsne(codes, fractions.append).reshape(3, 8, 2)
    middles = points.mean(1)
    spread = np.linalg.norm(points - middles[:, None], axis=-1).max()
    apart = min(np.linalg.norm(middles[i] - middles[j]) for i, j in ((0, 1), (1, 2), (0, 2)))
    assert apart > spread
    assert fractions == sorted(fractions)
    assert len(fractions) > 5
    assert fractions[0] > 0
    assert fractions[-1] <= 1


def test_too_few_codes_are_refused_before_a_process_is_begun() -> None:
    with pytest.raises(Problem, match=f"4 codes are too few for t-SNE, which needs {MIN_CODES}"):
        run_tsne(np.zeros((4, 3), np.float32), print)


def test_a_failed_process_gives_its_last_line(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = np.full((8, 2), np.nan, np.float32)
    with pytest.raises(Problem, match="the process of t-SNE failed: Input X contains NaN"):
        run_tsne(codes, print)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(Problem, match="the process of t-SNE failed: exit code 1"):
        run_tsne(np.zeros((70_000, 8), np.float32), print)


def test_perplexity_stays_below_what_few_codes_allow() -> None:
    assert perplexity(2000) == 30
    assert perplexity(7) == 2
