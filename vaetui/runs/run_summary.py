"""The metrics and settings of one run as rows of text."""

from __future__ import annotations

from trainer.contract.metrics import Epoch
from vaetui.format import plural, thousands
from vaetui.runs.run_watcher import Run
from vaetui.settings import LOSS_OF, PIXEL_TEXTS


def metric_rows(run: Run, latest: Epoch) -> tuple[tuple[str, str, str], ...]:
    """Return name, value and unit of the metrics of an epoch, of validation images if there are any."""
    found, is_vae = latest.held_out, run.config.model.is_vae
    nats = "nats" if is_vae else ""
    return (
        ("distortion", f"{found.distortion:.1f}", "nats"),
        ("rate", f"{found.rate:.1f}" if is_vae else "–", nats),
        ("−ELBO", f"{-found.elbo:.1f}" if is_vae else "–", nats),
        ("MSE draw" if is_vae else "MSE", f"{found.mse:.4f}", "/px"),
        ("active", f"{latest.active_units}/{run.config.model.latent}", "dims"),
    )


def setting_rows(run: Run) -> list[tuple[str, str]]:
    """Return names and values of settings, the most important first; some only where they are not usual."""
    config, optimiser = run.config, run.config.optimiser
    layers = (784, *config.model.hidden, config.model.latent)
    rows: dict[str, str] = {
        "layers": "-".join(map(str, layers)),
        optimiser.name: f"lr {optimiser.lr:g}",
        "batch": f"{optimiser.batch_size} images",
        "loss": LOSS_OF[config.objective.likelihood],
        "input": PIXEL_TEXTS[config.data.binarize].removesuffix(" binarization"),
        "β warm-up": _epochs(config.objective.beta_warmup),
        "decay": f"{optimiser.weight_decay:g}" if optimiser.weight_decay else "",
        "patience": _epochs(optimiser.patience),
        "keeps": f"best, epoch {run.best.epoch}" if optimiser.keep == "best" and run.best else "",
        "precision": run.precision,
        "training images": thousands(config.data.train),
        "device": config.versions.get("device", config.device),
        "time per epoch": f"{run.latest.seconds:.1f} s" if run.latest else "",
        "speed": f"{thousands(run.status.images_per_second)} images/s",
    }
    if run.state != "running":
        del rows["speed"]
    return [(name, value) for name, value in rows.items() if value]


def _epochs(count: int) -> str:
    return plural(count, "epoch") if count else ""
