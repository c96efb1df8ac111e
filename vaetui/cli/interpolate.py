"""`vaetui interpolate`: images decoded between the codes of test images."""

from __future__ import annotations

from pathlib import Path

from vaetui.cli.image_output import ImageOutput
from vaetui.cli.loaded_run import load_run
from vaetui.cli.messages import UsageError
from vaetui.cli.tiles import draw, grey_rows
from vaetui.export import content
from vaetui.format import fixed
from vaetui.latent import path

LEAST_STEPS = 5  # images that show an interpolation
STEPS_PER_SEGMENT = 20  # in a file without --steps


def parse_stops(a: str | None, b: str | None, stops: str) -> list[str]:
    """Return the images of A and B, or of --stops. Raises `UsageError` unless exactly one is given."""
    if stops and a is not None:
        raise UsageError("name A and B, or --stops, not both")
    if not stops:
        if a is None or b is None:
            missing = "A" if a is None else "B"
            raise UsageError(f"missing argument '{missing}': interpolation needs A and B, or --stops 2,3,8")
        return [a, b]
    names = [part.strip() for part in stops.split(",")]
    if len(names) < 2:
        raise UsageError(f"--stops takes two images or more, such as 2,3,8, not {stops[:40]!r}")
    return names


def interpolate(
    name: str,
    runs: Path | None,
    data: Path | None,
    output: ImageOutput,
    *,
    stops: list[str],
    steps: int | None,
    slerp: bool,
) -> int:
    """Print the decoded points from stop to stop, or write them to a file; return the exit code.

    `steps` is the number of all points, the stops included.
    """
    output.check()
    if steps is not None and steps < len(stops):
        raise UsageError(f"--steps counts all images, and {len(stops)} stops are more than {steps}")
    loaded = load_run(name, runs, data)
    numbers = [loaded.choose(stop) for stop in stops]
    method: path.InterpolationMethod = "slerp" if slerp else "lerp"
    shape = output.layout(steps or LEAST_STEPS)
    segments = len(stops) - 1
    per_segment = max((max(shape.across, LEAST_STEPS) - 1) // segments, 2)
    count = steps or segments * (STEPS_PER_SEGMENT if output.out else per_segment) + 1
    points = path.interpolate(loaded.model.encode(loaded.pixels(numbers)).mean, count, method)
    images = loaded.model.decode(points)
    times = path.stop_positions(len(stops), count).tolist()
    stop_names = [f"{loaded.images.labels[number]} (#{number})" for number in numbers]
    names = " to ".join(stop_names)
    unit = "" if segments == 1 else ", 1 from stop to stop"
    protocol = (
        f"{loaded.binarised}test images {names} · {method} between posterior means · "
        f"t from 0 to {segments}{unit}"
    )
    facts = {
        "protocol": protocol,
        "how": method,
        "a": numbers[0],
        "b": numbers[-1],
        "stops": numbers,
        "digits": [
            {"t": t, "z": z.tolist(), "image": grey_rows(image)}
            for t, z, image in zip(times, points, images, strict=True)
        ],
    }
    tiles = [(image, fixed(t)) for t, image in zip(times, images, strict=True)]
    return output.emit(
        loaded,
        facts,
        content=lambda: content.interpolation_content(loaded.model, points, method, times, stop_names),
        draw=lambda: draw(tiles, shape, output.terminal),
    )
