"""A functional model from Keras's description: layers, and the calls that lead to each.

A layer's ``inbound_nodes`` are its uses, in order; a tensor is ``[layer, use, number]``.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from brasa.layers.tensor import LayerTensor

if TYPE_CHECKING:
    from .objects import Reader

# Keras's operators between tensors, and tensors and numbers.
_OPERATORS: dict[str, Any] = {
    "Add": operator.add,
    "Subtract": operator.sub,
    "Multiply": operator.mul,
    "Divide": operator.truediv,
    "TrueDivide": operator.truediv,
    "Negative": operator.neg,
    "GetItem": operator.getitem,
}
_MASKS = ("mask", "query_mask", "value_mask", "key_mask")


class _OfMasks:
    """What an op gave that brasa has none for. Masks may: here they come with the tensors."""

    def __init__(self, name: str, kind: str) -> None:
        self.name, self.kind = name, kind


class _NotYet(Exception):  # noqa: N818  # no error: another layer comes first
    pass


def functional(config: Mapping[str, Any], reader: Reader) -> Any:
    """The model of a ``Functional``'s config."""
    from brasa.model import Model

    entries = config.get("layers")
    if not isinstance(entries, list):
        raise ValueError(f"model {config.get('name')!r}: it has no list of layers")
    graph = _Graph(reader)
    waiting = [_Uses(graph, entry) for entry in entries]
    while waiting:
        left = [uses for uses in waiting if not uses.go_on()]
        if len(left) == len(waiting) and not any(uses.has_moved for uses in left):
            names = ", ".join(repr(uses.name) for uses in left[:5])
            raise ValueError(f"model {config.get('name')!r}: nothing leads to the layers {names}")
        waiting = left
    inputs = graph.arranged(config.get("input_layers"))
    outputs = graph.arranged(config.get("output_layers"))
    return Model(inputs, outputs, name=config.get("name"))


class _Graph:
    """The tensors known so far: for each layer's name what its uses gave."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.results: dict[str, list[list[Any]]] = {}
        self.models: set[str] = set()  # their outputs count from 1 where they are the whole's

    def tensor(self, name: Any, use: Any, index: Any) -> Any:
        if not (isinstance(name, str) and isinstance(use, int) and isinstance(index, int)):
            raise ValueError(f"a tensor is [layer, use, number], got {[name, use, index]!r}")
        uses = self.results.get(name)
        if uses is None or not 0 <= use < len(uses):
            raise _NotYet(name)
        if not 0 <= index < len(uses[use]):
            raise ValueError(f"layer {name!r} has {len(uses[use])} outputs, wanted {index}")
        return uses[use][index]

    def arranged(self, places: Any) -> Any:
        """Inputs or outputs of the model: a tensor, a list or a dictionary of them."""
        if isinstance(places, Mapping):
            return {key: self.arranged(place) for key, place in places.items()}
        if not isinstance(places, list):
            raise ValueError(f"inputs and outputs are lists [layer, use, number], got {places!r}")
        if not (len(places) == 3 and isinstance(places[0], str)):
            return [self.arranged(place) for place in places]
        try:
            name, use, index = places
            first = 1 if name in self.models else 0
            return _made_here(self.tensor(name, use - first, index))
        except _NotYet as error:
            raise ValueError(f"there is no output of a layer {error}") from None

    def value(self, item: Any) -> Any:
        """An argument of a call, with the tensors in it."""
        if isinstance(item, list):
            return [self.value(each) for each in item]
        if not isinstance(item, Mapping):
            return item
        kind, config = item.get("class_name"), item.get("config")
        if kind == "__keras_tensor__" and isinstance(config, Mapping):
            history = config.get("keras_history")
            return self.tensor(*(history if isinstance(history, list) else [None])[:3])
        if kind == "__slice__" and isinstance(config, Mapping):
            return slice(*(self.value(config.get(key)) for key in ("start", "stop", "step")))
        if kind == "__tuple__":
            return tuple(self.value(each) for each in item.get("items", ()))
        if kind == "__ellipsis__":
            return Ellipsis
        return {key: self.value(each) for key, each in item.items()}


class _Uses:
    """A layer or op of the config, and those of its uses that were not made yet."""

    def __init__(self, graph: _Graph, entry: Any) -> None:
        from .objects import input_of

        self.graph, self.has_moved = graph, False
        if not isinstance(entry, Mapping) or not isinstance(entry.get("inbound_nodes"), list):
            raise ValueError(f"a layer of a model has inbound_nodes, got {repr(entry)[:80]}")
        config = entry.get("config")
        own = config.get("name") if isinstance(config, Mapping) else None
        self.name = str(entry.get("name", own))
        self.kind, self.left = str(entry.get("class_name")), list(entry["inbound_nodes"])
        self.is_op = str(entry.get("module")).startswith(("keras.src.ops", "keras.ops"))
        results = graph.results.setdefault(self.name, [])
        if self.kind == "InputLayer":
            results.append([input_of(entry)])
            self.left = []
        elif not self.is_op:
            self.layer = graph.reader.item(entry)
            if self.kind in ("Functional", "Model"):
                graph.models.add(self.name)

    def go_on(self) -> bool:
        """Make those uses whose inputs are known; whether that were all."""
        self.has_moved = False
        while self.left:
            node = self.left[0]
            if not isinstance(node, Mapping):
                raise ValueError(f"layer {self.name!r}: a use is a dictionary, got {node!r}")
            try:
                args = self.graph.value(list(node.get("args", ())))
                kwargs = self.graph.value(dict(node.get("kwargs", {})))
            except _NotYet:
                return False
            result = self._applied(args, kwargs)
            several = isinstance(result, (list, tuple))
            if isinstance(result, Mapping):
                result, several = list(result.values()), True
            self.graph.results[self.name].append(list(result) if several else [result])
            self.left.pop(0)
            self.has_moved = True
        return True

    def _applied(self, args: list[Any], kwargs: dict[str, Any]) -> Any:
        who = f"layer {self.name!r} of class {self.kind}"
        if self.is_op:
            known = self.kind in _OPERATORS and not kwargs
            if not known or any(isinstance(each, _OfMasks) for each in args):
                return _OfMasks(self.name, self.kind)
            args = [tuple(a) if isinstance(a, list) else a for a in args]
            try:
                return _OPERATORS[self.kind](*args)
            except (TypeError, ValueError) as error:
                raise ValueError(f"{who}: {error}") from error
        masks = [kwargs.pop(name, None) for name in _MASKS]
        kwargs = {k: v for k, v in kwargs.items() if v is not None and k != "training"}
        args, kwargs = _made_here(args), _made_here(kwargs)
        if any(m is not None for m in masks) and not _has_mask(args) and not _has_mask(kwargs):
            raise ValueError(f"{who}: a mask that is no Masking's or Embedding's")
        try:
            return self.layer(*args, **kwargs)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{who}: {error}") from error


def _made_here(value: Any) -> Any:
    """The same; ValueError where it is what an op gave that brasa does not have."""
    if isinstance(value, _OfMasks):
        raise ValueError(
            f"layer {value.name!r} of class {value.kind}: an op of Keras for which there is no "
            "layer here"
        )
    for item in value.values() if isinstance(value, dict) else value if _is_list(value) else ():
        _made_here(item)
    return value


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple))


def _has_mask(value: Any) -> bool:
    if isinstance(value, LayerTensor):
        return value.mask_shape is not None
    items = value.values() if isinstance(value, dict) else value if _is_list(value) else ()
    return any(map(_has_mask, items))
