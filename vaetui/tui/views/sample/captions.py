"""The texts of the view Sample: the source, how many samples are far, and the legend."""

from __future__ import annotations

from collections.abc import Set

from vaetui.format import compact, thousands
from vaetui.latent.code_distances import CodeDistances
from vaetui.latent.decoded_samples import DecodedSamples, SampleNeighbours
from vaetui.latent.sources import Source
from vaetui.render.theme import BRIGHT, DIM, WARNING
from vaetui.tui.screen.canvas import Canvas, fit, longest_fitting
from vaetui.tui.views.base import model_caption
from vaetui.tui.views.sample import sources
from vaetui.tui.views.sample.paint import FAR, Layout
from vaetui.tui.views.sample.samples import KnownSources

_POINT = "An AE has one code per image: every sample would be this."


def head(
    canvas: Canvas, plan: Layout, known: KnownSources, samples: DecodedSamples | None, facts: Set[str]
) -> None:
    """Write source, temperature and noise where the `facts` of the view have them, formula, epoch."""
    selection, far = known.selection, ""
    name, formula = _source(known)
    if not plan.foot and samples is not None and samples.near is not None:
        far = f"{FAR} {int(samples.near.is_far.sum())} far"
    temperature = f"temperature {selection.temperature:.1f}" if "sigma" in facts else ""
    noise = f"noise {selection.seed}" if "noise" in facts else ""
    model_caption(canvas, 0, known.vae, name, temperature, far, noise, formula)


def _source(known: KnownSources) -> tuple[str, str]:
    """Name the source, and how it is sampled."""
    selection, is_vae = known.selection, known.is_vae
    count = thousands(len(known.codes.mean)) if known.codes is not None else "the"
    scale = "" if selection.tenths == 10 else f"{selection.temperature:.1f}²"
    normal = f"N(0, {scale}I)"
    codes = "posterior means" if is_vae else "codes"
    names: dict[Source, tuple[str, str]] = {
        "prior": (f"prior: z ~ {normal}", ""),
        "posterior": (f"posterior of test {selection.image}", "z = mean + T·σ·ε"),
        "aggregate": ("aggregated posterior", "z ~ q(z|x) of a random test image x"),
        "mixture": (gaussians(known), f"fitted to {count} {codes} of test images"),
    }
    if not is_vae:
        names["prior"] = (f"{normal}: an AE has no prior", "")
        names["posterior"] = (f"code of test {selection.image}: an AE's posterior is a point", "")
        names["aggregate"] = ("codes of random test images: points", "z = the code of a test image")
    return names[selection.sampling.source]


def gaussians(known: KnownSources) -> str:
    """Name the mixture by its number of components."""
    count = known.selection.sampling.components
    if known.sources.mixture is not None:
        count = len(known.sources.mixture.weight)
    return "one Gaussian" if count == 1 else f"mixture of {count} Gaussians"


def foot(
    canvas: Canvas, plan: Layout, known: KnownSources, samples: DecodedSamples | None, waiting: str
) -> None:
    """Write how many samples are far, the legend, and the sources side by side."""
    y = plan.below
    if known.distances is None or samples is None or samples.near is None:
        canvas.text(1, y + plan.has_table, fit(waiting, canvas.width - 2), DIM)
    elif plan.has_table:
        _summary(canvas, y + 1, known, samples.near, *_limits(known, known.distances))
        canvas.text(1, y + 2, longest_fitting(canvas.width - 2, *_legend(known, known.distances)), DIM)
        sources.table(canvas, y + 3, known.statistics, _names(known), known.selection, known.distances)
        canvas.text(1, y + 8, longest_fitting(canvas.width - 2, *_remark(known)), DIM)
    else:
        of = "posterior samples" if known.is_vae else "test codes"
        _summary(canvas, y, known, samples.near, f"are farther than 95 % of {of}")
        canvas.text(1, y + 1, "below each: nearest code's class, distance, ×median", DIM)
        sources.line(canvas, y + 2, known.statistics, known.selection.sampling.source, known.is_vae)


def _summary(canvas: Canvas, y: int, known: KnownSources, near: SampleNeighbours, *words: str) -> None:
    if known.selection.sampling.source == "posterior" and not known.is_vae:
        canvas.text(1, y, fit(_POINT, canvas.width - 2), BRIGHT)
        return
    far = int(near.is_far.sum())
    x = canvas.text(1, y, f"{FAR} {far}", WARNING if far else BRIGHT, bold=True)
    texts = [f"of {len(near.is_far)} {version}" for version in words]
    canvas.text(x + 1, y, longest_fitting(canvas.width - x - 2, *texts), BRIGHT)


def _limits(known: KnownSources, near: CodeDistances) -> tuple[str, ...]:
    """Say what far is, in more words and in fewer."""
    limit, begin = compact(near.limit), "samples are outside the data"
    of = "posterior samples" if known.is_vae else "the codes of other test images"
    return (
        f"{begin} (farther from any code than 95 % of {of}, {limit})",
        f"{begin} (> 95 % of {of}, {limit})",
        f"{begin} (> {limit})",
    )


def _legend(known: KnownSources, near: CodeDistances) -> tuple[str, ...]:
    """Say what is written under a sample, in more words and in fewer."""
    active, latent = int(near.active.sum()), known.vae.latent
    over = f"over the {active} active of {latent} dims" if active < latent else f"in {latent} dims"
    return (
        f"Below each sample: the class of the nearest code of a test image, its distance {over}, "
        f"and its ratio to the median {compact(near.median)}",
        f"Below each sample: the nearest code's class, its distance {over}, × median {compact(near.median)}",
        "Below each sample: the nearest code's class, its distance, × the median",
    )


def _names(known: KnownSources) -> tuple[str, ...]:
    image, mixture = f"test {known.selection.image}", gaussians(known)
    if known.is_vae:
        return "prior N(0, I)", f"posterior of {image}", "aggregated posterior", mixture
    return "N(0, I), no prior of an AE", f"code of {image}, a point", "codes of test images", mixture


def _remark(known: KnownSources) -> tuple[str, ...]:
    """Say what the table's columns mean, in more words and in fewer."""
    if known.trouble:
        return (known.trouble,)
    variety = "Nearest codes: how many different ones the samples are nearest to; few mean little variety."
    if known.is_vae:
        return f"{variety} log p: of z under the prior, in nats.", variety
    spread = float(known.codes.mean.std(0).mean()) if known.codes is not None else 0.0
    return f"{variety} An AE has no prior: its codes have std {compact(spread)}, N(0, I) has 1.", variety
