"""What the view Sample says in words: what is drawn from, what is far, and what is written under a draw."""

from __future__ import annotations

from vaetui.format import compact, thousands
from vaetui.latent.samplers import Source
from vaetui.tui.screen.canvas import Canvas, fit, longest_fitting
from vaetui.tui.screen.theme import BRIGHT, DIM, WARNING
from vaetui.tui.views.base import caption
from vaetui.tui.views.sample import sources
from vaetui.tui.views.sample.paint import FAR, Layout, Nearest
from vaetui.tui.views.sample.samples import Drawn, Made

_POINT = "An AE has one code a digit: every draw would be this."


def head(canvas: Canvas, plan: Layout, made: Made, drawn: Drawn | None) -> None:
    """The caption: source, temperature, noise, formula, epoch."""
    selection, is_vae = made.selection, made.vae.config.model.is_vae
    name, formula = _source(made)
    far = ""
    if not plan.foot and drawn is not None and drawn.near is not None:
        far = f"{FAR} {int(drawn.near.is_far.sum())} far"
    has_sigma = is_vae or selection.sampling.source in ("prior", "mixture")
    warmth = f"temperature {selection.temperature:.1f}" if has_sigma else ""
    noise = f"noise {selection.seed}" if has_sigma or selection.sampling.source == "aggregate" else ""
    caption(canvas, 0, *filter(None, (name, warmth, far, noise, formula, f"epoch {made.vae.epoch}")))


def _source(made: Made) -> tuple[str, str]:
    """What is drawn from, and how."""
    selection, is_vae = made.selection, made.vae.config.model.is_vae
    count = thousands(len(made.codes.mean)) if made.codes is not None else "the"
    scale = "" if selection.tenths == 10 else f"{selection.temperature:.1f}²"
    normal = f"N(0, {scale}I)"
    codes = "posterior means" if is_vae else "codes"
    told: dict[Source, tuple[str, str]] = {
        "prior": (f"prior: z ~ {normal}", ""),
        "posterior": (f"posterior of test {selection.digit}", "z = mean + T·σ·ε"),
        "aggregate": ("aggregated posterior", "z ~ q(z|x) of a test digit x at random"),
        "mixture": (gaussians(made), f"fitted to {count} {codes} of test digits"),
    }
    if not is_vae:
        told["prior"] = (f"{normal}: an AE has no prior", "")
        told["posterior"] = (f"code of test {selection.digit}: an AE's posterior is a point", "")
        told["aggregate"] = ("codes of test digits at random: points", "z = the code of a test digit")
    return told[selection.sampling.source]


def gaussians(made: Made) -> str:
    """The mixture by the number of components that it has, or is to have."""
    count = made.selection.sampling.components
    if made.known.mixture is not None:
        count = len(made.known.mixture.weight)
    return "one Gaussian" if count == 1 else f"mixture of {count} Gaussians"


def foot(canvas: Canvas, plan: Layout, made: Made, drawn: Drawn | None, waiting: str) -> None:
    """How many draws are far, what stands under them, and the sources side by side."""
    y = plan.below
    if made.nearness is None or drawn is None or drawn.near is None:
        canvas.text(1, y + plan.has_table, fit(waiting, canvas.width - 2), DIM)
    elif plan.has_table:
        _summary(canvas, y + 1, made, drawn.near, *_usual(made))
        canvas.text(1, y + 2, longest_fitting(canvas.width - 2, *_legend(made)), DIM)
        source, warmth = made.selection.sampling.source, made.selection.temperature
        sources.table(canvas, y + 3, made.tallies, _names(made), source, made.nearness, warmth)
        canvas.text(1, y + 8, longest_fitting(canvas.width - 2, *_remark(made)), DIM)
    else:
        is_vae = made.vae.config.model.is_vae
        of = "posterior draws" if is_vae else "test codes"
        _summary(canvas, y, made, drawn.near, f"are farther off than 95 % of {of}")
        canvas.text(1, y + 1, "below each: nearest code's class, distance, ×usual", DIM)
        sources.line(canvas, y + 2, made.tallies, made.selection.sampling.source, is_vae)


def _summary(canvas: Canvas, y: int, made: Made, near: Nearest, *words: str) -> None:
    if made.selection.sampling.source == "posterior" and not made.vae.config.model.is_vae:
        canvas.text(1, y, fit(_POINT, canvas.width - 2), BRIGHT)
        return
    far = int(near.is_far.sum())
    x = canvas.text(1, y, f"{FAR} {far}", WARNING if far else BRIGHT, bold=True)
    told = [f"of {len(near.is_far)} {version}" for version in words]
    canvas.text(x + 1, y, longest_fitting(canvas.width - x - 2, *told), BRIGHT)


def _usual(made: Made) -> tuple[str, ...]:
    """What far is, in more words and in fewer."""
    limit = compact(made.nearness.limit) if made.nearness else ""
    begin = "draws lie farther from the nearest code than 95 % of"
    if made.vae.config.model.is_vae:
        whole = f"{begin} posterior draws of test digits do from that of any other digit ({limit})"
        return whole, f"{begin} posterior draws do ({limit})", f"are farther off than {limit}"
    return f"{begin} the codes of test digits do from each other ({limit})", f"are farther off than {limit}"


def _legend(made: Made) -> tuple[str, ...]:
    """What stands under a draw, in more words and in fewer."""
    near = made.nearness
    if near is None:
        return ("",)
    active, latent = int(near.active.sum()), made.vae.latent
    over = f"over the {active} active of {latent} dims" if active < latent else f"in {latent} dims"
    return (
        f"Below each draw: the class of the nearest code of a test digit, its distance {over}, "
        f"and how many times the usual (median) {compact(near.median)} that is",
        f"Below each draw: the nearest code's class, its distance {over}, × the usual {compact(near.median)}",
        "Below each draw: the nearest code's class, its distance, × the usual",
    )


def _names(made: Made) -> tuple[str, ...]:
    digit = f"test {made.selection.digit}"
    is_vae = made.vae.config.model.is_vae
    prior = "prior N(0, I)" if is_vae else "N(0, I), no prior of an AE"
    one = f"posterior of {digit}" if is_vae else f"code of {digit}, a point"
    return prior, one, "aggregated posterior" if is_vae else "codes of test digits", gaussians(made)


def _remark(made: Made) -> tuple[str, ...]:
    """What the table's columns mean, in more words and in fewer."""
    if made.trouble:
        return (made.trouble,)
    variety = "Nearest codes: how many different ones the draws are nearest to; few mean little variety."
    if made.vae.config.model.is_vae:
        return f"{variety} log p: of z under the prior, in nats.", variety
    spread = float(made.codes.mean.std(0).mean()) if made.codes is not None else 0.0
    return f"{variety} An AE learnt no prior: its codes have sd {compact(spread)}, N(0, I) has 1.", variety
