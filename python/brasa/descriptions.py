"""Descriptions of models, as JSON can hold them: layers, and who is applied to what."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from brasa import registered
from brasa.layers.base import Layer
from brasa.layers.positional import Positional, applied
from brasa.layers.sharing import reading, serialize, writing
from brasa.layers.tensor import LayerTensor
from brasa.outputs import arranged

if TYPE_CHECKING:
    from brasa.model import Model
    from brasa.network import Network


def functional_config(model: Model) -> dict[str, Any]:
    """A functional model as JSON: layers, and who is applied to what."""
    with writing():
        layers = [serialize(layer) for layer in model.network.layers]
    for call in model.network.calls:
        if not is_json(call.options):
            raise ValueError(
                f"model {model.name!r}: files cannot hold what layer {call.layer.name!r} was "
                f"called with, {call.options}: save_weights() and load_weights() work"
            )
    steps = {"own_steps": type(model).__name__} if model._has_own_steps else {}
    found = {"class": "Model", "name": model.name, "layers": layers, **graph_of(model.network)}
    return {**found, **steps}


def graph_of(network: Network) -> dict[str, Any]:
    """Who is applied to what in a network: the layers by their places in the list."""
    position = {layer: index for index, layer in enumerate(network.layers)}
    number = {call: index for index, call in enumerate(network.calls)}

    def reference(tensor: LayerTensor) -> list[int]:
        if tensor in network.inputs:  # another model's inner tensor, where it has a call
            return [-1, network.inputs.index(tensor)]
        assert tensor.call is not None
        return [number[tensor.call], tensor.index]

    return {
        "inputs": [
            {"name": t.name, "shape": list(t.shape), "dtype": t.dtype} for t in network.inputs
        ],
        "calls": [
            {
                "layer": position[call.layer],
                "inputs": [reference(tensor) for tensor in call.input_list],
                "several": isinstance(call.inputs, (list, tuple)),
                **({"positional": True} if isinstance(call.inputs, Positional) else {}),
                **({} if call.training is None else {"training": call.training}),
                **({"options": call.options} if call.options else {}),
            }
            for call in network.calls
        ],
        "outputs": [reference(tensor) for tensor in network.outputs],
        **({} if network.keys is None else {"output_keys": list(network.keys)}),
    }


def model_from_config(
    config: Mapping[str, Any],
    custom_objects: Mapping[str, Any] | None = None,
    made_layers: Sequence[Layer] | None = None,
) -> Model:
    """The model that ``get_config`` described, with fresh weights, and of other layers perhaps."""
    from brasa.layers import deserialize
    from brasa.model import Model
    from brasa.sequential import Sequential

    subclass = config.get("subclass", {})
    anywhere = {**registered.by_name(), **registered.in_scope(custom_objects)}
    own = anywhere.get(subclass.get("class_name"))
    if isinstance(own, type) and issubclass(own, Model):
        made = own.from_config(subclass["config"])
        if config.get("inputs_by_name"):
            made._input_keys = tuple(item["name"] for item in config["inputs"])
        made._build_like(_inputs(config))
        return made
    if subclass and "layers" not in config:
        name = subclass["class_name"]
        raise ValueError(f"call() is that of a class: give custom_objects={{{name!r}: {name}}}")
    if made_layers is None:
        with reading():
            made_layers = [deserialize(item, custom_objects) for item in config["layers"]]
    layers = list(made_layers)
    if config["class"] == "Sequential":
        shape = config["input_shape"]
        dtype = config.get("input_dtype") or "float32"
        front = [] if shape is None else [LayerTensor((None, *shape[1:]), dtype=dtype)]
        by_name: dict[str, Layer] = {}  # one layer may stand in a stack twice
        layers = [by_name.setdefault(layer.name, layer) for layer in layers]
        own_class: type[Model] = _made(config.get("own_steps"), anywhere, Sequential)
        return own_class([*front, *layers], name=config["name"])
    if config["class"] != "Model":
        raise ValueError(f"there is no class {config['class']!r} of models")
    inputs, outputs, keys = connected(config, layers)
    made_by: type[Model] = _made(config.get("own_steps"), anywhere, Model)
    return made_by(inputs, arranged(outputs, keys), name=config["name"])


def _made(own_steps: str | None, custom_objects: Mapping[str, Any], base: Any) -> Any:
    """The class of a model that is its graph: one of the user's, where that has its own steps.

    ValueError where it is not known, or makes its graph by ``call``.
    """
    if own_steps is None:
        return base
    found = custom_objects.get(own_steps)
    if not isinstance(found, type) or not issubclass(found, base):
        raise ValueError(
            f"the model is a {own_steps} with training steps of its own: give "
            f"custom_objects={{{own_steps!r}: {own_steps}}}, or load it with compile=False"
        )
    if hasattr(found, "call"):
        raise ValueError(
            f"{own_steps} has a call(), and no get_config() when it was saved: load it with "
            "compile=False, or its weights by load_weights()"
        )
    return found


def connected(
    graph: Mapping[str, Any], layers: Sequence[Layer]
) -> tuple[list[LayerTensor], list[LayerTensor], list[str] | None]:
    """Inputs, outputs and their keys of the layers, applied as ``graph_of`` describes."""
    inputs = _inputs(graph)
    results: list[list[LayerTensor]] = []

    def tensor(reference: list[int]) -> LayerTensor:
        call, index = reference
        return inputs[index] if call < 0 else results[call][index]

    for call in graph["calls"]:
        values: Any = [tensor(reference) for reference in call["inputs"]]
        given = values if call["several"] else values[0]
        given = Positional(values) if call.get("positional") else given
        layer, training = layers[call["layer"]], call.get("training")
        output = applied(layer, given, training=training, **call.get("options", {}))
        results.append(output if isinstance(output, list) else [output])
    outputs = [tensor(reference) for reference in graph["outputs"]]
    return inputs, outputs, graph.get("output_keys")


def _inputs(graph: Mapping[str, Any]) -> list[LayerTensor]:
    return [
        LayerTensor((None, *i["shape"][1:]), dtype=i.get("dtype", "float32"), name=i["name"])
        for i in graph["inputs"]
    ]


def is_json(value: Any) -> bool:
    """Whether JSON can hold it."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return True
