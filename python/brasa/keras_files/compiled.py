"""What a model was compiled with, as Keras describes it."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from brasa import losses, metrics, optimizers
from brasa.configurable import serialize

from .written import entry

if TYPE_CHECKING:
    from brasa.model import Model


def compile_config(model: Model) -> dict[str, Any] | None:
    """The arguments of ``compile``; None before, and, with a warning, where Keras has no such."""
    objective = model.objective
    if objective is None:
        return None
    left: list[str] = []
    try:
        found = [
            _entry("losses", losses, loss) if objective.has_loss(index) else None
            for index, loss in enumerate(objective.losses)
        ]
        optimizer = _optimizer(objective.optimizer, left)
    except ValueError as error:
        _warn(model, f"it is written without what it was compiled with: {error}")
        return None
    one = len(found) == 1
    groups = [
        [[kept for item in group if (kept := _kept(item, left)) is not None] for group in several]
        for several in (objective.metrics, objective.weighted_metrics)
    ]
    if left:
        _warn(model, f"this is left out: {', '.join(left)}")
    keys = model.network.keys

    def arranged(values: list[Any]) -> Any:
        if keys is not None:
            return dict(zip(keys, values, strict=True))
        return values[0] if one else values

    return {
        "optimizer": optimizer,
        "loss": arranged(found),
        "loss_weights": None if one else arranged(list(objective.loss_weights)),
        "metrics": arranged(groups[0]) if any(groups[0]) else None,
        "weighted_metrics": arranged(groups[1]) if any(groups[1]) else None,
        "run_eagerly": False,
        "steps_per_execution": 1,
        "jit_compile": "auto",
    }


def _entry(kind: str, module: Any, item: Any) -> dict[str, Any]:
    name = type(item).__name__
    if item.custom_name is not None or getattr(module, name, None) is not type(item):
        raise ValueError(f"Keras has no {item.custom_name or name} among its {kind}")
    return entry(f"keras.{kind}", name, serialize(item)["config"])


def _kept(item: Any, left: list[str]) -> dict[str, Any] | None:
    """A metric; None, and its name in ``left``, where it is none of Keras's."""
    try:
        return _entry("metrics", metrics, item)
    except ValueError:
        left.append(f"metric {item.name!r}")
        return None


def _optimizer(optimizer: Any, left: list[str]) -> dict[str, Any]:
    found = _entry("optimizers", optimizers, optimizer)
    config = dict(found["config"])
    if config.pop("excluded_from_weight_decay", None) is not None:
        left.append("which weights the decay leaves out")
    rate = config["learning_rate"]
    if isinstance(rate, dict):
        if "custom_object" in rate:
            raise ValueError(f"Keras has no schedule {rate['class_name']}")
        rate = entry("keras.optimizers.schedules", rate["class_name"], rate["config"])
    return {**found, "config": {**config, "learning_rate": rate}}


def _warn(model: Model, text: str) -> None:
    warnings.warn(f"save: model {model.name!r}: {text}", UserWarning, stacklevel=6)
