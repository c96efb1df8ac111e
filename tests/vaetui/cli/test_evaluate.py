"""`vaetui evaluate`: tables, JSON, and good manners around a process that measures."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console

from tests import ROOT, tiny
from tests.vaetui.cli.shell import COMMAND, call, complaint, terminal
from trainer.contract.config import Config, write_config
from trainer.contract.datasets.registry import load
from trainer.contract.evaluation import (
    EVALUATION,
    DrawsError,
    Evaluation,
    Floor,
    Information,
    Marginal,
    Quality,
    SampleStatistics,
    read_evaluation,
)
from trainer.contract.marginal_methods import MARGINAL_METHODS
from trainer.contract.run_dir import MODEL
from vaetui.cli import evaluation_tables
from vaetui.runs import compare, launch
from vaetui.runs.run_watcher import read_run

# A judge without torch: it finds what `tests.vaetui.cli.test_evaluate` makes up.
JUDGE = """
import json, sys
from pathlib import Path
from tests import tiny
from tests.vaetui.cli.test_evaluate import found
from trainer.contract.config import read_config
def tell(event, **facts):
    print(json.dumps({"event": event, **facts}), flush=True)
options = sys.argv[1:sys.argv.index("--")]
tell("note", text="asked for " + " ".join(options))
for run in map(Path, sys.argv[sys.argv.index("--") + 1:]):
    tell("progress", run=str(run), doing="quality", done=0.5)
    if run.name == "broken":
        tell("problem", text="broken is beyond measure")
        continue
    tiny.write_evaluation(run, found(read_config(run)))
    tell("measured", run=str(run), seconds=1.5, kept=str(run))
