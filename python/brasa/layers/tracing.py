"""What comes out of a layer: its shape rule is that of its ops, so it is traced for one sample.

Axes that are open besides the batch (a free number of time steps) are traced with two lengths: what
differs between the two traces is open, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from brasa.graph.symbol import Symbol
from brasa.graph.trace import Graph
from brasa.layers.positional import applied, arranged_like
from brasa.ops.casting import is_cast, whole_part

if TYPE_CHECKING:
    from brasa.layers.base import Layer

# One extent for each axis; None where it is not known before the data is: the batch, the time.
OpenShape = tuple[int | None, ...]

# Two lengths for each open axis. Longer than windows are wide. Primes: no product of other extents
# gives one of them.
LENGTHS = (1021, 2039)

# For networks that fit no prime, such as those that halve an image, double it and join what they
# kept: 2^7 * 15 divides by what they halve by, and those after it have all remainders, too.
FURTHER_LENGTHS = range(1920, 2048)


class TensorSpec(NamedTuple):
    """What is known of a tensor while a model is put together."""

    shape: OpenShape
    dtype: str = "float32"
    mask: OpenShape | None = None  # the shape of the mask that comes with it
    is_whole: bool = False  # whole numbers in float32, as ops.cast and ops.argmax leave them


def is_open(shape: OpenShape) -> bool:
    """Whether an extent besides the batch is not known."""
    return None in shape[1:]


def row_of(shape: OpenShape, length: int = LENGTHS[0]) -> tuple[int, ...]:
    """The extents of one sample, with ``length`` in place of those that are open."""
    return tuple(length if extent is None else extent for extent in shape[1:])


def trace_layer(
    layer: Layer,
    inputs: Sequence[TensorSpec],
    like: Any,
    options: Mapping[str, Any] | None = None,
) -> tuple[Any, bool]:
    """Build the layer: its outputs for these inputs, and whether it gives a list of them.

    They come as what they are ``like``: one, in a list, or as arguments. ``options`` are what else
    its ``call`` is told.
    """
    options = options or {}
    shapes = [spec.shape for spec in inputs]
    layer.ensure_built(arranged_like(like, shapes))
    if not any(is_open(spec.shape) for spec in inputs):
        return _trace(layer, inputs, like, options, LENGTHS[0])
    try:
        return _trace_twice(layer, inputs, like, options, LENGTHS)
    except ValueError:
        for length in FURTHER_LENGTHS:
            with suppress(ValueError):
                lengths = (length, length + FURTHER_LENGTHS[0])
                return _trace_twice(layer, inputs, like, options, lengths)
        raise


def _trace_twice(
    layer: Layer,
    inputs: Sequence[TensorSpec],
    like: Any,
    options: Mapping[str, Any],
    lengths: tuple[int, int],
) -> tuple[list[TensorSpec], bool]:
    """What differs between the traces of two lengths is open."""
    first, is_list = _trace(layer, inputs, like, options, lengths[0])
    second, _ = _trace(layer, inputs, like, options, lengths[1])
    return [_common(*pair) for pair in zip(first, second, strict=True)], is_list


def _trace(
    layer: Layer,
    inputs: Sequence[TensorSpec],
    like: Any,
    options: Mapping[str, Any],
    length: int,
) -> tuple[list[TensorSpec], bool]:
    graph = Graph(for_shapes=True)
    symbols = []
    for index, spec in enumerate(inputs):
        row = row_of(spec.shape, length)
        symbol = graph.external(f"input{index}", (layer._traced_batch, *row), spec.dtype)
        symbol = whole_part("cast", symbol) if spec.is_whole else symbol
        if spec.mask is not None:
            row = row_of(spec.mask, length)
            symbol.mask = graph.external(f"mask{index}", (layer._traced_batch, *row))
        symbols.append(symbol)
    try:
        result = applied(layer, arranged_like(like, symbols), **options)
    except ValueError as error:
        shapes = [spec.shape for spec in inputs]
        text = arranged_like(like, shapes)
        said = str(error)
        if layer._traced_batch > 1:
            said = said.replace(f"({layer._traced_batch}, ", "(N, ")
        raise ValueError(f"layer {layer.name!r} for the input {text}: {said}") from None
    is_list = isinstance(result, (list, tuple))
    return [_spec(symbol) for symbol in (result if is_list else [result])], is_list


def _spec(symbol: Symbol) -> TensorSpec:
    mask = None if symbol.mask is None else (None, *symbol.mask.shape[1:])
    return TensorSpec((None, *symbol.shape[1:]), symbol.dtype, mask, is_cast(symbol))


def _common(first: TensorSpec, second: TensorSpec) -> TensorSpec:
    def merge(a: OpenShape, b: OpenShape) -> OpenShape:
        return tuple(x if x == y else None for x, y in zip(a, b, strict=True))

    mask = None if first.mask is None or second.mask is None else merge(first.mask, second.mask)
    return TensorSpec(merge(first.shape, second.shape), first.dtype, mask, first.is_whole)
