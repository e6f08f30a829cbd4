"""What a model was compiled with, from Keras's description."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from brasa import losses, metrics, optimizers
from brasa.losses import LOSSES
from brasa.metrics.table import METRICS
from brasa.optimizers import schedules
from brasa.suggest import find

from .arguments import without_spare

if TYPE_CHECKING:
    from brasa.model import Model

# Metrics that follow from the output and its loss.
_OF_OUTPUTS = ("accuracy", "acc", "crossentropy", "ce")
_ERRORS = (AttributeError, LookupError, OverflowError, TypeError, ValueError)


def compile_as_described(
    model: Model, path: Any, config: Mapping[str, Any], custom: Mapping[str, Any]
) -> None:
    """Compile the model; warn of what is left out: metrics, or all of it."""
    left: list[str] = []
    try:
        arguments = {
            "optimizer": _optimizer(config.get("optimizer"), custom),
            "loss": _each(config.get("loss"), lambda item: _object("loss", losses, item, custom)),
            "loss_weights": config.get("loss_weights"),
            "metrics": _metrics(config.get("metrics"), custom, left),
            "weighted_metrics": _metrics(config.get("weighted_metrics"), custom, left),
        }
        model._compile_again(arguments)
    except _ERRORS as error:
        warnings.warn(
            f"{path}: the model is loaded without being compiled: {error}. Call compile()",
            UserWarning,
            stacklevel=5,
        )
        return
    if left:
        warnings.warn(
            f"{path}: these metrics are left out: {'; '.join(left)}", UserWarning, stacklevel=5
        )


def _optimizer(entry: Any, custom: Mapping[str, Any]) -> Any:
    if not isinstance(entry, Mapping):
        return entry
    rate = entry.get("config", {}).get("learning_rate")
    if isinstance(rate, Mapping):
        made = schedules.deserialize(_plain("schedule", rate), _classes(custom))
        entry = {**entry, "config": {**entry["config"], "learning_rate": made}}
    return optimizers.deserialize(_plain("optimizer", entry), _classes(custom))


def _metrics(given: Any, custom: Mapping[str, Any], left: list[str]) -> Any:
    """Metrics in lists and dictionaries, those that brasa does not have noted in ``left``."""
    if isinstance(given, Mapping) and "class_name" not in given:
        return {key: _metrics(item, custom, left) for key, item in given.items()}
    if isinstance(given, list):
        made = [_metrics(item, custom, left) for item in given]
        return [item for item in made if item is not None] if any(made) or not given else None
    if given is None:
        return None
    try:
        return _object("metric", metrics, given, custom)
    except _ERRORS as error:
        left.append(str(error))
        return None


def _each(given: Any, make: Any) -> Any:
    """What a loss is for each output: one, or lists and dictionaries of them."""
    if isinstance(given, Mapping) and "class_name" not in given:
        return {key: _each(item, make) for key, item in given.items()}
    if isinstance(given, list):
        return [_each(item, make) for item in given]
    return None if given is None else make(given)


def _object(kind: str, module: Any, entry: Any, custom: Mapping[str, Any]) -> Any:
    """A loss or metric: by its name, by its config, or what the user gives for it."""
    if isinstance(entry, str):
        return custom.get(entry, entry) if entry in custom else _named(module, entry)
    name = entry.get("config") if entry.get("class_name") == "function" else None
    if isinstance(name, str):
        return custom[name] if name in custom else _named(module, name)
    return module.deserialize(_plain(kind, entry), _classes(custom))


def _named(module: Any, name: str) -> str:
    """The name; ValueError where brasa has nothing by it."""
    if name not in _OF_OUTPUTS:
        find(module.__name__.rpartition(".")[2], name, METRICS if module is metrics else LOSSES)
    return name


def _plain(kind: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Class and arguments as brasa has them."""
    config = entry.get("config")
    if not isinstance(config, Mapping):
        raise ValueError(f"{kind}: a description has a config, got {repr(entry)[:80]}")
    return {"class_name": entry.get("class_name"), "config": without_spare(kind, config)}


def _classes(custom: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in custom.items() if isinstance(v, type) and hasattr(v, "from_config")}
