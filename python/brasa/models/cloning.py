"""Models like others, or as JSON describes them, with new weights."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from brasa.descriptions import model_from_config
from brasa.layers import LAYERS, Layer
from brasa.layers.making import parts_of
from brasa.layers.weighted import layers_in
from brasa.model import Model


def model_from_json(text: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The model that ``model.to_json()`` told of, with new weights; not compiled.

    Args:
        text: What ``to_json`` gave.
        custom_objects: As for ``load_model``.

    >>> from brasa import Sequential, layers, models
    >>> model = Sequential([layers.Dense(3, input_shape=(2,))])
    >>> models.model_from_json(model.to_json()).count_params()
    9
    """
    return Model.from_config(json.loads(text), custom_objects)


def clone_model(model: Model, *, clone_function: Callable[[Any], Any] | None = None) -> Any:
    """A model of the same architecture with weights of its own, drawn anew; not compiled.

    Layers are made from their ``get_config``, those of the user's own known, too.
    ``copy.deepcopy`` keeps the weights.

    Args:
        model: Any model; one with a ``call`` of its own needs ``get_config``.
        clone_function: Makes of each layer that of the new model, instead: other rates of dropout,
            say. Those of models inside are asked one by one. Default: all alike.

    Raises:
        TypeError: it is no model, or has a ``call`` and no ``get_config`` that would make another,
            or any ``clone_function``; or this gives no layer.
        ValueError: the model or one of its layers does not know its input shape yet.

    >>> from brasa import Sequential, layers, models
    >>> model = Sequential([layers.Dense(3, input_shape=(2,))])
    >>> models.clone_model(model).count_params()
    9
    >>> def calmer(layer):
    ...     if isinstance(layer, layers.Dropout):
    ...         return layers.Dropout(0.1, name=layer.name)
    ...     return type(layer).from_config(layer.get_config())
    >>> model = Sequential([layers.Dense(3, input_shape=(2,)), layers.Dropout(0.5)])
    >>> models.clone_model(model, clone_function=calmer).layers[1].rate
    0.1
    """
    if not isinstance(model, Model):
        raise TypeError(f"clone_model: model must be a model, got {model!r}")
    cls = type(model)
    if not model._is_subclassed:
        config, own = model.description(), {**_own_objects(model.layers), cls.__name__: cls}
        if clone_function is None:
            return Model.from_config(config, own)
        stack = config["class"] == "Sequential"
        old = model._stack if stack else model.network.layers
        return model_from_config(config, own, _cloned(old, clone_function))
    if clone_function is not None:
        raise TypeError(
            f"clone_model: model {model.name!r} has a call() of its own, which makes its layers: "
            "clone_function is for models that are their layers"
        )
    if cls.get_config is Model.get_config:
        raise TypeError(
            f"clone_model: model {model.name!r} has a call() of its own: let {cls.__name__} define "
            "get_config() that returns the arguments of its constructor, or use copy.deepcopy()"
        )
    made = cls.from_config(model.get_config())
    if model._engine is not None:
        made._build_for(model.inputs)
    return made


def _cloned(layers: Iterable[Layer], function: Callable[[Any], Any]) -> list[Layer]:
    """What the function makes of each layer; one that stands there twice is asked for once."""
    made: dict[Layer, Layer] = {}
    found = []
    for layer in layers:
        if layer not in made:
            made[layer] = function(layer)
        if not isinstance(made[layer], Layer):
            raise TypeError(
                f"clone_model: clone_function must return a layer for {layer!r}, got "
                f"{made[layer]!r}"
            )
        found.append(made[layer])
    return found


def _own_objects(layers: Iterable[Any]) -> dict[str, Any]:
    """What the layers and those inside them have that is not brasa's: classes and functions."""
    known: dict[str, Any] = {}
    waiting, seen = list(layers), set()
    while waiting:
        layer = waiting.pop()
        if layer in seen:
            continue
        seen.add(layer)
        cls = type(layer)
        if LAYERS.get(cls.__name__) is not cls:
            known[cls.__name__] = cls
        functions = filter(inspect.isfunction, vars(layer).values())
        known |= {f.__name__: f for f in functions if not f.__module__.startswith("brasa.ops")}
        known |= {
            name: type(item) for item in parts_of(layer) if (name := item.custom_name) is not None
        }
        waiting += layers_in(vars(layer).values(), set())
    return known
