"""Somebody else's figures on MNIST, and what ours may be: nats per image, 10 000 test images."""

from __future__ import annotations

from dataclasses import dataclass

from trainer.contract.config import Binarize, Config, Data, Model, Objective, Optimiser, Precision


@dataclass(frozen=True)
class Published:
    """Figures of one network, by the number of epochs, and how far above them ours may be, or below.

    Without `samples` they are −ELBO at one posterior draw an image, else −log p(x) by importance sampling
    with so many. With `is_bound` ours may be as far below as it likes. `share` is the part of the time left
    that it may take.
    """

    network: str  # as its source writes it; rows of one network are readings of it, of which one has to hold
    hidden: tuple[int, ...]
    latent: int
    figures: dict[int, float]
    tolerance: float
    remark: str
    samples: int = 0
    is_bound: bool = False
    needs_gpu: bool = False
    batch_size: int = 128
    lr: float = 1e-3
    binarize: Binarize = "none"
    share: float = 0.2

    @property
    def name(self) -> str:
        """The network as it is trained here, its hidden layers on both sides."""
        return "-".join(map(str, (784, *self.hidden, self.latent, *reversed(self.hidden), 784)))

    @property
    def measure(self) -> str:
        """What is measured."""
        return f"−log p(x), k = {self.samples}" if self.samples else "−ELBO"

    def is_missed(self, nats: float, epochs: int) -> bool:
        """Whether ours is too far off."""
        off = nats - self.figures[epochs]
        return off > self.tolerance or (not self.is_bound and off < -self.tolerance)

    def config(self, images: Data, seed: int, precision: Precision, device: str) -> Config:
        """What is trained, for one epoch at first."""
        return Config(
            model=Model("vae", self.latent, self.hidden),
            objective=Objective("bernoulli", 1.0),
            optimiser=Optimiser("adam", self.lr, self.batch_size, 1),
            data=images,
            seed=seed,
            precision=precision,
            device=device,
        )


GREY = "grayscale cross-entropy, batch 128"
FIXED = (
    "binarised once, by a draw of our own (not the files of Larochelle & Murray), batch 100; "
    "how many hidden layers are on each side is not said: read as {} of 400"
)

PUBLISHED = (
    # Three independent runs gave 105.59, 105.61 and 105.56.
    Published("784-400-20", (400,), 20, {10: 105.59}, 0.4, GREY),
    Published("784-600-100", (600,), 100, {10: 105.14, 15: 103.90}, 0.5, GREY),
    Published(
        "784-400-40-400-784, two hidden layers",
        (400,),
        40,
        {500: 89.78},
        0.12,
        FIXED.format("one layer, two in all"),
        samples=200,
        is_bound=True,
        needs_gpu=True,
        batch_size=100,
        binarize="fixed",
        share=0.35,
    ),
    Published(
        "784-400-40-400-784, two hidden layers",
        (400, 400),
        40,
        {500: 89.78},
        0.12,
        FIXED.format("two layers"),
        samples=200,
        is_bound=True,
        needs_gpu=True,
        batch_size=100,
        binarize="fixed",
        share=0.4,
    ),
    # Burda, Grosse & Salakhutdinov 2015, table 1, VAE with k = 1.
    Published(
        "2×200, z = 50",
        (200, 200),
        50,
        {3280: 86.76},
        0.04,
        "binarised anew each epoch, tested on one draw, batch 20; ReLU where the paper has tanh; Adam at "
        "3e-4 with ε = 1e-8 throughout, where the paper's falls from 1e-3 to 1e-4 with ε = 1e-4",
        samples=5000,
        is_bound=True,
        needs_gpu=True,
        batch_size=20,
        lr=3e-4,
        binarize="dynamic",
        share=1.0,
    ),
)
