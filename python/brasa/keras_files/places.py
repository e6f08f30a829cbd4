"""Where Keras 3 keeps the weights of a model in its files.

A layer has a group, ``layers/dense_1``: its class in snake case, counted within the list where it
stands. Its own weights are ``vars/0``, ``vars/1`` there, those that train first; layers inside it
have groups under the names of the attributes that hold them, in lists as in ``layers``. What stands
in several places is where it is met first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brasa.layers import Bidirectional, MultiHeadAttention, Normalization
from brasa.layers.base import snake_case
from brasa.layers.cells import Cell
from brasa.layers.composed import Composed
from brasa.layers.recurrent import Recurrent
from brasa.layers.weighted import Weighted
from brasa.parameter import Parameter

from .order import parts_in_order


@dataclass(frozen=True)
class Place:
    """One array of the file: a weight, or what brasa has no weight for."""

    path: str
    parameter: Parameter | None
    shape: tuple[int, ...]
    filler: NDArray[Any] | None = None

    def values(self) -> NDArray[Any]:
        """What is to be written there."""
        if self.parameter is None:
            assert self.filler is not None
            return self.filler
        values = self.parameter.numpy()
        return values if values.shape == self.shape else values.flat[0].reshape(self.shape)


def places_of(model: Any) -> list[Place]:
    """All arrays that Keras's file of the model would have."""
    return list(_Walk().model(model, ""))


def flat_places_of(model: Any) -> list[Place]:
    """The same as if it were made of its layers alone, and of no models."""
    return list(_Walk().several(model.network.layers, "layers/"))


def class_name(item: Any) -> str:
    """The name of Keras's class."""
    name = type(item).__name__
    return "Functional" if name == "Model" else name


class _Walk:
    def __init__(self) -> None:
        self._seen: set[int] = set()

    def _is_new(self, item: Any) -> bool:
        is_new = id(item) not in self._seen
        self._seen.add(id(item))
        return is_new

    def item(self, item: Any, path: str) -> Iterator[Place]:
        """A layer or a model."""
        if isinstance(item, Composed):
            yield from self.model(item, path)
        elif self._is_new(item):
            yield from self._layer(item, path)

    def model(self, model: Any, path: str) -> Iterator[Place]:
        if not self._is_new(model):
            return
        if model._is_subclassed or model._is_bare:
            own = {k: v for k, v in vars(model).items() if k not in _NOT_ATTRIBUTES}
            held = list(_layers_in(own.values()))
            yield from self._attributes({**own, "layers": held}, path)
        elif hasattr(model, "_stack"):
            yield from self.several(model.parts, f"{path}layers/")
        else:
            yield from self.several(parts_in_order(model.network), f"{path}layers/")

    def several(self, items: Iterable[Any], path: str) -> Iterator[Place]:
        """What stands in a list."""
        counts: dict[str, int] = {}
        for item in items:
            if isinstance(item, (Weighted, Composed)):
                name = _counted(snake_case(class_name(item)), counts)
                yield from self.item(item, f"{path}{name}/")
            elif isinstance(item, (list, tuple, dict)) and self._is_new(item):
                inner = item.values() if isinstance(item, dict) else item
                yield from self.several(inner, f"{path}{_counted('container', counts)}/")

    def _attributes(self, own: Mapping[str, Any], path: str) -> Iterator[Place]:
        """What an object holds, by the names of its attributes; private ones come last."""
        for name in sorted(own, key=lambda key: f"~{key}" if key.startswith("_") else key):
            value = own[name]
            if isinstance(value, (Weighted, Composed)):
                yield from self.item(value, f"{path}{name}/")
            elif isinstance(value, (list, tuple, dict)) and self._is_new(value):
                inner = value.values() if isinstance(value, dict) else value
                yield from self.several(inner, f"{path}{name}/")

    def _layer(self, layer: Any, path: str) -> Iterator[Place]:
        if isinstance(layer, Recurrent) and not isinstance(layer, Cell):
            yield from _own(layer.parameters, f"{path}cell/")
        elif isinstance(layer, MultiHeadAttention):
            yield from _attention(layer, path)
        elif isinstance(layer, Normalization):
            yield from _normalization(layer, path)
        elif isinstance(layer, Bidirectional):
            for name in ("backward_layer", "forward_layer"):
                yield from self.item(getattr(layer, name), f"{path}{name}/")
        else:
            own = {k: v for k, v in vars(layer).items() if k not in _NOT_ATTRIBUTES}
            inner = list(self._attributes(own, path))
            held = {place.parameter for place in inner} | set(_held(layer))
            yield from _own([p for p in layer.parameters if p not in held], path)
            yield from inner


# What brasa's own bookkeeping has beside the attributes.
_NOT_ATTRIBUTES = ("parameters", "_inner_layers", "_names_here", "_part", "_compile_arguments")


def _layers_in(values: Iterable[Any]) -> Iterator[Any]:
    """What Keras calls the ``layers`` of a model with a call: as they were made its attributes."""
    for value in values:
        if isinstance(value, (Weighted, Composed)):
            yield value
        elif isinstance(value, (list, tuple, dict)):
            yield from _layers_in(value.values() if isinstance(value, dict) else value)


def _counted(name: str, counts: dict[str, int]) -> str:
    count = counts.get(name, -1) + 1
    counts[name] = count
    return f"{name}_{count}" if count else name


def _held(layer: Any) -> Iterator[Parameter]:
    """The weights of layers inside, which another place may have already."""
    for inner in layer._inner_layers:
        yield from inner.parameters
    wrapped = vars(layer).get("layer")
    if isinstance(wrapped, Weighted):
        yield from wrapped.parameters


def _own(parameters: list[Parameter], path: str) -> Iterator[Place]:
    for index, p in enumerate(sorted(parameters, key=lambda p: not p.trainable)):
        yield Place(f"{path}vars/{index}", p, p.shape)


def _attention(layer: Any, path: str) -> Iterator[Place]:
    for kind in ("query", "key", "value", "output"):
        named = (getattr(layer, f"{kind}_{name}", None) for name in ("kernel", "bias"))
        yield from _own([p for p in named if p is not None], f"{path}{kind}_dense/")


def _normalization(layer: Any, path: str) -> Iterator[Place]:
    """Mean and variance, of one number where all axes have the same; and a count of samples."""
    if layer.given is not None or not layer.parameters:
        return
    for index, p in enumerate((layer.mean, layer.variance)):
        yield Place(f"{path}vars/{index}", p, () if layer.axis is None else p.shape)
    yield Place(f"{path}vars/2", None, (), np.zeros((), np.int32))
