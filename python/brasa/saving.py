"""Models as files: architecture as JSON, weights and training state as named tensors."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from brasa import runtime
from brasa.configurable import custom_names, serialize, with_custom
from brasa.errors import FormatError
from brasa.io import container, read_tensors
from brasa.layers.base import Layer
from brasa.layers.tensor import LayerTensor
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
    config: dict[str, Any] = {
        "model": model.get_config(),
        "training": {"seed": model.engine.seed, "epochs_trained": model.engine.epochs_trained},
    }
    names, tensors = model.network.names, _weights(model)
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
        custom = dict(custom_objects or {})
        of_compile = custom_names(config.get("compile"))
        layers = {n: item for n, item in custom.items() if n not in of_compile or _is_layer(item)}
        model = model_from_config(config["model"], layers)
        if "compile" in config and _is_complete(path, of_compile - custom.keys()):
            arguments = _offered(path, config["compile"])
            model.compile(**{name: with_custom(item, custom) for name, item in arguments.items()})
            _restore_trained(model, config.get("training", {}))
        weights, slots = _sorted(model, tensors)
        _restore_counters(model, config.get("training", {}))
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


def _is_layer(item: Any) -> bool:
    return isinstance(item, type) and issubclass(item, Layer)


def model_from_config(
    config: Mapping[str, Any], custom_objects: Mapping[str, type[Layer]] | None = None
) -> Model:
    """The model that ``get_config`` described, with fresh weights."""
    from brasa.layers import deserialize
    from brasa.model import Model
    from brasa.sequential import Sequential

    layers = [deserialize(item, custom_objects) for item in config["layers"]]
    if config["class"] == "Sequential":
        shape = config["input_shape"]
        dtype = config.get("input_dtype") or "float32"
        front = [] if shape is None else [LayerTensor((None, *shape[1:]), dtype=dtype)]
        by_name: dict[str, Layer] = {}  # one layer may stand in a stack twice
        layers = [by_name.setdefault(layer.name, layer) for layer in layers]
        return Sequential([*front, *layers], name=config["name"])
    if config["class"] != "Model":
        raise ValueError(f"there is no class {config['class']!r} of models")
    inputs = [
        LayerTensor((None, *i["shape"][1:]), dtype=i.get("dtype", "float32"), name=i["name"])
        for i in config["inputs"]
    ]
    results: list[list[LayerTensor]] = []

    def tensor(reference: list[int]) -> LayerTensor:
        call, index = reference
        return inputs[index] if call < 0 else results[call][index]

    for call in config["calls"]:
        values: Any = [tensor(reference) for reference in call["inputs"]]
        given = values if call["several"] else values[0]
        output = layers[call["layer"]](given, call.get("training"))
        results.append(output if isinstance(output, list) else [output])
    return Model(inputs, [tensor(reference) for reference in config["outputs"]], config["name"])


def functional_config(model: Model) -> dict[str, Any]:
    """A functional model as JSON: layers, and who is applied to what."""
    network = model.network
    position = {layer: index for index, layer in enumerate(network.layers)}
    number = {call: index for index, call in enumerate(network.calls)}

    def reference(tensor: LayerTensor) -> list[int]:
        if tensor.call is None:
            return [-1, network.inputs.index(tensor)]
        return [number[tensor.call], tensor.index]

    return {
        "class": "Model",
        "name": model.name,
        "inputs": [
            {"name": t.name, "shape": list(t.shape), "dtype": t.dtype} for t in network.inputs
        ],
        "layers": [serialize(layer) for layer in network.layers],
        "calls": [
            {
                "layer": position[call.layer],
                "inputs": [reference(tensor) for tensor in call.input_list],
                "several": isinstance(call.inputs, (list, tuple)),
                **({} if call.training is None else {"training": call.training}),
            }
            for call in network.calls
        ],
        "outputs": [reference(tensor) for tensor in network.outputs],
    }


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
    optimizer = serialize(objective.optimizer)
    spared = optimizer["config"].get("excluded_from_weight_decay")
    if spared is not None:  # weights may have longer names here, as parts of another model's layer
        names = {p.name: name for p, name in model.network.names.items()}
        spared["names"] = [names.get(name, name) for name in spared["names"]]
    return {
        "optimizer": optimizer,
        "loss": [_described(loss) for loss in objective.losses],
        "loss_weights": objective.loss_weights,
        "metrics": [[_described(metric) for metric in group] for group in objective.metrics],
        **({} if objective.precision == "float32" else {"precision": objective.precision}),
    }


def _described(item: Any) -> dict[str, Any]:
    """A loss or metric; one that brasa does not have by the name that custom_objects gives it."""
    name = item.custom_name
    return {**serialize(item), **({} if name is None else {"custom_object": name})}


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
