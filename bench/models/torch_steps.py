"""What the networks of bench/models share in PyTorch: optimizers, training steps, inference."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import nn

from bench.case import Array, Arrays, Variant, Variants
from bench.models import lenet
from bench.peers.torch_tensors import images

# name of a variant -> layout, arguments of the optimizer
HOW = {
    "eager_fused_channels_last": ("channels_last", {"fused": True}),
    "eager_fused": ("contiguous", {"fused": True}),
    "eager_foreach_channels_last": ("channels_last", {"foreach": True}),
    "eager_foreach": ("contiguous", {"foreach": True}),
}


def optimizer(kind: str, model: nn.Module, **how: bool) -> torch.optim.Optimizer:
    """SGD with momentum or Adam, with the rates of bench.models.lenet."""
    if kind == "sgdm":
        return torch.optim.SGD(model.parameters(), lenet.RATES[kind], lenet.MOMENTUM, **how)
    # PyTorch adds epsilon after the bias correction: in the first step, this is the same.
    epsilon = lenet.EPSILON / (1 - lenet.BETA_2) ** 0.5
    betas = (lenet.BETA_1, lenet.BETA_2)
    return torch.optim.Adam(model.parameters(), lenet.RATES[kind], betas, epsilon, **how)


def train(
    kind: str,
    data: Arrays,
    build_model: Callable[[str], Any],
    changes: Callable[[float, nn.Module], Arrays],
    loss_of: Callable[[Any], Any] | None = None,
) -> Variants:
    """Training steps on one batch; ``changes(loss, model)`` names what is checked.

    ``loss_of(outputs)`` is the cross-entropy with ``data["labels"]`` if it is not given.
    """
    if loss_of is None:
        labels = torch.from_numpy(data["labels"]).long()

        def loss_of(logits: Any) -> Any:
            return nn.functional.cross_entropy(logits, labels)

    def build(layout: str, how: dict[str, bool]) -> Variant:
        model = build_model(layout)
        chosen = optimizer(kind, model, **how)
        x = images(data["x"], layout)

        def run() -> Any:
            with torch.enable_grad():
                chosen.zero_grad(set_to_none=True)
                loss = loss_of(model(x))
                loss.backward()
                chosen.step()
            return loss

        return Variant(run, lambda loss: changes(loss.item(), model), stateful=True)

    return {name: partial(build, layout, how) for name, (layout, how) in HOW.items()}


def infer(x: Array, build_model: Callable[[str], Any]) -> Variants:
    """Predictions for one batch: eager, and frozen by the JIT."""

    def build(layout: str, how: str) -> Variant:
        model = build_model(layout).append(nn.Softmax(1)).eval()
        batch = images(x, layout)
        if how != "eager":
            model = torch.jit.freeze(torch.jit.trace(model, batch))
        if how == "optimize_for_inference":
            model = torch.jit.optimize_for_inference(model)

        def run() -> Any:
            with torch.inference_mode():
                return model(batch)

        return Variant(run, lambda y: {"y": y.numpy()})

    return {
        "eager": partial(build, "contiguous", "eager"),
        "eager_channels_last": partial(build, "channels_last", "eager"),
        "jit_freeze": partial(build, "contiguous", "freeze"),
        "jit_optimize_for_inference": partial(build, "contiguous", "optimize_for_inference"),
    }
