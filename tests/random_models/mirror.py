"""A model of the library as a function of PyTorch tensors in float64, with gradients."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from tests.random_models.torch_layers import LAYERS  # noqa: E402

F = torch.nn.functional
KEEPS_MASK = {"Activation", "Dense", "Dropout", "LeakyReLU", "ReLU", "Rescaling", "Softmax"}
KEEPS_MASK |= {"BatchNormalization", "ELU", "GELU", "GroupNormalization", "LayerNormalization"}
KEEPS_MASK |= {"TimeDistributed"}
JOINS = {"Add", "Average", "Multiply", "Subtract"}


class Rounded(torch.autograd.Function):
    """Values and gradients with relative errors of the size of ``noise``, as float32 makes them."""

    @staticmethod
    def forward(ctx, x, noise, generator):
        ctx.noise, ctx.generator = noise, generator
        return disturbed(x, noise, generator)

    @staticmethod
    def backward(ctx, dy):
        return disturbed(dy, ctx.noise, ctx.generator), None, None


def disturbed(x, noise, generator):
    if x.numel() == 0:
        return x.clone()
    random = torch.randn(x.shape, generator=generator, dtype=x.dtype)
    size = x.abs() + x.square().mean().sqrt()
    if x.min() >= 0 and x.max() <= 1:  # probabilities, perhaps: they stay between 0 and 1
        size = torch.minimum(x, 1 - x)
    return x + noise * random * size


class Mirror:
    """The layers of a model applied to tensors, with copies of its weights.

    ``noise`` disturbs what each layer gives by so much: what then changes says how far rounding may
    carry the results.
    """

    def __init__(self, model, noise=0.0, seed=0):
        self.model, self.noise = model, noise
        self.generator = torch.Generator().manual_seed(seed)
        self.weights = {p: torch.tensor(p.numpy().astype(np.float64)) for p in self.parameters}
        self.moved = {}
        self.training = False

    @property
    def parameters(self):
        return self.model.network.parameters

    @property
    def trainable(self):
        return self.model.network.trainable

    def __call__(self, parameter):
        return None if parameter is None else self.weights[parameter]

    def apply(self, layer, x, masks):
        """What a layer gives for a tensor or a list of them."""
        y = LAYERS[type(layer).__name__](self, layer, x, masks)
        if not self.noise:
            return y
        if isinstance(y, list):
            return [Rounded.apply(one, self.noise, self.generator) for one in y]
        return Rounded.apply(y, self.noise, self.generator)

    def outputs(self, arrays, training=False):
        """Each output with its mask."""
        network = self.model.network
        values = {}
        for tensor, array in zip(network.inputs, arrays, strict=True):
            kind = torch.float64 if tensor.dtype == "float32" else torch.int64
            values[tensor] = torch.tensor(array).to(kind), None
        for call in network.calls:
            self.training = training and call.training is not False
            xs = [values[tensor][0] for tensor in call.input_list]
            masks = [values[tensor][1] for tensor in call.input_list]
            several = isinstance(call.inputs, (list, tuple))
            y = self.apply(call.layer, xs if several else xs[0], masks)
            mask = mask_after(call.layer, xs, masks)
            ys = y if isinstance(y, list) else [y]
            marks = [mask] + [None] * (len(ys) - 1)
            values.update(zip(call.outputs, zip(ys, marks, strict=True), strict=True))
        return [values[tensor] for tensor in network.outputs]

    def loss(self, batch, training):
        """The loss of a batch with its penalties, as a tensor."""
        total = 0
        losses, shares = self.model._compiled().losses, self.model._compiled().loss_weights
        found = self.outputs(batch.x, training)
        for i, (y, mask) in enumerate(found):
            rows = row_losses(losses[i], y, torch.tensor(batch.y[i]))
            weight = torch.ones_like(rows)
            if batch.weights is not None:
                given = torch.tensor(batch.weights.astype(np.float64))
                weight = weight * given.reshape(given.shape + (1,) * (rows.ndim - given.ndim))
            count = rows.numel()
            if mask is not None:
                weight, count = weight * mask, mask.sum().clamp(min=1)
            total = total + shares[i] * (rows * weight).sum() / count
        for parameter in self.parameters:
            if parameter.regularizer is not None:
                total = total + penalty(parameter.regularizer, self(parameter))
        return total

    def gradients(self, batch):
        """The loss and the gradients of the trainable weights; ``moved`` are the new statistics."""
        self.moved = {}
        for parameter in self.trainable:
            self.weights[parameter] = self(parameter).detach().requires_grad_()
        loss = self.loss(batch, True)
        leaves = [self(parameter) for parameter in self.trainable]
        slopes = torch.autograd.grad(loss, leaves, allow_unused=True)
        return loss, [
            torch.zeros_like(leaf) if slope is None else slope
            for leaf, slope in zip(leaves, slopes, strict=True)
        ]


def penalty(regularizer, w):
    return regularizer.l1 * w.abs().sum() + regularizer.l2 * w.square().sum()


def mask_after(layer, xs, masks):
    """The mask of a layer's first output, by Keras's rules."""
    name = type(layer).__name__
    if name == "Embedding":
        return (xs[0] != 0).double() if layer.mask_zero else None
    if name == "Masking":
        return (xs[0] != layer.mask_value).any(-1).double()
    if name in KEEPS_MASK:
        return masks[0]
    if name in JOINS:
        if any(mask is None for mask in masks):
            return None
        return torch.stack(masks).amax(0)
    if name == "Concatenate":
        known = [mask for mask in masks if mask is not None]
        if not known:
            return None
        if layer.axis % xs[0].ndim < 2:
            steps = [x.new_ones(x.shape[:2]) for x in xs]
            return torch.cat(
                [s if m is None else m for s, m in zip(steps, masks, strict=True)], layer.axis
            )
        return torch.stack(known).amin(0)
    if name in ("GRU", "LSTM", "SimpleRNN"):
        if not layer.return_sequences or masks[0] is None:
            return None
        return masks[0].flip(1) if layer.go_backwards else masks[0]
    if name == "Bidirectional":
        return masks[0] if layer.forward_layer.return_sequences else None
    return None


def row_losses(loss, y, target):
    """The loss of each row of predictions: over the last axis."""
    name, logits = loss.name, getattr(loss, "from_logits", False)
    if name == "mean_squared_error":
        return (y - target.double()).square().mean(-1)
    if name == "binary_crossentropy":
        t = target.double()
        if logits:
            return F.binary_cross_entropy_with_logits(y, t, reduction="none").mean(-1)
        return -(t * y.log() + (1 - t) * (1 - y).log()).mean(-1)
    logs = F.log_softmax(y, -1) if logits else (y / y.sum(-1, keepdim=True)).log()
    if name == "categorical_crossentropy":
        return -(logs * target.double()).sum(-1)
    return -logs.gather(-1, target.long()[..., None])[..., 0]
