"""The messages of an ONNX file: tensors, nodes, the graph and the model.

Numbers of fields and types are those of onnx.proto: github.com/onnx/onnx/blob/main/onnx/onnx.proto.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brasa.onnx.wire import Message, nested, real, text, whole, wholes

# The set of operators that nodes refer to, and the version of the format that came with it.
OPSET, IR_VERSION = 18, 8

_TYPES = {"float32": 1, "int32": 6, "int64": 7, "bool": 9}

# The kinds of attributes.
_FLOAT, _INT, _STRING, _FLOATS, _INTS, _STRINGS = 1, 2, 3, 6, 7, 8


@dataclass(eq=False)
class OnnxNode:
    """One call of an ONNX operator: values by their names, "" for one that is left out."""

    operator: str
    name: str
    inputs: list[str]
    outputs: list[str]
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ValueInfo:
    """What an input or output is: an extent is a number, the name of one, or None."""

    name: str
    dtype: str
    shape: tuple[int | str | None, ...]


def tensor(name: str, array: NDArray[Any]) -> Message:
    """A TensorProto, whose raw data are little-endian and in row order."""
    data = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    shape = wholes(1, array.shape)
    raw = data.reshape(-1).view(np.uint8).data if data.size else b""
    return [
        *shape,
        *whole(2, _TYPES[array.dtype.name]),
        *text(8, name),
        *nested(9, [raw]),
    ]


def attribute(name: str, value: Any) -> Message:
    """An AttributeProto of what the value is: a number, a text, or a list of either."""
    several = isinstance(value, (list, tuple))
    first = value[0] if several and value else value
    if isinstance(first, str):
        given = [c for v in value for c in text(9, v)] if several else text(4, value)
        kind = _STRINGS if several else _STRING
    elif isinstance(first, float):
        given = [c for v in value for c in real(7, v)] if several else real(2, value)
        kind = _FLOATS if several else _FLOAT
    else:
        given = wholes(8, value) if several else whole(3, value)
        kind = _INTS if several else _INT
    return [*text(1, name), *given, *whole(20, kind)]


def node(item: OnnxNode) -> Message:
    """A NodeProto."""
    message = [chunk for name in item.inputs for chunk in text(1, name)]
    message += [chunk for name in item.outputs for chunk in text(2, name)]
    message += [*text(3, item.name), *text(4, item.operator)]
    for name, value in item.attributes.items():
        message += nested(5, attribute(name, value))
    return message


def value_info(value: ValueInfo) -> Message:
    """A ValueInfoProto: a name, a type and a shape."""
    dims: Message = []
    for extent in value.shape:
        if extent is None:
            dims += nested(1, [])
        else:
            dims += nested(1, text(2, extent) if isinstance(extent, str) else whole(1, extent))
    kind = [*whole(1, _TYPES[value.dtype]), *nested(2, dims)]
    return [*text(1, value.name), *nested(2, nested(1, kind))]


def model(
    name: str,
    nodes: Sequence[OnnxNode],
    initializers: Mapping[str, NDArray[Any]],
    inputs: Sequence[ValueInfo],
    outputs: Sequence[ValueInfo],
    version: str,
) -> Message:
    """A ModelProto: what the file holds."""
    graph: Message = []
    for item in nodes:
        graph += nested(1, node(item))
    graph += text(2, name)
    for key, array in initializers.items():
        graph += nested(5, tensor(key, array))
    for value in inputs:
        graph += nested(11, value_info(value))
    for value in outputs:
        graph += nested(12, value_info(value))
    opset = [*text(1, ""), *whole(2, OPSET)]
    return [
        *whole(1, IR_VERSION),
        *text(2, "brasa"),
        *text(3, version),
        *nested(7, graph),
        *nested(8, opset),
    ]
