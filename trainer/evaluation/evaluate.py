"""Evaluate one trained model on the test images: figures, −log p(x), quality."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch

from trainer.contract.config import Config, weight_shapes
from trainer.contract.evaluation import Evaluation
from trainer.contract.evaluation_dir import external_folder, read_results
from trainer.contract.files import DamagedFile, Problem, clean
from trainer.contract.images import Dataset, Images, evaluation_images
from trainer.contract.run_dir import MODEL, hold
from trainer.contract.tensors import Tensors, read_tensors
from trainer.engine.device import resolve_device
from trainer.engine.device_errors import device_failure, exhausted_memory
from trainer.evaluation.classifier import load_or_train
from trainer.evaluation.feature_network import is_of, load_feature_network
from trainer.evaluation.information import information
from trainer.evaluation.integration import NotIntegrable
from trainer.evaluation.marginal import MarginalRequest, marginal
from trainer.evaluation.metrics import ROUNDED, TestResult, evaluate_test
from trainer.evaluation.sample_quality import Networks, Reference, quality, reference
from trainer.models.ensemble import Ensemble

Progress = Callable[[str, float], None]

OUT_OF_MEMORY = "{} has no room to measure this model: use --device cpu, or a machine that has more"
DEVICE_FAILED = "the GPU failed while it measured ({}): try again, or use --device cpu"


@dataclass(frozen=True)
class EvaluationOptions:
    """Measurements besides the test figures: −log p(x) with `samples` (0: skip), and quality.

    Test figures are means over `draws` posterior draws. `method` is of `marginal.METHODS` or "auto", on
    `images` random test images (0: as many as it takes well).
    """

    samples: int
    quality: bool
    device: str
    method: Literal["auto", "bound", "integral", "ais"] = "auto"
    images: int = 0
    draws: int = 1


class Evaluator:
    """Evaluate runs one after the other; classifier and reference of a data set are made once.

    `report` is called with the current task and its finished share, `narrate` with messages for the user.
    """

    def __init__(self, wanted: EvaluationOptions, report: Progress, narrate: Callable[[str], None]) -> None:
        self.wanted, self.report, self.narrate = wanted, report, narrate
        self.device = resolve_device(wanted.device)
        self._references: dict[tuple[str, bool], Reference] = {}

    def evaluate(self, run: Path, config: Config, dataset: Dataset) -> Path:
        """Measure `run`, write evaluation.json and latents.safetensors, and return the folder they are in.

        That is the run's own, or one in the user's data folder for a read-only run. Raises `Problem`.

        The run's lock is held only while writing, since a locked run counts as in training. So the result is
        written only if the weights are still the same.
        """
        result = self.measure(run, config, dataset)
        beside = external_folder(run, config)
        folder = beside or run
        try:
            with nullcontext() if beside else hold(run):
                if _read_weights(run, config).metadata["crc32"] != result.evaluation.weights:
                    cause = f"{clean(run.name)} was trained on while it was measured"
                    raise Problem(f"{cause}: evaluate it again")
                evaluation = _completed(run, config, beside, result.evaluation)
                folder.mkdir(parents=True, exist_ok=True)
                TestResult(evaluation, result.latents).write(folder)
        except OSError as error:
            raise Problem(f"{clean(str(folder))} cannot be written: {error.strerror}") from None
        except ValueError:  # JSON has no infinity
            raise Problem(f"the figures of {clean(run.name)} are not finite: train it anew") from None
        return folder

    def measure(self, run: Path, config: Config, dataset: Dataset) -> TestResult:
        """Measure `run` and write nothing. Raises `Problem`."""
        try:
            return self._measure(run, config, dataset)
        except (RuntimeError, MemoryError) as error:
            if memory := exhausted_memory(error):
                raise Problem(OUT_OF_MEMORY.format(memory)) from None
            if failure := device_failure(error):
                raise Problem(DEVICE_FAILED.format(failure)) from None
            raise

    def _measure(self, run: Path, config: Config, dataset: Dataset) -> TestResult:
        weights = _read_weights(run, config)
        tensors = {name: torch.from_numpy(weights.arrays[name]) for name in weight_shapes(config.model)}
        ensemble = Ensemble.build([config], [tensors], self.device)
        test = evaluation_images(dataset.test, config.data.binarize, f"{dataset.name}/test")
        self.report("test figures", 0.0)
        (result,) = evaluate_test(ensemble, test, [_epoch(run, weights)], self.wanted.draws)
        evaluation = replace(
            result.evaluation,
            precision=ROUNDED if weights.is_rounded else result.evaluation.precision,
            weights=weights.metadata["crc32"],
        )
        if config.model.is_vae:
            self.report("information", 0.0)
            codes = result.latents
            split = information(codes["mean"], codes["log_var"], config.seed)
            evaluation = replace(evaluation, information=split)
        if self.wanted.quality:
            real = self._reference(dataset, test, config.data.binarize)
            seen = quality(ensemble, real, lambda part: self.report("quality", part))
            evaluation = replace(evaluation, quality=seen)
        if self.wanted.samples and config.model.is_vae:
            request = MarginalRequest(self.wanted.method, self.wanted.samples, self.wanted.images)
            pixels = torch.from_numpy(test.pixels).to(self.device)
            try:
                found = marginal(ensemble, pixels, request, self.report, self._narrate_of(run))
            except NotIntegrable as problem:
                raise Problem(f"{clean(run.name)}: {problem}; use --nll-method bound or ais") from None
            evaluation = replace(evaluation, marginal=found)
        elif self.wanted.samples:
            self.narrate(f"{clean(run.name)} is an autoencoder: it has no p(x), so none is estimated")
        return TestResult(evaluation, result.latents)

    def _narrate_of(self, run: Path) -> Callable[[str], None]:
        return lambda text: self.narrate(f"{clean(run.name)}: {text}")

    def _reference(self, dataset: Dataset, test: Images, binarize: str) -> Reference:
        """Return the real images that those of models of `dataset` are compared with."""
        key = dataset.name, binarize == "none"
        if key not in self._references:
            networks = self._networks(dataset)
            self.report("training against test images", 0.0)
            train = evaluation_images(dataset.train, binarize, f"{dataset.name}/train")
            self._references[key] = reference(networks, train, test, self.device)
        return self._references[key]

    def _networks(self, dataset: Dataset) -> Networks:
        """Return the feature network, and the classifier of `dataset`, which is the same for MNIST."""
        features = load_feature_network(self.device)
        if is_of(dataset):
            return Networks(features, features)
        doing = f"training a classifier of {dataset.name}"
        classifier = load_or_train(dataset, self.device, lambda part: self.report(doing, part), self.narrate)
        return Networks(classifier, features)


def _read_weights(run: Path, config: Config) -> Tensors:
    return read_tensors(run / MODEL, weight_shapes(config.model))


def _epoch(run: Path, weights: Tensors) -> int:
    try:
        return int(weights.metadata["epoch"])
    except (KeyError, ValueError):
        raise DamagedFile(run / MODEL, "it does not say of which epoch it is") from None


def _completed(run: Path, config: Config, beside: Path | None, evaluation: Evaluation) -> Evaluation:
    """Add the results of an earlier evaluation of the same weights that this one lacks."""
    try:
        _, before = read_results(run, config, beside)
    except Problem:
        return evaluation
    if before.weights != evaluation.weights:
        return evaluation
    return replace(
        evaluation,
        marginal=evaluation.marginal or before.marginal,
        quality=evaluation.quality or before.quality,
    )
