"""Layers and models as ``config.json`` describes them, made of brasa's classes.

Each object is ``{"module": ..., "class_name": ..., "config": {...}, "registered_name": ...}``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brasa import constraints, initializers, regularizers
from brasa.layers import LAYERS, Input, Lambda
from brasa.layers.base import Layer
from brasa.suggest import unknown

from .arguments import without_spare
from .graphs import functional

_PARTS = {
    "initializer": initializers,
    "regularizer": regularizers,
    "constraint": constraints,
}
_INSIDE = ("layer", "backward_layer", "cell")


class Reader:
    """Makes what a config describes; ``custom`` are the classes and functions of the user."""

    def __init__(self, custom: Mapping[str, Any]) -> None:
        self.custom = dict(custom)
        self._shared: dict[Any, Any] = {}

    def item(self, entry: Any) -> Any:
        """A layer or a model; ValueError names layer, class and argument where brasa has none."""
        number = entry.get("shared_object_id") if isinstance(entry, Mapping) else None
        if number is None or number not in self._shared:
            made = self._made(entry)
            if number is None:
                return made
            self._shared[number] = made
        return self._shared[number]

    def _made(self, entry: Any) -> Any:
        name, config = _class_and_config(entry)
        own = self._own(entry, name)
        if own is None and name == "Sequential":
            return self._sequential(config)
        if own is None and name in ("Functional", "Model"):
            return functional(config, self)
        who = f"layer {config.get('name')!r} of class {name}"
        try:
            arguments = self._arguments(name, config)
            if own is None and name == "Lambda":
                return self._function(config, arguments)
            if own is None and name not in LAYERS:
                raise unknown("layer class", name, LAYERS)
            made: Any = (own or LAYERS[name]).from_config(arguments)
        except (TypeError, ValueError, KeyError) as error:
            raise ValueError(f"{who}: {error}") from error
        if isinstance(made, Layer) and config.get("trainable") is False:
            made.trainable = False
        return made

    def _own(self, entry: Mapping[str, Any], name: str) -> Any:
        registered = str(entry.get("registered_name") or name)
        found = self.custom.get(registered, self.custom.get(registered.rpartition(">")[2]))
        return found if isinstance(found, type) else None

    def _function(self, config: Mapping[str, Any], arguments: dict[str, Any]) -> Any:
        """A Lambda of a function that the user gives; its code in the file is never looked at."""
        given = config.get("function")
        kind = given.get("class_name") if isinstance(given, Mapping) else None
        name = given.get("config") if isinstance(given, Mapping) else given
        if kind == "__lambda__" or not isinstance(name, str) or not callable(self.custom.get(name)):
            known = f"custom_objects={{{name!r}: ...}}" if isinstance(name, str) else "a function"
            raise ValueError(
                "the file holds a function as code, which is never run: build the model here, with "
                "load_weights()"
                if kind == "__lambda__"
                else f"the function {name!r} is not here: give {known}"
            )
        kept = {k: v for k, v in arguments.items() if k in ("name", "trainable", "arguments")}
        return Lambda(self.custom[name], **kept)

    def _sequential(self, config: Mapping[str, Any]) -> Any:
        from brasa.sequential import Sequential

        entries = config.get("layers")
        if not isinstance(entries, list):
            raise ValueError(f"model {config.get('name')!r}: it has no list of layers")
        parts = [
            input_of(entry) if entry.get("class_name") == "InputLayer" else self.item(entry)
            for entry in entries
        ]
        model = Sequential(parts, name=config.get("name"))
        shape = config.get("build_input_shape")
        if model._engine is None and isinstance(shape, list) and parts:
            model.build(shape)
        return model

    def _arguments(self, name: str, config: Mapping[str, Any]) -> dict[str, Any]:
        require_float32(config.get("dtype"))
        own = {key: item for key, item in config.items() if key not in ("dtype", "function")}
        if name == "Bidirectional":  # there brasa has zeros where the mask leaves a step out
            own = {key: _without_zeros(value) for key, value in own.items()}
        if name == "RandomTranslation" and own.get("interpolation") == "bilinear":
            del own["interpolation"]
        if name == "Normalization":
            own = _of_normalization(own)
        kept = without_spare("layer", own)
        return {key: self._value(key, value) for key, value in kept.items()}

    def _value(self, key: str, value: Any) -> Any:
        """One argument: numbers and names as they are, objects made, or told in brasa's way."""
        if isinstance(value, list):
            return [self._value(key, item) for item in value]
        if not isinstance(value, Mapping) or "class_name" not in value:
            return value
        kind = value["class_name"]
        if key in _INSIDE or key == "cells":
            return self.item(value)
        if kind == "__tuple__":
            return [self._value(key, item) for item in value.get("items", ())]
        if kind == "__numpy__":
            return value["config"]["value"]
        name, config = _class_and_config(value)
        if name == "function" or kind == "function":
            raise ValueError(f"{key}: a function of the user's own, {value.get('config')!r}")
        for part, module in _PARTS.items():
            if key.endswith(part):
                plain = without_spare(part, config)
                bases = (initializers.Initializer, constraints.Constraint)
                classes = {k: v for k, v in self.custom.items() if isinstance(v, type)}
                own = {k: v for k, v in classes.items() if issubclass(v, bases)}
                return module.deserialize({"class_name": name, "config": plain}, own)
        raise ValueError(f"{key}: nothing of class {name!r} is known there")


def input_of(entry: Any) -> Any:
    """The tensor of an InputLayer."""
    _, config = _class_and_config(entry)
    name, shape = config.get("name"), config.get("batch_shape", config.get("batch_input_shape"))
    for key in ("sparse", "ragged", "optional"):
        if config.get(key):
            raise ValueError(f"layer {name!r} of class InputLayer: {key}={config[key]!r}")
    if not isinstance(shape, list):
        raise ValueError(f"layer {name!r} of class InputLayer: batch_shape is {shape!r}")
    dtype = config.get("dtype", "float32")
    if isinstance(dtype, Mapping):
        dtype = dtype.get("config", {}).get("name")
    try:
        return Input(batch_shape=[None, *shape[1:]], dtype=dtype, name=name)
    except (TypeError, ValueError) as error:
        raise ValueError(f"layer {name!r} of class InputLayer: {error}") from error


def require_float32(policy: Any) -> None:
    """ValueError for a policy of another type."""
    name = policy
    if isinstance(policy, Mapping):
        config = policy.get("config")
        name = config.get("name") if isinstance(config, Mapping) else policy.get("class_name")
    if name not in (None, "float32"):
        raise ValueError(f"dtype must be 'float32', in which brasa computes, got {name!r}")


def _class_and_config(entry: Any) -> tuple[str, Mapping[str, Any]]:
    name = entry.get("class_name") if isinstance(entry, Mapping) else None
    config = entry.get("config") if isinstance(entry, Mapping) else None
    if not isinstance(name, str) or not isinstance(config, Mapping):
        text = repr(entry)[:80]
        raise ValueError(f"an object is a dictionary with class_name and config, got {text}")
    return name, config


def _without_zeros(value: Any) -> Any:
    if not isinstance(value, Mapping) or not isinstance(value.get("config"), Mapping):
        return value
    kept = {k: v for k, v in value["config"].items() if k != "zero_output_for_mask"}
    return {**value, "config": kept}


def _of_normalization(config: Mapping[str, Any]) -> dict[str, Any]:
    axis = config.get("axis")
    if isinstance(axis, list) and len(axis) < 2:
        axis = axis[0] if axis else None
    return {**config, "axis": axis}
