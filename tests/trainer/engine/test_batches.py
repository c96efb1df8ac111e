"""Images on the device: split, judged, drawn afresh where they are binarised."""

import dataclasses

import numpy as np
import pytest
import torch

from tests.trainer.small import VAL, config, dataset
from trainer.contract.config import Binarize
from trainer.contract.images import binarise, split
from trainer.engine.batches import BatchLoader, DeviceImages, as_input, probe_index

CPU = torch.device("cpu")


def resident(binarize: Binarize, seed: int = 0) -> DeviceImages:
    return DeviceImages.of(dataset(), config(binarize=binarize, seed=seed), CPU)


def test_grey_images_are_the_data_set_s() -> None:
    data = resident("none")
    train, val = split(300, 0.1, 0)
    assert np.array_equal(data.train.numpy(), dataset().train.pixels[train])
    assert np.array_equal(data.val.numpy(), dataset().train.pixels[val])
    assert data.epoch_pixels(0, 1) is data.train
    assert np.array_equal(data.probes.numpy(), dataset().test.pixels[probe_index(dataset().test)])


@pytest.mark.parametrize(("split_seed", "used"), [(0, 0), (7, 7), (None, 1)])  # None: of an older version
def test_the_split_is_of_its_own_seed_and_of_an_older_run_by_that_of_the_run(
    split_seed: int | None, used: int
) -> None:
    one = config(seed=1)
    one = dataclasses.replace(one, data=dataclasses.replace(one.data, split_seed=split_seed))
    train, val = split(300, 0.1, used)
    data = DeviceImages.of(dataset(), one, CPU)
    assert np.array_equal(data.train.numpy(), dataset().train.pixels[train])
    assert np.array_equal(data.val.numpy(), dataset().train.pixels[val])


def test_fixed_binarisation_is_drawn_once_before_the_split() -> None:
    data, reseeded = resident("fixed"), resident("fixed", seed=1)
    whole = binarise(dataset().train.pixels, "bars/train")
    train, val = split(300, 0.1, 0)
    assert np.array_equal(data.train.numpy(), whole[train])
    assert np.array_equal(data.val.numpy(), whole[val])
    assert data.epoch_pixels(0, 1) is data.train
    assert np.array_equal(reseeded.train.numpy(), whole[split(300, 0.1, 1)[0]])
    assert np.array_equal(data.test.pixels, binarise(dataset().test.pixels, "bars/test"))


def test_dynamic_binarisation_is_new_each_epoch_and_the_same_again() -> None:
    data = resident("dynamic")
    first, second = data.epoch_pixels(0, 1), data.epoch_pixels(0, 2)
    assert set(first.flatten().tolist()) == {0, 255}
    assert not torch.equal(first, second)
    assert not torch.equal(first, data.epoch_pixels(1, 1))
    assert torch.equal(first, resident("dynamic").epoch_pixels(0, 1))
    mean = torch.stack([data.epoch_pixels(0, epoch).float() for epoch in range(400)]).mean(0)
    spread = 255 * 0.5 / 400**0.5
    assert (mean - data.train.float()).abs().max() < 6 * spread
    assert (mean - data.train.float()).mean().abs() < spread / 50  # no bias: v/255, not v/256


def test_dynamic_binarisation_is_judged_on_the_fixed_draw() -> None:
    data, fixed = resident("dynamic"), resident("fixed")
    assert torch.equal(data.val, fixed.val)
    assert len(data.val) == VAL
    assert torch.equal(data.probes, fixed.probes)
    assert np.array_equal(data.test.pixels, fixed.test.pixels)


def test_white_and_black_are_never_drawn_otherwise() -> None:
    data = resident("dynamic")
    data.train[:, :100], data.train[:, 100:200] = 0, 255
    data = DeviceImages(data.train, data.val, data.probes, data.probe_index, data.test, data.grey)
    drawn = data.epoch_pixels(0, 1)
    assert not drawn[:, :100].any()
    assert (drawn[:, 100:200] == 255).all()


@pytest.mark.parametrize("rows", [[3, 1, 2], [0]])
def test_a_feed_gives_the_rows_asked_for(rows: list[int]) -> None:
    pixels = torch.randint(0, 256, (9, 784), dtype=torch.uint8)
    feed = BatchLoader(4, CPU)
    feed(pixels, torch.tensor([8, 7, 6, 5]))
    assert torch.equal(feed(pixels, torch.tensor(rows)), as_input(pixels[rows]))
