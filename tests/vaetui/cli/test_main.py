"""The command line's own manners: help, versions, bad input, closed pipes."""

import importlib.metadata
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import ROOT
from tests.vaetui.cli.shell import COMMAND, call, complaint, terminal, vaetui
from tests.vaetui.cli.streams import answer
from vaetui.settings import SETTINGS

HEAVY = ("numpy", "rich", "textual", "torch", "safetensors", "sklearn", "trainer.contract.files")


def test_help_names_every_command_and_fits_80_columns() -> None:
    result = vaetui("--help")
    assert (result.returncode, result.stderr) == (0, "")
    commands = (
        "train recipes watch stop ls show sample interpolate traverse export evaluate compare explore doctor"
    )
    for command in commands.split():
        assert f"\n  {command} " in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert "..." not in result.stdout.partition("Commands:")[2]
    assert vaetui().stdout == result.stdout
    assert vaetui("-h").stdout == result.stdout


def test_help_of_train_shows_every_default() -> None:
    shown = " ".join(vaetui("train", "--help").stdout.split())
    for default in ("10", "1", "vae", "400", "50", "128", "1e-3", "0.1", "0", "auto"):
        assert f"[default: {default}]" in shown


@pytest.mark.parametrize("columns", [80, 120])
def test_help_of_train_has_every_option_under_a_heading_and_fits(columns: int) -> None:
    lines = vaetui("train", "--help", env={**os.environ, "COLUMNS": str(columns)}).stdout.splitlines()
    assert max(map(len, lines)) <= min(columns, 100)
    headings = [line for line in lines if line.endswith(":") and not line.startswith(" ")]
    assert headings == ["Model:", "Objective:", "Training:", "Images:", "Where and how:"]
    shown = [line.split()[0] for line in lines if line.startswith("  --")]
    assert set(shown) == {f"--{key}" for key in SETTINGS} | {
        *("--recipe", "--quick", "--runs", "--data", "--detach", "--force", "--dry-run")
    }
    texts = [line for line in lines if line.startswith(" " * 20)]
    assert {len(line) - len(line.lstrip()) for line in texts} == {30}
    assert all(line == line.rstrip() and not line.endswith("[default:") for line in lines)
    assert "adamw also decays the weights, by 0.01" in " ".join(" ".join(lines).split())


def test_help_imports_nothing_heavy() -> None:
    code = f"""
import sys
from vaetui.cli.main import run_command
assert run_command(["--help"]) == 0
print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)
"""
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert result.stderr == "[]\n"


def test_version() -> None:
    assert vaetui("--version").stdout == f"vaetui {importlib.metadata.version('vaetui')}\n"


