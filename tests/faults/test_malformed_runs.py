"""Folders that somebody else wrote: each run is a row with its cause, the others work, nothing is steered."""

import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests import ROOT, tiny
from tests.faults import malformed
from tests.faults.malformed import ANY_FILE, CONTENT, DAMAGES, LOCK
from tests.faults.tour import STEERING
from tests.vaetui.cli.shell import COMMAND, Result, call
from tests.vaetui.tui.driving import exploring, press, text, until
from trainer.contract.config import CONFIG, weight_shapes
from trainer.contract.evaluation import EVALUATION
from trainer.contract.files import load_json
from trainer.contract.metrics import METRICS
from trainer.contract.run_dir import LATENTS, MODEL, STATUS, TIMELINE

MOST_MIB = 300

# Damages that leave a run as good as it can be: a copy without status, one that nobody has tested yet, a row
# that is still being written. A flipped bit of JSON may change anything, or nothing.
HARMLESS = {
    *(f"{name} {how}" for name in (STATUS, EVALUATION) for how in ("missing", "dangling")),
    f"{METRICS} half",
    f"{METRICS} flipped",
    *(f"{name} flipped" for name in malformed.JSON_FILES),
}
TOLD = {f"{name} {how}" for name in (*malformed.JSON_FILES, METRICS) for how in ANY_FILE} - HARMLESS
TOLD |= {
    *("schema of the future", "schema that is none", "dataset a path", "latent huge", "latent other"),
    *("status nonsense", "epoch of 401 digits", "rates empty", "figures text"),
    *("classes other", "quality odd", "marginal odd", "metrics 200 MB", "metrics one line"),
}
NO_MODEL = {f"{MODEL} {how}" for how in ANY_FILE} | {
    *("header too long", "header of many arrays", "latent huge", "latent other"),
    *("weights shaped otherwise", "weights of doubles", "weights missing", "weights infinite", "weights nan"),
    "epoch odd",
}
NO_RUN = {f"{CONFIG} {how}" for how in ANY_FILE} - HARMLESS | {
    *("schema of the future", "schema that is none", "dataset a path"),
}

assert {*TOLD, *NO_MODEL, *NO_RUN} <= DAMAGES.keys()


def folder_of(damage: str) -> str:
    return damage.replace(" ", "-")


def steering(output: str) -> set[str]:
    """What no terminal should get."""
    return {c for c in output if c != "\n" and unicodedata.category(c) in STEERING}


