"""`vaetui interpolate`: the decoded points on the way from test digit to test digit."""

from __future__ import annotations

from pathlib import Path

from vaetui.cli.out import check, write
from vaetui.cli.read import Subject, open_subject, print_digits, print_json
from vaetui.cli.say import Usage
from vaetui.cli.strip import grey_rows, layout
from vaetui.export import content
from vaetui.latent import path
from vaetui.render.terminal import Terminal

LEAST_STEPS = 5  # fewer show no way
PER_LEG = 20  # steps from stop to stop in a file that nobody gave a number for


def stops_of(a: str | None, b: str | None, stops: str) -> list[str]:
    """The stops by name: A and B, or a list. Raises `Usage` unless it is one of the two."""
    if stops and a is not None:
        raise Usage("name A and B, or --stops, not both")
    found = [part.strip() for part in stops.split(",")] if stops else [a, b]
    if None in found:
        missing = "A" if a is None else "B"
        raise Usage(f"missing argument '{missing}': where to go from and to, or --stops 2,3,8")
    if len(found) < 2:
        raise Usage(f"--stops takes two digits or more, such as 2,3,8, not {stops[:40]!r}")
    return [str(part) for part in found]


def interpolate(
    text: str,
    runs: Path | None,
    data: Path | None,
    *,
    stops: list[str],
    steps: int | None,
    slerp: bool,
    small: bool,
    terminal: Terminal,
    out: Path | None,
    as_json: bool,
) -> int:
    """Print the decoded points from stop to stop, or write them to `out`; returns the exit code.

    `steps` are all points, the stops among them.
    """
    check(out, moves=True)
    if steps is not None and steps < len(stops):
        raise Usage(f"--steps counts all digits, and {len(stops)} stops are more than {steps}")
    subject = open_subject(text, runs, data)
    numbers = [subject.choose(stop) for stop in stops]
    how: path.InterpolationMethod = "slerp" if slerp else "lerp"
    shape = layout(terminal.columns, steps or LEAST_STEPS, small=small)
    legs = len(stops) - 1
    per_leg = PER_LEG if out else max((max(shape.across, LEAST_STEPS) - 1) // legs, 2)
    count = steps or legs * per_leg + 1
    points = path.interpolate(subject.model.encode(subject.pixels(numbers)).mean, count, how)
    decoded = subject.model.decode(points)
    places = path.stop_positions(len(stops), count).tolist()
    protocol = _protocol(subject, numbers, how)
    if out:
        write(out, subject.run.name, subject.model, content.interpolation_content(subject.model, points, how))
    if as_json:
        found = [
            {"t": t, "z": point.tolist(), "image": grey_rows(image)}
            for t, point, image in zip(places, points, decoded, strict=True)
        ]
        facts = {"protocol": protocol, "how": how, "a": numbers[0], "b": numbers[-1], "stops": numbers}
        return print_json(subject, {**facts, "digits": found})
    tiles = [(image, f"{t:.2f}") for t, image in zip(places, decoded, strict=True)]
    return 0 if out else print_digits(subject, protocol, tiles, shape, terminal)


def _protocol(subject: Subject, numbers: list[int], how: str) -> str:
    names = [f"{subject.images.labels[number]} (#{number})" for number in numbers]
    drawn = "" if subject.model.config.data.binarize == "none" else "binarised "
    legs = len(numbers) - 1
    unit = "" if legs == 1 else ", 1 from stop to stop"
    return (
        f"{drawn}test images {' to '.join(names)} · {how} between posterior means · t from 0 to {legs}{unit}"
    )