@pytest.mark.parametrize(
    ("arguments", "code"), [("train --latent 0", 2), ("trian", 2), ("show nope", 1), ("ls", 0)]
)
def test_a_process_ends_as_its_command_does(arguments: str, code: int) -> None:
    result, called = vaetui(*arguments.split()), call(*arguments.split())
    assert result.returncode == code
    assert (result.returncode, result.stdout, result.stderr) == (code, called.stdout, called.stderr)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("train --latent 0", "--latent takes whole numbers from 1"),
        ("train --latent ten", "not 'ten'"),
        ("train --beta -1", "--beta takes numbers of 0 or more"),
        ("train --epochs 0", "--epochs takes a whole number from 1"),
        ("train --dataset cifar", "takes auto, mnist, fashion-mnist, kmnist, qmnist or digits, not 'cifar'"),
        ("train --kind gan", "--kind takes vae, ae or vae,ae"),
        ("train --hidden 400,0", "--hidden takes"),
        ("train --lr 0", "--lr takes numbers above 0"),
        ("train --lr 1e-3,x", "separated by commas, not '1e-3,x'"),
        ("train --loss l1", "--loss takes bce or mse, not 'l1'"),
        ("train --optimizer sgd", "--optimizer takes adam or adamw, not 'sgd'"),
        ("train --binarize yes", "--binarize takes none, dynamic or fixed, not 'yes'"),
        ("train --precision fp16", "--precision takes auto, fp32, tf32 or bf16, not 'fp16'"),
        ("train --precision tf32 --device cpu", "--precision tf32 is for --device cuda, not cpu"),
        ("train --beta-warmup -1", "--beta-warmup takes a whole number from 0"),
        ("train --patience x", "--patience takes a whole number from 0"),
        ("train --patience 3 --val-fraction 0", "hold some out, such as --val-fraction 0.1"),
        ("train --keep best --val-fraction 0", "--keep best needs validation images"),
        ("train --val-fraction 1", "--val-fraction takes a number from 0 to below 1"),
        ("train --batch-size 0", "--batch-size takes"),
        ("train --seed -1", "--seed takes"),
        ("train --device tpu", "--device takes auto, cuda, mps or cpu"),
        ("train --name ../up", "--name takes letters"),
        ("train --latent", "requires an argument"),
        ("train --nonsense", "no such option: --nonsense"),
        ("train surplus", "surplus"),
        ("trian", "'train'"),
        ("show", "missing argument 'RUN'"),
        ("stop", "missing argument 'RUN"),
        ("interpolate @latest 1", "missing argument 'B'"),
        ("sample @latest --count 0", "--count"),
        ("sample @latest --count many", "--count"),
        ("show @latest --digits 1,x", "class 0 to 9, or #N for test image N, not 'x'"),
        ("show @latest --digits #360", "digits has test images #0 to #296, not #360"),
        ("interpolate @latest 3 10", "not '10'"),
        ("interpolate @latest 3 4 --steps 1", "--steps"),
    ],
)
def test_bad_usage_is_one_sentence_and_exit_2(line: str, words: str, runs: Path, run: Path) -> None:
    command, *rest = line.split()
    where = ["--runs", runs] if command in ("train", "show", "sample", "interpolate", "stop") else []
    result = call(command, *where, *rest)
    assert words in complaint(result)
    assert result.returncode == 2
    assert [path.name for path in (runs / "digits").iterdir()] == [run.name]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("show nope", "no run `nope` in"),
        ("sample nope", "near"),
        ("interpolate nope 1 2", "no run `nope`"),
        ("stop nope", "no run `nope`"),
        ("watch nope", "no run `nope`"),
        ("stop vae-z2", "is not being trained now, it is finished"),
        ("explore", "needs a terminal"),
        ("train --device cuda --latent 3", "no cuda device for PyTorch on this machine"),
        ("train --precision tf32 --latent 3", "tf32 is for CUDA devices and there is none on this machine"),
        ("train --dataset mnist --latent 3 --data {data}", "is damaged"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_exit_1(
    line: str, words: str, runs: Path, run: Path, tmp_path: Path
) -> None:
    if ("cuda" in line or "tf32" in line) and Path("/dev/nvidia0").exists():
        pytest.skip("this machine has a GPU")
    raw = tmp_path / "data" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for part in ("train", "t10k"):
        for kind in ("images-idx3", "labels-idx1"):
            (raw / f"{part}-{kind}-ubyte").write_bytes(b"not what it claims to be")
    command, *rest = line.format(data=tmp_path / "data").split()
    result = call(command, "--runs", runs, *rest)
    assert result.returncode == 1
    if words != "near":
        assert words in complaint(result)
    assert [path.name for path in (runs / "digits").iterdir()] == [run.name]


@pytest.mark.parametrize("command", ["show", "sample", "watch", "stop", "ls"])
def test_a_folder_without_runs_says_what_makes_one(command: str, tmp_path: Path) -> None:
    needs_run = command in ("show", "sample", "stop")
    result = call(command, *(["any"] if needs_run else []), "--runs", tmp_path / "none")
    assert result.stdout == ""
    assert "vaetui train" in result.stderr
    assert result.returncode == (1 if needs_run else 0)


def test_a_runs_folder_that_is_a_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("not a folder")
    result = call("train", "--dataset", "digits", "--runs", tmp_path / "runs")
    assert "runs is a file: choose another folder with --runs" in complaint(result)
    assert result.returncode == 1


def test_a_runs_folder_that_is_read_only_is_one_sentence_before_the_training(tmp_path: Path) -> None:
    powerless: tuple[str, ...] = ()
    if os.geteuid() == 0:  # root without the capabilities that override file modes
        powerless = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
        if not shutil.which("setpriv"):
            pytest.skip("root may write everywhere, and there is no setpriv here")
    tmp_path.chmod(0o555)
    result = vaetui("train", "--dataset", "digits", "--runs", tmp_path / "runs", through=powerless)
    tmp_path.chmod(0o755)
    assert "cannot be written (permission denied): choose another folder with --runs" in complaint(result)
    assert result.returncode == 1


@pytest.mark.parametrize(
    "arguments", [("ls",), ("show", "@latest", "--count", "400"), ("sample", "@latest"), ("--help",)]
)
def test_a_reader_that_has_seen_enough_ends_it_quietly(arguments: tuple[str, ...], grid: Path) -> None:
    where = () if arguments == ("--help",) else ("--runs", str(grid))
    buffered = {**os.environ, "PYTHONUNBUFFERED": ""}  # so that short output is written at the very end
    command, pipe = [*COMMAND, *arguments, *where], subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, cwd=ROOT, env=buffered) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""