def about(name: str, result: Result) -> list[str]:
    """What is said on stderr of the run in the folder `name`."""
    return [line for line in result.stderr.splitlines() if f"/{name}/" in line]


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Good runs and one of every damage."""
    runs = tmp_path_factory.mktemp("malformed") / "runs"
    malformed.make(runs)
    return runs


@pytest.mark.fault(
    "every file of a run missing, empty, cut short, garbage, a directory, a FIFO, a socket, a device, a link "
    "to itself or out; values out of their bounds; nesting 200 000 deep; 2 GB",
    "`ls` has a row for each run, or a sentence with its cause, and nothing else is lost",
)
@pytest.mark.parametrize("words", [("ls",), ("ls", "--json"), ("compare",)], ids="-".join)
def test_each_run_is_a_row_with_its_cause(everything: Path, words: tuple[str, ...]) -> None:
    result = call(*words, "--runs", everything)
    assert result.returncode == 0
    assert not steering(result.stdout + result.stderr)
    for damage in DAMAGES:
        if damage not in HARMLESS:
            causes = about(folder_of(damage), result)
            assert len(causes) == (1 if damage in TOLD else 0), damage
    if words == ("ls",):
        printed = result.stdout.split()
        assert all(folder_of(damage) in printed for damage in DAMAGES.keys() - NO_RUN - HARMLESS)
    if words == ("ls", "--json"):
        rows = {row["run"]: row for row in json.loads(result.stdout)}
        assert rows.keys() >= set(map(folder_of, DAMAGES))
        assert all(rows[folder_of(damage)]["problem"] for damage in TOLD)
        assert rows[malformed.GOOD]["problem"] is None


@pytest.mark.fault(
    "the same damages, and a model whose header, shapes, types, checksum or numbers are wrong",
    "`show` opens the run, or is one sentence with the file and the cause; exit code 1",
)
def test_show_opens_a_run_or_says_why_not(everything: Path) -> None:
    for damage in [malformed.GOOD, *DAMAGES]:
        if damage == f"{CONFIG} flipped":
            continue
        result = call(
            *("show", everything / "digits" / folder_of(damage), "--json", "--count", 1),
            *("--data", everything / "none"),
        )
        fails = damage in NO_MODEL | NO_RUN
        assert result.returncode == int(fails), (damage, result.stderr)
        assert not steering(result.stdout + result.stderr), damage
        if fails:
            assert result.stdout == ""
            assert result.stderr.startswith("vaetui: ")
            assert len(result.stderr.splitlines()) == 1, damage
        else:
            load_json(result.stdout.encode())  # refuses NaN


@pytest.mark.fault(
    "escape sequences, bidi overrides and newlines in every text of a run's files",
    "what is printed of the run is one plain line",
)
@pytest.mark.parametrize("name", ["status", "config", "evaluation"])
def test_texts_cannot_steer_the_terminal(everything: Path, name: str) -> None:
    run = everything / "digits" / f"text-in-{name}"
    shows = ("show", run, "--count", 1, "--data", everything / "none")
    for words in (("watch", run), shows, ("compare", run)):
        result = call(*words)
        assert not steering(result.stdout + result.stderr), words
    if name == "status":
        result = call("watch", run)
        assert "a [2J ]0;t 31m z" in result.stdout + result.stderr


# The views that a file is seen in, as their number keys: where it cannot be read, and where it says nonsense.
VIEWS = {
    CONFIG: ("1", "12345678"),
    STATUS: ("1", "1"),
    METRICS: ("17", "17"),
    EVALUATION: ("7", "7"),
    MODEL: ("23", "23468"),
    LATENTS: ("5", "3458"),
    TIMELINE: ("2", "2"),
    LOCK: ("1", "1"),
}


def views_of(damage: str) -> str:
    for name, damages in CONTENT.items():
        if damage in damages:
            return VIEWS[name][1]
    return VIEWS[damage.partition(" ")[0]][0]


# Linux counts the memory that a process was forked with as its own, and tests with PyTorch in memory hold a
# gigabyte: a small process in between starts the command and tells what that held.
_BETWEEN = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[2:]).returncode
open(sys.argv[1], "w").write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10))
sys.exit(code)
"""


def process(*words: object, through: Sequence[str] = COMMAND) -> tuple[str, int, int]:
    """Its output, its exit code and the most MiB that it held."""
    with tempfile.NamedTemporaryFile("r") as held:
        between = (sys.executable, "-S", "-c", _BETWEEN, held.name)
        command = [*between, *through, *map(str, words)]
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=ROOT, check=False
        )
        return done.stdout.decode(errors="surrogateescape"), done.returncode, int(held.read())


@pytest.mark.fault(
    "the same damages in the explorer, through all of its views",
    "no view fails, nothing steers the terminal, under 300 MB",
)
@pytest.mark.timeout(900)  # a minute of work, on a machine that may have much else to do
@pytest.mark.parametrize("part", [0, 1])
def test_the_explorer_goes_through_all_of_them(everything: Path, part: int) -> None:
    broken = NO_RUN | {f"{CONFIG} flipped"}
    seen = [damage for damage in DAMAGES if damage not in broken][part::2]
    python = (sys.executable, "-W", "error", "-m", "tests.faults.tour")
    output, code, held = process(
        everything, *(f"{folder_of(damage)}={views_of(damage)}" for damage in seen), through=python
    )
    assert code == 0, output[-5000:]
    found = json.loads(output.splitlines()[-1])
    assert found["odd"] == []
    assert held < MOST_MIB


@pytest.mark.fault(
    "control characters, escape sequences, bidi overrides, zero-width characters and bytes that are no UTF-8 "
    "in the names of runs and of data sets",
    "none of them reaches the terminal; every run is listed and shown",
)
def test_names_cannot_steer_the_terminal(runs: Path) -> None:
    made = list(malformed.make_names(runs))
    every: tuple[tuple[str, ...], ...] = (("ls",), ("ls", "--json"), ("compare",), ("doctor",))
    for words in every:
        result = call(*words, "--runs", runs)
        assert not steering(result.stdout + result.stderr), words
        assert result.returncode == 0 or words == ("doctor",)
    assert len(json.loads(call("ls", "--json", "--runs", runs).stdout)) == len(made)
    for run in made:
        result = call("show", "--data", runs, "--count", 1, "--", run)
        assert (result.returncode, steering(result.stdout + result.stderr)) == (0, set())
    python = (sys.executable, "-W", "error", "-m", "tests.faults.tour")
    with_views = [os.fsencode(run.name) + b"=17" for run in made[:-1]]
    done = subprocess.run(
        [*python, str(runs), *with_views], cwd=ROOT, capture_output=True, check=False, timeout=200
    )
    assert done.returncode == 0, result.stderr[-5000:]
    assert json.loads(done.stdout)["odd"] == []


