"""Declare the commands that read finished runs, and `vaetui doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trainer.contract.marginal_methods import MARGINAL_METHODS
from vaetui.cli import completion
from vaetui.cli.messages import UsageError
from vaetui.cli.options import (
    DATASETS,
    FORMATS,
    AnyRuns,
    Colors,
    Count,
    DataFolder,
    Each,
    Examples,
    Glyphs,
    Json,
    Out,
    Plain,
    RunName,
    Runs,
    Small,
    UnreadData,
    choice,
    option,
    runs_option,
    setting,
)
from vaetui.latent.sources import SOURCES
from vaetui.settings import SETTINGS

NLL_METHODS = ("auto", *MARGINAL_METHODS)


def ls(
    condition: Annotated[str, option("filter", "TEXT", "Words and conditions: 'lr<1e-3 kind:vae'.")] = "",
    order: Annotated[
        str, option("sort", "FIELD", "Sort by a setting or figure; -FIELD: largest first.")
    ] = "",
    runs: Runs = None,
    examples: Examples = False,
    _data: UnreadData = None,
    json: Json = False,
    each: Each = False,
) -> int:
    """List the models.

    Runs that differ in the seed only are one row: means ± standard deviations over n seeds. --each lists
    every run.

    --filter keeps the runs that pass every condition FIELD:VALUE[,VALUE] (also =
    != < <= > >=) and contain every word. Fields are the options of `vaetui
    train` (latent or z, beta, lr, …), name, state, epoch, elbo (−ELBO),
    distortion, rate, mse, active and age (90s, 5m, 2h, 3d).

    \b
    --json prints an array of objects: run, path, dataset, origin (trainer, or
    example for shipped runs), binarize, kind, latent, beta, beta_warmup
    (epochs), likelihood, hidden, optimiser, lr, weight_decay, batch_size,
    patience (epochs, 0: off), keep (last, best), val_fraction, seed, precision,
    device (both as resolved in training, else as configured), beta_cycles,
    free_bits (nats), objective (elbo, iwae), samples (per image), split_seed,
    state, early (finished before its last epoch), alive, error, problem, epoch,
    epochs, split, figures (of the last epoch: distortion, rate and elbo in nats
    per image, mse per pixel, all at one posterior sample; rate and elbo are
    null for an autoencoder), active_units, kl_per_dim, created, updated, model
    (the name of its row, which the runs of all seeds share). Of a run that
    cannot be read all but run, path and problem is null.
    """
    from vaetui.cli import listing

    folder = runs_option(runs, examples)
    return listing.ls(folder, condition=condition, order=order, each=each, as_json=json)


def show(
    run: RunName,
    digits: Annotated[str, option("digits", "LIST", "Classes 0-9, or #N for test image N: 3,8,#123.")] = "",
    count: Count = None,
    small: Small = False,
    glyphs: Glyphs = "",
    colors: Colors = "",
    out: Out = None,
    plain: Plain = False,
    runs: Runs = None,
    examples: Examples = False,
    data: DataFolder = None,
    json: Json = False,
) -> int:
    """Print test images over their reconstructions.

    A .gif shows the reconstructions that the trainer kept of every epoch.

    \b
    --json prints an object: run, path, epoch (of the weights), keep (last or
    best epoch), dataset, split, protocol, and digits: an array of objects with
    image, label, distortion, rate (nats), original and reconstruction (28 rows
    of 28, 0-255).
    """
    from vaetui.cli import show as command
    from vaetui.cli.image_output import image_output

    output = image_output(glyphs, colors, small=small, out=out, plain=plain, as_json=json)
    return command.show(run, runs_option(runs, examples), data, output, digits=digits, count=count)


def sample(
    run: RunName,
    source: Annotated[
        str, choice("from", "SOURCE", "prior, posterior, aggregate or mixture.", SOURCES)
    ] = "prior",
    temperature: Annotated[
        float, option("temperature", "T", "Factor of every standard deviation.", min=0, max=10)
    ] = 1.0,
    digit: Annotated[
        str | None, option("digit", "DIGIT", "Image of the posterior: a class 0-9, or #N; default #0.")
    ] = None,
    components: Annotated[
        int | None, option("components", "K", "Gaussians in the mixture; default 10.", min=1, max=200)
    ] = None,
    count: Count = None,
    seed: Annotated[int, option("seed", "N", "Seed of the noise.", min=0, max=(1 << 32) - 1)] = 0,
    small: Small = False,
    glyphs: Glyphs = "",
    colors: Colors = "",
    out: Out = None,
    plain: Plain = False,
    runs: Runs = None,
    examples: Examples = False,
    data: DataFolder = None,
    json: Json = False,
) -> int:
    """Print images decoded from samples of the latent space.

    From the prior; from the posterior of one test image; from the posteriors of all of them (aggregate); or
    from a mixture of Gaussians fitted to their codes. The same seed gives the same noise for every run. A
    .gif shows the samples of the prior that the trainer kept of every epoch.

    \b
    --json prints an object: run, path, epoch, keep, dataset, protocol, from,
    seed, temperature, test_image and label (posterior) or components (mixture),
    and digits: an array of objects with z, image (28 rows of 28, 0-255), and
    test_image (aggregate) or component (mixture, from 1) that it was sampled
    from.
    """
    import vaetui.tui  # noqa: F401 - first: it sets the environment that numpy reads when imported
    from vaetui.cli import sample as command
    from vaetui.cli.image_output import image_output

    request = command.SampleRequest(source, temperature, seed, digit, components)  # type: ignore[arg-type]
    output = image_output(glyphs, colors, small=small, out=out, plain=plain, as_json=json)
    return command.sample(run, runs_option(runs, examples), data, output, request, count=count)


def interpolate(
    run: RunName,
    a: Annotated[str | None, typer.Argument(metavar="A", help="A class 0-9, or #N for test image N.")] = None,
    b: Annotated[str | None, typer.Argument(metavar="B", help="The image to go to.")] = None,
    stops: Annotated[str, option("stops", "LIST", "Instead of A and B: two images or more, 2,3,#8.")] = "",
    steps: Annotated[
        int | None, option("steps", "N", "Number of images in all, the stops included.", min=2, max=1000)
    ] = None,
    slerp: Annotated[
        bool, typer.Option("--slerp/--lerp", help="Along a great circle, or on a straight line.")
    ] = True,
    small: Small = False,
    glyphs: Glyphs = "",
    colors: Colors = "",
    out: Out = None,
    plain: Plain = False,
    runs: Runs = None,
    examples: Examples = False,
    data: DataFolder = None,
    json: Json = False,
) -> int:
    """Print the interpolation between two images or more.

    A .gif loops there and back; without --steps a file has 20 steps from stop to stop.

    \b
    --json prints an object: run, path, epoch, keep, dataset, protocol, how, a,
    b, stops (numbers of test images), and digits: an array of objects with t
    (0 at the first stop, 1 at the next ...), z and image (28 rows of 28, 0-255).
    """
    from vaetui.cli import interpolate as command
    from vaetui.cli.image_output import image_output

    names = command.parse_stops(a, b, stops)
    output = image_output(glyphs, colors, small=small, out=out, plain=plain, as_json=json)
    folder = runs_option(runs, examples)
    return command.interpolate(run, folder, data, output, stops=names, steps=steps, slerp=slerp)


def traverse(
    run: RunName,
    digit: Annotated[str, option("digit", "DIGIT", "A class 0-9, or #N for test image N.")] = "#0",
    dim: Annotated[str, option("dim", "LIST", "Dimensions, from 1: 3,7; default all.")] = "",
    moved: Annotated[str, option("set", "LIST", "Values of other dimensions: 3=1.5,7=0.")] = "",
    low: Annotated[float, option("from", "X", "First value, in standard deviations.")] = -3.0,
    high: Annotated[float, option("to", "X", "Last value.")] = 3.0,
    steps: Annotated[int | None, option("steps", "N", "Images per dimension.", min=2, max=100)] = None,
    small: Small = False,
    glyphs: Glyphs = "",
    colors: Colors = "",
    out: Out = None,
    plain: Plain = False,
    runs: Runs = None,
    examples: Examples = False,
    data: DataFolder = None,
    json: Json = False,
) -> int:
    """Print what each latent dimension changes in an image.

    A row per dimension, highest KL first; collapsed dimensions are marked. Values are standard deviations of
    the prior, or of an autoencoder's codes around their mean. In a .gif all dimensions move
    together.

    \b
    --json prints an object: run, path, epoch, keep, dataset, protocol, digit
    (test image), label, sorted_by (KL, digit's KL, variance), code (its z), and
    dims: an array of objects with dim (from 1), figure (nats, or variance),
    is_collapsed, own (the digit's value), and digits: an array of objects with
    value, z and image (28 rows of 28, 0-255).
    """
    import vaetui.tui  # noqa: F401 - first: it sets the environment that numpy reads when imported
    from vaetui.cli import traverse as command
    from vaetui.cli.image_output import image_output

    request = command.parse_request(digit, dim, moved, low, high, steps)
    output = image_output(glyphs, colors, small=small, out=out, plain=plain, as_json=json)
    return command.traverse(run, runs_option(runs, examples), data, output, request)


def export(
    run: RunName,
    to: Annotated[
        str, choice("to", "onnx|npz", "Format of a file in the current folder, named after the run.", FORMATS)
    ] = "",
    out: Annotated[Path | None, option("out", "FILE", "Write FILE (overwrites it): .onnx or .npz.")] = None,
    runs: Runs = None,
    examples: Examples = False,
    _data: UnreadData = None,
) -> int:
    """Write the weights of a run for other programs.

    \b
    FILE.npz   every weight by name, (in, out), with run, epoch, version and the
               configuration as JSON text
    FILE.onnx  two graphs, which take the package onnx: FILE-encoder.onnx from
               images (batch, 784) in 0-1 to mean and log_var (batch, latent),
               FILE-decoder.onnx from z (batch, latent) to images
    """
    from vaetui.cli import export as command

    return command.export(run, runs_option(runs, examples), to=to, out=out)


def compare(
    run: AnyRuns = None,
    runs: Runs = None,
    examples: Examples = False,
    _data: UnreadData = None,
    json: Json = False,
    csv: Annotated[bool, option("csv", None, "Print CSV instead, a row per model.")] = False,
    each: Each = False,
) -> int:
    """Rank models; print which one validation chooses, and why.

    Without RUN, all runs. Runs that differ in the seed only are one model: its figures are means ± standard
    deviations over n seeds. Runs that were measured in different ways are ranked separately. "worse by" is
    the mean difference to the chosen model with its 95 % interval: over seeds, paired where both have the
    same; of models of one seed each over the test images only, which says nothing on other seeds.

    \b
    --json prints an array with an object for each ranking: protocol, ranked_by,
    choice (run, reason), compared_with, and runs: an array of objects with run,
    path (of the first seed), kind, latent, beta, epoch (of the weights), epochs,
    distortion, rate, elbo (nats per image), mse (per pixel, at one posterior
    sample), mse_posterior_mean, active_units, validation_distortion,
    validation_rate, validation_elbo, validation_mse, metric (the value of
    ranked_by, by which runs are ranked), validation (the same on the validation
    images, by which one is chosen), worse_by, low, high, interval_over (seeds or
    images), seeds, n, metric_sd (over seeds), members: an array of objects with
    run, path, seed, metric, validation.
    """
    if json and csv:
        raise UsageError("--json and --csv exclude each other")
    from vaetui.cli import compare as command

    return command.compare(run or [], runs_option(runs, examples), each=each, as_json=json, as_csv=csv)


def evaluate(
    run: AnyRuns = None,
    nll: Annotated[
        int,
        option(
            "nll",
            "K",
            "Measure -log p(x): K draws of bound, temperatures of ais; 0: skip.",
            min=0,
            max=1_000_000,
        ),
    ] = 0,
    nll_method: Annotated[
        str,
        choice("nll-method", "auto|bound|integral|ais", "How -log p(x) is measured.", NLL_METHODS),
    ] = "auto",
    nll_images: Annotated[
        int, option("nll-images", "N", "On N random test images; 0: all, for ais 100.", min=0, max=1_000_000)
    ] = 0,
    draws: Annotated[
        int,
        option("draws", "N", "Posterior draws that distortion and MSE are means over.", min=1, max=10_000),
    ] = 1,
    quality: Annotated[
        bool, typer.Option("--quality/--no-quality", help="Classify reconstructions and samples.")
    ] = True,
    device: Annotated[str, setting("device")] = SETTINGS["device"].default,
    runs: Runs = None,
    examples: Examples = False,
    data: DataFolder = None,
    json: Json = False,
) -> int:
    """Evaluate runs on the test images.

    Without RUN, all finished runs. Distortion, rate and -ELBO; how a classifier, which is trained once per
    data set, classifies reconstructions, prior samples and posterior samples; how near samples are to the
    test images (Fréchet distance, precision, recall); with --nll K, -log p(x) or a bound on it. Results are
    written to each run's evaluation.json; those of a read-only run, such as an example, to the user's data
    folder.

    \b
    --nll-method bound     upper bound on -log p(x) (IWAE bound), K posterior
                           draws per image, with the share of images that it has
                           not converged for
    --nll-method integral  integration over the latent space, up to three
                           dimensions; exact to 0.01 nats, or refused; needs no K
    --nll-method ais       annealed importance sampling with K temperatures (200
                           to 1000), checked on images of the model itself;
                           minutes
    --nll-method auto      integral up to two dimensions, else bound

    \b
    --json prints an object a line, when a run is measured: run, path, seconds,
    kept (the folder of its evaluation.json), the settings that `ls` prints, and
    what evaluation.json holds: figures (rate and elbo are null for an
    autoencoder), mse_posterior_mean (per pixel; mse in figures is at posterior
    samples), active_units, kl_per_dim, per_class_distortion, per_class_mse,
    split, images, posterior_draws, epoch, precision (of the evaluation),
    weights (checksum), draws_error (distortion, mse: standard errors over
    --draws; or null), information (information, information_error, marginal_kl,
    marginal_kl_error, minibatch_information, minibatch, images, seed; null for
    an autoencoder), marginal (method, nats, constant, standard_error, samples,
    effective_samples, effective_quantiles (5, 50, 95 %), unconverged (share of
    images), grid_error, temperatures, gap, gap_error, images (null: all), seed,
    protocol; or null), quality (classifier, classifier_accuracy, originals,
    accuracy, confusion, reconstructions, prior, around, around_of (part of the
    images whose posteriors are sampled: train, or test in older files), floor,
    prior_classes, around_classes (for each class samples and clear, those of a
    probability of 0.9), draws, seed, features (checksum of the feature
    network), protocol; or null) where reconstructions, prior and around hold
    confidence, class_entropy (nats), frechet, precision and recall, and floor
    train (as they do, of training images), halves, halves_std (frechet of
    halves of the test images), splits.
    """
    from vaetui.cli import evaluate as command
    from vaetui.runs.launch import Measurements

    wanted = Measurements(nll, nll_method, nll_images, quality, draws)
    folder = runs_option(runs, examples)
    return command.evaluate(run or [], folder, data, wanted=wanted, device=device, as_json=json)


def report(
    out: Annotated[
        Path, option("out", "DIR", "Folder of the report, which is overwritten.", show_default=False)
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
    examples: Examples = False,
    data: DataFolder = None,
    each: Each = False,
) -> int:
    """Write a report on runs: figures, tables, checked claims.

    Without RUN and --recipe, on all runs. Runs that differ in the seed only are one model: a row and a curve.
    It writes report.md with its figures beside it, and report.html, which contains them. The same command
    writes the same bytes. A recipe's claims are checked against our figures, over all seeds; some need
    `vaetui evaluate`, which is run first where it is missing, half a minute a run on a CPU.
    """
    if recipe and run:
        raise UsageError("name runs or a --recipe, not both")
    if (quick or dataset) and not recipe:
        raise UsageError(f"--{'quick' if quick else 'dataset'} is for a --recipe: name one")
    from vaetui.cli import report as command

    folder = runs_option(runs, examples)
    return command.report(
        run or [],
        folder,
        data,
        recipe=recipe,
        dataset=dataset,
        quick=quick,
        out=out,
        evaluation=evaluate,
        each=each,
    )


def doctor(
    glyphs: Glyphs = "", colors: Colors = "", runs: Runs = None, data: DataFolder = None, json: Json = False
) -> int:
    """Check the terminal, folders and PyTorch, and suggest fixes.

    What was detected of this terminal and why, with a test pattern (--glyphs and --colors try others); tmux,
    ssh and other layers; the folders of images and runs; whether logging out ends a training; the devices to
    train on. The exit code is 1 where something would fail.

    \b
    --json prints an object: terminal (depth, glyphs, is_tty, columns, reason,
    has_mouse, background), and findings: an array of objects with section,
    about, found, standing (well, hint, broken) and mend. They are those that are
    printed without it, of the terminal of standard error where standard output
    is a pipe.
    """
    from vaetui.cli import doctor as command

    return command.doctor(runs, data, glyphs=glyphs, colors=colors, as_json=json)
