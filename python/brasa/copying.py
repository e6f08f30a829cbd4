"""Copies of models, for ``copy``, ``pickle`` and other processes: their layers and attributes.

A copy gets copies of the layers, as objects, and its graph by applying them once more: as a list
of calls, or, where a subclass says it, by its ``call``. All of training goes on there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from brasa import descriptions, training_state
from brasa.layers.tensor import LayerTensor
from brasa.network import Network
from brasa.subclassing import network_of

if TYPE_CHECKING:
    from brasa.model import Model


def state_of(model: Model) -> dict[str, Any]:
    """What ``restore`` needs; a model without an input shape is its attributes."""
    if model._engine is None:
        return {"attributes": {**_attributes(model), "fitting": None}}
    graph = descriptions.graph_of(model.network)
    config, slots = training_state.training_content(model)
    if model.objective is not None:  # functions among them are not to be found by name
        config["compile"]["loss"] = list(model.objective.losses)
        for kind in ("metrics", "weighted_metrics"):
            config["compile"][kind] = [list(group) for group in getattr(model.objective, kind)]
    return {
        "attributes": {
            **_attributes(model),
            "fitting": None,
            "_engine": None,
            "_compile_arguments": {},
        },
        "graph": graph,
        "layers": None if model._is_subclassed else model.network.layers,
        "weights": [p.numpy() for p in model.network.parameters] if model._is_subclassed else None,
        "config": config,
        "classes": training_state.own_classes(model),
        "slots": {name: np.array(array) for name, array in slots.items()},
        "device": model.device,
    }


def _attributes(model: Model) -> dict[str, Any]:
    """All but the plans of its steps, which are of this very model."""
    return {name: value for name, value in vars(model).items() if name != "_step_functions"}


def restore(model: Model, state: dict[str, Any]) -> None:
    """Make an object that has nothing yet the model of that state."""
    model.__dict__.update(state["attributes"])
    if "graph" not in state:
        return
    if state["layers"] is None:
        model._set_network(_network_again(model, state["graph"]["inputs"], state["weights"]))
        model.set_weights(state["weights"])
    else:
        model._set_network(Network(*descriptions.connected(state["graph"], state["layers"])))
    path = f"the copy of model {model.name!r}"
    training_state.restore_training(model, path, state["config"], state["classes"])
    training_state.restore_slots(model, path, state["slots"])
    if model.objective is not None:
        model.optimizer.belong_to(model)
    model.to(state["device"])


def _network_again(model: Model, inputs: list[Any], weights: list[Any]) -> Network:
    """What ``call`` does in the copy; TypeError where that is another network."""
    again = [LayerTensor(tuple(i["shape"]), dtype=i["dtype"], name=i["name"]) for i in inputs]
    network = network_of(model, again)
    if [p.shape for p in network.parameters] != [array.shape for array in weights]:
        raise TypeError(
            f"model {model.name!r}: its call() uses {len(network.parameters)} weights in the copy "
            f"and {len(weights)} in the original: layers must be attributes of the model, and what "
            "call() does must follow from attributes alone"
        )
    return network