@pytest.mark.fault("10 000 runs in one folder", "`ls --json` lists them all, under 300 MB")
def test_ten_thousand_runs(runs: Path) -> None:
    one = tiny.make(runs, tiny.config(epochs=1))
    for number in range(9_999):
        run = one.with_name(f"run-{number}")
        run.mkdir()
        for name in (CONFIG, STATUS, METRICS):
            os.link(one / name, run / name)
    output, code, most = process("ls", "--json", "--runs", runs)
    assert (code, len(json.loads(output))) == (0, 10_000)
    assert most < MOST_MIB


@pytest.mark.fault(
    "metrics of 200 MB, in rows or in one line; latents and timelines of 2 GB",
    "what is needed is read from the end, or the file is refused, under 300 MB",
)
@pytest.mark.parametrize(
    "damage", ["metrics 200 MB", "metrics one line", f"{LATENTS} large", "latents of 2 GB"]
)
def test_large_files_take_little_memory(everything: Path, damage: str) -> None:
    run = everything / "digits" / folder_of(damage)
    words = ("sample", run, "--from", "aggregate", "--count", 1, "--data", everything / "none")
    output, code, most = process(*words)
    assert (code, most < MOST_MIB) == (0, True), (output, most)


@pytest.mark.fault(
    "1.5 GB of address space, or too little for a model",
    "what fits is shown; what does not is one sentence",
)
def test_memory_follows_the_size_of_what_is_read(run: Path, runs: Path) -> None:
    large = tiny.config(latent=2700, hidden=(9000,))  # 350 MB of weights
    bloated = tiny.make(runs, large, state="stopped", done=0)
    header, end = {}, 0
    for name, shape in weight_shapes(large.model).items():
        size = 4 * math.prod(shape)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [end, end + size]}
        end += size
    data = json.dumps(header).encode()
    with (bloated / MODEL).open("wb") as file:
        file.write(len(data).to_bytes(8, "little") + data)
        file.truncate(8 + len(data) + end)

    def shown(which: Path, mib: int) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, "show", str(which), "--count", "1", "--data", str(runs)],
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (mib << 20, mib << 20)),
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

    assert shown(run, 1500).returncode == 0
    result = shown(bloated, 350)
    assert result.returncode == 1
    assert "cannot be read: there is not enough memory for it" in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.fault(
    "a file that is cut short, replaced or half written while the explorer has it open",
    "what was read stays or is read anew; no crash",
)
async def test_files_change_under_the_explorer(grid: Path) -> None:
    run = grid / "digits" / "vae-z5-b1-bce-s0-h16"
    whole = {name: (run / name).read_bytes() for name in malformed.FILES}
    async with exploring(grid, (200, 50), [run]) as (app, pilot):

        def rows() -> int:
            return len(app.state.runs.run.epochs) if app.state.runs.run else -1

        await press(app, "1")
        for damage in ("half", "fifo", "loop", "large", "missing", "zero"):
            for name in malformed.FILES:
                ANY_FILE[damage](run / name)
            await until(app, lambda: app.state.runs.run is None or app.state.runs.run.path != run)
            for view in "1257":
                await press(app, view)
                assert app._exception is None
            for name, content in whole.items():
                (run / name).unlink(missing_ok=True)
                (run / name).write_bytes(content)
            app.state.runs.await_run(run)
            await until(app, lambda: rows() == 3 and app.state.runs.run.path == run)  # type: ignore[union-attr]
        with (run / METRICS).open("ab") as file:
            file.write(whole[METRICS].splitlines()[0][:50])
        await pilot.pause(0.1)
        await press(app, "1")
        assert (rows(), app.state.runs.run.problem if app.state.runs.run else None) == (3, "")
        assert "Traceback" not in text(app)
