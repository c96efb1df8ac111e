"""The gradient of the objective, worked out by hand for a stacked network of linear layers and ReLUs.

Autograd would allocate new tensors at every step; here large tensors live in buffers that are allocated once,
which saves a third of a step's time on a CPU and half of its kernels on a GPU. Tests compare it with
autograd. Backpropagation as in Rumelhart, Hinton & Williams 1986, through the reparameterisation z = mean +
ε·exp(log_var / 2) of Kingma & Welling 2014.
"""

from __future__ import annotations

import threading

import torch
from torch import Tensor

from trainer.contract.config import PIXELS
from trainer.models.architecture import Parameters
from trainer.models.ensemble import Ensemble
from trainer.models.likelihoods import distortion
from trainer.models.mlp import HEADS, layers
from trainer.models.objective import StepTerms, rate_above

_threshold_backward = torch.ops.aten.threshold_backward.grad_input  # the public one takes no buffer


class Buffers:
    """The buffers for one batch size: activations, and the gradients by them."""

    def __init__(self, ensemble: Ensemble, batch: int, dtype: torch.dtype) -> None:
        def empty(width: int, dtype: torch.dtype = torch.float32) -> Tensor:
            return torch.empty((len(ensemble.configs), batch, width), dtype=dtype, device=ensemble.device)

        self.pixels = torch.empty((batch, PIXELS), dtype=dtype, device=ensemble.device)
        names = [*layers(ensemble.parameters, "encoder"), *layers(ensemble.parameters, "decoder")]
        widths = {name: ensemble.parameters[f"{name}.bias"].shape[-1] for name in names}
        self.outputs = {name: empty(width, dtype) for name, width in widths.items()}
        self.grads = {name: empty(width, dtype) for name, width in widths.items()}
        self.heads_grad = empty(2 * ensemble.latent)
        self.scratch = empty(PIXELS)

        def fp32_copy(of: dict[str, Tensor], layer: str) -> Tensor:  # an fp32 copy, unless `of` is fp32
            return of[layer] if dtype is torch.float32 else empty(widths[layer])

        top = layers(ensemble.parameters, "encoder")[-1]
        self.code, self.code_grad = fp32_copy(self.outputs, top), fp32_copy(self.grads, top)
        self.logits, self.slope = fp32_copy(self.outputs, names[-1]), fp32_copy(self.grads, names[-1])


class Workspace:
    """Buffers that ensembles of one shape share, since their content is not used after a block of steps.

    `gradients` have the shapes of the parameters, `products` are those computed in another type than fp32.
    """

    def __init__(self, ensemble: Ensemble, dtype: torch.dtype) -> None:
        self.gradients = {name: torch.empty_like(value) for name, value in ensemble.parameters.items()}
        self.products = {
            n: torch.empty_like(self.gradients[n], dtype=dtype) for n in _low_precision_names(ensemble, dtype)
        }
        self.buffers: dict[int, Buffers] = {}


class Workspaces:
    """A workspace for each thread and shape, so that a CPU keeps one in its cache instead of many."""

    def __init__(self) -> None:
        self.by_thread: dict[object, Workspace] = {}

    def of(self, ensemble: Ensemble, dtype: torch.dtype) -> Workspace:
        """Return this thread's workspace for ensembles of this shape."""
        shape = (len(ensemble.configs), ensemble.latent, ensemble.configs[0].model.hidden, dtype)
        key = (threading.get_ident(), shape)
        if key not in self.by_thread:
            self.by_thread[key] = Workspace(ensemble, dtype)
        return self.by_thread[key]


def _low_precision_names(ensemble: Ensemble, dtype: torch.dtype) -> list[str]:
    """Return the parameters that are computed with in `dtype`: all but the heads, none for fp32."""
    wide = dtype is torch.float32
    return [name for name in ensemble.parameters if not wide and not name.startswith(HEADS)]


