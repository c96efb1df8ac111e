"""`vaetui sample`: images decoded from samples of the prior, a posterior, all posteriors, or a mixture."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trainer.contract.files import Problem, clean
from vaetui.cli.image_output import ImageOutput
from vaetui.cli.loaded_run import LoadedRun, load_codes, load_model, with_images
from vaetui.cli.messages import UsageError, print_status
from vaetui.cli.tiles import draw, grey_rows
from vaetui.export import content
from vaetui.export.files import ExportContent
from vaetui.format import alternatives
from vaetui.latent import mixture, nearest, samplers
from vaetui.latent.posteriors import Codes
from vaetui.latent.samplers import SampleSources
from vaetui.latent.sources import SOURCES, Source
from vaetui.runs.timeline import animate_training

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
    """The options of the samples; `digit` and `components` are None for sources that need none.

    Raises `UsageError` where they contradict each other.
    """

    source: Source
    temperature: float
    seed: int
    digit: str | None
    components: int | None

    def __post_init__(self) -> None:
        """Check the options."""
        if self.source not in SOURCES:
            raise UsageError(f"--from takes {alternatives(SOURCES)}, not {clean(self.source, 40)!r}")
        if self.digit is not None and self.source != "posterior":
            raise UsageError(f"--digit is for --from posterior, not {self.source}")
        if self.components is not None and self.source != "mixture":
            raise UsageError(f"--components is for --from mixture, not {self.source}")
        if not math.isfinite(self.temperature):
            raise UsageError(f"--temperature takes a number, not {self.temperature}")

    @property
    def given(self) -> list[str]:
        """Return the options that choose other samples than those of the prior with the first seed."""
        chosen = {
            "--from": self.source != "prior",
            "--temperature": self.temperature != 1,
            "--seed": self.seed != 0,
        }
        return [option for option, is_other in chosen.items() if is_other]


@dataclass(frozen=True, eq=False)
class Distribution:
    """What is sampled, its description, its `facts` for JSON, and the codes that samples come from."""

    known: SampleSources
    words: str
    facts: dict[str, Any]
    codes: Codes | None = None


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
    is_training = output.check_training(*request.given)
    loaded = load_model(name, runs)
    asked = count
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
    origins = [_origin(distribution, number) for number in samples.origin.tolist()]
    facts = {
        "protocol": protocol,
        "from": source,
        "seed": request.seed,
        "temperature": request.temperature,
        **distribution.facts,
        "digits": [
            {"z": z.tolist(), "image": grey_rows(image), **origin}
            for z, image, (_, origin) in zip(samples.z, images, origins, strict=True)
        ],
    }
    captions = [text for texts, _ in origins for text in texts]
    tiles = [(image, *caption) for image, (caption, _) in zip(images, origins, strict=True)]
    return output.emit(
        loaded,
        facts,
        content=lambda: (
            ExportContent(animation=functools.partial(animate_training, loaded.run.path, "draws", asked))
            if is_training
            else content.sample_content(
                loaded.model, samples.z, source, request.seed, request.temperature, captions
            )
        ),
        draw=lambda: draw(tiles, shape, output.terminal),
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
        facts = {"test_image": number, "label": label}
        return Distribution(SampleSources(model.latent, posterior), words, facts)
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


def _origin(distribution: Distribution, number: int) -> tuple[tuple[str, ...], dict[str, int]]:
    """Return the captions of a sample, and for JSON the image or component (from 1) that it comes from."""
    if distribution.codes is not None:
        return (f"#{number}: {distribution.codes.labels[number]}",), {"test_image": number}
    if distribution.known.mixture:
        return (f"Gaussian {number + 1}",), {"component": number + 1}
    return (), {}
