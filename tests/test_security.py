"""The guarantees of SECURITY.md: nothing that is read can run code, and files follow the umask."""

import ast
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import ROOT

SOURCES = sorted(path for package in ("trainer", "vaetui") for path in (ROOT / package).rglob("*.py"))

# Modules whose files or streams may run code when they are read.
MODULES = {"pickle", "_pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "shelve", "yaml"}
BUILTINS = {"eval", "exec", "compile", "__import__"}
CALLS = {"torch.load", "torch.hub.load", "os.system", "os.popen", "subprocess.getoutput"}


def names(node: ast.expr) -> str:
    """`a.b.c` of an attribute of names, "" of anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{names(node.value)}.{node.attr}"
    return ""


def dangers(tree: ast.AST) -> Iterator[str]:
    """What in a source file could run what it reads."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.partition(".")[0] in MODULES)
        elif isinstance(node, ast.ImportFrom):
            module = (node.module or "").partition(".")[0]
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            yield from {module} & MODULES | whole & CALLS
        elif isinstance(node, ast.Call):
            yield from _dangers_of_a_call(node)


def _dangers_of_a_call(call: ast.Call) -> Iterator[str]:
    name, given = names(call.func), {keyword.arg: keyword.value for keyword in call.keywords}
    if name in BUILTINS | CALLS:
        yield name
    if name.rpartition(".")[2] == "import_module":
        yield from (
            str(one.value) for one in call.args if isinstance(one, ast.Constant) and str(one.value) in MODULES
        )
    if name in ("np.load", "numpy.load") and not _is(given.get("allow_pickle"), False):
        yield f"{name} without allow_pickle=False"
    if "shell" in given and not _is(given["shell"], False):
        yield "shell"
    if "allow_pickle" in given and not _is(given["allow_pickle"], False):
        yield "allow_pickle"


def _is(node: ast.expr | None, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def test_nothing_that_is_read_can_run() -> None:
    assert len(SOURCES) > 100
    found = {path: list(dangers(ast.parse(path.read_text()))) for path in SOURCES}
    assert {path: all_of_it for path, all_of_it in found.items() if all_of_it} == {}


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "import os, marshal as m",
        "from pickle import loads",
        "from yaml.loader import Loader",
        "import importlib; importlib.import_module('dill')",
        "torch.load(path)",
        "from torch import load",
        "np.load(path)",
        "np.load(path, allow_pickle=True)",
        "np.load(path, allow_pickle=wanted)",
        "np.savez(path, allow_pickle=True, a=a)",
        "eval(text)",
        "exec(text)",
        "subprocess.run(text, shell=True)",
        "os.system(text)",
    ],
)
def test_what_is_looked_for_is_found(text: str) -> None:
    assert list(dangers(ast.parse(text))) != []


# --- permissions --------------------------------------------------------------------------------------

# All that writes, in one process for each umask, forked from one that has imported PyTorch.
WRITERS = """
import contextlib, io, json, os, shutil, sys
from pathlib import Path

import matplotlib.figure, PIL.Image, torch
import trainer.checkpoint, trainer.planner, vaetui.cli.export, vaetui.cli.report, vaetui.cli.sample
from trainer import __main__ as trainer
from trainer.contract.datasets import fetch, registry as data
from trainer.evaluation import classifier
from vaetui.latent import tsne_cache
from vaetui.runs import launch
from vaetui.runs.queue import queue_runs
from vaetui.cli.main import run_command
from vaetui.training_grid import parse
from vaetui.report import plotting
from vaetui.tui.session import SessionFile, default_path

plotting.DPI = 20
tsne_cache.run_tsne = lambda codes, tell: codes[:, :2].copy()
classifier.train = lambda *_: {name: torch.zeros(shape) for name, shape in classifier.SHAPES.items()}

def download(home):
    copy = "import pathlib, sys; p = pathlib.Path(sys.argv[1], 'MNIST', 'raw'); p.mkdir(parents=True); " \\
        "[(p / n).write_bytes(b'x') for n in sys.argv[2:]]"
    files = [file.name for file in data.SOURCES["mnist"].files]
    fetch.command = lambda _, folder: [sys.executable, "-I", "-c", copy, str(folder), *files]
    data._delivered = lambda source, staging: sorted((staging / "MNIST" / "raw").iterdir())
    data.resolve("mnist", home / "data", lambda _: None)

def write(home):
    runs = home / "runs"
    options = parse({"latent": "2", "hidden": "16", "epochs": "1", "dataset": "digits", "device": "cpu"})
    dataset = data.load("digits", home)
    configs = launch.requested_configs([options], lambda _: dataset)
    (run,) = queue_runs(launch.plan_runs(runs, configs, False, None))
    assert trainer.main(["--data", str(home), str(run)]) == 0
    where = ["--runs", str(runs)]
    for words in (
        ["show", run.name, "--out", str(home / "shown.png")],
        ["export", run.name, "--to", "npz", "--out", str(home / "exported.npz")],
        ["report", "--no-evaluate", "--out", str(home / "report")],
    ):
        assert run_command([*words, *where]) == 0, words
    SessionFile(default_path()).save("1 Loss", "", "", None, run)
    classifier.load_or_train(dataset, torch.device("cpu"), lambda _: None, lambda _: None)
    download(home)

for mask in sys.argv[2:]:
    home = Path(sys.argv[1], mask)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.umask(int(mask, 8))
            home.mkdir()
            for name in ("XDG_CACHE_HOME", "XDG_STATE_HOME", "HOME"):
                os.environ[name] = str(home)
            write(home)
            code = 0
        except BaseException:
            import traceback
            traceback.print_exc()
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0, mask
"""
MASKS = ("022", "077", "002")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for each umask, with all that is written under it."""
    folder = tmp_path_factory.mktemp("written")
    done = subprocess.run(
        [sys.executable, "-c", WRITERS, str(folder), *MASKS],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("mask", MASKS)
def test_files_follow_the_umask(written: Path, mask: str) -> None:
    home = written / mask
    modes = {path.relative_to(home): path.lstat().st_mode for path in [home, *home.rglob("*")]}
    wrong = {
        str(path): oct(stat.S_IMODE(mode))
        for path, mode in modes.items()
        if stat.S_IMODE(mode) != (0o777 if stat.S_ISDIR(mode) else 0o666) & ~int(mask, 8)
    }
    assert wrong == {}
    names = {path.name for path in modes}
    assert names >= {
        *("config.json", "status.json", "metrics.jsonl", "model.safetensors", "state.safetensors"),
        *("latents.safetensors", "timeline.safetensors", "evaluation.json", "run.lock", "train.log"),
        *("shown.png", "exported.npz", "report.md", "report.html"),
        *("explorer.json", "t10k-labels-idx1-ubyte"),
    }
    assert len(list((home / "vaetui" / "classifiers").iterdir())) == 1


def test_security_md_has_its_sections() -> None:
    text = (ROOT / "SECURITY.md").read_text()
    for heading in ("trusted, and what is not", "Guarantees", "Supported versions", "report a vulnerability"):
        assert heading in text
