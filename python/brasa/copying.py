"""Copies of models, for ``copy.deepcopy``, ``pickle`` and other processes: what a file holds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from brasa import saving
from brasa.layers.base import Layer
from brasa.layers.weighted import Composed

if TYPE_CHECKING:
    from brasa.model import Model


def state_of(model: Model) -> dict[str, Any]:
    """What ``restore`` needs; a model without an input shape is its attributes."""
    if model._engine is None:
        return {"attributes": {**model.__dict__, "fitting": None}}
    if model._is_subclassed:
        raise TypeError(
            f"model {model.name!r}: models with a call() of their own are not copied: make another "
            "one, build it, and set_weights(model.get_weights())"
        )
    config, tensors = saving.content(model)
    if model.objective is not None:  # functions among them are not to be found by name
        config["compile"]["loss"] = list(model.objective.losses)
        config["compile"]["metrics"] = [list(group) for group in model.objective.metrics]
    return {
        "config": config,
        "tensors": {name: np.array(array) for name, array in tensors.items()},
        "custom_objects": _custom(model.network.layers),
        "device": model.device,
    }


def restore(model: Model, state: dict[str, Any]) -> None:
    """Make an object that has nothing yet the model of that state."""
    if "attributes" in state:
        model.__dict__.update(state["attributes"])
        return
    config = state["config"]
    where = f"the copy of model {config['model']['name']!r}"
    made = saving.rebuild(where, config, state["tensors"], state["custom_objects"])
    model.__dict__.update(made.__dict__)
    if model.objective is not None:
        model.optimizer.belong_to(model)
    model.to(state["device"])


def _custom(layers: Iterable[Layer]) -> dict[str, type[Layer]]:
    """The classes of layers that brasa does not have, wrapped ones too."""
    from brasa.layers import LAYERS

    classes: dict[str, type[Layer]] = {}
    waiting: list[Layer | Composed] = list(layers)
    seen: set[Layer | Composed] = set()
    while waiting:
        layer = waiting.pop()
        if layer in seen:
            continue
        seen.add(layer)
        if isinstance(layer, Composed):
            waiting += layer.parts
            continue
        cls = type(layer)
        if LAYERS.get(cls.__name__) is not cls:
            classes[cls.__name__] = cls
        inner = getattr(layer, "layer", None)
        if isinstance(inner, (Layer, Composed)):
            waiting.append(inner)
    return classes
