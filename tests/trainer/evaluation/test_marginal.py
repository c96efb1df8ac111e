"""−log p(x): which method is used, on which images, and what is said of it."""

import pytest
import torch
from torch import Tensor

from tests.trainer.evaluation.linear_gaussian import CPU, drawn_from, exact, linear_gaussian, pixels_of
from tests.trainer.small import config
from trainer.contract.evaluation import Marginal
from trainer.contract.marginal_methods import MARGINAL_METHODS
from trainer.evaluation import integration
from trainer.evaluation import marginal as module
from trainer.evaluation.marginal import METHODS, MarginalRequest, MethodName, marginal
from trainer.models.ensemble import Ensemble
from trainer.models.registry import initial_weights

NOTES: list[str] = []


@torch.no_grad()
def of(
    ensemble: Ensemble, pixels: Tensor, method: MethodName | str = "auto", samples: int = 8, images: int = 0
) -> Marginal:
    NOTES.clear()
    request = MarginalRequest(method, samples, images)  # type: ignore[arg-type]
    return marginal(ensemble, pixels, request, lambda doing, part: None, NOTES.append)


def test_the_tables_of_methods_agree() -> None:
    assert list(METHODS) == list(MARGINAL_METHODS)


def test_auto_integrates_two_dimensions_and_bounds_more() -> None:
    ensemble, a = linear_gaussian()
    pixels = pixels_of(drawn_from(a, 12))
    found = of(ensemble, pixels)
    assert (found.method, found.samples, found.effective_samples) == ("integral", 0, None)
    assert found.nats == pytest.approx(float(exact(a, pixels / 255).mean()), abs=0.01)
    assert found.grid_error is not None
    assert found.grid_error < integration.TOLERANCE
    assert "by integration over the latent space, to 0.01 nats" in found.protocol
    three = config(3)
    bound = of(Ensemble.build([three], [initial_weights(three)], CPU), pixels)
    assert (bound.method, bound.samples) == ("bound", 8)
    assert "upper bound on −log p(x): IWAE bound, 8 posterior draws" in bound.protocol
    assert NOTES == []


def test_auto_falls_back_to_the_bound_with_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(integration, "MOST_NODES", 1)
    ensemble, a = linear_gaussian()
    pixels = pixels_of(drawn_from(a, 5))
    assert of(ensemble, pixels).method == "bound"
    assert NOTES[0].endswith("the IWAE bound is measured instead")
    with pytest.raises(integration.NotIntegrable):
        of(ensemble, pixels, "integral")


def test_ais_says_its_chains_and_its_gap() -> None:
    ensemble, a = linear_gaussian()
    found = of(ensemble, pixels_of(drawn_from(a, 5)), "ais")
    assert (found.method, found.temperatures, found.samples) == ("ais", 8, 32)
    assert found.gap is not None
    assert found.gap_error is not None
    assert f"gap {found.gap:.2f} ± {found.gap_error:.2f} nats" in found.protocol


def test_a_subset_is_random_the_same_for_all_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    ensemble, a = linear_gaussian()
    x = pixels_of(drawn_from(a, 40))
    found = of(ensemble, x, "integral", images=10)
    assert found.images == 10
    assert "; 10 random test images of 40; " in found.protocol
    nats = exact(a, x / 255)
    assert abs(found.nats - float(nats[:10].mean())) > 0.01, "not the first ones"
    assert found.nats == of(ensemble, x, "integral", images=10).nats
    assert of(ensemble, x, "bound", images=40).images is None
    monkeypatch.setattr(module, "METHODS", {"ais": module.Method(METHODS["bound"].measure, images=7)})
    assert of(ensemble, x, "ais").images == 7
