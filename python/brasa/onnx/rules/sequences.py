"""Whole numbers that name something, and masks of padded steps: 1 where a step counts, else 0."""

from __future__ import annotations

import numpy as np

from brasa.onnx.traces import Step, Tensor
from brasa.onnx.writer import Writer

_FLOAT, _BOOL = 1, 9


def embedding(w: Writer, step: Step) -> None:
    """Rows of a table."""
    ids, table = step.inputs
    assert ids is not None
    assert table is not None
    w.give(step.outputs[0], w.node("Gather", [w.last(table), w.last(ids)], axis=0))


def one_hot(w: Writer, step: Step) -> None:
    """1 at the place that a number names; nowhere, where there is no such place."""
    x = w.node("Unsqueeze", [w.last(_x(step)), w.whole_numbers([-1])])
    places = w.constant(np.arange(step.get("depth"), dtype=np.int32))
    y = w.node("Cast", [w.node("Equal", [x, places])], to=_FLOAT)
    w.give(step.outputs[0], y)


def mask_of_ids(w: Writer, step: Step) -> None:
    """Where an id is not that of the padding."""
    same = w.node("Equal", [w.last(_x(step)), w.constant(np.int32(step.get("value", 0)))])
    w.give(step.outputs[0], w.node("Cast", [w.node("Not", [same])], to=_FLOAT))


def mask_of_rows(w: Writer, step: Step) -> None:
    """Where any feature differs from the padding."""
    same = w.node("Equal", [w.last(_x(step)), w.number(step.get("value", 0.0))])
    differ = w.node("Cast", [w.node("Not", [same])], to=_FLOAT)
    y = w.node("ReduceMax", [differ, w.whole_numbers([-1])], keepdims=0)
    w.give(step.outputs[0], y)


def mask_rows(w: Writer, step: Step) -> None:
    """Zeros in place of what a mask leaves out."""
    x, mask = step.inputs
    assert x is not None
    assert mask is not None
    counts = w.node("Unsqueeze", [w.node("Cast", [w.last(mask)], to=_BOOL), w.whole_numbers([-1])])
    w.give(step.outputs[0], w.node("Where", [counts, w.last(x), w.number(0.0)]))


def _x(step: Step) -> Tensor:
    x = step.inputs[0]
    assert x is not None
    return x


RULES = {
    "embedding": embedding,
    "mask_of_ids": mask_of_ids,
    "mask_of_rows": mask_of_rows,
    "mask_rows": mask_rows,
    "one_hot": one_hot,
}
