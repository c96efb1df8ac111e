"""Train the feature network that ships with vaetui: `python -m trainer.evaluation.train_features --data DIR`.

It is a classifier of MNIST (`trainer.evaluation.classifier` has seed, epochs and layers), rounded to fp16 and
measured as rounded. Weights trained elsewhere differ, and all distances with them: so the file was trained
once, is kept in the project and compared with its SHA-256. Distances by a new one do not compare with earlier
ones.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from trainer.contract.datasets.registry import load
from trainer.contract.tensors import tensor_bytes
from trainer.evaluation.classifier import SEED, Classifier, accuracy, train
from trainer.evaluation.feature_network import FILE

CPU = torch.device("cpu")


def main(arguments: Sequence[str] | None = None) -> None:
    """Train on MNIST in --data, write --out, print its accuracy and the SHA-256 for `feature_network`."""
    parser = argparse.ArgumentParser(
        prog="python -m trainer.evaluation.train_features", description="Train the shipped feature network."
    )
    parser.add_argument("--data", type=Path, required=True, help="folder that holds MNIST/raw")
    parser.add_argument("--out", type=Path, default=FILE, help="file to write")
    options = parser.parse_args(arguments)
    dataset = load("mnist", options.data, lambda _: None)
    weights = train(dataset.train, CPU, lambda _: None)
    halves = {name: weight.numpy().astype(np.float16) for name, weight in weights.items()}
    rounded = {name: torch.from_numpy(half.astype(np.float32)) for name, half in halves.items()}
    found = accuracy(Classifier(rounded, 0.0, ""), dataset.test, CPU)
    facts = {"dataset": dataset.name, "dataset_sha256": dataset.checksum, "seed": str(SEED)}
    content = tensor_bytes(halves, facts | {"test_accuracy": repr(found)})
    options.out.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    sys.stdout.write(f"{found:.2%} of the test images right, {len(content):,} bytes, SHA-256 {digest}\n")


if __name__ == "__main__":
    main()
