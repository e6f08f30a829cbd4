"""Layers made of what ``serialize`` wrote: shared ones once, those inside of wrappers first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brasa import configurable
from brasa.constraints import Constraint
from brasa.layers.base import Layer
from brasa.layers.sharing import made_once, reading
from brasa.layers.weighted import MODELS
from brasa.parameter import HasWeights

_CLASSES = (HasWeights, Constraint)  # of which descriptions of layers may name subclasses


def layer_from(
    config: Mapping[str, Any],
    known: Mapping[str, type[Layer]],
    custom_objects: Mapping[str, Any] | None,
) -> Layer:
    """See ``brasa.layers.deserialize``; ``known`` are the layers that brasa has, by name."""
    custom = dict(custom_objects or {})
    for name, item in custom.items():
        if not (issubclass(item, _CLASSES) if isinstance(item, type) else callable(item)):
            raise TypeError(
                f"custom_objects: {name!r} must be a subclass of Layer, Model or Constraint, or a "
                f"function for layers, got {item!r}"
            )
    with reading() as made:
        custom = made["custom"] = {**made.get("custom", {}), **custom}  # for layers inside, too
        custom = {name: item for name, item in custom.items() if isinstance(item, type)}
        own = {name: item for name, item in custom.items() if issubclass(item, Layer)}
        layer: Layer = _made(config, {**known, **own}, custom)
    return layer


def _made(config: Any, classes: Mapping[str, Any], custom: Mapping[str, Any]) -> Any:
    def make() -> Any:
        return configurable.deserialize("layer", _with_inner(config, classes, custom), classes)

    return made_once(config, make)


def _with_inner(config: Any, classes: Mapping[str, Any], custom: Mapping[str, Any]) -> Any:
    """The config of a wrapper such as TimeDistributed with the layers or the model inside made."""
    arguments = config.get("config") if isinstance(config, Mapping) else None
    if not isinstance(arguments, Mapping):
        return config
    made: dict[str, Any] = {}
    if isinstance(arguments.get("cells"), list):  # of StackedRNNCells
        made["cells"] = [_made(cell, classes, custom) for cell in arguments["cells"]]
    for key in ("layer", "backward_layer", "cell"):
        inner = arguments.get(key)
        if not isinstance(inner, Mapping):
            continue
        if inner.get("class_name") in MODELS.keys() - classes.keys():
            cls, own = MODELS[inner["class_name"]], inner.get("config")
            made[key] = made_once(inner, lambda: cls.from_config(own, custom))  # noqa: B023
        else:
            made[key] = _made(inner, classes, custom)
    return {**config, "config": {**arguments, **made}} if made else config
