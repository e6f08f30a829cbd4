"""Sums, products and changes of shape. Contract: csrc/ops/elementwise.h."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from brasa.graph.indexing import Entry, shape_of, stretch_of
from brasa.graph.symbol import Symbol
from brasa.ops.activation_attributes import activation_attributes
from brasa.ops.arguments import number, whole
from brasa.ops.broadcast import joined
from brasa.ops.dispatch import Out, Tensor, floats, run

# What stands for itself beside a tensor; NumPy's numbers are arrays of one element.
_NUMBERS = (int, float)

# kMaxAddends of csrc/ops/elementwise.h: what the kernel joins in one call.
_AT_ONCE = 16


def _affine(factor: float, offset: float) -> dict[str, float]:
    return {"factor": float(factor), "offset": float(offset)}


def add(*xs: Tensor | float, out: Out = None) -> Tensor:
    """``y = x0 + x1 + ...``, in this order.

    Shapes:
        all of one shape, or broadcast as in NumPy: axes are matched from the last one on, and an
        extent of 1, or an axis that is missing, is repeated; of two, one may be a number

    ValueError for no operands, and for shapes that cannot be broadcast.

    >>> from brasa import ops
    >>> ops.add([1.0, 2.0], [2.0, 3.0], [3.0])
    array([6., 8.], dtype=float32)
    """
    if not xs:
        raise ValueError("add: needs at least 1 input")
    if len(xs) == 2 and (type(xs[0]) in _NUMBERS) != (type(xs[1]) in _NUMBERS):
        x, offset = xs if type(xs[1]) in _NUMBERS else reversed(xs)
        return run("scale", [floats("add", "x", x)], _affine(1.0, offset), out, caller="add")[0]
    operands = [floats("add", f"x{i}", x) for i, x in enumerate(xs)]
    if len({tuple(x.shape) for x in operands}) == 1:
        return run("add", operands, out=out)[0]
    return joined("add", operands, out)


def add_bias(x: Tensor, b: Tensor, activation: str | None = None, *, out: Out = None) -> Tensor:
    """``y[..., j] = act(x[..., j] + b[j])``: one number for each column.

    Shapes:
        x and y (..., D), b (D,)

    >>> from brasa import ops
    >>> ops.add_bias([[1.0, 2.0], [3.0, 4.0]], [10.0, -3.0], "relu")
    array([[11.,  0.],
           [13.,  1.]], dtype=float32)
    """
    op = "add_bias"
    attributes = activation_attributes(op, activation)
    return run(op, [floats(op, "x", x), floats(op, "b", b)], attributes, out)[0]


def multiply(a: Tensor | float, b: Tensor | float, *, out: Out = None) -> Tensor:
    """``y = a * b``, element by element.

    Shapes:
        both of one shape, or broadcast as in NumPy: images (N, H, W, C) by gates (N, 1, 1, C); one
        may be a number

    >>> from brasa import ops
    >>> ops.multiply([[1.0, 2.0], [3.0, 4.0]], [[10.0], [1.0]])
    array([[10., 20.],
           [ 3.,  4.]], dtype=float32)
    """
    op = "multiply"
    if (type(a) in _NUMBERS) != (type(b) in _NUMBERS):
        x, factor = (a, b) if type(b) in _NUMBERS else (b, a)
        return run("scale", [floats(op, "x", x)], _affine(factor, 0.0), out, caller=op)[0]
    return joined(op, [floats(op, "a", a), floats(op, "b", b)], out)


def scale(x: Tensor, factor: float, offset: float = 0.0, *, out: Out = None) -> Tensor:
    """``y = factor * x + offset``.

    Shapes:
        x and y of one shape

    >>> from brasa import ops
    >>> ops.scale([1.0, 2.0], 0.5, offset=1.0)
    array([1.5, 2. ], dtype=float32)
    """
    attributes = {
        "factor": number("scale", "factor", factor),
        "offset": number("scale", "offset", offset),
    }
    return run("scale", [floats("scale", "x", x)], attributes, out)[0]


def concatenate(xs: Sequence[Tensor], axis: int = -1, *, out: Out = None) -> Tensor:
    """Join along one axis; all other axes agree.

    Shapes:
        any, of one rank

    ValueError where other extents differ or there is no such axis.

    >>> from brasa import ops
    >>> ops.concatenate([[[1.0]], [[2.0, 3.0]]])
    array([[1., 2., 3.]], dtype=float32)
    """
    if not isinstance(xs, (list, tuple)) or not xs:
        raise ValueError("concatenate: needs a list of at least 1 input")
    operands = [floats("concatenate", f"x{i}", x) for i, x in enumerate(xs)]
    attributes = {"axis": whole("concatenate", "axis", axis)}
    if len(operands) > _AT_ONCE:
        _require_agreement(operands, attributes["axis"])
    while len(operands) > _AT_ONCE:
        groups = (operands[i : i + _AT_ONCE] for i in range(0, len(operands), _AT_ONCE))
        operands = [run("concatenate", group, attributes)[0] for group in groups]
    return run("concatenate", operands, attributes, out)[0]


def _require_agreement(operands: Sequence[Tensor], axis: int) -> None:
    """All like the first off the axis: groups of them would have other extents in errors."""
    first = tuple(operands[0].shape)
    at = axis % max(len(first), 1)
    for i, x in enumerate(operands):
        shape = tuple(x.shape)
        if (shape[:at], shape[at + 1 :]) != (first[:at], first[at + 1 :]):
            raise ValueError(
                f"concatenate: shapes must agree off axis {axis}, got {first} and {shape}, x{i}"
            )


def slice(  # noqa: A001
    x: Tensor, axis: int, start: int, length: int, *, out: Out = None
) -> Tensor:
    """``length`` entries of ``axis``, from ``start`` on.

    Shapes:
        y as x, with ``length`` entries on ``axis``

    >>> from brasa import ops
    >>> ops.slice([1.0, 2.0, 3.0], axis=0, start=1, length=2)
    array([2., 3.], dtype=float32)
    """
    attributes = {
        name: whole("slice", name, value)
        for name, value in (("axis", axis), ("start", start), ("length", length))
    }
    return run("slice", [floats("slice", "x", x)], attributes, out)[0]


def part(x: Tensor, entries: Sequence[Entry]) -> Tensor:
    """What indexing gives: see brasa.graph.indexing."""
    result = x
    for axis, entry in enumerate(entry for entry in entries if entry != "new"):
        if entry is not None:
            result = slice(result, axis, *stretch_of(axis, entry, x.shape[axis]))
    changed = any(entry is not None for entry in entries)
    return reshape(result, shape_of(entries, x.shape)) if changed else x


def pad(x: Tensor, axis: int, before: int, after: int, *, out: Out = None) -> Tensor:
    """Zeros before and after the entries of ``axis``.

    Shapes:
        y as x, with ``before + after`` entries more on ``axis``

    ValueError for an axis that x does not have, or numbers below 0.

    >>> from brasa import ops
    >>> ops.pad([1.0, 2.0], axis=0, before=1, after=2)
    array([0., 1., 2., 0., 0.], dtype=float32)
    """
    x = floats("pad", "x", x)
    axis, before, after = (
        whole("pad", name, value)
        for name, value in (("axis", axis), ("before", before), ("after", after))
    )
    if before < 0 or after < 0:
        raise ValueError(f"pad: before and after must be >= 0, got {before} and {after}")
    shape = [int(extent) for extent in x.shape]
    rank = len(shape)
    if not -rank <= axis < rank:
        raise ValueError(f"pad: axis must lie in [{-rank}, {rank}) for rank {rank}, got {axis}")
    attributes = {"axis": axis, "start": before, "length": shape[axis]}
    shape[axis] += before + after
    return run("slice_backward", [x], {**attributes, "x_shape": shape}, out, caller="pad")[0]


def flip(x: Tensor, axis: int | Sequence[int] | None = None, *, out: Out = None) -> Tensor:
    """The entries of one axis in the opposite order, of several, or with None of all.

    Shapes:
        x and y of one shape

    ValueError for an axis that x does not have, or no axis.

    >>> from brasa import ops
    >>> ops.flip([[1.0, 2.0, 3.0]], axis=1)
    array([[3., 2., 1.]], dtype=float32)
    """
    x = floats("flip", "x", x)
    given = range(len(x.shape)) if axis is None else axis
    axes = list(given) if isinstance(given, (tuple, list, range)) else [given]
    if not axes:
        raise ValueError(f"flip: there is no axis to flip, got {axis!r} for {tuple(x.shape)}")
    for left, one in zip(reversed(range(len(axes))), axes, strict=True):
        into = None if left else out
        (x,) = run("flip", [x], {"axis": whole("flip", "axis", one)}, into)
    return x


def reshape(x: Tensor, shape: Sequence[int]) -> Tensor:
    """The same elements under another shape; one extent may be -1.

    ValueError where the number of elements would be another one.

    >>> from brasa import ops
    >>> ops.reshape([1.0, 2.0, 3.0, 4.0], (2, -1)).shape
    (2, 2)
    """
    x = floats("reshape", "x", x)
    if not isinstance(shape, (tuple, list)):
        raise TypeError(f"reshape: shape must be a tuple of whole numbers, got {shape!r}")
    wanted = _resolve(tuple(x.shape), [whole("reshape", "shape", extent) for extent in shape])
    if not isinstance(x, Symbol):
        value: Any = getattr(x, "value", x)
        return value.reshape(wanted)
    return x if wanted == x.shape else x.graph.view(x, wanted)


def _resolve(have: tuple[int, ...], wanted: list[int]) -> tuple[int, ...]:
    if any(extent < -1 for extent in wanted) or wanted.count(-1) > 1:
        raise ValueError(
            f"reshape: extents must be >= 0, one of them may be -1, got {tuple(wanted)}"
        )
    elements = known = 1
    for extent in have:
        elements *= extent
    for extent in wanted:
        known *= 1 if extent == -1 else extent
    if -1 in wanted and known and elements % known == 0:
        wanted[wanted.index(-1)] = elements // known
        known = elements
    if known != elements or -1 in wanted:
        raise ValueError(f"reshape: {have} has {elements} elements, {tuple(wanted)} has not")
    return tuple(wanted)
