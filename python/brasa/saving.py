"""Models as files: architecture as JSON, weights and training state as named tensors."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from brasa import runtime
from brasa.configurable import serialize
from brasa.descriptions import model_from_config
from brasa.errors import FormatError
from brasa.io import container, read_tensors
from brasa.ops.arguments import PRECISIONS, whole
from brasa.seed import check_seed

if TYPE_CHECKING:
    from brasa.model import Model

Tensors = dict[str, Any]


def save(model: Model, path: Any) -> None:
    """Write everything that load_model needs to go on as if nothing had happened."""
    container.write(path, *content(model))


def content(model: Model) -> tuple[dict[str, Any], Tensors]:
    """What a file of the model holds: its description, and arrays by name."""
    config, slots = training_content(model)
    spared = _spared_in(config)
    if spared:  # weights may have longer names here, as parts of another model's layer
        names = {p.name: name for p, name in model.network.names.items()}
        spared[:] = [names.get(name, name) for name in spared]
    config["weights"] = list(model.network.names.values())
    return {"model": model.description(), **config}, {**_weights(model), **slots}


def training_content(model: Model) -> tuple[dict[str, Any], Tensors]:
    """The state of training alone."""
    config: dict[str, Any] = {
        "training": {"seed": model.engine.seed, "epochs_trained": model.engine.epochs_trained},
    }
    names, tensors = model.network.names, {}
    if model.objective is not None:
        config["compile"] = _compile_config(model)
        config["training"]["iterations"] = model.optimizer.iterations
        if set(model.store.trainable) != set(model.network.trainable):  # changed since compile()
            config["training"]["trained"] = [names[p] for p in model.store.trainable]
        slots = model.store.slots
        for slot in model.optimizer.slots:
            for p in model.store.trainable:
                tensors[f"optimizer/{slot}/{names[p]}"] = model.store.view(slots[slot], p)
    return config, tensors


def save_weights(model: Model, path: Any) -> None:
    """Write the weights alone."""
    container.write(path, {"model": None}, _weights(model))


def load_weights(model: Model, path: Any) -> None:
    """Read the weights from a file of either kind."""
    tensors, _ = read_tensors(path)
    _assign(model, path, _sorted(model, tensors)[0])


def load_model(path: Any, custom_objects: Mapping[str, Any] | None = None) -> Model:
    """Rebuild a model from a file."""
    file = container.read(path)
    if file.config.get("model") is None:
        raise FormatError(
            f"{path} holds weights alone: build the model, then model.load_weights({str(path)!r})"
        )
    return rebuild(path, file.config, file.tensors, custom_objects)


def rebuild(
    path: Any,
    config: Mapping[str, Any],
    tensors: Tensors,
    custom_objects: Mapping[str, Any] | None,
) -> Model:
    """The model of which this is the ``content``; errors say that it came from ``path``."""
    try:
        model = model_from_config(config["model"], custom_objects)
        config, tensors = _as_named_now(model, config, tensors)
        weights, slots = _sorted(model, tensors)
        _restore_training(model, path, config)
    except FormatError:
        raise
    except (
        AttributeError,
        LookupError,
        OverflowError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        raise FormatError(f"{path}: the model cannot be rebuilt: {error}") from error
    _assign(model, path, weights)
    _restore_slots(model, path, slots)
    return model


def resume(path: Any, model: Model, config: Mapping[str, Any], slots: Tensors) -> None:
    """Have a model whose weights are set train on from this ``training_content``."""
    _restore_training(model, path, config)
    _restore_slots(model, path, slots)


def _as_named_now(
    model: Model, config: Mapping[str, Any], tensors: Tensors
) -> tuple[Mapping[str, Any], Tensors]:
    """Both with the names that the weights have in the model just made.

    They are others where a layer got its last name after the one that holds it had been built; the
    order is the same.
    """
    names = model.network.names
    for p, name in names.items():
        p.name = name
    written, now = config.get("weights"), list(names.values())
    if written in (None, now) or len(set(written)) != len(now):
        return config, tensors
    new: dict[str, str] = dict(zip(written, now, strict=True))

    def renamed(name: str) -> str:
        if name in new:
            return new[name]
        start = name.split("/", 2)[:2]  # "optimizer", and which of its slots
        own = name.split("/", 2)[2:]
        return "/".join([*start, *(new.get(w, w) for w in own)]) if "optimizer" in start else name

    config = copy.deepcopy(dict(config))
    for names_there in (_spared_in(config), config.get("training", {}).get("trained")):
        if names_there:
            names_there[:] = map(renamed, names_there)
    return config, {renamed(name): array for name, array in tensors.items()}


def _spared_in(config: Mapping[str, Any]) -> Any:
    """The list of the weights that the optimizer's decay leaves out; None where there is none."""
    optimizer = config.get("compile", {}).get("optimizer", {})
    return optimizer.get("config", {}).get("excluded_from_weight_decay", {}).get("names")