class MlpGradient:
    """The gradient of Σ over models of (mean over the batch of distortion + β·rate), in buffers.

    With free bits the rate of a dimension has no gradient where its mean over the batch is below them.

    Products of wide layers are computed in `dtype`, fp32 or bf16; the heads, z, the losses and the gradients
    for Adam always in fp32. Call `refresh` after each change of the parameters.
    """

    can_be_captured = True  # in a CUDA graph

    def __init__(self, ensemble: Ensemble, dtype: torch.dtype, workspaces: Workspaces) -> None:
        self.ensemble, self.dtype = ensemble, dtype
        self.likelihood, self.free_bits = ensemble.likelihood, ensemble.free_bits()
        self.encoder, self.decoder = (layers(ensemble.parameters, part) for part in ("encoder", "decoder"))
        self.narrow = dtype is not torch.float32
        self.narrowed = {
            name: ensemble.parameters[name].to(dtype) for name in _low_precision_names(ensemble, dtype)
        }
        self.parameters: Parameters = ensemble.parameters | self.narrowed  # with the low-precision copies
        self.workspaces = workspaces
        self.workspace: Workspace  # the calling thread's

    @property
    def gradients(self) -> Parameters:
        """The result of the last call, until another ensemble computes in this thread."""
        return self.workspace.gradients

    def refresh(self) -> None:
        """Update the low-precision copies after the parameters changed."""
        for name, narrowed in self.narrowed.items():
            narrowed.copy_(self.ensemble.parameters[name])

    def __call__(self, x: Tensor, noise: Tensor, rate_weight: Tensor) -> StepTerms:
        """Fill `gradients` for images x (batch, pixels) and noise (models, batch, latent).

        `rate_weight` (models, 1, latent) is β, 0 in padding.
        """
        batch = len(x)
        self.workspace = self.workspaces.of(self.ensemble, self.dtype)
        buffers = self.workspace.buffers.get(batch)
        if buffers is None:
            buffers = self.workspace.buffers[batch] = Buffers(self.ensemble, batch, self.dtype)

        # Forward.
        pixels = buffers.pixels.copy_(x) if self.narrow else x
        pixels = pixels.expand(len(noise), *x.shape)  # (models, batch, pixels)
        below = self._forward(self.encoder, pixels, buffers)
        hidden = below[-1].relu_()  # (models, batch, hidden)
        code = buffers.code.copy_(hidden) if self.narrow else hidden
        heads = torch.baddbmm(self.parameters[f"{HEADS}.bias"], code, self.parameters[f"{HEADS}.weight"])
        mean, log_var = heads.chunk(2, -1)  # (models, batch, latent)
        deviation = (0.5 * log_var).exp_()
        z = torch.addcmul(mean, noise, deviation).to(self.dtype)
        above = self._forward(self.decoder, z, buffers)
        logits = buffers.logits.copy_(above[-1]) if self.narrow else above[-1]  # (models, batch, pixels)
        nats, squared_error = distortion(self.likelihood, logits, x, buffers.slope, buffers.scratch)

        # Backward: `grad` is the gradient of the objective by a layer's output.
        grad = buffers.slope.mul_(1 / batch)
        if self.narrow:
            grad = buffers.grads[self.decoder[-1]].copy_(grad)
        grad = self._backward(self.decoder, above, grad, buffers)
        by_z = torch.bmm(grad, self._transposed(self.decoder[0])).float()  # (models, batch, latent)
        by_mean, by_log_var = buffers.heads_grad.chunk(2, -1)
        rate_weight = rate_weight / batch
        if self.free_bits is not None:
            rate_weight = rate_weight * rate_above(mean, log_var, self.ensemble.has_rate, self.free_bits)
        torch.addcmul(by_z, mean, rate_weight, out=by_mean)
        by_z.mul_(noise).mul_(deviation)
        by_z.addcmul_(deviation.square_().sub_(1), rate_weight)  # gradient of the rate by log_var, times 2
        torch.mul(by_z, 0.5, out=by_log_var)
        self._keep(HEADS, code, buffers.heads_grad)
        grad = torch.bmm(buffers.heads_grad, self._transposed(HEADS), out=buffers.code_grad)
        if self.narrow:
            grad = buffers.grads[self.encoder[-1]].copy_(grad)
        grad = _relu_backward(grad, hidden)
        self._backward(self.encoder, below, grad, buffers)
        return StepTerms(nats, squared_error, mean, log_var)

    def _forward(self, part: list[str], x: Tensor, buffers: Buffers) -> list[Tensor]:
        """Return the input of each layer of `part`, with ReLU between them, and the last one's output."""
        activations = [x]
        for layer in part:
            bias, weight = self.parameters[f"{layer}.bias"], self.parameters[f"{layer}.weight"]
            below = activations[-1].relu_() if len(activations) > 1 else x
            activations.append(torch.baddbmm(bias, below, weight, out=buffers.outputs[layer]))
        return activations

    def _backward(self, part: list[str], activations: list[Tensor], grad: Tensor, buffers: Buffers) -> Tensor:
        """Store the gradients of all layers of `part`; return the gradient by the first one's output."""
        for i in reversed(range(1, len(part))):
            self._keep(part[i], activations[i], grad)
            grad = torch.bmm(grad, self._transposed(part[i]), out=buffers.grads[part[i - 1]])
            grad = _relu_backward(grad, activations[i])
        self._keep(part[0], activations[0], grad)
        return grad

    def _transposed(self, layer: str) -> Tensor:
        return self.parameters[f"{layer}.weight"].transpose(1, 2)

    def _keep(self, layer: str, below: Tensor, grad: Tensor) -> None:
        """Store the gradient by a layer's weight and bias, from its input and the gradient by its output."""
        weight, gradients, products = f"{layer}.weight", self.workspace.gradients, self.workspace.products
        torch.bmm(below.transpose(1, 2), grad, out=products.get(weight, gradients[weight]))
        if weight in products:
            gradients[weight].copy_(products[weight])
        torch.sum(grad, 1, keepdim=True, dtype=torch.float32, out=gradients[f"{layer}.bias"])


def _relu_backward(grad: Tensor, output: Tensor) -> Tensor:
    """Set `grad` to 0 in place wherever the ReLU's output is 0."""
    _threshold_backward(grad, output, 0, grad_input=grad)
    return grad
