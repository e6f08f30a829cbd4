"""LeNet-5 in PyTorch: eager with the fused and the foreach optimizer, frozen for inference."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from bench.case import Array, Arrays, Variant, Variants
from bench.models import lenet, torch_steps
from bench.peers.torch_tensors import LAYOUTS, filters, filters_back

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


def train(kind: str, data: Arrays) -> Variants:
    return torch_steps.train(
        kind,
        data,
        lambda layout: _model(lenet.weights(data), layout),
        lambda loss, model: lenet.changes(data, loss, _weights(model)),
    )


def infer(data: Arrays) -> Variants:
    return torch_steps.infer(data["x"], lambda layout: _model(lenet.weights(data), layout))


def epoch(kind: str, batch: int, data: Arrays, weights: list[Array]) -> Variants:
    """A hand-written loop: one gather a batch, no DataLoader and its processes."""

    def build() -> Variant:
        model = _model(weights, "channels_last")
        optimizer = torch_steps.optimizer(kind, model, fused=True)
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
