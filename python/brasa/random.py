"""Random numbers for layers, losses and data. Keras's names.

On their own these functions return float32 arrays. Inside the ``call`` of a layer or a model, or a
function for :func:`brasa.grad`, they stand for numbers that are drawn anew whenever the plan runs,
for each batch, in training and in predictions: the sampling layer of a variational autoencoder.

>>> from brasa import layers, ops, random
>>> class Sampling(layers.Layer):
...     def call(self, inputs):
...         mean, log_variance = inputs
...         epsilon = random.normal(ops.shape(mean))
...         return mean + ops.exp(0.5 * log_variance) * epsilon
>>> Sampling()([[[1.0, 2.0]], [[-90.0, -90.0]]])
array([[1., 2.]], dtype=float32)

All follow from :func:`brasa.set_seed`; in training from it and the number of the step alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from brasa import ops
from brasa.graph.recording import recorder
from brasa.graph.symbol import Symbol
from brasa.graph.trace import Graph
from brasa.ops.arguments import finite
from brasa.ops.dispatch import Tensor
from brasa.ops.filled import extents
from brasa.seed import check_seed, generator, next_generator

# The largest float32 below 1.
_BELOW_ONE = 1.0 - 2.0**-24


class SeedGenerator:
    """A seed that gives other numbers at each use.

    Args:
        seed: A whole number; None draws one from the seed of :func:`brasa.set_seed`.

    >>> from brasa import random
    >>> source = random.SeedGenerator(1)
    >>> bool((random.normal((3,), seed=source) == random.normal((3,), seed=source)).any())
    False
    """

    def __init__(self, seed: int | None = None) -> None:
        if seed is None:
            seed = int(next_generator().integers(1 << 31))
        self.seed = check_seed("SeedGenerator", seed)
        self._generator = generator(self.seed)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"seed": self.seed}


def normal(
    shape: Sequence[int] | int,
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: str | None = None,
    seed: int | SeedGenerator | None = None,
) -> Tensor:
    """Normally distributed numbers.

    Args:
        shape: The extents; in the ``call`` of a layer ``ops.shape(x)``, whose first is the batch.
        mean: Their mean.
        stddev: Their standard deviation, at least 0.
        dtype: None or "float32".
        seed: On arrays a whole number gives the same numbers each time, a :class:`SeedGenerator`
            others each time. Inside a model both choose other numbers, which are drawn anew for
            each batch all the same.

    Raises:
        TypeError: the shape has a None, or an argument is of another type.
        ValueError: one is out of range.

    >>> from brasa import random
    >>> random.normal((2, 3), mean=5.0, stddev=0.0)
    array([[5., 5., 5.],
           [5., 5., 5.]], dtype=float32)
    """
    op = "random.normal"
    graph = recorder()
    extent, mean = _checked(op, shape, dtype), finite(op, "mean", mean)
    stddev = finite(op, "stddev", stddev)
    if stddev < 0:
        raise ValueError(f"{op}: stddev must be >= 0, got {stddev}")
    if graph is not None:
        noise = _recorded(graph, op, extent, stddev, seed)
        return ops.scale(noise, 1.0, mean) if mean else noise
    z = _generator(op, seed).standard_normal(extent, np.float32)
    return np.asarray(z * np.float32(stddev) + np.float32(mean))


def uniform(
    shape: Sequence[int] | int,
    minval: float = 0.0,
    maxval: float = 1.0,
    dtype: str | None = None,
    seed: int | SeedGenerator | None = None,
) -> Tensor:
    """Uniformly distributed numbers in [minval, maxval); the other arguments as in ``normal``.

    >>> from brasa import random
    >>> x = random.uniform((1000,), minval=-1.0)
    >>> bool(-1 <= x.min() < -0.9), bool(0.9 < x.max() < 1)
    (True, True)
    """
    op = "random.uniform"
    graph = recorder()
    extent = _checked(op, shape, dtype)
    low, high = finite(op, "minval", minval), finite(op, "maxval", maxval)
    if not low <= high:
        raise ValueError(f"{op}: minval must be at most maxval, got {low} and {high}")
    if graph is None:
        u = _generator(op, seed).random(extent, np.float32)
        return np.asarray(u * np.float32(high - low) + np.float32(low))
    # Box and Muller the other way: a^2 + b^2 = -2 ln(u) for normal a and b, u uniform.
    a, b = (_recorded(graph, op, extent, 1.0, seed) for _ in range(2))
    u = ops.exp(-0.5 * (ops.square(a) + ops.square(b)))
    return ops.scale(ops.clip(u, 0.0, _BELOW_ONE), high - low, low)


def _recorded(graph: Graph, op: str, shape: tuple[int, ...], stddev: float, seed: Any) -> Symbol:
    """Normal numbers of mean 0 that a plan draws."""
    number = seed.seed if isinstance(seed, SeedGenerator) else seed
    state, node = graph.random_numbers(None if number is None else check_seed(op, number))
    attributes = {"stddev": stddev, "node": node}
    return graph.add("gaussian_noise", [graph.zeros(shape), state], attributes)[0]


def _generator(op: str, seed: Any) -> np.random.Generator:
    if isinstance(seed, SeedGenerator):
        return seed._generator
    return next_generator() if seed is None else generator(check_seed(op, seed))


def _checked(op: str, shape: Any, dtype: Any) -> tuple[int, ...]:
    if dtype not in (None, "float32"):
        raise ValueError(f"{op}: dtype must be 'float32', got {dtype!r}: convert by astype(...)")
    return extents(op, shape)
