"""The state of training beside the weights, as files and copies hold it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from brasa import runtime
from brasa.configurable import Configurable, custom_names, described, with_custom
from brasa.errors import FormatError
from brasa.ops.arguments import PRECISIONS, whole
from brasa.seed import check_seed

if TYPE_CHECKING:
    from brasa.model import Model
    from brasa.plan_key import Objective

Tensors = dict[str, Any]


def training_content(model: Model) -> tuple[dict[str, Any], Tensors]:
    """The state of training alone."""
    config: dict[str, Any] = {
        "training": {"seed": model.engine.seed, "epochs_trained": model.engine.epochs_trained},
    }
    names, tensors = model.network.names, {}
    if model.objective is not None:
        config["compile"] = _compile_config(model)
        config["training"]["iterations"] = model.optimizer.steps
        if set(model.store.trainable) != set(model.network.trainable):  # changed since compile()
            config["training"]["trained"] = [names[p] for p in model.store.trainable]
        slots = model.store.slots
        for slot in model.optimizer.buffers:
            for p in model.store.trainable:
                tensors[f"optimizer/{slot}/{names[p]}"] = model.store.view(slots[slot], p)
    return config, tensors


def spared_in(config: Mapping[str, Any]) -> Any:
    """The list of the weights that the optimizer's decay leaves out; None where there is none."""
    optimizer = config.get("compile", {}).get("optimizer", {})
    return optimizer.get("config", {}).get("excluded_from_weight_decay", {}).get("names")


def _compile_config(model: Model) -> dict[str, Any]:
    objective = model.objective
    assert objective is not None
    return {
        "optimizer": described(objective.optimizer),
        "loss": [
            described(loss) if objective.has_loss(i) else None
            for i, loss in enumerate(objective.losses)
        ],
        "loss_weights": objective.loss_weights,
        "metrics": [[described(metric) for metric in group] for group in objective.metrics],
        **_weighted(objective),
        **({} if objective.precision == "float32" else {"precision": objective.precision}),
    }


def own_classes(model: Model) -> dict[str, type]:
    """Those of its optimizer and schedule, by name, where brasa does not have them."""
    if model.objective is None:
        return {}
    optimizer = model.objective.optimizer
    parts = (optimizer, *vars(optimizer).values())
    own = [part for part in parts if isinstance(part, Configurable) and part.custom_name]
    return {str(part.custom_name): type(part) for part in own}


def _weighted(objective: Objective) -> dict[str, Any]:
    groups = objective.weighted_metrics
    return {"weighted_metrics": [list(map(described, g)) for g in groups]} if any(groups) else {}


def _is_complete(path: Any, missing: set[str]) -> bool:
    """Whether compile() can be called with what the file says; warns where it cannot."""
    if missing:
        names = ", ".join(sorted(missing))
        warnings.warn(
            f"{path}: the model was compiled with functions or classes that are not here: {names}. "
            "It is loaded without its optimizer: call compile(), or load_model(path, "
            f"custom_objects={{{min(missing)!r}: ...}})",
            UserWarning,
            stacklevel=5,
        )
    return not missing


def _offered(path: Any, config: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of compile(), with a precision that this machine has: weights are float32."""
    precision = config.get("precision", "float32")
    if precision in PRECISIONS and precision not in runtime.precisions():
        warnings.warn(
            f"{path}: the model was trained with precision={precision!r}, which this machine does "
            "not offer: it goes on with 'float32'",
            UserWarning,
            stacklevel=4,
        )
        return {**config, "precision": "float32"}
    return dict(config)


def restore_training(
    model: Model, path: Any, config: Mapping[str, Any], custom: Mapping[str, Any]
) -> None:
    """Compile the model as the file says, with seed and counters; the slots: ``restore_slots``."""
    missing = custom_names(config.get("compile")) - custom.keys()
    if config.get("compile") is not None and _is_complete(path, missing):
        arguments = _offered(path, config["compile"])
        model._compile_again({name: with_custom(i, custom) for name, i in arguments.items()})
        _restore_trained(model, config.get("training", {}))
    _restore_counters(model, config.get("training", {}))


def resume_training(model: Model, path: Any, config: Mapping[str, Any], slots: Tensors) -> None:
    """Have the training of a model, compiled as it was, be as it was then."""
    _restore_counters(model, config.get("training", {}))
    restore_slots(model, path, slots)
    rate = config["compile"]["optimizer"]["config"]["learning_rate"]
    if isinstance(rate, (int, float)):  # which callbacks change; schedules follow from the counters
        model.optimizer.learning_rate = rate


def require_alike(model: Model, path: Any, config: Mapping[str, Any]) -> None:
    """FormatError where the model is not compiled with an optimizer of the kind that it had."""
    was, now = config["compile"]["optimizer"]["class_name"], type(model.optimizer).__name__
    if was != now:
        raise FormatError(f"{path}: the optimizer was {was}, and is {now} now")


def _restore_trained(model: Model, state: Mapping[str, Any]) -> None:
    """Train what compile() chose, also where the layers say otherwise since then."""
    if "trained" not in state:
        return
    by_name = {name: p for p, name in model.network.names.items()}
    objective = model.objective
    assert objective is not None
    model.engine.set_objective(objective, [by_name[name] for name in state["trained"]])


def _restore_counters(model: Model, state: Mapping[str, Any]) -> None:
    engine = model.engine
    engine.seed = check_seed("training", state.get("seed", engine.seed))
    engine.epochs_trained = whole("training", "epochs_trained", state.get("epochs_trained", 0))
    if engine.epochs_trained < 0:
        raise ValueError(f"training: epochs_trained must be >= 0, got {engine.epochs_trained}")
    if model.objective is not None:
        model.optimizer.steps = state.get("iterations", 0)


def restore_slots(model: Model, path: Any, slots: Tensors) -> None:
    """Give the optimizer what it remembered; FormatError where that is of other weights."""
    if model.objective is None:
        return
    names = model.network.names
    for slot in model.optimizer.buffers:
        for p in model.store.trainable:
            name = f"optimizer/{slot}/{names[p]}"
            array = slots.pop(name, None)
            if array is None or tuple(array.shape) != p.shape:
                raise FormatError(f"{path}: the optimizer's state {name} is missing or misshapen")
            model.store.set_slot(slot, p, np.asarray(array, np.float32))
    if slots:
        raise FormatError(f"{path}: state of another optimizer: {sorted(slots)}")
