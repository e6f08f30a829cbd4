"""Where the first NaN or infinity of a step appears."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brasa.diagnosis.recorder import Record, Seen
from brasa.diagnosis.rows import has_time

Array = NDArray[Any]


@dataclass(frozen=True)
class Fault:
    """The first NaN or infinity of a step.

    Attributes:
        where: In the order in which they are looked at: "data" (an input array), "weight" (before
            the step), "forward" (the output of a layer), "loss", "backward" (the gradient by a
            layer's output, by the input of its recurrence, or by its weights), "update" (the step
            that the optimizer makes of finite gradients).
        layer: The layer; of the data, the first one whose output is spoilt. None for the loss, and
            where data spoil no output.
        step: The time step in that layer: forward the first one in the order of its reading,
            backward the first one that the gradient comes to. None where there is no time axis.
        value: "nan", "inf" or "-inf".
        name: The array, such as "x", or the weight, such as "dense/kernel"; else None.
        index: Where in that array: in the data, the weight, the output or the gradient.
    """

    where: str
    layer: str | None
    step: int | None
    value: str
    name: str | None = None
    index: tuple[int, ...] = ()

    @property
    def text(self) -> str:
        """A sentence that says all this."""
        at = "" if self.step is None else f" at time step {self.step}"
        place = list(self.index)
        if self.where == "data":
            spoils = "" if self.layer is None else f"; layer {self.layer!r} is the first to give it"
            return f"the data: {self.name}{place} is {self.value}{spoils}{at if spoils else ''}"
        if self.where == "weight":
            return f"layer {self.layer!r}: its weight {self.name!r}{place} is {self.value}"
        if self.where == "forward":
            return (
                f"layer {self.layer!r} is the first whose output is not finite: "
                f"{self.value}{at}, at {place}"
            )
        if self.where == "backward":
            of = "" if self.name is None else f" by {self.name!r}"
            return (
                f"layer {self.layer!r} is the first that the gradient reaches as {self.value}{at}"
                f"{of}; everything forward is finite"
            )
        if self.where == "update":
            return (
                f"layer {self.layer!r}: the gradients are finite, but the step of {self.name!r} is "
                f"{self.value}"
            )
        return f"the loss is {self.value}, though all outputs are finite"


def first_fault(record: Record) -> Fault | None:
    """The first NaN or infinity, in the order of the step; None where all is finite."""
    return (
        _in_data(record)
        or _forward(record)
        or _in_loss(record)
        or _backward(record)
        or _in_update(record)
    )


def _in_data(record: Record) -> Fault | None:
    inputs = [name for name in record.data.arrays if name.startswith("x")]
    for i, key in enumerate(inputs):
        array = record.data.arrays[key]
        at = _first(array) if array.dtype.kind == "f" else None
        if at is not None:
            name = "x" if len(inputs) == 1 else f"x[{i}]"
            spoilt = _in_outputs(record)
            layer, step = (None, None) if spoilt is None else (spoilt.layer, spoilt.step)
            return Fault("data", layer, step, _word(array[at]), name, at)
    return None


def _forward(record: Record) -> Fault | None:
    for seen in record.seen:
        for parameter in seen.call.layer.weights:
            value = record.values[parameter]
            at = _first(value)
            if at is not None:
                own = seen.call.layer.name
                output = _of_output(seen)
                step = None if output is None else output.step
                return Fault("weight", own, step, _word(value[at]), parameter.name, at)
        fault = _of_output(seen)
        if fault is not None:
            return fault
    return None


def _in_outputs(record: Record) -> Fault | None:
    found = (_of_output(seen) for seen in record.seen)
    return next((fault for fault in found if fault is not None), None)


def _of_output(seen: Seen) -> Fault | None:
    layer = seen.call.layer.name
    # The op's own outputs, which belong to the steps of x even where the layer gives but the last.
    for item in seen.recurrences:
        step = _step(item.y, last=item.backwards)
        if step is not None:
            at = _first(item.y[:, step])
            assert at is not None
            index = (at[0], step, *at[1:])
            return Fault("forward", layer, step, _word(item.y[index]), None, index)
    for output in seen.outputs:
        at = _first(output)
        if at is not None:
            step = _step(output) if has_time(seen) and output.ndim > 2 else None
            return Fault("forward", layer, step, _word(output[at]), None, at)
    return None


def _in_loss(record: Record) -> Fault | None:
    if math.isfinite(record.loss):
        return None
    return Fault("loss", None, None, _word(record.loss))


def _backward(record: Record) -> Fault | None:
    for seen in reversed(record.seen):
        layer = seen.call.layer
        for gradient in seen.gradients:
            at = None if gradient is None else _first(gradient)
            if gradient is not None and at is not None:
                timed = has_time(seen) and gradient.ndim > 2
                step = _step(gradient, last=True) if timed else None
                return Fault("backward", layer.name, step, _word(gradient[at]), None, at)
        for item in seen.recurrences:
            step = None if item.dx is None else _step(item.dx, last=not item.backwards)
            if item.dx is not None and step is not None:
                at = _first(item.dx[:, step])
                assert at is not None
                index = (at[0], step, *at[1:])
                return Fault("backward", layer.name, step, _word(item.dx[index]), None, index)
        for parameter in layer.trainable_weights:
            if parameter in record.weighed:
                of_weight = record.weighed[parameter].gradient
                at = _first(of_weight)
                if at is not None:
                    value = _word(of_weight[at])
                    return Fault("backward", layer.name, None, value, parameter.name, at)
    return None


def _in_update(record: Record) -> Fault | None:
    for seen in record.seen:
        for parameter in seen.call.layer.trainable_weights:
            if parameter in record.weighed:
                step = record.weighed[parameter].step
                at = _first(step)
                if at is not None:
                    own = seen.call.layer.name
                    return Fault("update", own, None, _word(step[at]), parameter.name, at)
    return None


def _first(array: Array) -> tuple[int, ...] | None:
    """Where the first value that is not finite stands."""
    wrong = ~np.isfinite(array)
    return tuple(np.argwhere(wrong)[0].tolist()) if wrong.any() else None


def _step(array: Array, *, last: bool = False) -> int | None:
    """The first, or last, time step with a value that is not finite."""
    axes = (0, *range(2, array.ndim))
    steps = np.flatnonzero(~np.isfinite(array).all(axis=axes))
    return int(steps[-1 if last else 0]) if len(steps) else None


def _word(value: Any) -> str:
    return str(float(value))