sys.exit(any(Path(run).name == "broken" for run in sys.argv))
"""


def quality(is_vae: bool) -> Quality:
    """Of 60 images six a class; two fours are taken for nines, three nines for fours."""
    rows = [[6 * (taken == true) for taken in range(10)] for true in range(10)]
    rows[4][4], rows[4][9], rows[9][9], rows[9][4] = 4, 2, 3, 3
    look = SampleStatistics(0.75, 2.25, 80.5, 0.625, 0.125)
    return Quality(
        *("0badcafe", 0.99, 0.98, 55 / 60, tuple(map(tuple, rows)), SampleStatistics(0.9, 2.3, 15.5), look),
        *(look if is_vae else None, 60, 0, "seen by a classifier", "feedbeef", "train"),
        Floor(SampleStatistics(0.95, 2.3, 0.11, 0.83, 0.86), 0.13, 0.03, 10),
    )


BOUND = Marginal(
    *(98.76, 0.0, 0.31, 100, 8.5, 0, "importance sampling"),
    effective_quantiles=(1.1, 2.5, 30.0),
    unconverged=0.125,
)


SPLIT = Information(3.25, 0.01, 0.75, 0.02, 4.5, 128, 60, 0)


def found(config: Config) -> Evaluation:
    """The evaluation of a tiny run with all that the judge can add."""
    is_vae = config.model.is_vae
    return dataclasses.replace(
        tiny.evaluation(config, 3),
        weights="0badcafe",
        marginal=BOUND if is_vae else None,
        information=SPLIT if is_vae else None,
        quality=quality(is_vae),
    )


def found_with_floor(config: Config) -> Evaluation:
    """The same with what real images score."""
    made = found(config)
    assert made.quality is not None
    floor = Floor(SampleStatistics(0.99, 2.3, 0.5, 0.9, 0.9), 0.4, 0.1, 10)
    return dataclasses.replace(made, quality=dataclasses.replace(made.quality, floor=floor))


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "EVALUATION", (sys.executable, "-c", JUDGE))
    monkeypatch.chdir(ROOT)


@pytest.fixture
def real(runs: Path) -> Path:
    """A tiny run that says that it was trained on the digits which are here."""
    images = load("digits", Path())
    made = tiny.config()
    made = dataclasses.replace(made, data=dataclasses.replace(made.data, checksum=images.checksum))
    run = tiny.make(runs, made)
    write_config(run, made)
    return run


# --- results ------------------------------------------------------------------------------------------


def test_the_tables_of_one_run(run: Path, judge: None) -> None:
    result = call("evaluate", run, "--nll", 100)
    assert result.returncode == 0
    lines = result.stdout.splitlines()
    rows = {line.split()[0]: line.split() for line in lines if line}
    figures = next(line.split() for line in lines if line.startswith(run.name))
    assert lines[1].startswith("digits · test, 60 images (grey levels), one posterior draw")
    measured = read_evaluation(run).figures
    totals = [f"{value:.2f}" for value in (-measured.elbo, measured.distortion, measured.rate)]
    assert figures[1:10] == [*totals, "≤", "98.76", "0.31", "IWAE", "bound", "100"]
    assert figures[10:13] == ["2.5", "12.5%", "2/2"], "the median of the effective samples"
    (looks,) = [line.split() for line in lines if "reconstructions" in line and run.name in line]
    assert looks[2:] == ["91.7%", "5", "0.900", "2.300", "15.50"]
    assert rows["prior"] == ["prior", "samples", "0.750", "2.250", "80.50", "0.625", "0.125"]
    assert rows["posterior"] == ["posterior", "samples", "0.750", "2.250", "80.50", "0.625", "0.125"]
    floors = [line.split()[1:] for line in lines if line.split()[:1] == ["floor:"]]
    assert floors == [["train", "0.950", "2.300", "0.11", "0.830", "0.860"], ["test", "halves", "0.13"]]
    assert rows["4"][1] == f"{measured.distortion - 0.5:.2f}"
    assert rows["4"][3:] == ["66.7%", "9", "(2×)"]
    assert rows["3"][3:] == ["100.0%"]
    text = " ".join(result.stdout.split())
    assert "importance sampling; ≤ is an upper bound on −log p(x)" in text
    assert "5 %, 50 %, 95 % of images: 1.1, 2.5, 30.0; not converged: 12.5% of images" in text
    assert "seen by a classifier; right" in text
    split = f"rate {measured.rate:.2f} ≈ information 3.25 ± 0.01 + marginal KL 0.75 ± 0.02"
    assert f"{split}; information is at most log 60 = 4.09" in text
    assert str(run.parent) in text


@pytest.mark.parametrize(
    ("marginal", "cell", "words"),
    [
        (Marginal(98.76, 0.0, 0.31, 100, 8.5, 0, "old"), "≤ 98.76", "per image, a mean over images"),
        (Marginal(97.5, 0.0, 0.3, 0, None, 0, "p", "integral", grid_error=0.003), "= 97.50", "0.0030 nats"),
        (Marginal(97.5, 0.0, 0.3, 32, 7.0, 0, "p", "ais", temperatures=9), "≈ 97.50", "number of chains"),
    ],
)
def test_each_method_has_its_sign_and_its_legend(
    run: Path, marginal: Marginal, cell: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    one = dataclasses.replace(found(read_run(run).config), marginal=marginal)
    Console(width=200).print(evaluation_tables.figures([(read_run(run), one)], 200))
    assert cell in capsys.readouterr().out
    (legend,) = (text for text in evaluation_tables.protocols([one]) if "over images" in text)
    assert words in legend
    assert MARGINAL_METHODS[marginal.method].about in legend


def test_several_draws_are_said_with_their_error(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = found(read_run(run).config)
    one = dataclasses.replace(made, posterior_draws=20, draws_error=DrawsError(0.0123, 0.00045))
    Console(width=250).print(evaluation_tables.figures([(read_run(run), one)], 250))
    shown = capsys.readouterr().out
    assert shown.count("± draws") == 2
    assert "0.012" in shown
    assert "0.000450" in shown
    text = "± draws: standard error over 20 posterior draws"
    assert any(text in words for words in evaluation_tables.protocols([one]))
    assert not any("± draws" in words for words in evaluation_tables.protocols([made]))


def test_an_autoencoder_has_no_bound_no_likelihood_and_no_draws_around(runs: Path, judge: None) -> None:
    vae, ae = tiny.make(runs), tiny.make(runs, tiny.config("ae"))
    result = call("evaluate", vae, ae)
    (row,) = [
        line.split()
        for line in result.stdout.splitlines()
        if line.startswith("ae-") and "." in line.split()[1]
    ]
    assert len(row) == 3  # name, distortion, MSE
    assert result.stdout.count("posterior samples") == 1
    assert result.stdout.count("nats per image") == 2  # measured otherwise, so they share no column
    assert "\nclass " in result.stdout


def test_distances_in_other_features_are_in_another_table(runs: Path, judge: None) -> None:
    """An old run has neither floor nor precision, and posterior samples of the test images."""
    paths = [tiny.make(runs, tiny.config(latent=size)) for size in (2, 5, 9)]
    measured = []
    for path in paths:
        run = read_run(path)
        measured.append((run, quality(is_vae=True)))
    old = dataclasses.replace(measured[2][1], features="", around_of="test", floor=None)
    measured[2] = measured[2][0], old
    evaluations = [(run, dataclasses.replace(found(run.config), quality=one)) for run, one in measured]
    _, new, other = evaluation_tables.tables(evaluations, 120)
    assert (new.row_count, other.row_count) == (8, 3), "the floor is once below the runs that share it"
    console = Console(width=120)
    with console.capture() as shown:
        console.print(other)
    assert "posterior (of test)" in shown.get()
    assert "floor" not in shown.get()


def test_several_runs_share_a_table_and_name_no_classes(grid: Path, judge: None) -> None:
    result = call("evaluate", "vae-z2-b1", "vae-z5-b4", "--runs", grid)
    assert result.stdout.count("−ELBO") == 1
    assert "vae-z5-b4-bce-s0-h16: rate" in result.stdout
    assert "\nclass " not in result.stdout
    assert result.stderr.count("run=2/2") == 1


def test_without_a_name_all_finished_runs_are_evaluated(grid: Path, judge: None) -> None:
    tiny.make(grid, tiny.config(latent=9), state="stopped", done=1)
    result = call("evaluate", "--runs", grid, "--json")
    assert result.returncode == 0
    names = [json.loads(line)["run"] for line in result.stdout.splitlines()]
    assert sorted(names) == sorted(path.name for path in (grid / "digits").iterdir() if "z9" not in path.name)
    assert "vae-z9-b1-bce-s0-h16 is left out: it is stopped\n" in result.stderr


def test_nothing_to_evaluate_is_one_sentence(runs: Path) -> None:
    result = call("evaluate", "--runs", runs)
    assert complaint(result) == (
        f"nothing to evaluate in {runs}: `vaetui train --latent 2,10 --beta 1,4 --runs {runs}` trains four"
    )
    assert result.returncode == 1


@pytest.mark.parametrize("columns", [60, 80])
def test_the_tables_fit(grid: Path, judge: None, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    config = read_run(grid / "digits" / "vae-z2-b1-bce-s0-h16").config
    measured = [(read_run(grid / "digits" / "vae-z2-b1-bce-s0-h16"), found(config))]
    console = Console(width=columns)
    with console.capture() as shown:
        for table in evaluation_tables.tables(measured, columns):
            console.print(table)
    lines = shown.get().splitlines()
    assert max(len(line.rstrip()) for line in lines) <= columns
    assert "−log p(x)" in lines[0]
    assert "…" not in shown.get()


def test_json_is_an_object_a_line(grid: Path, judge: None) -> None:
    result = call("evaluate", "vae-z2-b1", "ae-z2", "--runs", grid, "--json")
    vae, ae = (json.loads(line) for line in result.stdout.splitlines())
    assert (vae["run"], vae["kind"], vae["latent"], vae["beta"]) == ("vae-z2-b1-bce-s0-h16", "vae", 2, 1.0)
    assert (vae["seconds"], vae["marginal"]["nats"]) == (1.5, 98.76)
    assert vae["quality"]["confusion"][9][4] == 3
    evaluation = read_evaluation(Path(vae["path"]))
    assert vae["figures"]["elbo"] == evaluation.figures.elbo
    assert vae["precision"] == evaluation.precision != read_run(Path(vae["path"])).config.precision
    assert (ae["marginal"], ae["quality"]["around"]) == (None, None)
    assert (ae["figures"]["rate"], ae["figures"]["elbo"]) == (None, None)
    assert ae["figures"]["distortion"] > 0


def test_what_is_asked_for_reaches_the_judge(run: Path, tmp_path: Path, judge: None) -> None:
    result = call("evaluate", run, "--data", tmp_path, "--device", "cpu", "--nll", 7, "--no-quality")
    assert f"asked for --data {tmp_path} --device cpu --nll 7 --no-quality" in result.stderr
    result = call("evaluate", run, "--nll", 7, "--nll-method", "ais", "--nll-images", 5, "--draws", 3)
    assert "--nll 7 --nll-method ais --nll-images 5 --draws 3\n" in result.stderr
    result = call("evaluate", run, "--data", tmp_path)
    assert f"asked for --data {tmp_path} --device auto --nll 0\n" in result.stderr


def test_a_run_that_cannot_be_measured_is_a_sentence_beside_the_others(runs: Path, judge: None) -> None:
    good, _ = tiny.make(runs), tiny.make(runs, name="broken")
    result = call("evaluate", good, "broken", "--runs", runs)
    assert result.returncode == 1
    assert "broken is beyond measure" in result.stderr
    assert good.name in result.stdout


def test_a_judge_that_dies_is_reported(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        launch, "EVALUATION", (sys.executable, "-c", "import sys; print('{', end=''); sys.exit(7)")
    )
    result = call("evaluate", run)
    assert "the evaluation ended without a message (exit code 7)" in complaint(result)
    assert result.returncode == 1


def test_what_is_found_does_not_change_how_runs_compare(run: Path) -> None:
    seen = read_run(run)
    assert seen.evaluation is not None
    after = dataclasses.replace(seen, evaluation=found(seen.config))
    (one,), (other,) = (compare.compared_runs([record]) for record in (seen, after))
    assert (one.figures, one.protocol, one.classes) == (other.figures, other.protocol, other.classes)
    assert len(compare.group_by_protocol([one, other])) == 1


# --- manners ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("nope",), 1, "no run `nope`"),
        (("@latest", "--device", "tpu"), 2, "--device takes auto, cuda, mps or cpu, not 'tpu'"),
        (("@latest", "--nll", "-1"), 2, "--nll"),
        (("@latest", "--nll-method", "ais"), 2, "--nll-method is for --nll K: add --nll 1000"),
        (("@latest", "--nll-images", "5"), 2, "--nll-images is for --nll K"),
        (("@latest", "--nll", "5", "--nll-method", "x"), 2, "takes auto, bound, integral or ais, not 'x'"),
    ],
)
def test_bad_usage_is_one_sentence(run: Path, arguments: tuple[str, ...], code: int, words: str) -> None:
    result = call("evaluate", *arguments, "--runs", run.parents[1])
    assert result.returncode == code
    assert words in complaint(result)


def test_what_cannot_be_measured_is_refused_by_the_judge_itself(real: Path) -> None:
    with tiny.live(real.parents[1], tiny.config(latent=7)) as alive:
        assert "is being trained now" in complaint(call("evaluate", alive))
    (real / MODEL).unlink()
    result = call("evaluate", real)
    assert "has no model yet" in complaint(result)
    assert result.returncode == 1


def test_for_real_it_measures_and_is_interrupted_in_good_order(real: Path) -> None:
    bare = tiny.make(real.parents[1], tiny.config(latent=7), state="queued")
    strange = tiny.make(real.parents[1], tiny.config(latent=8))
    options = ("--no-quality", "--nll", 2, "--device", "cpu", "--json")
    result = call("evaluate", bare, real, strange, *options)
    assert result.returncode == 1, "the others are measured all the same"
    first, second = result.stderr.splitlines()[-2:]
    assert first == f"vaetui: {bare.name} has no model yet: train it first"
    assert f"{strange.name} was trained on other digits images" in second
    assert json.loads(result.stdout)["run"] == real.name
    assert json.loads(result.stdout)["images"] == 297
    assert read_evaluation(real).images == 297
    before = {path.name: path.read_bytes() for path in real.iterdir()}

    command = [*COMMAND, "evaluate", str(real), "--no-quality", "--nll", "1000000", "--device", "cpu"]
    command += ["--nll-method", "bound"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=dict(os.environ)
    ) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        while "test figures" not in (line := process.stderr.readline()):
            assert line, process.wait()
        time.sleep(0.2)
        os.kill(process.pid, signal.SIGINT)
        assert process.stderr.readlines()[-1] == "interrupted: 0 of 1 runs evaluated and saved\n"
        assert process.stdout.read() == ""
        assert process.wait(timeout=20) == 130
    assert {path.name: path.read_bytes() for path in real.iterdir()} == before


def test_a_terminal_shows_a_bar_and_then_the_tables(run: Path, tmp_path: Path) -> None:
    with terminal("evaluate", run, "--data", tmp_path, columns=100, rows=40) as screen:
        screen.wait_for("starting")
        assert screen.end() == 1
        assert "was trained on other digits images" in " ".join(screen.text().split())
        assert "starting" not in screen.text()
    assert (run / EVALUATION).exists()
