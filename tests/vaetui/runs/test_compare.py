"""What may be compared, which run validation chooses, and the lines of the plane."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import pytest

from tests import tiny
from trainer.contract.config import Config
from trainer.contract.evaluation import Evaluation, Marginal
from trainer.contract.metrics import Epoch
from trainer.contract.run_dir import Status
from vaetui.runs import compare
from vaetui.runs.compare import (
    ComparedRun,
    choose_by_validation,
    compared_runs,
    distinct_names,
    entropy_bound,
    group_by_protocol,
    iso_line,
    merge_seeds,
    parameter_curves,
    protocol_difference,
)
from vaetui.runs.families import seed_groups
from vaetui.runs.run_watcher import Run


def run_of(config: Config, epochs: Sequence[Epoch], evaluation: Evaluation | None = None) -> Run:
    status = Status("finished", len(epochs), len(epochs))
    return Run(Path(config.name), config, status, False, tuple(epochs), evaluation=evaluation)


def record(kind: str = "vae", latent: int = 2, beta: float = 1.0, tested: bool = True) -> Run:
    config = tiny.config("vae" if kind == "vae" else "ae", latent, beta)
    evaluation = tiny.evaluation(config, 3) if tested else None
    return run_of(config, tiny.course(config, 3, 3), evaluation)


def entry(latent: int, beta: float | None, elbo: float) -> ComparedRun:
    (made,) = compared_runs([record("ae" if beta is None else "vae", latent, beta or 0.0)])
    assert made.validation is not None
    return dataclasses.replace(made, validation=dataclasses.replace(made.validation, elbo=elbo))


def test_test_figures_where_all_have_them_else_validation_and_never_both() -> None:
    tested, running = record(), record(latent=5, tested=False)
    assert {e.protocol.split for e in compared_runs([tested, record(latent=5)])} == {"test"}
    assert {e.protocol.split for e in compared_runs([tested, running])} == {"validation"}
    bare = tuple(dataclasses.replace(epoch, val=None) for epoch in running.epochs)
    found = compared_runs([tested, dataclasses.replace(running, epochs=bare)])
    assert {e.protocol.split for e in found} == {"training"}
    assert not any(e.classes for e in found)


def test_the_entropy_is_at_most_the_lowest_nats_of_binary_images() -> None:
    def measured(nats: float, binarize: Literal["none", "fixed"] = "fixed", **how: Any) -> Run:
        run = record(latent=int(nats))
        assert run.evaluation is not None
        marginal = Marginal(nats, 0.0, 0.3, 100, 8.5, 0, "bound")
        evaluation = dataclasses.replace(run.evaluation, marginal=marginal, binarize=binarize, **how)
        return dataclasses.replace(run, evaluation=evaluation)

    assert entropy_bound(compared_runs([measured(99.0), measured(97.0), record(), measured(98.0)])) == 97.0
    assert entropy_bound(compared_runs([measured(97.0, "none")])) is None, "no probability of grey levels"
    assert entropy_bound(compared_runs([measured(97.0, likelihood="gaussian")])) is None, "a density"
    assert entropy_bound(compared_runs([record()])) is None


def test_a_run_without_figures_does_not_keep_the_others_from_their_test_figures() -> None:
    queued = dataclasses.replace(record(latent=5, tested=False), epochs=())
    found = compared_runs([record(), queued])
    assert [e.latent for e in found] == [2]
    assert found[0].protocol.split == "test"
    assert set(found[0].classes) == set(compare.CLASS_NAMES)


def test_the_epoch_that_was_kept_is_the_one_that_was_tested_or_the_best() -> None:
    config = tiny.config(keep="best", epochs=4)
    rows = tuple(tiny.course(config, 4, 2))
    best = run_of(config, rows).kept_epoch
    assert best is not None
    assert best.epoch == 2
    tested = run_of(config, rows, tiny.evaluation(config, 3)).kept_epoch
    assert tested is not None
    assert tested.epoch == 3


def test_what_was_measured_otherwise_stands_apart_and_autoencoders_with_the_vaes() -> None:
    found = compared_runs([record(), record(latent=5), record("ae"), record(latent=10)])
    found[-1] = dataclasses.replace(
        found[-1], protocol=dataclasses.replace(found[-1].protocol, draws=5, binarize="fixed")
    )
    first, second = group_by_protocol(found)
    assert [e.name for e in first] == ["z 2 β 1", "z 5 β 1", "z 2 AE"]
    assert [e.name for e in second] == ["z 10 β 1"]
    difference = protocol_difference(second[0].protocol, first[0].protocol)
    assert difference == "5 posterior draws, not 1; fixed binarization, not none"


def test_the_lowest_validation_bound_is_chosen_whatever_the_test_says() -> None:
    found = [entry(2, 1.0, -150.0), entry(10, 1.0, -106.7), entry(20, 1.0, -105.9), entry(20, None, -1.0)]
    worse = dataclasses.replace(found[2].figures, elbo=-900.0)
    found[2] = dataclasses.replace(found[2], figures=worse)
    choice = choose_by_validation(found)
    assert choice.entry is found[2]
    assert choice.reason == (
        "z = 20 β = 1: lowest validation −ELBO, 105.9 nats, 0.8 below next (z = 10 β = 1)"
    )


def test_models_of_one_latent_size_and_beta_are_named_by_what_differs() -> None:
    def trained(lr: float, seed: int, path: str = "") -> ComparedRun:
        config = tiny.config(latent=4, lr=lr, seed=seed)
        (made,) = compared_runs([run_of(config, tiny.course(config, 3, 3))])
        elbo = -100 - 1000 * lr - seed
        assert made.validation is not None
        validation = dataclasses.replace(made.validation, elbo=elbo)
        return dataclasses.replace(made, validation=validation, path=Path(path or made.path))

    found = [trained(lr, seed) for lr in (1e-3, 3e-4) for seed in (0, 1)]
    assert choose_by_validation(found).reason == (
        "z = 4 β = 1, seed 0, learning rate 0.0003: lowest validation −ELBO, 100.3 nats, "
        "0.7 below next (z = 4 β = 1, seed 0, learning rate 0.001)"
    )
    twins = [trained(1e-3, 0), trained(1e-3, 0, "copied"), entry(10, 1.0, -150.0)]
    assert distinct_names(twins) == [
        f"z = 4 β = 1, {twins[0].path.name}",
        "z = 4 β = 1, copied",
        "z = 10 β = 1",
    ]


def test_seeds_of_a_model_are_one_entry_with_the_mean_of_their_figures() -> None:
    made = [tiny.config(latent=z, seed=seed) for z in (4, 8) for seed in (0, 1, 2)]
    runs = [run_of(config, tiny.course(config, 3, 3), tiny.evaluation(config, 3)) for config in made]
    found = [
        dataclasses.replace(
            one,
            figures=dataclasses.replace(one.figures, elbo=-100.0 - one.latent - one.config.seed),
            active_units=2 + one.config.seed,
        )
        for one in compared_runs(runs)
    ]
    (small, large) = merge_seeds(found, seed_groups(runs))
    assert (small.metric, small.count, list(small.by_seed)) == (105.0, 3, [0, 1, 2])
    spread = large.spread(lambda one: one.metric)
    assert spread is not None
    assert spread.text(1) == "109.0 ± 1.0"
    assert (small.run_name, small.path) == ("vae-z4-b1-bce-s0–2-h16", runs[0].path)
    assert (small.active_text, found[0].active_text) == ("3.0", "2")
    assert small.classes == pytest.approx(found[0].classes)
    reason = choose_by_validation([small, large]).reason
    assert reason.startswith("z = 8 β = 1: lowest validation −ELBO, ")
    assert " ± 0.0 nats (3 seeds), " in reason
    apart = dataclasses.replace(found[0], is_settled=False, figures=found[5].figures)
    (part, _) = merge_seeds([apart, *found[1:]], seed_groups(runs))
    assert (part.metric, part.count, part.is_settled) == (105.5, 2, False), "a seed in training is left out"


def test_a_choice_is_so_far_while_one_trains_and_none_without_validation() -> None:
    found = [entry(2, 1.0, -150.0), dataclasses.replace(entry(5, 1.0, -160.0), is_settled=False)]
    assert "so far" in choose_by_validation(found).reason
    choice = choose_by_validation([*found, dataclasses.replace(found[0], validation=None)])
    assert choice.entry is None
    assert "1 of 3" in choice.reason
    assert choose_by_validation([]).entry is None
    assert "the only VAE" in choose_by_validation(found[:1]).reason


def test_runs_of_other_validation_images_are_not_ranked_by_their_figures() -> None:
    older = [entry(2, 1.0, -150.0), entry(5, 1.0, -120.0)]
    configs = [tiny.config(latent=one.latent, seed=seed, split_seed=None) for seed, one in enumerate(older)]
    older = [
        dataclasses.replace(one, config=config, path=Path(config.name))
        for one, config in zip(older, configs, strict=True)
    ]
    choice = choose_by_validation(older)
    assert choice.entry is None
    assert choice.reason == (
        "no choice: the validation images of vae-z2-b1-bce-s0-h16 (split seed 0, validation fraction 0.1) "
        "are not those of vae-z5-b1-bce-s1-h16 (split seed 1, validation fraction 0.1)"
    )
    newer = [
        dataclasses.replace(one, config=dataclasses.replace(one.config, data=tiny.config().data))
        for one in older
    ]
    assert choose_by_validation(newer).entry is newer[1]


def test_figures_of_other_validation_images_are_of_another_protocol_and_those_of_test_are_not() -> None:
    def of(tested: bool) -> list[list[ComparedRun]]:
        configs = [tiny.config(latent=2 + seed, split_seed=seed) for seed in (0, 1)]
        evaluations = [tiny.evaluation(config, 3) if tested else None for config in configs]
        runs = [
            run_of(config, tiny.course(config, 3, 3), test)
            for config, test in zip(configs, evaluations, strict=True)
        ]
        return group_by_protocol(compared_runs(runs))

    assert len(of(tested=True)) == 1
    first, second = of(tested=False)
    assert protocol_difference(second[0].protocol, first[0].protocol) == "1 as split seed, not 0"


def test_autoencoders_are_chosen_among_themselves_and_only_where_they_are_alone() -> None:
    worse, better = entry(2, None, -90.0), entry(5, None, -80.0)
    assert choose_by_validation([worse, better]).entry is better
    assert "lowest validation distortion" in choose_by_validation([worse, better]).reason
    vae = entry(2, 1.0, -150.0)
    assert choose_by_validation([worse, better, vae]).entry is vae


@pytest.mark.parametrize("bound", [85.0, 100.0, 120.0, 139.9])
def test_every_point_of_an_iso_line_has_its_bound_and_lies_in_the_box(bound: float) -> None:
    box = (5.0, 30.0, 70.0, 110.0)
    ends = iso_line(bound, box)
    assert ends is not None
    for rate, distortion in ends:
        assert rate + distortion == pytest.approx(bound)
        assert box[0] <= rate <= box[1]
        assert box[2] - 1e-9 <= distortion <= box[3] + 1e-9
    assert ends[0][0] < ends[1][0]


@pytest.mark.parametrize("bound", [0.0, 75.0, 140.0, 1e9])
def test_a_line_outside_the_box_is_none(bound: float) -> None:
    assert iso_line(bound, (5.0, 30.0, 70.0, 110.0)) is None


def test_lines_join_one_latent_size_over_beta_or_one_beta_over_latent_sizes() -> None:
    found = compared_runs([record("ae"), *(record(latent=z, beta=b) for z in (5, 2) for b in (4.0, 1.0))])
    by_latent = [[e.name for e in line] for line in parameter_curves(found, by_latent=True)]
    assert by_latent == [["z 2 β 1", "z 2 β 4"], ["z 5 β 1", "z 5 β 4"]]
    by_beta = [[e.name for e in line] for line in parameter_curves(found, by_latent=False)]
    assert by_beta == [["z 2 β 1", "z 5 β 1"], ["z 2 β 4", "z 5 β 4"]]
