"""The contract: round trips, bounds, and who is alive."""

import dataclasses
import json
import multiprocessing
from pathlib import Path
from typing import Any

import pytest

from tests.trainer.small import config
from trainer.contract import metrics
from trainer.contract import run_dir as contract
from trainer.contract.config import Config, is_plain_name, read_config, write_config
from trainer.contract.files import DamagedFile, Problem
from trainer.contract.metrics import Epoch, Figures
from trainer.contract.run_dir import Status

FIGURES = Figures(80.0, 25.0, -105.0, 0.01)


def row(number: int) -> Epoch:
    return Epoch(number, FIGURES, None if number % 2 else FIGURES, 3, (1.0, 0.5, 0.25), 2.5)


def test_a_configuration_comes_back_as_it_was(tmp_path: Path) -> None:
    for one in (config(), config(5, kind="ae", hidden=(20, 10))):
        write_config(tmp_path, one)
        assert read_config(tmp_path) == one


@pytest.mark.parametrize(
    ("one", "name"),
    [
        (config(10, 1.0, hidden=(400,), batch_size=128, precision="auto"), "vae-z10-b1-bce-s0"),
        (config(20, 0.5, hidden=(400,), batch_size=128, seed=3, precision="auto"), "vae-z20-b0.5-bce-s3"),
        (config(20, kind="ae", hidden=(400,), batch_size=128, precision="auto"), "ae-z20-bce-s0"),
        (
            config(2, 4.0, hidden=(400, 200), val_fraction=0.0, lr=0.01, precision="auto"),
            "vae-z2-b4-bce-s0-h400x200-bs64-lr0.01-val0",
        ),
        (config(20, hidden=(400,), batch_size=128, precision="bf16"), "vae-z20-b1-bce-s0-bf16"),
    ],
)
def test_the_name_says_what_is_not_the_default(one: Config, name: str) -> None:
    assert one.name == name
    assert is_plain_name(name)


def changed(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    raw: dict[str, Any] = json.loads(json.dumps({"schema": 1, **dataclasses.asdict(config())}))
    part = raw
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    return raw


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("model", "latent"), 0, "1 to 65536"),
        (("model", "latent"), 10**12, "1 to 65536"),
        (("model", "latent"), "ten", "model.latent is 'ten', expected int"),
        (("model", "latent"), True, "expected int"),
        (("model", "kind"), "gan", "expected 'vae' or 'ae'"),
        (("model", "hidden"), [], "1 to 16 layers"),
        (("model",), None, "model is not an object"),
        (("objective", "beta"), -1, "0 or more"),
        (("objective", "beta"), "NaN", "expected float"),
        (("optimiser", "lr"), 0, "above 0"),
        (("data", "name"), "../../etc", "plain name"),
        (("data", "val_fraction"), 1.5, "below 1"),
        (("seed",), -1, "seed"),
        (("data", "split_seed"), -1, "data.split_seed is -1, expected 0 to 4.29497e+09"),
    ],
)
def test_a_configuration_out_of_bounds_names_file_and_cause(
    tmp_path: Path, path: tuple[str, ...], value: Any, message: str
) -> None:
    (tmp_path / "config.json").write_text(json.dumps(changed(path, value)))
    with pytest.raises(DamagedFile, match=r"config\.json is damaged") as caught:
        read_config(tmp_path)
    assert message in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"schema": 1}', "[" * 100_000, '{"seed": NaN}'])
def test_a_file_that_is_no_configuration_is_damaged(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(DamagedFile):
        read_config(tmp_path)


def test_unknown_keys_are_ignored_and_a_newer_schema_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(changed(("surprise",), 1)))
    assert read_config(tmp_path) == config()
    (tmp_path / "config.json").write_text(json.dumps(changed(("schema",), 2)))
    with pytest.raises(Problem, match="update vaetui"):
        read_config(tmp_path)


def test_a_run_of_an_older_version_has_no_split_of_its_own_and_stays_so(tmp_path: Path) -> None:
    older = config(seed=3)
    write_config(tmp_path, older)
    assert "split_seed" not in (tmp_path / "config.json").read_text()
    assert read_config(tmp_path).split_seed == 3
    newer = dataclasses.replace(older, data=dataclasses.replace(older.data, split_seed=0))
    write_config(tmp_path, newer)
    assert read_config(tmp_path) == newer
    assert (newer.split_seed, newer.name) == (0, older.name)


def test_a_missing_run_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="does not exist"):
        read_config(tmp_path / "nowhere")


def test_status_comes_back_stamped(tmp_path: Path) -> None:
    contract.write_status(tmp_path, Status("running", 1, 5, 0.5, 1000.0, pid=7, host="box"))
    status = contract.read_status(tmp_path)
    assert (status.state, status.epoch, status.progress, status.pid) == ("running", 1, 0.5, 7)
    assert status.updated > 0


def test_rows_append_and_a_half_line_is_not_read(tmp_path: Path) -> None:
    assert metrics.read_epochs(tmp_path) == []
    for number in (1, 2, 3):
        metrics.append_epochs(tmp_path, [row(number)])
    with (tmp_path / "metrics.jsonl").open("ab") as file:
        file.write(b'{"epoch": 4, "tra')
    assert metrics.read_epochs(tmp_path) == [row(1), row(2), row(3)]


def test_rows_after_the_saved_epoch_are_dropped(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        metrics.append_epochs(tmp_path, [row(number)])
    metrics.keep_epochs(tmp_path, 2)
    assert metrics.read_epochs(tmp_path) == [row(1), row(2)]


def test_numbers_that_json_has_not_are_never_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        metrics.append_epochs(tmp_path, [dataclasses.replace(row(1), seconds=float("nan"))])


def test_a_run_is_alive_while_its_lock_is_held(tmp_path: Path) -> None:
    assert not contract.is_alive(tmp_path)
    with contract.hold(tmp_path):
        assert contract.is_alive(tmp_path)
        assert contract.is_alive(tmp_path)  # probing twice disturbs nothing
    assert not contract.is_alive(tmp_path)


def test_a_second_holder_is_refused(tmp_path: Path) -> None:
    with (
        contract.hold(tmp_path),
        pytest.raises(Problem, match="being trained already"),
        contract.hold(tmp_path),
    ):
        pass


def _hold_and_wait(run: Path, ready: Any) -> None:
    with contract.hold(run):
        ready.set()
        multiprocessing.Event().wait()


def test_kill_9_frees_the_lock(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=_hold_and_wait, args=(tmp_path, ready))
    process.start()
    assert ready.wait(20)
    assert contract.is_alive(tmp_path)
    process.kill()
    process.join()
    assert not contract.is_alive(tmp_path)
