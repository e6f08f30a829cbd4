"""Layers and what they are given, as ``config.json`` of Keras 3 describes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brasa import constraints, initializers, regularizers
from brasa.layers import LAYERS

# Layers that Keras does not have as layers.
_OWN = ("GELU", "GetItem", "InputLayer", "Lambda", "Operation", "WithMask")
_PARTS = {
    "initializer": ("keras.initializers", initializers),
    "regularizer": ("keras.regularizers", regularizers),
    "constraint": ("keras.constraints", constraints),
}
_INSIDE = ("layer", "backward_layer", "cell", "cells")


def entry(module: str, name: str, config: Any) -> dict[str, Any]:
    """An object as Keras writes it."""
    return {"module": module, "class_name": name, "config": config, "registered_name": None}


def layer_entry(described: Mapping[str, Any], owner: str) -> dict[str, Any]:
    """A layer from what ``serialize`` gave; ValueError where Keras has no such layer."""
    name, config = described["class_name"], described["config"]
    who = f"{owner}: layer {config.get('name')!r} of class {name}"
    if name not in LAYERS or name in _OWN:
        raise ValueError(f"{who}: Keras has no such layer. {ADVICE}")
    if name.startswith("SpatialDropout"):  # which takes no ``trainable`` there
        config = {key: value for key, value in config.items() if key != "trainable"}
    return entry("keras.layers", name, {k: _value(k, v, who) for k, v in config.items()})


ADVICE = "Save the model to a '.brasa' file"


def _value(key: str, value: Any, who: str) -> Any:
    if isinstance(value, list):
        return [_value(key, item, who) for item in value]
    if not isinstance(value, Mapping) or "class_name" not in value:
        return value
    name = value["class_name"]
    if key in _INSIDE or key == "activation":
        return layer_entry(value, who)
    for ending, (module, ours) in _PARTS.items():
        if key.endswith(ending) and "custom_object" not in value and hasattr(ours, name):
            return entry(module, name, value["config"])
    raise ValueError(f"{who}: {key} is of class {name!r}, which Keras does not have. {ADVICE}")


def input_entry(name: str, shape: Any, dtype: str) -> dict[str, Any]:
    """The layer that stands for an input."""
    config = {"batch_shape": [None, *shape[1:]], "dtype": dtype, "sparse": False, "name": name}
    return entry("keras.layers", "InputLayer", config)


def slices(index: list[Any]) -> list[Any]:
    """The index of a GetItem as Keras's op has it."""
    return [_slice(item) for item in index]


def _slice(item: Any) -> Any:
    if item == "new" or isinstance(item, int):
        return None if item == "new" else item
    start, stop = (None, None) if item is None else item
    return {"class_name": "__slice__", "config": {"start": start, "stop": stop, "step": None}}
