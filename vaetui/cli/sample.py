"""`vaetui sample`: images decoded from samples of the prior, a posterior, all posteriors, or a mixture."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np

from trainer.contract.files import Problem, clean
from vaetui.cli.image_output import ImageOutput
from vaetui.cli.loaded_run import LoadedRun, load_codes, load_model, with_images
from vaetui.cli.messages import UsageError, print_status
from vaetui.cli.tiles import grey_rows
from vaetui.export import content
from vaetui.format import alternatives
from vaetui.latent import mixture, nearest, samplers
from vaetui.latent.posteriors import Codes
from vaetui.latent.samplers import Samples, SampleSources, Source

COUNT = 64  # samples in a file without --count
COMPONENTS = 10
FIRST = "#0"  # the image whose posterior is sampled without --digit

_ON_AUTOENCODERS: dict[Source, str] = {
    "prior": "its codes were not trained to follow a prior",
    "posterior": "its posterior is a point, so that all samples are the same",
    "aggregate": "its samples are codes of test images themselves, at every temperature",
}


@dataclass(frozen=True)
class SampleRequest:
    """The options of the samples; `digit` and `components` are None for sources that need none."""

    source: Source
    temperature: float
    seed: int
    digit: str | None = None
    components: int | None = None


@dataclass(frozen=True, eq=False)
class Distribution:
    """What is sampled, its description, its `facts` for JSON, and the codes that samples come from."""

    known: SampleSources
    words: str
    facts: dict[str, Any]
    codes: Codes | None = None


def parse_request(
    source: str, temperature: float, seed: int, digit: str | None, components: int | None
) -> SampleRequest:
    """Return the checked options. Raises `UsageError` where they contradict each other."""
    sources = get_args(Source)
    if source not in sources:
        raise UsageError(f"--from takes {alternatives(sources)}, not {clean(source, 40)!r}")
    for option, value, owner in (("--digit", digit, "posterior"), ("--components", components, "mixture")):
        if value is not None and source != owner:
            raise UsageError(f"{option} is for --from {owner}, not {source}")
    if not math.isfinite(temperature):
        raise UsageError(f"--temperature takes a number, not {temperature}")
    return SampleRequest(source, temperature, seed, digit, components)  # type: ignore[arg-type]


def sample(
    name: str,
    runs: Path | None,
    data: Path | None,
    output: ImageOutput,
    request: SampleRequest,
    *,
    count: int | None,
) -> int:
    """Print decoded samples, or write them to a file; return the exit code."""
    output.check()
    loaded = load_model(name, runs)
    is_point, source = not loaded.run.config.model.is_vae, request.source
    if is_point and source in _ON_AUTOENCODERS:
        print_status(f"{loaded.run.name} is an autoencoder: {_ON_AUTOENCODERS[source]}")
    if source == "posterior":
        loaded = with_images(loaded, data)
        count = count or (1 if is_point else None)
    distribution = _distribution(loaded, data, request)
    shape = output.layout(count)
    number = count or (COUNT if output.out else shape.across)
    samples = samplers.sample(source, distribution.known, number, request.seed, request.temperature)
    images = loaded.model.decode(samples.z)
    heat = "" if request.temperature == 1 else f"temperature {request.temperature:g}, "
    protocol = f"decoded draws of {distribution.words}, {heat}seed {request.seed}"

    def facts() -> dict[str, Any]:
        rows = zip(samples.z, images, _origins(source, samples), strict=True)
        found = [{"z": z.tolist(), "image": grey_rows(image)} | origin for z, image, origin in rows]
        noise = {"from": source, "seed": request.seed, "temperature": request.temperature}
        return {"protocol": protocol, **noise, **distribution.facts, "digits": found}

    def draw() -> None:
        captions = _captions(distribution, samples)
        tiles = [(image, *caption) for image, caption in zip(images, captions, strict=True)]
        output.draw(tiles, shape)

    return output.emit(
        loaded,
        protocol,
        content=lambda: content.sample_content(
            loaded.model, samples.z, source, request.seed, request.temperature
        ),
        facts=facts,
        draw=draw,
    )


def _distribution(loaded: LoadedRun, data: Path | None, request: SampleRequest) -> Distribution:
    """Return what is sampled. Raises `Problem` where it is not available."""
    model = loaded.model
    if request.source == "prior":
        return Distribution(SampleSources(model.latent), "the prior N(0, I)", {})
    if request.source == "posterior":
        number = loaded.choose(request.digit or FIRST)
        posterior = model.encode(loaded.pixels([number]))
        label = int(loaded.images.labels[number])
        words = f"the posterior of test image #{number}, a {label}"
        return Distribution(
            SampleSources(model.latent, posterior), words, {"test_image": number, "label": label}
        )
    codes = load_codes(loaded, data)
    images = f"{len(codes.mean)} test images"
    if request.source == "aggregate":
        known = SampleSources(model.latent, codes=codes.posterior)
        return Distribution(known, f"the aggregated posterior of {images}", {}, codes)
    components = request.components or COMPONENTS
    try:
        fitted = mixture.fit_mixture(nearest.finite(codes.mean), components)
    except np.linalg.LinAlgError:
        raise Problem(mixture.fit_failure(components)) from None
    assert fitted is not None  # it is None only where a fit is cancelled
    words = f"a mixture of {len(fitted.weight)} Gaussians fitted to the codes of {images}"
    return Distribution(
        SampleSources(model.latent, mixture=fitted), words, {"components": len(fitted.weight)}
    )


def _origins(source: Source, samples: Samples) -> list[dict[str, int]]:
    """Return the image or component that each sample comes from, for JSON; components count from 1."""
    origins = samples.origin.tolist()
    if source == "aggregate":
        return [{"test_image": number} for number in origins]
    return [{"component": place + 1} for place in origins] if source == "mixture" else [{}] * len(origins)


def _captions(distribution: Distribution, samples: Samples) -> list[tuple[str, ...]]:
    """Return the caption of each sample, that names its image or component; none for other sources."""
    origins = samples.origin.tolist()
    if distribution.codes is not None:
        return [(f"#{number}: {distribution.codes.labels[number]}",) for number in origins]
    return [(f"Gaussian {place + 1}",) if distribution.known.mixture else () for place in origins]
