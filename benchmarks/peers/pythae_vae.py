"""Train pythae's VAE with pythae's own trainer; write seconds and training loss of every epoch as JSON.

`benchmarks.peer` runs this file in an environment with pythae and without this project, which it must not
import. The network is the same as in the other loops (784-hidden-latent, ReLU); the loss (binary
cross-entropy + KL, nats per image), the data loader and the loop are pythae's.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pythae.models import VAE, VAEConfig
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder
from pythae.pipelines import TrainingPipeline
from pythae.trainers import BaseTrainerConfig
from pythae.trainers.training_callbacks import TrainingCallback
from torch import Tensor, nn

SHAPE = (1, 28, 28)
PIXELS = 784


class Encoder(BaseEncoder):  # type: ignore[misc]
    """Map images to the mean and log variance of q(z|x)."""

    def __init__(self, hidden: int, latent: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(PIXELS, hidden)
        self.mean, self.log_var = nn.Linear(hidden, latent), nn.Linear(hidden, latent)

    def forward(self, x: Tensor) -> ModelOutput:
        hidden = torch.relu(self.hidden(x.flatten(1)))  # (batch, hidden)
        return ModelOutput(embedding=self.mean(hidden), log_covariance=self.log_var(hidden))


class Decoder(BaseDecoder):  # type: ignore[misc]
    """Map latent codes to pixel probabilities; pythae's loss takes probabilities, not logits."""

    def __init__(self, hidden: int, latent: int) -> None:
        super().__init__()
        self.hidden, self.pixels = nn.Linear(latent, hidden), nn.Linear(hidden, PIXELS)

    def forward(self, z: Tensor) -> ModelOutput:
        probabilities = torch.sigmoid(self.pixels(torch.relu(self.hidden(z))))  # (batch, pixels)
        return ModelOutput(reconstruction=probabilities.view(-1, *SHAPE))


class EpochTimer(TrainingCallback):  # type: ignore[misc]
    """Record the seconds and the mean training loss of every epoch."""

    def __init__(self) -> None:
        self.started = 0.0
        self.seconds: list[float] = []
        self.losses: list[float] = []

    def on_epoch_begin(self, *_: Any, **__: Any) -> None:
        self.started = now()

    def on_epoch_end(self, *_: Any, **__: Any) -> None:
        self.seconds.append(now() - self.started)

    def on_log(self, *_: Any, logs: dict[str, float], **__: Any) -> None:
        self.losses.append(logs["train_epoch_loss"])


def now() -> float:
    """Return the time in seconds after waiting for the GPU, if any."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def main() -> None:
    parser = argparse.ArgumentParser(description="Train pythae's VAE and time its epochs.")
    parser.add_argument("--images", type=Path, required=True, help=".npy of uint8, (images, 784)")
    parser.add_argument("--results", type=Path, required=True, help="JSON file to write")
    parser.add_argument("--hidden", type=int, required=True)
    parser.add_argument("--latent", type=int, required=True)
    parser.add_argument("--batch-size", type=int, required=True)
    parser.add_argument("--learning-rate", type=float, required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--device", choices=["cpu", "cuda"], required=True)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)  # before the weights: pythae sets its seed after drawing them
    images = np.load(options.images).reshape(-1, *SHAPE).astype(np.float32) / 255
    model = VAE(
        VAEConfig(input_dim=SHAPE, latent_dim=options.latent, reconstruction_loss="bce"),
        encoder=Encoder(options.hidden, options.latent),
        decoder=Decoder(options.hidden, options.latent),
    )
    config = BaseTrainerConfig(
        output_dir=str(options.results.with_name("pythae")),
        num_epochs=options.epochs,
        per_device_train_batch_size=options.batch_size,
        optimizer_cls="Adam",
        learning_rate=options.learning_rate,
        seed=options.seed,
        no_cuda=options.device == "cpu",
    )
    timer = EpochTimer()
    TrainingPipeline(training_config=config, model=model)(images, callbacks=[timer])
    results = {"seconds": timer.seconds, "losses": timer.losses, "torch": torch.__version__}
    options.results.write_text(json.dumps(results))


if __name__ == "__main__":
    main()
