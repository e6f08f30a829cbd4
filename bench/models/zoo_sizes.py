"""The shapes of all weights of a network of zoo.py, and how many products it takes."""

from __future__ import annotations

from typing import Any

Pads = tuple[int, int]  # before the first row and column, and behind the last


class Sizes:
    """A library whose images are their extents (H, W, C)."""

    def __init__(self) -> None:
        self.weights: dict[str, tuple[int, ...]] = {}
        self.flops: list[float] = []
        self._counts = {"conv": 0, "depthwise": 0, "norm": 0, "dense": 0}

    def _take(self, kind: str, **shapes: tuple[int, ...]) -> None:
        number = self._counts[kind]
        self._counts[kind] += 1
        self.weights |= {f"{kind}{number}_{part}": shape for part, shape in shapes.items()}

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
        height, width = ((n + low + high - size) // stride + 1 for n in x[:2])
        w = (size, size, x[2] // groups, filters)
        self._take("conv", w=w, **({"b": (filters,)} if bias else {}))
        self.flops.append(2.0 * height * width * filters * size**2 * w[2])
        return height, width, filters

    def depthwise(self, x: Any, stride: int) -> Any:
        height, width = ((n - 1) // stride + 1 for n in x[:2])
        self._take("depthwise", w=(3, 3, x[2], 1))
        self.flops.append(2.0 * height * width * 9 * x[2])
        return height, width, x[2]

    def norm(self, x: Any, epsilon: float = 1e-5) -> Any:
        del epsilon
        names = ("gamma", "beta", "mean", "variance")
        self._take("norm", **dict.fromkeys(names, (x[-1],)))
        return x

    def dense(self, x: Any, units: int) -> Any:
        self._take("dense", w=(x[-1], units), b=(units,))
        self.flops.append(2.0 * x[-1] * units)
        return (units,)

    def dense_image(self, x: Any, shape: tuple[int, int, int], *, bias: bool) -> Any:
        units = shape[0] * shape[1] * shape[2]
        self._take("dense", w=(x[-1], units), **({"b": (units,)} if bias else {}))
        self.flops.append(2.0 * x[-1] * units)
        return shape

    def flatten(self, x: Any) -> Any:
        return (x[0] * x[1] * x[2],)

    def max_pool(self, x: Any, size: int, stride: int, pads: Pads = (0, 0)) -> Any:
        return (*((n + sum(pads) - size) // stride + 1 for n in x[:2]), x[2])

    def average_pool(self, x: Any) -> Any:
        return x[0] // 2, x[1] // 2, x[2]

    def mean(self, x: Any) -> Any:
        return (x[2],)

    def upsample(self, x: Any) -> Any:
        return 2 * x[0], 2 * x[1], x[2]

    def relu(self, x: Any) -> Any:
        return x

    leaky_relu = sigmoid = relu

    def concatenate(self, parts: list[Any]) -> Any:
        return (*parts[0][:2], sum(part[2] for part in parts))

    def add(self, x: Any, y: Any) -> Any:
        del y
        return x

    scale = add

    def channels(self, x: Any) -> int:
        return int(x[2])
