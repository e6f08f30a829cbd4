"""LeNet-5 in PyTorch: eager with the fused and the foreach optimizer, frozen for inference."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from bench.case import Array, Arrays, Variant, Variants
from bench.models import lenet
from bench.peers.torch_tensors import LAYOUTS, filters, filters_back, images

# From brasa's flattened (5, 5, 16) to PyTorch's (16, 5, 5).
_FLATTEN = np.arange(400).reshape(5, 5, 16).transpose(2, 0, 1).reshape(-1)


def _model(weights: list[Array], layout: str) -> Any:
    model: Any = nn.Sequential(
        *(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
        *(nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)),
    )
    w = list(weights)
    w[4] = w[4][_FLATTEN]
    for parameter, array in zip(model.parameters(), w, strict=True):
        if array.ndim == 4:
            parameter.data.copy_(filters(array, layout))
        else:
            parameter.data.copy_(torch.from_numpy(np.ascontiguousarray(array.T)))
    return model.to(memory_format=LAYOUTS[layout])


def _weights(model: nn.Module) -> list[Array]:
    parameters = [parameter.detach() for parameter in model.parameters()]
    arrays = [filters_back(p) if p.ndim == 4 else p.T.numpy() for p in parameters]
    arrays[4] = arrays[4][np.argsort(_FLATTEN)]
    return arrays


def _optimizer(kind: str, model: nn.Module, **how: bool) -> torch.optim.Optimizer:
    if kind == "sgdm":
        return torch.optim.SGD(model.parameters(), lenet.RATES[kind], lenet.MOMENTUM, **how)
    # PyTorch adds epsilon after the bias correction: in the first step, this is the same.
    epsilon = lenet.EPSILON / (1 - lenet.BETA_2) ** 0.5
    betas = (lenet.BETA_1, lenet.BETA_2)
    return torch.optim.Adam(model.parameters(), lenet.RATES[kind], betas, epsilon, **how)


def train(kind: str, data: Arrays) -> Variants:
    def build(layout: str, **how: bool) -> Variant:
        model = _model(lenet.weights(data), layout)
        optimizer = _optimizer(kind, model, **how)
        x, labels = images(data["x"], layout), torch.from_numpy(data["labels"]).long()

        def run() -> Any:
            with torch.enable_grad():
                optimizer.zero_grad(set_to_none=True)
                loss = nn.functional.cross_entropy(model(x), labels)
                loss.backward()
                optimizer.step()
            return loss

        def arrays(loss: Any) -> Arrays:
            return lenet.changes(data, loss.item(), _weights(model))

        return Variant(run, arrays, stateful=True)

    return {
        "eager_fused_channels_last": partial(build, "channels_last", fused=True),
        "eager_fused": partial(build, "contiguous", fused=True),
        "eager_foreach_channels_last": partial(build, "channels_last", foreach=True),
        "eager_foreach": partial(build, "contiguous", foreach=True),
    }


def infer(data: Arrays) -> Variants:
    def build(layout: str, how: str) -> Variant:
        model = _model(lenet.weights(data), layout).append(nn.Softmax(1)).eval()
        x = images(data["x"], layout)
        if how != "eager":
            model = torch.jit.freeze(torch.jit.trace(model, x))
        if how == "optimize_for_inference":
            model = torch.jit.optimize_for_inference(model)

        def run() -> Any:
            with torch.inference_mode():
                return model(x)

        return Variant(run, lambda y: {"y": y.numpy()})

    return {
        "eager": partial(build, "contiguous", "eager"),
        "eager_channels_last": partial(build, "channels_last", "eager"),
        "jit_freeze": partial(build, "contiguous", "freeze"),
        "jit_optimize_for_inference": partial(build, "contiguous", "optimize_for_inference"),
    }


def epoch(kind: str, batch: int, data: Arrays, weights: list[Array]) -> Variants:
    """A hand-written loop: one gather a batch, no DataLoader and its processes."""

    def build() -> Variant:
        model = _model(weights, "channels_last")
        optimizer = _optimizer(kind, model, fused=True)
        x = torch.from_numpy(data["x"]).permute(0, 3, 1, 2)
        labels = torch.from_numpy(data["labels"]).long()

        def run() -> float:
            total = torch.zeros(())
            with torch.enable_grad():
                for some in torch.randperm(len(x)).split(batch):
                    images = x[some].float().contiguous(memory_format=torch.channels_last)
                    optimizer.zero_grad(set_to_none=True)
                    loss = nn.functional.cross_entropy(model(images), labels[some])
                    loss.backward()
                    optimizer.step()
                    total += loss.detach() * len(some)
            return float(total) / len(x)

        return Variant(run, lambda loss: {"loss": np.array(loss)}, stateful=True)

    return {"hand_written_loop": build}
