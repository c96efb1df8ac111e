"""The metrics and settings of one run as rows of text."""

from __future__ import annotations

from trainer.contract.metrics import Epoch
from vaetui.format import thousands
from vaetui.runs.run_watcher import Run
from vaetui.settings import STORED


def metric_rows(run: Run, latest: Epoch) -> tuple[tuple[str, str, str], ...]:
    """Return name, value and unit of the metrics of an epoch, of validation images if there are any."""
    figures, is_vae = latest.held_out, run.config.model.is_vae
    nats = "nats" if is_vae else ""
    return (
        ("distortion", f"{figures.distortion:.1f}", "nats"),
        ("rate", f"{figures.rate:.1f}" if is_vae else "–", nats),
        ("−ELBO", f"{-figures.elbo:.1f}" if is_vae else "–", nats),
        ("MSE draw" if is_vae else "MSE", f"{figures.mse:.4f}", "/px"),
        ("active", f"{latest.active_units}/{run.config.model.latent}", "dims"),
    )


def setting_rows(run: Run) -> list[tuple[str, str]]:
    """Return labels and values of the settings, some only where they are not the default, and of speed."""
    config = run.config
    shown = {row.label: row.shown_text(config, is_always=row.in_sidebar) for row in STORED}
    texts = {label: text.removesuffix(" binarization") for label, text in shown.items() if text}
    if config.optimiser.keep == "best" and run.best:
        texts["kept weights"] = f"epoch {run.best.epoch}"
    rows = list(texts.items())
    if run.latest:
        rows.append(("time per epoch", f"{run.latest.seconds:.1f} s"))
    if run.state == "running" and run.status.images_per_second:
        rows.append(("speed", f"{thousands(run.status.images_per_second)} images/s"))
    return rows
