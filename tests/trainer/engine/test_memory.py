"""How much memory a grid takes, and how much there is."""

import math
from pathlib import Path

import pytest

from tests.trainer.small import config
from trainer.engine import memory
from trainer.engine.memory import free_bytes, sampled_bytes, training_bytes
from trainer.engine.precision import Arithmetic

FP32, BF16 = Arithmetic("fp32"), Arithmetic("bf16")
AE = 784 * 16 + 16 + 16 * 3 + 3 + 3 * 16 + 16 + 16 * 784 + 784  # weights of 784-16-3-16-784


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with 8 GB free, in whose folder a container can be described."""
    for name in ("MEMINFO", "CGROUP_OF_SELF"):
        monkeypatch.setattr(memory, name, tmp_path / name)
    monkeypatch.setattr(memory, "CGROUP", tmp_path / "cgroup")
    (tmp_path / "MEMINFO").write_text("MemTotal: 16000000 kB\nMemAvailable:  8000000 kB\nHugePages_Free: 0\n")
    return tmp_path


def contain(machine: Path, limit: str, current: int, inactive: int, own: str = "/pod/one") -> None:
    group = machine / "cgroup" / own.lstrip("/")
    group.mkdir(parents=True, exist_ok=True)
    (group / "memory.max").write_text(f"{limit}\n")
    (group / "memory.current").write_text(f"{current}\n")
    (group / "memory.stat").write_text(f"anon {current - inactive}\ninactive_file {inactive}\n")
    (machine / "CGROUP_OF_SELF").write_text(f"1:name=systemd:/x\n0::{own}\n")


def test_weights_and_both_moments_of_every_model_and_one_that_is_saved_count() -> None:
    one, best = config(3, kind="ae"), config(3, kind="ae", keep="best")
    # Kept, in three copies while one is saved, and a gradient for each that learns.
    assert training_bytes([one], FP32, 1) == (3 + 9 + 1) * 4 * AE
    assert training_bytes([one] * 3, FP32, 1) == (9 + 9 + 1) * 4 * AE
    assert training_bytes([one] * 3, FP32, 2) == training_bytes([one] * 3, FP32, 1) + 4 * AE
    assert training_bytes([one], FP32, 2) == training_bytes([one], FP32, 1)
    assert training_bytes([best], FP32, 1) == (4 + 12 + 1) * 4 * AE
    assert training_bytes([one], BF16, 1) == ((3 + 9 + 1) * 4 + 2 + 2) * AE


def test_the_samples_of_the_iwae_bound_count_for_every_model_that_learns() -> None:
    one, plain = config(3, bound="iwae", samples=20, batch_size=50), config(3, batch_size=50)
    assert sampled_bytes(plain) == 0
    # Of 50 · 20 decoded images PyTorch holds four tensors at once (by its profiler).
    assert sampled_bytes(one) > 4 * 4 * 784 * 50 * 20
    assert training_bytes([one] * 3, FP32, 2) == training_bytes([plain] * 3, FP32, 2) + 2 * sampled_bytes(one)
    assert sampled_bytes(config(3, bound="iwae", samples=20, batch_size=10**6)) < 300 / 50 * sampled_bytes(
        one
    )


def test_the_largest_model_is_counted_for_what_one_takes() -> None:
    small, large = config(3), config(300)
    assert training_bytes([small, large], FP32, 1) == training_bytes([large, small], FP32, 1)
    assert training_bytes([small, large], FP32, 1) > training_bytes([large], FP32, 1)


def test_what_the_machine_has_free(machine: Path) -> None:
    assert free_bytes() == 8_000_000 * 1024


def test_a_container_has_what_its_limit_leaves(machine: Path) -> None:
    """Pages of files that were read can be dropped."""
    contain(machine, "2000000000", current=1_500_000_000, inactive=400_000_000)
    assert free_bytes() == 900_000_000


@pytest.mark.parametrize("own", ["/", "/a/b"])
def test_a_container_without_a_limit_has_what_the_machine_has(machine: Path, own: str) -> None:
    contain(machine, "max", current=10**12, inactive=0, own=own)
    assert free_bytes() == 8_000_000 * 1024


def test_a_limit_around_a_group_holds_for_it(machine: Path) -> None:
    contain(machine, "3000", current=1000, inactive=0, own="/user")
    contain(machine, "max", current=10, inactive=0, own="/user/one")
    assert free_bytes() == 2000


def describe_old(group: Path, limit: str) -> None:
    group.mkdir(parents=True, exist_ok=True)
    (group / "memory.limit_in_bytes").write_text(f"{limit}\n")
    (group / "memory.usage_in_bytes").write_text("1500\n")
    (group / "memory.stat").write_text("inactive_file 1\ntotal_inactive_file 400\n")


@pytest.mark.parametrize("own", ["/", "/docker/one"])
def test_control_groups_of_version_1(machine: Path, own: str) -> None:
    """In a container the path may be the machine's, and what is mounted the container's own."""
    (machine / "CGROUP_OF_SELF").write_text(f"9:cpu,cpuacct:/x\n4:memory:{own}\n0::/\n")
    describe_old(machine / "cgroup" / "memory", "2000")
    assert free_bytes() == 900
    describe_old(machine / "cgroup" / "memory", "9223372036854771712")
    assert free_bytes() == 8_000_000 * 1024


@pytest.mark.parametrize("limit", ["", "nan", "inf", "1e3", "a\nb", "9" * 5000])
def test_a_limit_that_is_no_number_is_none(machine: Path, limit: str) -> None:
    contain(machine, limit, current=10, inactive=0)
    assert free_bytes() == 8_000_000 * 1024


def test_a_container_that_does_not_say_what_it_holds_is_not_full(machine: Path) -> None:
    contain(machine, "2000", current=0, inactive=0)
    (machine / "cgroup" / "pod" / "one" / "memory.current").unlink()
    assert free_bytes() == 8_000_000 * 1024


def test_names_of_groups_may_be_any_bytes(machine: Path) -> None:
    (machine / "CGROUP_OF_SELF").write_bytes(b"1:name=\xff:/\xfe\n0::/\xff/../../x\nodd\n")
    assert free_bytes() == 8_000_000 * 1024


def test_a_container_that_is_full_has_nothing(machine: Path) -> None:
    contain(machine, "1000", current=2000, inactive=0)
    assert free_bytes() == 0


def test_where_nothing_is_said_there_is_no_end(machine: Path) -> None:
    (machine / "MEMINFO").unlink()
    assert free_bytes() == math.inf
    (machine / "CGROUP_OF_SELF").write_text("4:memory:/old\n")
    assert free_bytes() == math.inf
    (machine / "MEMINFO").write_text("MemAvailable: much\n")
    assert free_bytes() == math.inf


def test_this_machine_has_some() -> None:
    assert free_bytes() > 10_000_000
