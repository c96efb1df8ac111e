from pathlib import Path

import pytest

from benchmarks import peer

CONNECT = """\
error: Request failed after 3 retries in 11.8s
  cause: Failed to fetch: an address
  cause: Connection refused (os error 111)
"""
UNSOLVED = """\
  × No solution found when resolving dependencies:
  ╰─▶ Because pythae was not found in the cache, your requirements are unsatisfiable.

hint: Packages were unavailable because the network was disabled.
"""


@pytest.mark.parametrize(
    ("stderr", "cause"),
    [
        (CONNECT, "Request failed after 3 retries in 11.8s: Connection refused (os error 111)"),
        (
            UNSOLVED,
            "No solution found when resolving dependencies: Because pythae was not found in the cache, "
            "your requirements are unsatisfiable.",
        ),
        ("error: no space left\n", "no space left"),
        ("", "uv gave no reason"),
    ],
)
def test_cause_of_a_failed_installation_is_one_line(stderr: str, cause: str) -> None:
    assert peer.uv_cause(stderr) == cause


def test_package_index_out_of_reach_is_one_sentence_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("uv", reason="`make setup` installs uv")
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    for _ in range(2):  # what the first attempt leaves behind is not taken for an environment
        with pytest.raises(
            peer.PeerError, match=r"^pythae 0\.1\.2 could not be installed \(.*\n?$"
        ) as raised:
            peer.environment(tmp_path / "environment")
        assert "\n" not in str(raised.value)


def test_environment_is_kept_until_a_version_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[str, ...]] = []

    def uv(*arguments: str) -> None:
        made.append(arguments)
        (tmp_path / "bin").mkdir(parents=True, exist_ok=True)
        (tmp_path / "bin/python").touch()

    monkeypatch.setattr(peer, "_uv", uv)
    peer.environment(tmp_path)
    calls = len(made)
    assert peer.environment(tmp_path) == tmp_path / "bin/python"
    assert len(made) == calls
    monkeypatch.setattr(peer, "SHARED", peer.SHARED[:-1])
    peer.environment(tmp_path)
    assert len(made) == 2 * calls


def test_losses_are_compared_at_the_last_epoch_that_all_trained() -> None:
    def row(loop: str, batch: int, losses: list[float], models: int = 1) -> dict[str, object]:
        return {"loop": loop, "batch": batch, "losses": losses, "models": models}

    rows = [
        row("(a)", 128, [231.61]),
        row("(b)", 128, []),
        row("(d)", 128, [300.0], models=28),
        row("(e)", 128, [230.94, 160.0]),
        row("(a)", 1024, [400.0]),
    ]
    assert peer.loss_lines(rows).splitlines() == [
        "Training loss of epoch 1, nats per image, batch 128: (a) 231.6, (e) 230.9",
        "Training loss of epoch 1, nats per image, batch 1024: (a) 400.0",
    ]
