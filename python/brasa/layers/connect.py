"""A layer applied to outputs of other layers: one node of a model's graph of layers."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from brasa.layers.tensor import LayerCall, LayerTensor
from brasa.layers.tracing import TensorSpec, trace_layer

if TYPE_CHECKING:
    from brasa.layers.base import Layer


def connect(
    layer: Layer, inputs: Any, training: bool | None, options: Mapping[str, Any]
) -> tuple[LayerCall, bool]:
    """The node with its outputs, and whether the layer gives a list of them."""
    several = isinstance(inputs, (list, tuple))
    values = list(inputs) if several else [inputs]
    if not all(isinstance(value, LayerTensor) for value in values):
        raise TypeError(f"layer {layer.name!r}: arrays and outputs of layers cannot be mixed")
    for value in values:
        if value.dtype_is_open:
            value.dtype, value.dtype_is_open = layer.input_dtype, False
    specs = [
        TensorSpec(value.shape, value.dtype, value.mask_shape, value.is_whole) for value in values
    ]
    if not layer.heeds_masks and any(spec.mask is not None for spec in specs):
        warnings.warn(
            f"layer {layer.name!r} ({type(layer).__name__}) gets a mask and does not pass it on: "
            "what follows takes padding for data",
            UserWarning,
            stacklevel=3,  # the line that calls the layer
        )
    outputs, is_list = trace_layer(layer, specs, inputs, options)
    training = None if training is None else bool(training)
    call = LayerCall(layer, inputs, training=training, options=dict(options))
    call.outputs = [
        LayerTensor(
            spec.shape, call, index, spec.dtype, layer.name, spec.mask, is_whole=spec.is_whole
        )
        for index, spec in enumerate(outputs)
    ]
    return call, is_list
