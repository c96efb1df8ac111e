"""What only a GPU can show: waiting, TF32 and memory. `make gpu` runs these tests, too."""

import gc
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import trainer.planner
from tests.trainer.small import config, dataset, directories
from tests.trainer.test_cuda import GRID, Property, blocks, learner_of, never
from trainer.contract.config import Config, read_config
from trainer.contract.evaluation import read_evaluation
from trainer.contract.run_dir import read_status
from trainer.engine.cuda_graph import GraphReplay
from trainer.engine.precision import Arithmetic, training_precision
from trainer.evaluation.metrics import measure
from trainer.planner import train_all

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here")
GPU = torch.device("cuda")


@pytest.mark.filterwarnings("ignore:Synchronization debug mode:UserWarning")  # that it is a prototype
def test_a_replay_never_waits_for_the_gpu() -> None:
    learner = learner_of(GRID, torch.float32, GPU)
    replay = GraphReplay(GPU)
    given = list(blocks(learner, 3))
    replay(learner, *given[0])
    torch.cuda.set_sync_debug_mode("error")
    try:
        for block in given[1:]:
            replay(learner, *block)
    finally:
        torch.cuda.set_sync_debug_mode("default")


def test_evaluation_is_full_fp32_inside_a_tf32_training(record_property: Property) -> None:
    """An autoencoder draws nothing, so GPU and CPU must agree to fp32's precision, which TF32 misses."""
    one = [config(5, kind="ae", hidden=(400,))]
    pixels = torch.from_numpy(dataset().test.pixels)
    expected = measure(learner_of(one, torch.float32, torch.device("cpu")).ensemble, pixels, "val")
    with training_precision(Arithmetic("tf32")):
        found = measure(learner_of(one, torch.float32, GPU).ensemble, pixels.to(GPU), "val")
    off = ((found.sums.cpu() - expected.sums).abs() / expected.sums.abs().clamp(min=1)).max().item()
    record_property("largest relative difference", f"{off:.1g}")
    torch.testing.assert_close(found.sums.cpu(), expected.sums, rtol=2e-6, atol=1e-4)


def test_a_tf32_training_multiplies_in_tf32(record_property: Property) -> None:
    """Else `auto` would be no faster than fp32, and the test above would hold without a reason."""
    x = torch.rand(256, 784, generator=torch.Generator().manual_seed(0))
    exact = x.double() @ x.double().T
    with training_precision(Arithmetic("tf32")):
        rounded = (x.to(GPU) @ x.to(GPU).T).cpu().double()
    with training_precision(Arithmetic("fp32")):
        full = (x.to(GPU) @ x.to(GPU).T).cpu().double()
    off = [((found - exact).abs() / exact).max().item() for found in (rounded, full)]
    record_property("relative error, tf32 and fp32", f"{off[0]:.1g}, {off[1]:.1g}")
    assert off[0] > 10 * off[1]


def peak(folder: Path, grid: list[Config]) -> int:
    """Bytes that PyTorch takes from the GPU at most to train `grid`."""
    runs = directories(folder, grid)
    gc.collect()
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    assert train_all([(run, read_config(run)) for run in runs], folder, never)
    return torch.cuda.max_memory_reserved()


def test_a_grid_that_memory_has_no_room_for_is_halved(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    record_property: Property,
) -> None:
    """PyTorch is given room for half the grid and a half of the rest: a real allocation fails."""
    monkeypatch.setattr(trainer.planner, "load", lambda name, folder, *_: dataset())
    wide = [replace(config(latent, epochs=1, hidden=(2048,)), device="cuda") for latent in range(2, 10)]
    half, whole = peak(tmp_path / "half", wide[:4]), peak(tmp_path / "whole", wide)
    room = (half + whole) // 2
    record_property("MiB: half, whole, room", f"{half >> 20}, {whole >> 20}, {room >> 20}")
    gc.collect()
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(room / torch.cuda.get_device_properties(GPU).total_memory)
    try:
        runs = directories(tmp_path / "narrow", wide)
        assert train_all([(run, read_config(run)) for run in runs], tmp_path, never)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert "GPU memory has no room for 8 models at once: training them as 4 and 4 in turn" in caplog.text
    assert {read_status(run).state for run in runs} == {"finished"}
    for one, run in zip(wide, runs, strict=True):
        expected = read_evaluation(tmp_path / "whole" / one.data.name / one.name).figures.elbo
        assert read_evaluation(run).figures.elbo == pytest.approx(expected, abs=2.0)  # tf32
