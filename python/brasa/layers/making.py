"""Layers made of what ``serialize`` wrote: shared ones once, those inside of wrappers first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brasa import configurable, registered
from brasa.configurable import Configurable
from brasa.constraints import Constraint
from brasa.initializers import Initializer
from brasa.layers.base import Layer
from brasa.layers.composed import MODELS
from brasa.layers.sharing import made_once, reading
from brasa.parameter import HasWeights

# Losses and the like, too: one dictionary may serve all that a program loads.
_CLASSES = (HasWeights, Configurable)


def layer_from(
    config: Mapping[str, Any],
    known: Mapping[str, type[Layer]],
    custom_objects: Mapping[str, Any] | None,
) -> Layer:
    """See ``brasa.layers.deserialize``; ``known`` are the layers that brasa has, by name."""
    custom = registered.in_scope(custom_objects)
    for name, item in custom.items():
        if not (issubclass(item, _CLASSES) if isinstance(item, type) else callable(item)):
            raise TypeError(
                f"custom_objects: {name!r} must be a subclass of Layer, Model or another "
                f"class of brasa, or a function, got {item!r}"
            )
    anywhere = {n: item for n, item in registered.by_name().items() if n not in known}
    custom = {**anywhere, **custom}
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
    """The config with what is inside made: layers, a model, initializers of the user's own."""
    arguments = config.get("config") if isinstance(config, Mapping) else None
    if not isinstance(arguments, Mapping):
        return config
    made: dict[str, Any] = _own_initializers(arguments, custom)
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


def _own_initializers(
    arguments: Mapping[str, Any], custom: Mapping[str, Any]
) -> dict[str, Initializer]:
    made = {}
    for key, config in arguments.items():
        cls = custom.get(str(config.get("class_name"))) if isinstance(config, Mapping) else None
        if cls is not None and issubclass(cls, Initializer):
            made[key] = cls.from_config(dict(config["config"]))
    return made


def parts_of(layer: Layer) -> list[Constraint | Initializer]:
    """Constraints and initializers that a layer has among its attributes, in dictionaries too."""
    values = vars(layer).values()
    inner = [item for v in values for item in (v.values() if type(v) is dict else [v])]
    return [item for item in inner if isinstance(item, (Constraint, Initializer))]
