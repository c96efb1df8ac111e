"""Declare the commands that measure and compare runs, `vaetui compare`, `evaluate` and `report`; `doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vaetui.cli import completion
from vaetui.cli.messages import UsageError
from vaetui.cli.options import (
    DATASETS,
    AnyRuns,
    Colors,
    DataFolder,
    Examples,
    Glyphs,
    Json,
    RunNames,
    Runs,
    choice,
    default,
    option,
    runs_option,
    setting,
)


def compare(
    run: AnyRuns = None,
    runs: Runs = None,
    examples: Examples = False,
    json: Json = False,
    csv: Annotated[bool, option("csv", None, "Print CSV instead, a row per run.")] = False,
) -> int:
    """Rank runs; print which one validation chooses, and why.

    Without RUN, all runs. Runs that were measured in different ways are ranked separately. "worse by" is the
    mean difference to the chosen run over the same test images, with its paired bootstrap interval.

    \b
    --json prints an array with an object for each ranking: protocol, ranked_by,
    choice (run, reason), compared_with, and runs: an array of objects with run,
    path, kind, latent, beta, distortion, rate, elbo (nats per image), mse (per
    pixel, at one posterior sample), mse_posterior_mean, active_units,
    validation (what it is chosen by), worse_by, low, high.
    """
    if json and csv:
        raise UsageError("--json and --csv exclude each other")
    from vaetui.cli import compare as command

    return command.compare(run or [], runs_option(runs, examples), as_json=json, as_csv=csv)


def evaluate(
    run: RunNames,
    nll: Annotated[
        int, option("nll", "K", "Posterior samples per image; 0: skip.", min=0, max=1_000_000)
    ] = 0,
    quality: Annotated[
        bool, typer.Option("--quality/--no-quality", help="Classify reconstructions and samples.")
    ] = True,
    device: Annotated[str, setting("device")] = default("device"),
    runs: Runs = None,
    data: DataFolder = None,
    json: Json = False,
) -> int:
    """Evaluate runs on the test images.

    Distortion, rate and -ELBO; how a classifier, which is trained once per data set, classifies
    reconstructions, prior samples and posterior samples; with --nll K, -log p(x) by importance sampling
    with K posterior samples per image. Results are written to each run's evaluation.json; those of a
    read-only run, such as an example, to the user's data folder.

    \b
    --json prints an object a line, when a run is measured: run, path, seconds,
    kept (the folder of its evaluation.json), the settings that `ls` prints, and
    what evaluation.json holds: figures, mse_posterior_mean (per pixel; mse in
    figures is at one posterior sample), active_units, kl_per_dim,
    per_class_distortion, per_class_mse, split, images, posterior_draws, epoch,
    precision, weights (checksum), marginal
    (nats, constant, standard_error, samples, effective_samples, seed, protocol;
    or null), quality (classifier, classifier_accuracy, originals, accuracy,
    confusion, reconstructions, prior, around, draws, seed, protocol; or null)
    where reconstructions, prior and around hold confidence, class_entropy
    (nats) and frechet.
    """
    from vaetui.cli import evaluate as command

    return command.evaluate(run, runs, data, samples=nll, quality=quality, device=device, as_json=json)


def report(
    out: Annotated[
        Path,
        option("out", "DIR", "Folder of the report, which is overwritten.", show_default=False),
    ],
    run: AnyRuns = None,
    recipe: Annotated[
        str, option("recipe", "NAME", "A published experiment, or a .toml file.", completion.recipes)
    ] = "",
    quick: Annotated[bool, option("quick", None, "Report on the runs of train --quick.")] = False,
    dataset: Annotated[
        str, choice("dataset", "NAME", "Report on the recipe's runs on this data set.", DATASETS)
    ] = "",
    evaluate: Annotated[
        bool, typer.Option("--evaluate/--no-evaluate", help="Evaluate runs without classifier figures first.")
    ] = True,
    runs: Runs = None,
    data: DataFolder = None,
) -> int:
    """Write a report on runs: figures, tables, checked claims.

    Without RUN and --recipe, on all runs. It writes report.md with its figures beside it, and report.html,
    which contains them. The same command writes the same bytes. A recipe's claims are checked against our
    figures; some need `vaetui evaluate`, which is run first where it is missing, half a minute a run on a
    CPU.
    """
    if recipe and run:
        raise UsageError("name runs or a --recipe, not both")
    if (quick or dataset) and not recipe:
        raise UsageError(f"--{'quick' if quick else 'dataset'} is for a --recipe: name one")
    from vaetui.cli import report as command

    folders = command.Folders(runs, data)
    return command.report(
        run or [], folders, recipe=recipe, dataset=dataset, quick=quick, out=out, evaluation=evaluate
    )


def doctor(
    glyphs: Glyphs = "",
    colors: Colors = "",
    runs: Runs = None,
    data: DataFolder = None,
    json: Json = False,
) -> int:
    """Check the terminal, folders and PyTorch, and suggest fixes.

    What was detected of this terminal and why, with a test pattern (--glyphs and --colors try others); tmux,
    ssh and other layers; the folders of images and runs; whether logging out ends a training; the devices to
    train on. The exit code is 1 where something would fail.

    \b
    --json prints an object: terminal (depth, glyphs, is_tty, columns, reason,
    has_mouse, background), and findings: an array of objects with section,
    about, found, standing (well, hint, broken) and mend.
    """
    from vaetui.cli import doctor as command

    return command.doctor(runs, data, glyphs=glyphs, colors=colors, as_json=json)
