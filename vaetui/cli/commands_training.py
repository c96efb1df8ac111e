"""Declare `vaetui train`, `recipes`, `watch` and `stop`."""

from __future__ import annotations

from typing import Annotated

import typer

from vaetui.cli import completion
from vaetui.cli.messages import UsageError
from vaetui.cli.options import AnyRuns, DataFolder, Json, RunNames, Runs, UnreadData, option, takes_settings
from vaetui.settings import WHERE
from vaetui.training_grid import parse


@takes_settings
def train(
    context: typer.Context,
    texts: dict[str, str],
    recipe: Annotated[
        str,
        option(
            "recipe",
            "NAME",
            "Train a published experiment (latent-size …), or that of a .toml file.",
            completion.recipes,
            panel=WHERE,
        ),
    ] = "",
    quick: Annotated[
        bool,
        option(
            "quick", None, "Train a tenth of the recipe's epochs; the runs are marked quick.", panel=WHERE
        ),
    ] = False,
    runs: Runs = None,
    data: DataFolder = None,
    detach: Annotated[
        bool, option("detach", None, "Start the training and return at once.", panel=WHERE)
    ] = False,
    force: Annotated[
        bool, option("force", None, "Retrain finished runs (overwrites them).", panel=WHERE)
    ] = False,
    dry_run: Annotated[
        bool, option("dry-run", None, "Print what would be trained, and exit.", panel=WHERE)
    ] = False,
) -> int:
    """Train a model, or a grid of them.

    The grid has a model for every combination of the values of each LIST. Models that share batch size and
    seed train together.

    The training goes on when the terminal closes; Ctrl-C saves and stops it. The same command resumes what
    was stopped, and skips what is finished.

    A recipe has its own settings; options that are given with it take precedence.
    """
    if recipe:
        from vaetui import recipes

        if texts["name"]:
            raise UsageError("a recipe names its runs itself: leave --name out")
        chosen = recipes.load(recipe, {key: text for key, text in texts.items() if _is_given(context, key)})
        chosen = chosen.quick() if quick else chosen
        grids, name = chosen.grids, chosen.prefix
    elif quick:
        raise UsageError("--quick shortens a recipe: name one with --recipe")
    else:
        try:
            grids = (parse(texts),)
            name = grids[0]["name"]
        except ValueError as error:
            raise UsageError(str(error)) from None
    from vaetui.cli import train as command

    return command.train(grids, name, runs, data, detach=detach, force=force, dry_run=dry_run)


def _is_given(context: typer.Context, key: str) -> bool:
    """Return whether an option is on the command line, rather than at its default."""
    source = context.get_parameter_source(key.replace("-", "_"))
    return source is not None and source.name == "COMMANDLINE"


def recipes(
    quick: Annotated[bool, option("quick", None, "List them at a tenth of their epochs.")] = False,
    runs: Runs = None,
    data: DataFolder = None,
    json: Json = False,
) -> int:
    """List the published experiments.

    Each with its question, its models and epochs, the command that trains it and the one that writes the
    report on it.

    \b
    --json prints an array of
      {"name", "title", "question", "dataset", "models", "epochs", "images",
       "train", "report"}
    where images are the training images of all models and epochs together,
    or null, and train and report are command lines.
    """
    from vaetui.cli import recipes as command

    return command.recipes(runs, data, quick=quick, as_json=json)


def watch(run: AnyRuns = None, runs: Runs = None, _data: UnreadData = None, json: Json = False) -> int:
    """Follow runs while they train.

    Without RUN, all that are training. Ctrl-C ends the watching, never the training.

    \b
    --json prints an object a line:
      {"event": "epoch", "run", "path", "epoch", "epochs", "train", "val",
       "active_units", "seconds"}           after each epoch
      {"event": "end", "run", "path", "state", "early", "error", "test",
       "kept"}                              at the end
    where train, val and test hold distortion, rate and elbo in nats per image
    and mse per pixel (at one posterior sample), or are null, as rate and elbo
    are for an autoencoder; early says whether patience ended it before its last
    epoch, kept is the epoch whose weights were kept and tested. With nothing to
    watch it prints [].
    """
    from vaetui.cli import train as command

    return command.watch(run or [], runs, as_json=json)


def stop(run: RunNames, runs: Runs = None, _data: UnreadData = None) -> int:
    """Ask runs to save and stop training.

    Waits until they have stopped. Runs that train together stop together; `vaetui train` with the same
    options resumes them.
    """
    from vaetui.cli import train as command

    return command.stop(run, runs)
