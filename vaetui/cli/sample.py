"""`vaetui sample`: digits decoded from draws of the prior, a posterior, all of them, or a mixture."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np

from trainer.contract.files import Problem, clean
from vaetui.cli.out import check, write
from vaetui.cli.read import Subject, codes_of, open_model, print_digits, print_json, with_images
from vaetui.cli.say import Usage, narrate
from vaetui.cli.strip import Tile, grey_rows, layout
from vaetui.export import content
from vaetui.latent import mixture, nearest, samplers
from vaetui.latent.posteriors import Codes
from vaetui.latent.samplers import Samples, SampleSources, Source
from vaetui.render.terminal import Terminal

DRAWS = 64  # in a file that nobody gave a number for
COMPONENTS = 10
FIRST = "#0"  # the digit that the explorer begins with, too

_OF_AUTOENCODERS: dict[Source, str] = {
    "prior": "nothing taught its codes to follow a prior",
    "posterior": "its posterior is a point, so that every draw is the same",
    "aggregate": "its draws are codes of test images themselves, at every temperature",
}


@dataclass(frozen=True)
class Asked:
    """What to draw, as it was asked for; `digit` and `components` only where they matter to `source`."""

    source: Source
    temperature: float
    seed: int
    digit: str | None = None
    components: int | None = None


@dataclass(frozen=True, eq=False)
class Found:
    """What there is to draw from, in words; `facts` are those of JSON, `codes` what a draw may be of."""

    known: SampleSources
    words: str
    facts: dict[str, Any]
    codes: Codes | None = None


def asked(source: str, temperature: float, seed: int, digit: str | None, components: int | None) -> Asked:
    """The options as one. Raises `Usage` where they contradict each other."""
    known = get_args(Source)
    if source not in known:
        raise Usage(f"--from takes {', '.join(known[:-1])} or {known[-1]}, not {clean(source, 40)!r}")
    for option, value, owner in (("--digit", digit, "posterior"), ("--components", components, "mixture")):
        if value is not None and source != owner:
            raise Usage(f"{option} is for --from {owner}, not {source}")
    if not math.isfinite(temperature):
        raise Usage(f"--temperature takes a number, not {temperature}")
    return Asked(source, temperature, seed, digit, components)  # type: ignore[arg-type]


def sample(
    text: str,
    runs: Path | None,
    data: Path | None,
    wanted: Asked,
    *,
    count: int | None,
    small: bool,
    terminal: Terminal,
    out: Path | None,
    as_json: bool,
) -> int:
    """Print digits decoded from draws, or write them to `out`; returns the exit code."""
    check(out)
    subject = open_model(text, runs)
    is_point = not subject.run.config.model.is_vae
    if is_point and wanted.source in _OF_AUTOENCODERS:
        narrate(f"{subject.run.name} is an autoencoder: {_OF_AUTOENCODERS[wanted.source]}")
    if wanted.source == "posterior":
        subject = with_images(subject, data)
        count = count or (1 if is_point else None)
    found = _find(subject, data, wanted)
    shape = layout(terminal.columns, count, small=small)
    number = count or (DRAWS if out else shape.across)
    drawn = samplers.sample(wanted.source, found.known, number, wanted.seed, wanted.temperature)
    decoded = subject.model.decode(drawn.z)
    protocol = f"decoded draws of {found.words}, {_noise(wanted)}"
    if out:
        made = content.sample_content(subject.model, drawn.z, wanted.source, wanted.seed, wanted.temperature)
        write(out, subject.run.name, subject.model, made)
    if as_json:
        pairs = zip(drawn.z, decoded, _origins(wanted.source, drawn), strict=True)
        digits = [{"z": z.tolist(), "image": grey_rows(image)} | origin for z, image, origin in pairs]
        facts: dict[str, Any] = {"protocol": protocol, "from": wanted.source, "seed": wanted.seed}
        facts |= {"temperature": wanted.temperature, **found.facts, "digits": digits}
        return print_json(subject, facts)
    captions = _captions(found, drawn)
    tiles: list[Tile] = [(image, *caption) for image, caption in zip(decoded, captions, strict=True)]
    return 0 if out else print_digits(subject, protocol, tiles, shape, terminal)


def _noise(wanted: Asked) -> str:
    heat = "" if wanted.temperature == 1 else f"temperature {wanted.temperature:g}, "
    return f"{heat}seed {wanted.seed}"


def _find(subject: Subject, data: Path | None, wanted: Asked) -> Found:
    """What `wanted` draws from. Raises `Problem` where it cannot be had."""
    model = subject.model
    if wanted.source == "prior":
        return Found(SampleSources(model.latent), "the prior N(0, I)", {})
    if wanted.source == "posterior":
        number = subject.choose(wanted.digit or FIRST)
        around = model.encode(subject.pixels([number]))
        label = int(subject.images.labels[number])
        words = f"the posterior of test image #{number}, a {label}"
        return Found(SampleSources(model.latent, around), words, {"test_image": number, "label": label})
    codes = codes_of(subject, data)
    images = f"{len(codes.mean)} test images"
    if wanted.source == "aggregate":
        known = SampleSources(model.latent, codes=codes.posterior)
        return Found(known, f"the aggregated posterior of {images}", {}, codes)
    components = wanted.components or COMPONENTS
    try:
        fitted = mixture.fit_mixture(nearest.finite(codes.mean), components)
    except np.linalg.LinAlgError:
        raise Problem(mixture.fit_failure(components)) from None
    assert fitted is not None  # nobody stops the fit
    words = f"a mixture of {len(fitted.weight)} Gaussians fitted to the codes of {images}"
    return Found(SampleSources(model.latent, mixture=fitted), words, {"components": len(fitted.weight)})


def _origins(source: Source, drawn: Samples) -> list[dict[str, int]]:
    """The image or component that each draw is of, for JSON; components are counted from 1."""
    places = drawn.origin.tolist()
    if source == "aggregate":
        return [{"test_image": place} for place in places]
    return [{"component": place + 1} for place in places] if source == "mixture" else [{}] * len(places)


def _captions(found: Found, drawn: Samples) -> list[tuple[str, ...]]:
    """The same as words, or none."""
    places = drawn.origin.tolist()
    if found.codes is not None:
        return [(f"#{place}: {found.codes.labels[place]}",) for place in places]
    return [(f"Gaussian {place + 1}",) if found.known.mixture else () for place in places]
