"""Whole models as ``.keras`` files, which ``keras.saving.load_model`` reads.

Models that hold models are written as one graph of all their layers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from brasa.layers import LAYERS, MultiHeadAttention
from brasa.layers.bidirectional import Bidirectional
from brasa.layers.over_time import OverTime
from brasa.layers.tensor import LayerCall, LayerTensor
from brasa.layers.weighted import free_name

from . import archive
from .compiled import compile_config
from .places import flat_places_of
from .state import GROUP, state_of
from .weights import weights_file
from .written import ADVICE, entry, input_entry, layer_entry, slices

if TYPE_CHECKING:
    from brasa.model import Model

_WHERE = "save"


def save(model: Model, path: Any) -> None:
    """Write architecture, weights, and what the model was compiled with.

    Raises:
        ValueError: a part of the model is none of Keras's. ImportError: h5py is not installed.
    """
    config = model_entry(model)
    state = state_of(model) if "compile_config" in config else {}
    more = {GROUP: state} if state else {}
    weights = weights_file(model, flat_places_of(model), _WHERE, more)
    contents = {
        archive.METADATA: json.dumps({"keras_version": "3.0.0", "written_by": "brasa"}).encode(),
        archive.CONFIG: json.dumps(config).encode(),
        archive.WEIGHTS: weights,
    }
    archive.write(path, contents, _WHERE)


def model_entry(model: Model) -> dict[str, Any]:
    """What ``config.json`` says."""
    owner = f"{_WHERE}: model {model.name!r}"
    for layer in model.network.layers:
        if LAYERS.get(type(layer).__name__) is not type(layer):
            kind = type(layer).__name__
            raise ValueError(
                f"{owner}: layer {layer.name!r} of class {kind}: Keras has no such layer. {ADVICE}"
            )
    described = model.description()
    if "subclass" in described or "own_steps" in described:
        kind = type(model).__name__
        raise ValueError(f"{owner}: Keras does not have its class {kind}. {ADVICE}")
    if described["class"] == "Sequential":
        first = model.network.inputs[0]
        front = input_entry(_free("input_layer", model), first.shape, first.dtype)
        stack = [front, *(layer_entry(item, owner) for item in described["layers"])]
        found = entry("keras", "Sequential", {"name": model.name, "layers": stack})
    else:
        found = entry("keras.src.models.functional", "Functional", _graph(model, described, owner))
    compiled = compile_config(model)
    return found if compiled is None else {**found, "compile_config": compiled}


def _free(name: str, model: Model, *others: str) -> str:
    return free_name(name, {*others, *(layer.name for layer in model.network.layers)})


def _graph(model: Model, described: Mapping[str, Any], owner: str) -> dict[str, Any]:
    network = model.network
    taken: list[str] = []
    for name in network.input_names:
        taken.append(_free(name, model, *taken))
    names = dict(zip(network.inputs, taken, strict=True))
    entries = []
    for tensor, name in names.items():
        item = input_entry(name, tensor.shape, tensor.dtype)
        entries.append({**item, "name": name, "inbound_nodes": []})
    uses = _Uses(names, network.calls)
    for layer, item in zip(network.layers, described["layers"], strict=True):
        calls = [call for call in network.calls if call.layer is layer]
        if item["class_name"] == "GetItem":
            found = entry("keras.src.ops.numpy", "GetItem", {"name": layer.name})
            index = slices(item["config"]["index"])
            nodes = [{"args": [uses.tensor(c.inputs), index], "kwargs": {}} for c in calls]
        else:
            found = layer_entry(item, owner)
            nodes = [uses.node(call) for call in calls]
        entries.append({**found, "name": layer.name, "inbound_nodes": nodes})
    outputs: Any = [uses.place(tensor) for tensor in network.outputs]
    if network.keys is not None:
        outputs = dict(zip(network.keys, outputs, strict=True))
    inputs = [uses.place(tensor) for tensor in network.inputs]
    return {
        "name": model.name,
        "trainable": True,
        "layers": entries,
        "input_layers": inputs[0] if len(inputs) == 1 else inputs,
        "output_layers": outputs[0] if isinstance(outputs, list) and len(outputs) == 1 else outputs,
    }


class _Uses:
    """Tensors by layer, use of the layer, and number."""

    def __init__(self, inputs: Mapping[LayerTensor, str], calls: Sequence[LayerCall]) -> None:
        self._inputs, self._number = inputs, dict[LayerCall, int]()
        counts: dict[Any, int] = {}
        for call in calls:
            self._number[call] = counts.get(call.layer, 0)
            counts[call.layer] = self._number[call] + 1

    def place(self, tensor: LayerTensor) -> list[Any]:
        if tensor in self._inputs:
            return [self._inputs[tensor], 0, 0]
        assert tensor.call is not None
        return [tensor.call.layer.name, self._number[tensor.call], tensor.index]

    def tensor(self, tensor: LayerTensor) -> dict[str, Any]:
        config = {
            "shape": [None, *tensor.shape[1:]],
            "dtype": tensor.dtype,
            "keras_history": self.place(tensor),
        }
        return {"class_name": "__keras_tensor__", "config": config}

    def node(self, call: LayerCall) -> dict[str, Any]:
        """One use, with Keras's arguments for what is one list here."""
        tensors = [self.tensor(tensor) for tensor in call.input_list]
        kwargs = dict(call.options)
        if call.training is not None:
            kwargs["training"] = call.training
        if isinstance(call.inputs, LayerTensor):
            return {"args": tensors, "kwargs": kwargs}
        if isinstance(call.layer, MultiHeadAttention):
            kwargs |= dict(zip(("key", "attention_mask"), tensors[2:], strict=False))
            return {"args": tensors[:2], "kwargs": kwargs}
        if isinstance(call.layer, (OverTime, Bidirectional)):
            return {"args": tensors[:1], "kwargs": {**kwargs, "initial_state": tensors[1:]}}
        return {"args": [tensors], "kwargs": kwargs}