def _weights(model: Model) -> Tensors:
    return {name: p.value for p, name in model.network.names.items()}


def _sorted(model: Model, tensors: Tensors) -> tuple[Tensors, Tensors]:
    """The weights, and the state of the optimizer; a layer may be named "optimizer", too."""
    own = set(model.network.names.values())
    slots = {n: a for n, a in tensors.items() if n.startswith("optimizer/") and n not in own}
    return {n: a for n, a in tensors.items() if n not in slots}, slots


def _compile_config(model: Model) -> dict[str, Any]:
    objective = model.objective
    assert objective is not None
    return {
        "optimizer": serialize(objective.optimizer),
        "loss": [serialize(loss) for loss in objective.losses],
        "loss_weights": objective.loss_weights,
        "metrics": [[serialize(metric) for metric in group] for group in objective.metrics],
        **({} if objective.precision == "float32" else {"precision": objective.precision}),
    }


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


def _assign(model: Model, path: Any, tensors: Tensors) -> None:
    """Check all names and shapes, then copy: all weights are assigned, or none."""
    parameters = {name: p for p, name in model.network.names.items()}
    problems = [f"missing {name} {parameters[name].shape}" for name in parameters.keys() - tensors]
    problems += [f"unexpected {name} {tensors[name].shape}" for name in tensors.keys() - parameters]
    problems += [
        f"{name} has the shape {tensors[name].shape}, wanted {parameters[name].shape}"
        for name in parameters.keys() & tensors
        if tuple(tensors[name].shape) != parameters[name].shape
    ]
    if problems:
        text = f"{path} does not fit model {model.name!r}: {'; '.join(sorted(problems))}"
        have, want = (
            sorted(tuple(a.shape) for a in group.values()) for group in (tensors, parameters)
        )
        if have == want:
            text += (
                ". The names alone differ: layers get others where models are made of models. Give "
                "them name=..., or keep whole models by save() and load_model()"
            )
        raise FormatError(text)
    for name, parameter in parameters.items():
        parameter.assign(tensors[name])


def _restore_training(model: Model, path: Any, config: Mapping[str, Any]) -> None:
    if "compile" in config:
        model.compile(**_offered(path, config["compile"]))
        _restore_trained(model, config.get("training", {}))
    _restore_counters(model, config.get("training", {}))


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
        model.optimizer.iterations = state.get("iterations", 0)


def _restore_slots(model: Model, path: Any, slots: Tensors) -> None:
    if model.objective is None:
        return
    names = model.network.names
    for slot in model.optimizer.slots:
        for p in model.store.trainable:
            name = f"optimizer/{slot}/{names[p]}"
            array = slots.pop(name, None)
            if array is None or tuple(array.shape) != p.shape:
                raise FormatError(f"{path}: the optimizer's state {name} is missing or misshapen")
            model.store.set_slot(slot, p, np.asarray(array, np.float32))
    if slots:
        raise FormatError(f"{path}: state of another optimizer: {sorted(slots)}")
