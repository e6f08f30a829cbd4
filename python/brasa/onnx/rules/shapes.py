"""Changes of shape and order, parts, and what is put together from parts; reductions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from brasa.onnx.traces import Extent, Step, Tensor, fixed
from brasa.onnx.writer import Writer, channels_first, to_last

# Behind the last entry, and before the first one, whatever the extent is.
_END, _BEGIN = (1 << 63) - 1, -(1 << 63)

_REDUCE = {"sum": "ReduceSum", "mean": "ReduceMean", "max": "ReduceMax", "min": "ReduceMin"}


def reshape(w: Writer, step: Step) -> None:
    """The same elements under another shape.

    Where the first and the last axis stay, channels may come first before and behind.
    """
    x, y = _x(step), step.outputs[0]
    stays = y.ndim > 2 and (x.shape[0], x.shape[-1]) == (y.shape[0], y.shape[-1])
    first = w.is_first(x) and stays
    source = w.first(x) if first else w.last(x)
    have = channels_first(x.shape) if first else x.shape
    want = channels_first(y.shape) if first else y.shape
    w.give(y, w.node("Reshape", [source, target_shape(w, have, want)]), first)


def target_shape(w: Writer, have: Sequence[Extent], want: Sequence[Extent]) -> str:
    """A shape for Reshape, in which 0 stands for the extent before, and one -1 for the rest."""
    numbers: list[int | None] = [fixed(extent) for extent in want]
    if 0 in numbers or None not in numbers:
        return w.extents.shape(want)
    for axis, extent in enumerate(want):
        if numbers[axis] is None and axis < len(have) and have[axis] == extent:
            numbers[axis] = 0
    if numbers.count(None) <= 1:
        return w.whole_numbers([-1 if number is None else number for number in numbers])
    return w.extents.shape(want)


def transpose(w: Writer, step: Step) -> None:
    """Axes in another order: one transposition, from the order in which x was given."""
    x = _x(step)
    axes = [axis % x.ndim for axis in step.get("axes")]
    if w.is_first(x):
        places = to_last(range(x.ndim))
        axes = [places[axis] for axis in axes]
    w.give(step.outputs[0], w.node("Transpose", [w.native(x)], perm=axes))


def broadcast_to(w: Writer, step: Step) -> None:
    """x repeated along some axes."""
    y = step.outputs[0]
    w.give(y, w.node("Expand", [w.last(_x(step)), w.extents.shape(y.shape)]))


def concatenate(w: Writer, step: Step) -> None:
    """Tensors behind each other."""
    tensors: list[Any] = list(step.inputs)
    first, values = w.aligned(tensors)
    axis = step.get("axis", -1) % tensors[0].ndim
    axis = to_last(range(tensors[0].ndim))[axis] if first else axis
    w.give(step.outputs[0], w.node("Concat", values, axis=axis), first)


def part(w: Writer, step: Step) -> None:
    """``length`` entries of an axis from ``start`` on."""
    x, axis = _x(step), step.get("axis")
    extent = x.shape[axis % x.ndim]
    start, length = step.extent("start"), step.extent("length")
    end = tuple(a + b for a, b in zip(start, length, strict=True))
    ends = [_place(w, start, extent), _place(w, end, extent)]
    y = w.node("Slice", [w.native(x), *ends, w.whole_numbers([w.axis(x, axis)])])
    w.give(step.outputs[0], y, w.is_first(x))


def _place(w: Writer, place: Extent, extent: Extent) -> str:
    """A place of an axis, counted from its beginning, or else from its end."""
    number = fixed(place)
    if number is not None:
        return w.whole_numbers([number])
    behind = fixed(tuple(a - b for a, b in zip(place, extent, strict=True)))
    if behind is not None and behind <= 0:
        return w.whole_numbers([behind or _END])
    return w.extents.value(place)


def flip(w: Writer, step: Step) -> None:
    """The entries of an axis in the opposite order."""
    x = _x(step)
    numbers = ([-1], [_BEGIN], [w.axis(x, step.get("axis", -1))], [-1])
    y = w.node("Slice", [w.native(x), *map(w.whole_numbers, numbers)])
    w.give(step.outputs[0], y, w.is_first(x))


def pad(w: Writer, step: Step) -> None:
    """Zeros before and behind the entries of an axis."""
    x, y = _x(step), step.outputs[0]
    axis = step.get("axis") % x.ndim
    before = step.extent("start")
    behind = tuple(
        whole - a - b for whole, a, b in zip(y.shape[axis], x.shape[axis], before, strict=True)
    )
    pads = [fixed(before), fixed(behind)]
    if None in pads:
        raise ValueError("the zeros around x depend on the extents of the data")
    # For all axes: ONNX Runtime forgets which ones, where it moves a transposition behind.
    sides = [0] * (2 * x.ndim)
    sides[w.axis(x, axis)], sides[x.ndim + w.axis(x, axis)] = pads[0] or 0, pads[1] or 0
    w.give(y, w.node("Pad", [w.native(x), w.whole_numbers(sides)]), w.is_first(x))


def reduce(w: Writer, step: Step) -> None:
    """Sums, means and extremes over some axes."""
    x, keeps = _x(step), bool(step.get("keepdims", 0))
    axes = [axis % x.ndim for axis in step.get("axes")]
    # Channels that were first are so still, where they and others are left.
    first = w.is_first(x) and (keeps or (x.ndim - 1 not in axes and 0 not in axes))
    kind = step.get("kind")
    if kind not in _REDUCE:
        raise ValueError(f"there is no rule for the kind {kind!r}")
    source = w.native(x) if first or x.ndim - 1 in axes else w.last(x)
    places = [w.axis(x, axis) for axis in axes] if source == w.native(x) else axes
    operands = [source, w.whole_numbers(sorted(places))] if axes else [source]
    options = {"noop_with_empty_axes": 1} if not axes else {}
    y = w.node(_REDUCE[kind], operands, keepdims=int(keeps), **options)
    w.give(step.outputs[0], y, first)


def _x(step: Step) -> Tensor:
    x = step.inputs[0]
    assert x is not None
    return x


RULES = {
    "broadcast_to": broadcast_to,
    "concatenate": concatenate,
    "flip": flip,
    "reduce": reduce,
    "reshape": reshape,
    "slice": part,
    "slice_backward": pad,
    "transpose": transpose,
}
