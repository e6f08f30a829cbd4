"""Where the first NaN or infinity of a step appears."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brasa.diagnosis.record import Record, Seen
from brasa.diagnosis.rows import has_time

Array = NDArray[Any]


@dataclass(frozen=True)
class Fault:
    """The first NaN or infinity of a step.

    Attributes:
        where: In the order in which they are looked at: "data" (an input), "weight"
            (before the step), "forward" (the output of a layer), "loss", "backward" (the gradient
            by a layer's output, by the input of its recurrence, or by its weights), "update" (the
            step that the optimizer makes of finite gradients).
        layer: The layer; of data, the first one whose output is spoilt. None for the loss, and
            where data spoil no output.
        step: The time step in that layer: forward the first one in the order of its reading,
            backward the first one that the gradient comes to. None where there is no time axis.
        value: "nan", "inf" or "-inf".
        name: The input, such as "x" or "x[1]", or the weight, such as "dense/kernel"; else None.
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
    return next(_all_faults(record), None)


def _all_faults(record: Record) -> Iterator[Fault]:
    yield from _in_data(record)
    yield from _forward(record)
    if not math.isfinite(record.loss):
        yield Fault("loss", None, None, _word(record.loss))
    yield from _backward(record)
    yield from _in_update(record)


def _in_data(record: Record) -> Iterator[Fault]:
    """One for each input; targets and sample weights are finite, or are not let in."""
    inputs = [key for key in record.data.arrays if key.startswith("x")]
    for i, key in enumerate(inputs):
        array = record.data.arrays[key]
        at = _first(array) if array.dtype.kind == "f" else None
        if at is not None:
            name = "x" if len(inputs) == 1 else f"x[{i}]"
            spoilt = (fault for seen in record.seen for fault in _of_outputs(seen))
            first = next(spoilt, None)
            layer, step = (None, None) if first is None else (first.layer, first.step)
            yield Fault("data", layer, step, _word(array[at]), name, at)


def _forward(record: Record) -> Iterator[Fault]:
    for seen in record.seen:
        outputs = list(_of_outputs(seen))
        step = outputs[0].step if outputs else None
        for parameter in seen.call.layer.weights:
            value = record.values[parameter]
            at = _first(value)
            if at is not None:
                own = seen.call.layer.name
                yield Fault("weight", own, step, _word(value[at]), parameter.name, at)
        yield from outputs


def _of_outputs(seen: Seen) -> Iterator[Fault]:
    # First those of recurrent ops, which have all steps even where the layer gives but the last.
    timed = [(item.y, item.backwards) for item in seen.recurrences]
    timed += [(output, False) for output in seen.outputs if has_time(seen) and output.ndim > 2]
    for output, backwards in timed:
        yield from _in_time("forward", seen, output, last=backwards)
    for output in seen.outputs:
        at = _first(output)
        if at is not None:
            yield Fault("forward", seen.call.layer.name, None, _word(output[at]), None, at)


def _backward(record: Record) -> Iterator[Fault]:
    for seen in reversed(record.seen):
        layer = seen.call.layer
        for gradient in seen.gradients:
            if gradient is None:
                continue
            if has_time(seen) and gradient.ndim > 2:
                yield from _in_time("backward", seen, gradient, last=True)
            at = _first(gradient)
            if at is not None:
                yield Fault("backward", layer.name, None, _word(gradient[at]), None, at)
        for item in seen.recurrences:
            if item.dx is not None:
                yield from _in_time("backward", seen, item.dx, last=not item.backwards)
        for parameter in seen.learning:
            of_weight = record.weighed[parameter].gradient
            at = _first(of_weight)
            if at is not None:
                value = _word(of_weight[at])
                yield Fault("backward", layer.name, None, value, parameter.name, at)


def _in_update(record: Record) -> Iterator[Fault]:
    for seen in record.seen:
        for parameter in seen.learning:
            step = record.weighed[parameter].step
            at = _first(step)
            if at is not None:
                own = seen.call.layer.name
                yield Fault("update", own, None, _word(step[at]), parameter.name, at)


def _in_time(where: str, seen: Seen, array: Array, *, last: bool) -> Iterator[Fault]:
    """The first, or last, time step of (N, T, ...) with a value that is not finite."""
    axes = (0, *range(2, array.ndim))
    steps = np.flatnonzero(~np.isfinite(array).all(axis=axes))
    if len(steps):
        step = int(steps[-1 if last else 0])
        at = _first(array[:, step])
        assert at is not None
        index = (at[0], step, *at[1:])
        yield Fault(where, seen.call.layer.name, step, _word(array[index]), None, index)


def _first(array: Array) -> tuple[int, ...] | None:
    """Where the first value that is not finite stands."""
    wrong = ~np.isfinite(array)
    return tuple(np.argwhere(wrong)[0].tolist()) if wrong.any() else None


def _word(value: Any) -> str:
    return str(float(value))