@pytest.mark.parametrize("streams", [">&-", "2>&-", ">&- 2>&-", "<&-"])
def test_closed_streams_are_no_error(streams: str, grid: Path) -> None:
    line = f'exec "$0" -m vaetui ls --runs "$1" {streams}'
    result = subprocess.run(
        ["sh", "-c", line, sys.executable, grid], capture_output=True, check=False, cwd=ROOT
    )
    assert (result.returncode, result.stderr) == (0, b"")


def test_letters_that_the_encoding_lacks_become_plain_ones(grid: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    result = vaetui("ls", "--runs", grid, env=environment)
    assert result.returncode == 0
    assert "-ELBO" in result.stdout
    assert "beta" in result.stdout


def test_a_terminal_gets_sentences_broken_between_words() -> None:
    with terminal("watch", "--runs", "none", columns=60) as screen:
        screen.end()
        lines = [line for line in screen.text().splitlines() if line]
    said = vaetui("watch", "--runs", "none").stderr
    assert len(lines) == 2
    assert " ".join(line.strip() for line in lines) == said.strip()


def test_too_little_memory_is_one_sentence(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("vaetui.models.registry.load_model", refuse)
    result = call("show", run)
    assert result.returncode == 1
    assert "not enough memory" in complaint(result)


def test_a_command_is_never_broken_over_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    errors = answer("ls", "--runs", tmp_path / "none", is_tty=True).errors
    line = f"vaetui train --latent 2,10 --beta 1,4 --runs {tmp_path / 'none'}"
    assert f"`{line}`" in errors
    assert len(errors.splitlines()) > 1


def test_a_bug_shows_its_traceback(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from vaetui.cli import export, main

    def broken(*_: object, **__: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(export, "load_model", broken)
    with pytest.raises(ZeroDivisionError):
        main.run_command(["export", "@latest", "--out", "a.npz", "--runs", str(run.parents[1])])


def test_a_view_that_there_is_not_is_reported_with_those_there_are() -> None:
    result = call("explore", "--view", "plaid")
    assert result.returncode == 2
    views = "Loss, Reconstruct, Sample, Interpolate, Latent, Traverse, Compare, Draw"
    assert complaint(result) == f"no view `plaid`; there are {views}"
    assert "needs a terminal" in complaint(call("explore", "--view", "traverse"))


def test_a_theme_that_there_is_not_is_reported_with_those_there_are() -> None:
    result = vaetui("explore", "--theme", "plaid")
    assert result.returncode == 2
    assert complaint(result) == "no theme `plaid`; there are dark, light, contrast, safe"
    assert "dark, light, contrast, safe" in vaetui("explore", "--help").stdout
