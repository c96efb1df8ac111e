"""Every command and option of `vaetui`; what they do is in the modules beside this one.

Only typer is imported here, and the rest inside the command that needs it, so that `--help` answers at once.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from vaetui.cli import completion
from vaetui.cli.panels import Command, Group, Panelled, help_width
from vaetui.cli.say import Usage, complain
from vaetui.cli.streams import OutputError, drop, prepare_streams
from vaetui.render.terminal import detect
from vaetui.settings import SETTINGS, WHERE, parse

EPILOG = """\b
Start here:
  vaetui train --latent 2,10 --beta 1,4      train four models together
  vaetui explore                             look at them
  vaetui explore --examples                  look at the example models

\b
RUN is a directory, a name, the beginning of one name, or @latest.
Runs live in --runs (@examples: those that ship with vaetui), else
$VAETUI_RUNS, else ./checkpoints if it exists, else the user's data folder;
images in --data, else $VAETUI_DATA, else ./data if it exists, else the
user's cache folder.
Exit codes: 0 done, 1 failed, 2 usage, 130 interrupted."""

# What may stand here is checked where it is used, which --help does not wait for.
THEMES = ("dark", "light", "contrast", "safe")
VIEWS = ("Loss", "Reconstruct", "Sample", "Interpolate", "Latent", "Traverse", "Compare", "Draw")
GLYPHS = ("auto", "half", "quadrant", "ascii", "kitty", "sixel")
COLORS = ("auto", "truecolor", "256", "16", "none")
SOURCES = ("prior", "posterior", "aggregate", "mixture")

app = typer.Typer(
    name="vaetui",
    cls=Group,
    epilog=EPILOG,
    rich_markup_mode=None,  # Rich would triple the time that help takes
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _setting(key: str) -> Any:
    setting = SETTINGS[key]
    words = setting.metavar.split("|")
    return typer.Option(
        f"--{key}",
        metavar=setting.metavar,
        help=setting.help,
        rich_help_panel=setting.panel,
        autocompletion=completion.one_of(words) if len(words) > 1 else None,
    )


def _where(name: str, text: str, metavar: str | None = None, offer: completion.Complete | None = None) -> Any:
    return typer.Option(f"--{name}", metavar=metavar, help=text, rich_help_panel=WHERE, autocompletion=offer)


def _usual(key: str) -> str:
    return SETTINGS[key].default


Runs = Annotated[
    Path | None, typer.Option("--runs", metavar="DIR", help="Where the runs live.", rich_help_panel=WHERE)
]
Examples = Annotated[
    bool,
    typer.Option(
        "--examples", help="Use the example runs of vaetui, as --runs @examples does.", rich_help_panel=WHERE
    ),
]
DataFolder = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="Where the images live.", rich_help_panel=WHERE)
]
RunName = Annotated[
    str, typer.Argument(metavar="RUN", help="Which run.", show_default=False, autocompletion=completion.runs)
]
SomeRuns = Annotated[
    list[str] | None,
    typer.Argument(metavar="RUN", help="Which runs.", show_default=False, autocompletion=completion.runs),
]
Small = Annotated[bool, typer.Option("--small", help="Draw 14×7 thumbnails.")]
Glyphs = Annotated[
    str,
    typer.Option(
        "--glyphs",
        metavar="NAME",
        help=f"Characters: {', '.join(GLYPHS)} (pictures).",
        autocompletion=completion.one_of(GLYPHS),
    ),
]
Colors = Annotated[
    str,
    typer.Option(
        "--colors",
        metavar="NAME",
        help=f"Colours: {', '.join(COLORS)}.",
        autocompletion=completion.one_of(COLORS),
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="FILE",
        help="Write FILE instead, over one that is there: .png, .svg or .npz (numbers).",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead (described above).")]


def _chosen(runs: Path | None, examples: bool) -> Path | None:
    """Return the runs folder given by --runs or --examples, None without either."""
    if not examples:
        return runs
    if runs is not None:
        raise Usage("--runs and --examples exclude each other")
    from vaetui.commands import SHIPPED

    return Path(SHIPPED)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"vaetui {version('vaetui')}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def vaetui(
    context: typer.Context,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Train variational autoencoders and explore them, in the terminal."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


# --- training -----------------------------------------------------------------------------------------


@app.command(cls=Panelled)
def train(
    context: typer.Context,
    latent: Annotated[str, _setting("latent")] = _usual("latent"),
    kind: Annotated[str, _setting("kind")] = _usual("kind"),
    hidden: Annotated[str, _setting("hidden")] = _usual("hidden"),
    beta: Annotated[str, _setting("beta")] = _usual("beta"),
    beta_warmup: Annotated[str, _setting("beta-warmup")] = _usual("beta-warmup"),
    loss: Annotated[str, _setting("loss")] = _usual("loss"),
    optimizer: Annotated[str, _setting("optimizer")] = _usual("optimizer"),
    lr: Annotated[str, _setting("lr")] = _usual("lr"),
    batch_size: Annotated[str, _setting("batch-size")] = _usual("batch-size"),
    epochs: Annotated[str, _setting("epochs")] = _usual("epochs"),
    patience: Annotated[str, _setting("patience")] = _usual("patience"),
    keep: Annotated[str, _setting("keep")] = _usual("keep"),
    seed: Annotated[str, _setting("seed")] = _usual("seed"),
    precision: Annotated[str, _setting("precision")] = _usual("precision"),
    dataset: Annotated[str, _setting("dataset")] = _usual("dataset"),
    binarize: Annotated[str, _setting("binarize")] = _usual("binarize"),
    val_fraction: Annotated[str, _setting("val-fraction")] = _usual("val-fraction"),
    device: Annotated[str, _setting("device")] = _usual("device"),
    name: Annotated[str, _setting("name")] = _usual("name"),
    recipe: Annotated[
        str,
        _where(
            "recipe",
            "Train a published experiment (latent-size …), or that of a .toml file.",
            "NAME",
            completion.recipes,
        ),
    ] = "",
    quick: Annotated[bool, _where("quick", "A tenth of the recipe's epochs, marked as such.")] = False,
    runs: Runs = None,
    data: DataFolder = None,
    detach: Annotated[bool, _where("detach", "Start the training and return at once.")] = False,
    force: Annotated[bool, _where("force", "Train anew what was trained before.")] = False,
    dry_run: Annotated[bool, _where("dry-run", "Say what would be trained, and stop.")] = False,
) -> int:
    """Train a model, or a grid of them.

    Each LIST spans the grid: every value of one with every value of the others. Models that share batch size
    and seed train together.

    The training goes on when the terminal closes; Ctrl-C saves and stops it. The same command goes on with
    what was stopped, and leaves alone what is finished.

    A recipe has settings of its own; options that are given beside it win over them.
    """
    given = locals()
    texts = {key: given[key.replace("-", "_")] for key in SETTINGS}
    if recipe:
        from vaetui import recipes

        if name:
            raise Usage("a recipe names its runs itself: leave --name out")
        chosen = recipes.load(recipe, {key: text for key, text in texts.items() if _is_said(context, key)})
        chosen = chosen.quick() if quick else chosen
        grids, name = chosen.grids, chosen.prefix
    elif quick:
        raise Usage("--quick shortens a recipe: name one with --recipe")
    else:
        try:
            grids = (parse(texts),)
            name = grids[0].name
        except ValueError as error:
            raise Usage(str(error)) from None
    from vaetui.cli import train as command

    return command.train(grids, name, runs, data, detach=detach, force=force, dry_run=dry_run)


def _is_said(context: typer.Context, key: str) -> bool:
    """Whether an option stands on the command line, and is not just its default."""
    source = context.get_parameter_source(key.replace("-", "_"))
    return source is not None and source.name == "COMMANDLINE"


@app.command(cls=Command)
def watch(run: SomeRuns = None, runs: Runs = None, json: Json = False) -> int:
    """Follow runs while they train.

    All that do, unless some are named. Ctrl-C ends the watching, never the training.

    \b
    --json prints an object a line:
      {"event": "epoch", "run", "path", "epoch", "epochs", "train", "val",
       "active_units", "seconds"}           after each epoch
      {"event": "end", "run", "path", "state", "early", "error", "test",
       "kept"}                              at the end
    where train, val and test hold distortion, rate and elbo in nats per image
    and mse per pixel (at one posterior draw), or are null; early says whether
    patience ended it before its last epoch, kept is the epoch whose weights
    were kept and tested.
    """
    from vaetui.cli import train as command

    return command.watch(run or [], runs, as_json=json)


@app.command(cls=Command)
def stop(
    run: Annotated[
        list[str],
        typer.Argument(metavar="RUN", help="Which runs.", show_default=False, autocompletion=completion.runs),
    ],
    runs: Runs = None,
) -> int:
    """Ask runs to save and stop training.

    Waits until they have. Runs that train together stop together; `vaetui train` with the same options goes
    on from there.
    """
    from vaetui.cli import train as command

    return command.stop(run, runs)


# --- reading ------------------------------------------------------------------------------------------


@app.command(cls=Command)
def ls(runs: Runs = None, examples: Examples = False, json: Json = False) -> int:
    """List the runs.

    \b
    --json prints an array of objects: run, path, dataset, origin (trainer, or
    example for shipped runs), binarize, kind, latent, beta, beta_warmup
    (epochs), likelihood, hidden, optimiser, lr, weight_decay, batch_size,
    patience (epochs, 0 is never), keep (last, best), val_fraction, seed,
    precision, device (both what they came to, else what was asked), state,
    early (finished before its last epoch), alive, error, problem, epoch,
    epochs, split, figures (of the last epoch: distortion, rate and elbo in
    nats per image, mse per pixel, all at one posterior draw), active_units,
    kl_per_dim, created, updated. Of a run that cannot be read all but run, path
    and problem is null.
    """
    from vaetui.cli import listing

    return listing.ls(_chosen(runs, examples), as_json=json)


@app.command(cls=Command)
def show(
    run: RunName,
    digits: Annotated[
        str, typer.Option("--digits", metavar="LIST", help="Classes 0-9, or #N for test image N: 3,8,#123.")
    ] = "",
    count: Annotated[
        int | None, typer.Option("--count", metavar="N", min=1, max=1000, help="How many digits.")
    ] = None,
    small: Small = False,
    glyphs: Glyphs = "",
    colors: Colors = "",
    out: Out = None,
    runs: Runs = None,
    examples: Examples = False,
    data: DataFolder = None,
    json: Json = False,
) -> int:
    """Print test digits over reconstructions.

    \b
    --json prints an object: run, path, epoch (of the weights), keep (last or
    best epoch), dataset, split, protocol, and digits: an array of objects with
    image, label, distortion, rate (nats), original and reconstruction (28 rows
    of 28 grey levels, 0-255).
    """
    from vaetui.cli import read
    from vaetui.cli.strip import here

    terminal = here(glyphs, colors)
    return read.show(
        run,
        _chosen(runs, examples),
        data,
        digits=digits,
        count=count,
        small=small,
        terminal=terminal,
        out=out,
        as_json=json,
    )


@app.command(cls=Command)
def sample(
    run: RunName,
    source: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="SOURCE",
            help="prior, posterior, aggregate or mixture.",
            autocompletion=completion.one_of(SOURCES),
        ),
    ] = "prior",
    temperature: Annotated[
        float,
        typer.Option("--temperature", metavar="T", min=0, max=10, help="Scales every standard deviation."),
    ] = 1.0,
    digit: Annotated[
        str | None,
        typer.Option("--digit", metavar="DIGIT", help="Whose posterior: a class 0-9, or #N; #0 unless told."),
    ] = None,
    components: Annotated[
        int | None,
        typer.Option(
            "--components", metavar="K", min=1, max=200, help="Gaussians in the mixture; 10 unless told."
        ),
    ] = None,
    count: Annotated[
        int | None, typer.Option("--count", metavar="N", min=1, max=1000, help="How many digits.")
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", min=0, max=(1 << 32) - 1, help="Which draws.")
    ] = 0,
    small: Small = False,
    glyphs: Glyphs = "",
    colors: Colors = "",
    out: Out = None,
    runs: Runs = None,
    data: DataFolder = None,
    json: Json = False,
) -> int:
    """Print digits decoded from draws of latent space.

    From the prior; from the posterior of one test digit; from the posteriors of all of them (aggregate); or
    from a mixture of Gaussians fitted to their codes. The same seed draws the same noise for every run.

    \b
    --json prints an object: run, path, epoch, keep, dataset, protocol, from,
    seed, temperature, test_image and label (posterior) or components (mixture),
    and digits: an array of objects with z, image (28 rows of 28, 0-255), and
    test_image (aggregate) or component (mixture, from 1) that it is a draw of.
    """
    import vaetui.tui  # noqa: F401 - first: it settles what numpy reads when it is imported
    from vaetui.cli import sample as command
    from vaetui.cli.strip import here

    wanted, terminal = command.asked(source, temperature, seed, digit, components), here(glyphs, colors)
    return command.sample(
        run, runs, data, wanted, count=count, small=small, terminal=terminal, out=out, as_json=json
    )


@app.command(cls=Command)
def interpolate(
    run: RunName,
    a: Annotated[str | None, typer.Argument(metavar="A", help="A class 0-9, or #N for test image N.")] = None,
    b: Annotated[str | None, typer.Argument(metavar="B", help="Where to go from there.")] = None,
    stops: Annotated[
        str, typer.Option("--stops", metavar="LIST", help="Instead of A and B: two digits or more, 2,3,#8.")
    ] = "",
    steps: Annotated[
        int | None,
        typer.Option("--steps", metavar="N", min=2, max=1000, help="How many digits in all, with the stops."),
    ] = None,
    slerp: Annotated[bool, typer.Option("--slerp/--lerp", help="Along a great circle, or straight.")] = True,
    small: Small = False,
    glyphs: Glyphs = "",
    colors: Colors = "",
    out: Out = None,
    runs: Runs = None,
    data: DataFolder = None,
    json: Json = False,
) -> int:
    """Print the way from one digit to another, or through several.

    --out takes .gif, too, where the digit walks to and fro; unless told otherwise a file has 20 steps from
    stop to stop.

    \b
    --json prints an object: run, path, epoch, keep, dataset, protocol, how, a,
    b, stops (numbers of test images), and digits: an array of objects with t
    (0 at the first stop, 1 at the next ...), z and image (28 rows of 28, 0-255).
    """
    from vaetui.cli import interpolate as command
    from vaetui.cli.strip import here

    return command.interpolate(
        run,
        runs,
        data,
        stops=command.stops_of(a, b, stops),
        steps=steps,
        slerp=slerp,
        small=small,
        terminal=here(glyphs, colors),
        out=out,
        as_json=json,
    )


@app.command(cls=Command)
def traverse(
    run: RunName,
    digit: Annotated[
        str, typer.Option("--digit", metavar="DIGIT", help="A class 0-9, or #N for test image N.")
    ] = "#0",
    dim: Annotated[
        str, typer.Option("--dim", metavar="LIST", help="Which dimensions, from 1: 3,7. All unless told.")
    ] = "",
    moved: Annotated[
        str, typer.Option("--set", metavar="LIST", help="Dimensions moved beforehand: 3=1.5,7=0.")
    ] = "",
    low: Annotated[float, typer.Option("--from", metavar="X", help="In standard deviations.")] = -3.0,
    high: Annotated[float, typer.Option("--to", metavar="X", help="The other end.")] = 3.0,
    steps: Annotated[
        int | None, typer.Option("--steps", metavar="N", min=2, max=100, help="How many digits a dimension.")
    ] = None,
    small: Small = False,
    glyphs: Glyphs = "",
    colors: Colors = "",
    out: Out = None,
    runs: Runs = None,
    data: DataFolder = None,
    json: Json = False,
) -> int:
    """Print what each latent dimension does to a digit.

    A row a dimension, the one that carries most (KL) first; one that carries nothing is marked as collapsed.
    Values are standard deviations of the prior, or of an autoencoder's codes around their mean. --out takes
    .gif, too, where all dimensions move together.

    \b
    --json prints an object: run, path, epoch, keep, dataset, protocol, digit
    (test image), label, sorted_by (KL, digit's KL, variance), code (its z), and
    dims: an array of objects with dim (from 1), figure (nats, or variance),
    is_collapsed, own (the digit's value), and digits: an array of objects with
    value, z and image (28 rows of 28, 0-255).
    """
    import vaetui.tui  # noqa: F401 - first: it settles what numpy reads when it is imported
    from vaetui.cli import traverse as command
    from vaetui.cli.strip import here

    wanted, terminal = command.asked(digit, dim, moved, low, high, steps), here(glyphs, colors)
    return command.traverse(run, runs, data, wanted, small=small, terminal=terminal, out=out, as_json=json)


@app.command(cls=Command)
def export(
    run: RunName,
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="onnx|npz",
            help="What to write, here, under the run's name.",
            autocompletion=completion.one_of(("onnx", "npz")),
        ),
    ] = "",
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write FILE, over one that is there: .onnx or .npz."),
    ] = None,
    runs: Runs = None,
) -> int:
    """Write the weights of a run for other programs.

    \b
    FILE.npz   every weight by name, (in, out), with run, epoch and the
               configuration as JSON text
    FILE.onnx  two graphs, which take the package onnx: FILE-encoder.onnx from
               images (batch, 784) in 0-1 to mean and log_var (batch, latent),
               FILE-decoder.onnx from z (batch, latent) to images
    """
    from vaetui.cli import export as command

    return command.export(run, runs, to=to, out=out)


@app.command(cls=Command)
def compare(
    run: SomeRuns = None,
    runs: Runs = None,
    examples: Examples = False,
    json: Json = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV instead, a row a run.")] = False,
) -> int:
    """Rank runs; say which one validation chooses, and why.

    All runs, unless some are named. Runs that were measured in different ways are ranked apart. "worse by" is
    the mean difference to the chosen run over the same test images, with its paired bootstrap interval.

    \b
    --json prints an array with an object for each ranking: protocol, ranked_by,
    choice (run, reason), compared_with, and runs: an array of objects with run,
    path, kind, latent, beta, distortion, rate, elbo (nats per image), mse (per
    pixel, at one posterior draw), mse_posterior_mean, active_units, validation
    (what it is chosen by), worse_by, low, high.
    """
    if json and csv:
        raise Usage("--json and --csv exclude each other")
    from vaetui.cli import compare as command

    return command.compare(run or [], _chosen(runs, examples), as_json=json, as_csv=csv)


@app.command(cls=Command)
def evaluate(
    run: Annotated[
        list[str],
        typer.Argument(metavar="RUN", help="Which runs.", show_default=False, autocompletion=completion.runs),
    ],
    nll: Annotated[
        int, typer.Option("--nll", metavar="K", min=0, max=1_000_000, help="Draws an image; 0 is not at all.")
    ] = 0,
    quality: Annotated[
        bool, typer.Option("--quality/--no-quality", help="Ask a classifier what it sees.")
    ] = True,
    device: Annotated[str, _setting("device")] = _usual("device"),
    runs: Runs = None,
    data: DataFolder = None,
    json: Json = False,
) -> int:
    """Measure runs on the test images.

    Distortion, rate and -ELBO; what a classifier, trained once for a data set and kept, makes of
    reconstructions, prior draws and draws around the data; with --nll K, -log p(x) by importance
    sampling with K posterior draws an image. All goes into each run's evaluation.json; of a run
    that is only read, such as an example, into the user's data folder.

    \b
    --json prints an object a line, when a run is measured: run, path, seconds,
    kept (the folder of its evaluation.json), the settings that `ls` prints, and
    what evaluation.json holds: figures, mse_posterior_mean (per pixel; mse in
    figures is at one posterior draw), active_units, kl_per_dim,
    per_class_distortion, per_class_mse, split, images, posterior_draws, epoch,
    precision, weights (checksum), marginal
    (nats, constant, standard_error, samples, effective_samples, seed, protocol;
    or null), quality (classifier, classifier_accuracy, originals, accuracy,
    confusion, reconstructions, prior, around, draws, seed, protocol; or null)
    where the looks hold confidence, class_entropy (nats) and frechet.
    """
    from vaetui.cli import evaluate as command

    return command.evaluate(run, runs, data, samples=nll, quality=quality, device=device, as_json=json)


@app.command(cls=Command)
def report(
    out: Annotated[
        Path,
        typer.Option(
            "--out", metavar="DIR", help="Where to write it, over one that is there.", show_default=False
        ),
    ],
    run: SomeRuns = None,
    recipe: Annotated[
        str,
        typer.Option(
            "--recipe",
            metavar="NAME",
            help="A published experiment, or a .toml file.",
            autocompletion=completion.recipes,
        ),
    ] = "",
    quick: Annotated[bool, typer.Option("--quick", help="Of its runs of a tenth of the epochs.")] = False,
    dataset: Annotated[
        str,
        typer.Option(
            "--dataset",
            metavar="NAME",
            help="Of its runs on other images than it names.",
            autocompletion=completion.one_of(SETTINGS["dataset"].metavar.split("|")),
        ),
    ] = "",
    evaluate: Annotated[
        bool,
        typer.Option("--evaluate/--no-evaluate", help="Measure runs without classifier figures first."),
    ] = True,
    runs: Runs = None,
    data: DataFolder = None,
) -> int:
    """Write up runs: figures, tables, claims checked.

    All runs, unless some are named or a recipe is. It writes report.md with its figures beside it, and
    report.html, one page by itself. The same command writes the same bytes. A recipe's claims stand beside
    our figures and what comes of them; some need `vaetui evaluate`, which this does where it was not done,
    half a minute a run on a CPU.
    """
    if recipe and run:
        raise Usage("name runs or a --recipe, not both")
    if (quick or dataset) and not recipe:
        raise Usage(f"--{'quick' if quick else 'dataset'} is for a --recipe: name one")
    from vaetui.cli import report as command

    places = command.Places(runs, data)
    return command.report(
        run or [], places, recipe=recipe, dataset=dataset, quick=quick, out=out, evaluation=evaluate
    )


@app.command(cls=Command)
def explore(
    run: SomeRuns = None,
    theme: Annotated[
        str,
        typer.Option(
            "--theme",
            metavar="NAME",
            help=f"Its colours: {', '.join(THEMES)}.",
            autocompletion=completion.one_of(THEMES),
        ),
    ] = "",
    view: Annotated[
        str,
        typer.Option(
            "--view",
            metavar="NAME",
            help="Which view to begin with: Loss, Sample …",
            autocompletion=completion.one_of(VIEWS),
        ),
    ] = "",
    no_mouse: Annotated[
        bool, typer.Option("--no-mouse", help="Leave the mouse to the terminal, to select text.")
    ] = False,
    glyphs: Glyphs = "",
    colors: Colors = "",
    runs: Runs = None,
    examples: Examples = False,
    data: DataFolder = None,
) -> int:
    """Open the explorer, on all runs or some.

    It begins with RUN, else with what trains now (on its Loss), else where it was left. View, theme, figure
    of the grid and last run are remembered in explorer.json in the user's state folder; --view and --theme
    go before what is remembered.
    """
    import gc

    gc.disable()  # what is made until the first frame stays; the app turns it on again

    from vaetui.tui import explore as explorer  # first: it settles what numpy reads when it is imported

    # isort: split
    from trainer.contract.datasets.registry import data_folder
    from trainer.contract.files import clean
    from vaetui.preferences import default_path, preferences
    from vaetui.runs.folders import checked_runs_folder
    from vaetui.tui.keys import VIEWS
    from vaetui.tui.screen.theme import THEMES

    if theme and theme not in THEMES:
        raise Usage(f"no theme `{clean(theme, 40)}`; there are {', '.join(THEMES)}")
    views = {name.casefold(): name for name in VIEWS}
    if view and view.casefold() not in views:
        raise Usage(f"no view `{clean(view, 40)}`; there are {', '.join(VIEWS)}")
    begins = views.get(view.casefold(), "")
    try:
        wanted = preferences(os.environ, default_path(), glyphs, colors)
    except ValueError as error:
        raise Usage(str(error)) from None
    folders = checked_runs_folder(_chosen(runs, examples)), data_folder(data)
    explorer.explore(*folders, run or [], theme, begins, mouse=not no_mouse, preferences=wanted)
    return 0


@app.command(cls=Command)
def doctor(
    glyphs: Glyphs = "",
    colors: Colors = "",
    runs: Runs = None,
    data: DataFolder = None,
    json: Json = False,
) -> int:
    """Look at terminal, folders and PyTorch; say what to mend.

    What this terminal was taken for and why, with a test card (--glyphs and --colors try another); what
    stands between; where images and runs live; what logging out does to a training; what it would train on.
    The exit code is 1 where something would fail.

    \b
    --json prints an object: terminal (depth, glyphs, is_tty, columns, reason,
    has_mouse, background), and findings: an array of objects with section,
    about, found, standing (well, hint, broken) and mend.
    """
    from vaetui.cli import doctor as command

    return command.doctor(runs, data, glyphs=glyphs, colors=colors, as_json=json)


# --- the way in ---------------------------------------------------------------------------------------


def main() -> None:
    """Run the command line and exit with its code."""
    sys.exit(run_command(sys.argv[1:]))


def run_command(arguments: list[str]) -> int:
    """Run one command line; returns the exit code. What a user can cause is one sentence on stderr."""
    prepare_streams()
    try:
        code = _answer(arguments)
        sys.stdout.flush()
    except OutputError as error:
        drop(sys.stdout)
        if error.is_unread:  # whoever reads has seen enough
            return 0
        from vaetui.cli import hangup

        if hangup.silence():
            return hangup.HUNG_UP
        with contextlib.suppress(OutputError):  # where nobody is told anything any more
            complain(f"the output cannot be written: {error}")
        return 1
    return code


def _answer(arguments: list[str]) -> int:
    """Run one command line and return the exit code; the caller flushes the output."""
    try:
        terminal = detect(os.environ, sys.stdout)
        shown: Any = {"terminal_width": help_width(terminal.columns), "color": terminal.depth != "none"}
        code = app(arguments, prog_name="vaetui", standalone_mode=False, **shown)
    except SystemExit as ended:  # completion has been printed
        code = ended.code if isinstance(ended.code, int) else 0
    except typer.TyperException as error:
        message = error.format_message()
        complain(message[:1].lower() + message[1:])
        return error.exit_code
    except Usage as error:
        complain(str(error))
        return 2
    except OutputError:
        raise
    except OSError as error:
        if "--install-completion" not in arguments:
            raise
        complain(f"completion cannot be installed: {error.strerror}; --show-completion prints the script")
        return 1
    except MemoryError:
        complain("there is not enough memory for that here: close other programs, or ask for less at once")
        return 1
    except Exception as error:
        from trainer.contract.files import Problem

        if not isinstance(error, Problem):
            raise
        complain(str(error))
        return 1
    return int(code or 0)
