"""The networks of zoo.py in PyTorch: modules with the case's weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from bench.case import Array, Arrays, Case, Variants
from bench.models import torch_steps
from bench.models.zoo import SLOPE, Network
from bench.models.zoo_sizes import Pads
from bench.peers.torch_tensors import LAYOUTS, filters, images

f = nn.functional


class Zoo(nn.Module):
    """A library whose images are (N, C, H, W); the first call makes the modules."""

    def __init__(self, network: Network, data: Arrays, layout: str) -> None:
        super().__init__()
        self.network, self.data, self.layout = network, data, layout
        self.made = nn.ModuleList()
        self._next = 0
        self._counts = {"conv": 0, "depthwise": 0, "norm": 0, "dense": 0}
        self._flattened: tuple[int, ...] | None = None

    def forward(self, x: torch.Tensor) -> Any:
        self._next = 0
        return self.network(self, x)

    def last_bias(self) -> Array:
        bias = self.made[-1].bias
        assert isinstance(bias, torch.Tensor)
        array: Array = bias.detach().numpy()
        return array

    def _module(self, make: Any) -> Any:
        self._next += 1
        if self._next > len(self.made):
            module = make().to(memory_format=LAYOUTS[self.layout])
            self.made.append(module.train(self.training))
        return self.made[self._next - 1]

    def _weights(self, kind: str) -> dict[str, Array]:
        start = f"{kind}{self._counts[kind]}_"
        self._counts[kind] += 1
        return {n.removeprefix(start): a for n, a in self.data.items() if n.startswith(start)}

    def conv(
        self,
        x: Any,
        filters: int,
        size: int,
        stride: int = 1,
        pads: Pads | None = None,
        *,
        bias: bool,
        groups: int = 1,
    ) -> Any:
        low, high = pads or (size // 2, size // 2)

        def make() -> nn.Module:
            own = self._weights("conv")
            padding = low if low == high else 0
            module = nn.Conv2d(x.shape[1], filters, size, stride, padding, groups=groups, bias=bias)
            _fill(module, own["w"], self.layout, own.get("b"))
            return module

        module = self._module(make)
        return module(x if low == high else f.pad(x, (low, high, low, high)))

    def depthwise(self, x: Any, stride: int) -> Any:
        def make() -> nn.Module:
            channels = x.shape[1]
            module = nn.Conv2d(channels, channels, 3, stride, 1, groups=channels, bias=False)
            w = self._weights("depthwise")["w"].transpose(0, 1, 3, 2)  # (3, 3, 1, C)
            _fill(module, np.ascontiguousarray(w), self.layout, None)
            return module

        return self._module(make)(x)

    def norm(self, x: Any, epsilon: float = 1e-5) -> Any:
        def make() -> nn.Module:
            own = self._weights("norm")
            module = nn.BatchNorm2d(x.shape[1], epsilon)
            tensors = (
                module.weight.data,
                module.bias.data,
                module.running_mean,
                module.running_var,
            )
            for tensor, name in zip(tensors, ("gamma", "beta", "mean", "variance"), strict=True):
                tensor.copy_(torch.from_numpy(own[name]))  # type: ignore[union-attr]
            return module

        return self._module(make)(x)

    def dense(self, x: Any, units: int) -> Any:
        def make() -> nn.Module:
            own = self._weights("dense")
            w = own["w"]
            if self._flattened:  # rows in the order of channels, height, width
                C, H, W = self._flattened
                w = w.reshape(H, W, C, units).transpose(2, 0, 1, 3).reshape(-1, units)
            module = nn.Linear(len(w), units)
            module.weight.data.copy_(torch.from_numpy(np.ascontiguousarray(w.T)))
            module.bias.data.copy_(torch.from_numpy(own["b"]))
            return module

        y = self._module(make)(x)
        self._flattened = None
        return y

    def dense_image(self, x: Any, shape: tuple[int, int, int], *, bias: bool) -> Any:
        H, W, C = shape

        def images_first(a: Array) -> torch.Tensor:
            """(..., H * W * C) -> (C * H * W, ...)"""
            turned = a.reshape(-1, H, W, C).transpose(3, 1, 2, 0).reshape(C * H * W, -1)
            return torch.from_numpy(np.ascontiguousarray(turned))

        def make() -> nn.Module:
            own = self._weights("dense")
            module = nn.Linear(x.shape[1], C * H * W, bias=bias)
            module.weight.data.copy_(images_first(own["w"]))
            if bias:
                module.bias.data.copy_(images_first(own["b"])[:, 0])
            return module

        image = self._module(make)(x).view(-1, C, H, W)
        return image.contiguous(memory_format=LAYOUTS[self.layout])

    def flatten(self, x: Any) -> Any:
        self._flattened = tuple(x.shape[1:])
        return x.flatten(1)

    def max_pool(self, x: Any, size: int, stride: int, pads: Pads = (0, 0)) -> Any:
        # One more row behind the last is what ceil_mode adds.
        return f.max_pool2d(x, size, stride, pads[0], ceil_mode=pads[0] != pads[1])

    def average_pool(self, x: Any) -> Any:
        return f.avg_pool2d(x, 2)

    def mean(self, x: Any) -> Any:
        return x.mean((2, 3))

    def upsample(self, x: Any) -> Any:
        return f.interpolate(x, scale_factor=2, mode="nearest")

    def relu(self, x: Any) -> Any:
        return f.relu(x)

    def leaky_relu(self, x: Any) -> Any:
        return f.leaky_relu(x, SLOPE)

    def sigmoid(self, x: Any) -> Any:
        return torch.sigmoid(x)

    def concatenate(self, parts: list[Any]) -> Any:
        return torch.cat(parts, 1)

    def add(self, x: Any, y: Any) -> Any:
        return x + y

    def scale(self, x: Any, gate: Any) -> Any:
        return x * gate[:, :, None, None]

    def channels(self, x: Any) -> int:
        return int(x.shape[1])


def _fill(module: nn.Conv2d, w: Array, layout: str, bias: Array | None) -> None:
    module.weight.data.copy_(filters(w, layout))
    if bias is not None and module.bias is not None:
        module.bias.data.copy_(torch.from_numpy(bias))


def _loss(kind: str, z: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    if kind == "cross_entropy":
        return f.cross_entropy(z, target)
    if kind == "sigmoid_bce":
        return f.binary_cross_entropy_with_logits(z, target)
    return f.mse_loss(torch.tanh(z) if kind == "tanh_mse" else torch.sigmoid(z), target)


def variants(case: Case, network: Network, data: Arrays) -> Variants:
    def make(layout: str) -> Zoo:
        model = Zoo(network, data, layout)
        with torch.no_grad():
            model.eval()(images(data["x"][:2], layout))
        return model.train()

    if case.spec["mode"] != "train":
        return torch_steps.infer(data["x"], lambda layout: nn.Sequential(make(layout)))
    target = data["target"]
    wanted = (
        torch.from_numpy(target).long() if target.ndim == 1 else images(target, "channels_last")
    )

    def changes(loss: float, model: Any) -> Arrays:
        bias = data[case.spec["last_bias"]].astype(np.float64)
        return {"loss": np.array(loss), "bias": model.last_bias() - bias}

    return torch_steps.train("sgdm", data, make, changes, lambda z: _loss(network.loss, z, wanted))
