"""A model's forward pass as the bytes of an ONNX file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from brasa.graph.symbol import Constant, External, State
from brasa.onnx import messages
from brasa.onnx.messages import OnnxNode, ValueInfo
from brasa.onnx.patterns import REPEAT, joined
from brasa.onnx.rules import RULES
from brasa.onnx.traces import Extent, OpenShape, Step, Steps, Tensor, fixed, steps_of
from brasa.onnx.wire import Message
from brasa.onnx.writer import Array, Writer
from brasa.ops.dispatch import run
from brasa.parameter import Parameter

if TYPE_CHECKING:
    from brasa.network import Network

# What open axes are called, by the rank of the input.
_LETTERS = {2: "NT", 3: "NTD", 4: "NHWC"}

# Results that are this much larger than all operands are computed anew at each run.
_GROWTH, _SMALL = 4, 1 << 16


def onnx_message(network: Network, shapes: Sequence[OpenShape], name: str, version: str) -> Message:
    """The file of a network for inputs of these shapes, batch included; None is open.

    Raises:
        ValueError: an op has no rule, or needs what ONNX does not have.
    """
    passes = steps_of(network, shapes)
    writer = Writer()
    writer.read = {t for step in passes.steps for t in step.inputs if t} | set(passes.outputs)
    symbols: dict[Extent, str] = {}
    inputs = []
    for own, tensor in zip(network.input_names, passes.inputs, strict=True):
        inputs.append(ValueInfo(own, tensor.dtype, _dims(tensor, symbols, named=True)))
        writer.free_name(own)
        writer.give(tensor, own)
    _take_constants(writer, passes, network.names)
    for step in joined(passes):
        _write(writer, step)
    outputs = _name_outputs(writer, network.output_names, passes.outputs)
    infos = [
        ValueInfo(own, tensor.dtype, _dims(tensor, symbols))
        for own, tensor in zip(outputs, passes.outputs, strict=True)
    ]
    used = {value for node in writer.nodes for value in node.inputs}
    kept = {key: array for key, array in writer.initializers.items() if key in used}
    return messages.model(name, writer.nodes, kept, inputs, infos, version)


def _take_constants(writer: Writer, passes: Steps, names: Mapping[Parameter, str]) -> None:
    """The weights and the zero as arrays; ValueError for what there is but in a model that runs."""
    sources = [(step, tensor) for step in passes.steps for tensor in step.inputs if tensor]
    for step, tensor in sources:
        if tensor.source is None or tensor in writer.arrays:
            continue
        if isinstance(tensor.source, Parameter):
            writer.arrays[tensor] = np.asarray(tensor.source.value, np.float32)
            writer.names[tensor] = names.get(tensor.source, tensor.source.name)
        elif isinstance(tensor.source, Constant):
            writer.arrays[tensor] = tensor.source.values
        elif tensor.source == "zero":
            writer.arrays[tensor] = np.zeros(1, np.float32)
        elif isinstance(tensor.source, State):
            raise ValueError(
                f"export: layer {step.layer!r} is stateful, and an ONNX file keeps nothing from "
                "batch to batch: give its states as inputs, initial_state=..., and return_state="
            )
        elif not isinstance(tensor.source, External):
            raise ValueError(
                f"export: layer {step.layer!r} draws at random in its op {step.op!r}, which an "
                "ONNX file does not: export a model without it"
            )


def _write(writer: Writer, step: Step) -> None:
    if _is_constant(writer, step):
        for tensor, array in zip(step.outputs, _values(writer, step), strict=True):
            writer.arrays[tensor] = array
        return
    rule = RULES.get(step.op)
    if rule is None:
        raise ValueError(
            f"export: layer {step.layer!r} uses the op {step.op!r}, for which brasa.onnx has no "
            "rule"
        )
    writer.scope = step.name
    try:
        rule(writer, step)
    except ValueError as error:
        raise ValueError(f"export: layer {step.layer!r}, op {step.op!r}: {error}") from None


def _is_constant(writer: Writer, step: Step) -> bool:
    """Whether a step follows from the weights alone, and is worth to be kept."""
    if step.op == REPEAT:
        return False
    operands = [tensor for tensor in step.inputs if tensor is not None]
    shapes = [tensor.fixed_shape for tensor in step.outputs]
    if None in shapes or not all(tensor in writer.arrays for tensor in operands):
        return False
    given = sum(writer.arrays[tensor].size for tensor in operands)
    made = sum(int(np.prod(shape)) for shape in shapes if shape is not None)
    return bool(operands) and made <= max(_GROWTH * given, _SMALL)


def _values(writer: Writer, step: Step) -> Sequence[Array]:
    arrays = [None if tensor is None else writer.arrays[tensor] for tensor in step.inputs]
    if step.op == "reshape":
        assert arrays[0] is not None
        return [arrays[0].reshape(step.get("shape"))]
    attributes = {name: step.get(name) for name in step.attributes[0]}
    return [np.asarray(result) for result in run(step.op, arrays, attributes)]


def _name_outputs(writer: Writer, names: Sequence[str], outputs: Sequence[Tensor]) -> list[str]:
    """Have the outputs values of their names; a layer may be named like an input."""
    own = [writer.free_name(name) for name in names]
    for name, tensor in zip(own, outputs, strict=True):
        writer.nodes.append(OnnxNode("Identity", name, [writer.last(tensor)], [name]))
    return own


def _dims(
    tensor: Tensor, symbols: dict[Extent, str], *, named: bool = False
) -> tuple[int | str | None, ...]:
    """The extents: numbers, names of those of the inputs, None for what follows from them."""
    dims: list[int | str | None] = []
    letters: Any = _LETTERS.get(tensor.ndim, "N")
    for axis, extent in enumerate(tensor.shape):
        number = fixed(extent)
        if number is None and named and extent not in symbols:
            letter = letters[axis] if axis < len(letters) else f"axis_{axis}"
            taken = [name for name in symbols.values() if name.partition("_")[0] == letter]
            symbols[extent] = f"{letter}_{len(taken)}" if taken else letter
        dims.append(number if number is not None else symbols.get(extent))
    return tuple(dims)
