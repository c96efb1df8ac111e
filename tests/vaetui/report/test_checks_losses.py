"""Published losses without a unit, held against made-up ones."""

from pathlib import Path

import pytest

from tests import tiny
from tests.vaetui.report.making import run, verdict
from tests.vaetui.report.test_checks_errors import validated

PUBLISHED = [0.157, 0.243, 0.4]


def scan(runs: Path, distortions: dict[float, float], rates: dict[float, float], seed: int = 0) -> list[Path]:
    """A run for every β, with distortion per pixel and rate per latent dimension."""
    paths = []
    for beta in distortions:
        config = tiny.config(latent=20, beta=beta, seed=seed)
        figures = {"distortion": distortions[beta] * 784, "rate": rates[beta] * 20}
        paths.append(validated(run(runs, config), config, **figures))
    return paths


def test_losses_in_some_unit(runs: Path) -> None:
    (path,) = scan(runs, {1.0: 0.157}, {1.0: 0.243})
    found = verdict([path], "losses_in_some_unit", values=PUBLISHED)
    assert found.verdict is True
    assert "in nats per pixel and per latent dimension 0.0%" in found.measured
    assert verdict([path], "losses_in_some_unit", values=[0.5, 0.5, 1.0]).verdict is False


def test_the_weight_of_the_rate_is_interpolated_in_a_scan(runs: Path) -> None:
    paths = scan(runs, {1.0: 0.10, 4.0: 0.14, 8.0: 0.18}, {1.0: 1.2, 4.0: 0.5, 8.0: 0.2})
    found = verdict(paths, "losses_weighted_equally", values=PUBLISHED)
    assert found.verdict is False
    assert "β that fits the distortion 5.70;" in found.measured
    assert "β that fits the rate 7.43;" in found.measured


def test_equal_weights_hold_where_the_losses_are_those_of_beta_1(runs: Path) -> None:
    paths = scan(runs, {1.0: 0.156, 4.0: 0.3}, {1.0: 0.245, 4.0: 0.05})
    assert verdict(paths, "losses_weighted_equally", values=PUBLISHED).verdict is True


@pytest.mark.parametrize(
    ("distortions", "reason"),
    [
        ({1.0: 0.1}, "there is only one β among the runs"),
        ({1.0: 0.1, 2.0: 0.12}, "0.157 lies outside the scan of β, which reaches from 0.100 to 0.120"),
    ],
)
def test_a_scan_that_does_not_reach_is_not_decided(
    runs: Path, distortions: dict[float, float], reason: str
) -> None:
    paths = scan(runs, distortions, dict.fromkeys(distortions, 0.243))
    found = verdict(paths, "losses_weighted_equally", values=PUBLISHED)
    assert (found.verdict, found.measured) == (None, reason)
