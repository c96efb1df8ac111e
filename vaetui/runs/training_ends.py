"""What became of trainings: the sentences on those that have ended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from vaetui.format import fixed, plural
from vaetui.runs.run_watcher import Run

FAILURES = ("failed", "interrupted")


def failure_sentence(run: Run) -> str:
    """Return why a training ended without its last epoch, "" if nothing is wrong."""
    if run.state == "interrupted":
        return f"{run.name}: its trainer ended without saving; training it with the same options continues"
    return f"{run.name} failed: {run.status.error}" if run.state == "failed" else ""


def ended(before: Iterable[Run], after: Iterable[Run]) -> list[Run]:
    """Return the runs that were in training `before` and are not any more."""
    paths = {run.path for run in before}
    return [run for run in after if run.path in paths and not (run.alive or run.waiting)]


def end_sentences(runs: Sequence[Run]) -> list[tuple[str, bool]]:
    """Return a sentence for each state in which `runs` have ended, and whether that is a failure.

    Failures come last, to be seen longest.
    """
    texts = sorted({run.status_text for run in runs}, key=lambda text: (text in FAILURES, text))
    by_text = {text: [run for run in runs if run.status_text == text] for text in texts}
    return [(_end_sentence(text, members), text in FAILURES) for text, members in by_text.items()]


def _end_sentence(text: str, runs: Sequence[Run]) -> str:
    first = runs[0]
    if text in FAILURES:
        more = f" (and {len(runs) - 1} more)" if len(runs) > 1 else ""
        return failure_sentence(first) + more
    if len(runs) > 1:
        return f"{plural(len(runs), 'run')} {text}"
    test = f": test {_test_figure(first)}" if first.evaluation else ""
    return f"{first.name} {text} {first.position_text}{test}"


def _test_figure(run: Run) -> str:
    """Return −ELBO of the test images, the distortion of an autoencoder."""
    assert run.evaluation is not None
    figures = run.evaluation.figures
    if run.config.model.is_vae:
        return f"−ELBO {fixed(-figures.elbo, 1)} nats"
    return f"distortion {fixed(figures.distortion, 1)} nats"
