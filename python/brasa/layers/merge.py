"""Layers that join several inputs element by element."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from brasa import ops
from brasa.layers.arguments import list_of_inputs
from brasa.layers.base import Layer
from brasa.ops.dispatch import Tensor, floats


def _aligned(owner: str, xs: Any) -> list[Any]:
    """The inputs, of one rank; ValueError unless they can be broadcast without the batch."""
    inputs = [floats(owner, f"input {i}", x) for i, x in enumerate(list_of_inputs(owner, xs))]
    shapes = [tuple(x.shape) for x in inputs]
    rank = max(map(len, shapes))
    padded = [(*shape[:1], *[1] * (rank - len(shape)), *shape[1:]) for shape in shapes]
    one_batch = all(shapes) and len({shape[0] for shape in shapes}) == 1
    extents = [{e for e in axis if e != 1} for axis in zip(*padded, strict=True)]
    if not one_batch or any(len(axis) > 1 for axis in extents):
        raise ValueError(
            f"{owner}: the inputs must have one batch and one shape, but for extents of 1, got "
            f"{' and '.join(map(str, shapes))}"
        )
    return [
        x if len(x.shape) == rank else ops.reshape(x, shape)
        for x, shape in zip(inputs, padded, strict=True)
    ]


def _folded(join: Callable[[Any, Any], Any], xs: list[Any]) -> Any:
    """``join(join(x0, x1), x2)`` and so on."""
    result, *others = xs
    for x in others:
        result = join(result, x)
    return result


def any_of_masks(masks: Sequence[Any]) -> Any:
    """1 where a step counts in any input; None, that is everywhere, where one has no mask."""
    if any(one is None for one in masks):
        return None
    result, *others = {id(mask): mask for mask in masks}.values()
    for other in others:
        padding = ops.multiply(ops.scale(result, -1.0, 1.0), ops.scale(other, -1.0, 1.0))
        result = ops.scale(padding, -1.0, 1.0)
    return result


def _beside(xs: list[Any], mask: Any) -> list[Any]:
    """The mask of each input, shaped to be broadcast over it; None where all of its steps count."""
    masks = [None] * len(xs) if mask is None else list(mask)
    return [
        # An input that got axes after the batch has its steps elsewhere than its mask says.
        None
        if m is None or tuple(m.shape) != tuple(x.shape[: len(m.shape)])
        else ops.reshape(m, (*m.shape, *[1] * (len(x.shape) - len(m.shape))))
        for x, m in zip(xs, masks, strict=True)
    ]


def _extremes(join: Callable[[Any, Any], Any], xs: list[Any], masks: list[Any]) -> Any:
    """``join`` of those inputs that count, step by step; where none does, of what they hold."""
    result, known = xs[0], masks[0]
    for x, mask in zip(xs[1:], masks[1:], strict=True):
        other = x if mask is None else ops.where(mask, x, result)
        result = join(result if known is None else ops.where(known, result, other), other)
        known = None if mask is None or known is None else any_of_masks([known, mask])
    return result


class _Elementwise(Layer):
    """Base of the layers that join their inputs element by element."""

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """A step counts where it does in any input; without a mask it does."""
        return None if mask is None else any_of_masks(mask)


class Add(_Elementwise):
    """The sum of its inputs: ``y = x0 + x1 + ...``.

    Shapes:
        equal but for extents of 1, which are repeated; see Multiply

    Args:
        **options: name, trainable, input_shape.

    Raises:
        ValueError: fewer than 2 inputs, or shapes that do not fit. TypeError: one array, not a
            list.

    >>> import numpy as np
    >>> from brasa import layers
    >>> x = np.ones((1, 2), np.float32)
    >>> layers.Add()([x, x])
    array([[2., 2.]], dtype=float32)
    """

    def call(self, xs: list[Tensor]) -> Tensor:
        return ops.add(*_aligned("Add", xs))


class Average(_Elementwise):
    """The mean of its inputs: ``y = (x0 + x1 + ...) / n``.

    Shapes:
        equal but for extents of 1, which are repeated; see Multiply

    Args:
        **options: name, trainable, input_shape.

    Raises:
        ValueError: fewer than 2 inputs, or shapes that do not fit. TypeError: one array, not a
            list.

    >>> import numpy as np
    >>> from brasa import layers
    >>> layers.Average()([np.float32([[1.0, 2.0]]), np.float32([[3.0, 4.0]])])
    array([[2., 3.]], dtype=float32)
    """

    def call(self, xs: list[Tensor]) -> Tensor:
        inputs = _aligned("Average", xs)
        return ops.scale(ops.add(*inputs), 1 / len(inputs))


class Maximum(_Elementwise):
    """The largest of its inputs, element by element: ``y = max(x0, x1, ...)``.

    Steps that the mask of an input leaves out do not compete with those of the others.

    Shapes:
        equal but for extents of 1, which are repeated; see Multiply

    Args:
        **options: name, trainable, input_shape.

    Raises:
        ValueError: fewer than 2 inputs, or shapes that do not fit. TypeError: one array, not a
            list.

    >>> import numpy as np
    >>> from brasa import layers
    >>> layers.Maximum()([np.float32([[1.0, 5.0]]), np.float32([[3.0, 4.0]])])
    array([[3., 5.]], dtype=float32)
    """

    def call(self, xs: list[Tensor], mask: Any = None) -> Tensor:
        inputs = _aligned("Maximum", xs)
        return _extremes(ops.maximum, inputs, _beside(inputs, mask))


class Minimum(_Elementwise):
    """The smallest of its inputs, element by element: ``y = min(x0, x1, ...)``.

    Steps that the mask of an input leaves out do not compete with those of the others.

    Shapes:
        equal but for extents of 1, which are repeated; see Multiply

    Args:
        **options: name, trainable, input_shape.

    Raises:
        ValueError: fewer than 2 inputs, or shapes that do not fit. TypeError: one array, not a
            list.

    >>> import numpy as np
    >>> from brasa import layers
    >>> layers.Minimum()([np.float32([[1.0, 5.0]]), np.float32([[3.0, 4.0]])])
    array([[1., 4.]], dtype=float32)
    """

    def call(self, xs: list[Tensor], mask: Any = None) -> Tensor:
        inputs = _aligned("Minimum", xs)
        return _extremes(ops.minimum, inputs, _beside(inputs, mask))


class Multiply(_Elementwise):
    """The product of its inputs: ``y = x0 * x1 * ...``.

    Steps that the mask of an input leaves out count as 1; where no input's count, y is 0.

    Shapes:
        equal but for extents of 1, which are repeated: gates (N, 1, 1, C) for images (N, H, W, C),
        as squeeze and excitation has them. Where axes are missing, they are those after the batch,
        as in Keras: (N, C) stands for (N, 1, 1, C).

    Args:
        **options: name, trainable, input_shape.

    Raises:
        ValueError: fewer than 2 inputs, or shapes that do not fit. TypeError: one array, not a
            list.

    >>> import numpy as np
    >>> from brasa import layers
    >>> layers.Multiply()([np.float32([[2.0, 3.0]]), np.float32([[5.0]])])
    array([[10., 15.]], dtype=float32)
    """

    def call(self, xs: list[Tensor], mask: Any = None) -> Tensor:
        inputs = _aligned("Multiply", xs)
        masks = _beside(inputs, mask)
        pairs = zip(inputs, masks, strict=True)
        y = _folded(ops.multiply, [x if m is None else ops.where(m, x, 1.0) for x, m in pairs])
        there = any_of_masks(masks)
        return y if there is None else ops.where(there, y, 0.0)


class Subtract(_Elementwise):
    """The difference of its two inputs: ``y = x0 - x1``.

    Shapes:
        equal but for extents of 1, which are repeated; see Multiply

    Args:
        **options: name, trainable, input_shape.

    Raises:
        ValueError: not 2 inputs, or shapes that do not fit. TypeError: one array, not a list.

    >>> import numpy as np
    >>> from brasa import layers
    >>> layers.Subtract()([np.float32([[3.0]]), np.float32([[1.0]])])
    array([[2.]], dtype=float32)
    """

    def call(self, xs: list[Tensor]) -> Tensor:
        inputs = _aligned("Subtract", xs)
        if len(inputs) != 2:
            raise ValueError(f"Subtract: needs 2 inputs, got {len(inputs)}")
        return ops.add(inputs[0], ops.scale(inputs[1], -1.0))
