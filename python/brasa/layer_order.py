"""The layers of a network: in which order they run, how they are listed, what they are named."""

from __future__ import annotations

from collections.abc import Sequence

from brasa.layers.base import Layer
from brasa.layers.tensor import LayerCall, LayerTensor
from brasa.layers.weighted import free_name


def calls_in_order(
    inputs: Sequence[LayerTensor], outputs: Sequence[LayerTensor]
) -> list[LayerCall]:
    """The calls that lead from the inputs to the outputs, each after those that it needs.

    ValueError where an output needs an input that is not among the inputs.
    """
    order: dict[LayerCall, None] = {}
    reachable = set(inputs)
    # Depth first without recursion: deep networks have thousands of layers.
    stack: list[tuple[LayerTensor, bool]] = [(tensor, False) for tensor in reversed(outputs)]
    while stack:
        tensor, children_done = stack.pop()
        if tensor in reachable or (tensor.call is not None and tensor.call in order):
            continue
        if tensor.call is None:
            raise ValueError(
                f"the outputs depend on the input {tensor.name!r} {tensor.shape}, "
                "which is not among the model's inputs"
            )
        if children_done:
            order[tensor.call] = None
        else:
            stack.append((tensor, True))
            stack.extend((child, False) for child in reversed(tensor.call.input_list))
    return list(order)


def layers_by_depth(calls: Sequence[LayerCall], outputs: Sequence[LayerTensor]) -> list[Layer]:
    """The layers as Keras lists them: by their distance from the outputs, the farthest first.

    Those at one distance come in the order in which a walk from the outputs to the inputs meets
    them. The distance is the longest path; that of a shared layer counts for all of its uses.
    """
    depths: dict[LayerCall, int] = {}
    layers: dict[Layer, int] = {}
    for call in reversed(calls):
        depth = max(depths.get(call, 0), layers.get(call.layer, 0))
        layers[call.layer] = depth
        for tensor in call.input_list:
            if tensor.call is not None:
                depths[tensor.call] = max(depth + 1, depths.get(tensor.call, 0))
    met: dict[Layer, None] = {}
    unseen = set(calls)  # an input may be another model's inner tensor: what made it is no part
    stack = list(reversed(outputs))
    while stack:
        origin = stack.pop().call
        if origin in unseen:
            unseen.remove(origin)
            met.setdefault(origin.layer)
            stack.extend(reversed(origin.input_list))
    return sorted(met, key=lambda layer: -layers[layer])


def name_uniquely(layers: Sequence[Layer]) -> None:
    """Give new names where two layers have the same.

    Those that the user chose stay, and, before those of new layers, those from other models.
    """
    taken: set[str] = set()
    for layer in layers:
        if layer.named_by_user:
            if layer.name in taken:
                raise ValueError(f"two layers of the model are named {layer.name!r}")
            taken.add(layer.name)
    for known in (True, False):
        for layer in layers:
            if layer.named_by_user or layer.named_by_model is not known:
                continue
            if layer.name in taken:
                _rename(layer, free_name(layer.default_name, taken))
            layer.named_by_model = True
            taken.add(layer.name)


def _rename(layer: Layer, name: str) -> None:
    for parameter in layer.parameters:
        if not layer._is_held:  # else it has the name of the layer that holds it
            parameter.name = f"{name}/{layer.name_of(parameter)}"
    layer.name = name
