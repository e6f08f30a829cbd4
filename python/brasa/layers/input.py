"""Where a model begins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from brasa.layers.arguments import positive
from brasa.layers.base import Layer
from brasa.layers.tensor import LayerTensor
from brasa.ops.dispatch import Tensor

# What may be asked for, and what the layers get.
_DTYPES = {"float32": "float32", "int32": "int32", "int64": "int32"}


def Input(
    shape: Sequence[int | None] | None = None,
    batch_size: int | None = None,
    dtype: str | None = None,
    name: str | None = None,
    batch_shape: Sequence[int | None] | None = None,
) -> LayerTensor:
    """The place of a model's input: what the first layers are applied to.

    In a Sequential it may be the first entry.

    Args:
        shape: Extents without the batch, such as (28, 28, 1). None is an open one, such as the
            time in (None, 64): each length that comes gets a plan of its own.
        batch_size: For the shapes shown. Default open.
        dtype: "float32": whole numbers and float64 are cast on their way in. "int32" for whole
            numbers that an Embedding takes; "int64" means the same. Default: what the first layer
            that is applied to it takes.
        name: Default "input".
        batch_shape: The batch and the shape in one, such as (None, 28, 28, 1), in their place.

    Raises:
        ValueError: an extent is below 1, or dtype is another. TypeError: of another type.

    >>> from brasa import Input, layers
    >>> layers.Flatten()(Input((28, 28, 1))).shape
    (None, 784)
    """
    if batch_shape is not None:
        if shape is not None or batch_size is not None:
            raise ValueError("Input: batch_shape stands in place of shape and batch_size")
        if not isinstance(batch_shape, (tuple, list)) or not batch_shape:
            raise TypeError(
                f"Input: batch_shape must be a tuple such as (None, 784), got {batch_shape!r}"
            )
        batch_size, *shape = batch_shape
    extents, batch = _checked("Input", shape, batch_size, "float32" if dtype is None else dtype)
    return LayerTensor(
        (batch, *extents),
        dtype=_DTYPES["float32" if dtype is None else dtype],
        name="input" if name is None else name,
        dtype_is_open=dtype is None,
    )


class InputLayer(Layer):
    """:func:`Input` as a layer, for the beginning of a Sequential: ``y = x``.

    Args:
        shape: Extents without the batch; None is an open one.
        batch_size: For the shapes shown. Default open.
        dtype: "float32", or "int32" for whole numbers.
        name: Default "input_layer".
        input_shape: For ``shape``, as older code has it.

    Raises:
        ValueError: an extent is below 1, dtype is another, or x has another shape.
        TypeError: of another type.

    >>> from brasa import layers
    >>> layers.InputLayer((2,))([[1.0, 2.0]])
    array([[1., 2.]], dtype=float32)
    """

    supports_masking = True

    def __init__(
        self,
        shape: Sequence[int | None] | None = None,
        batch_size: int | None = None,
        dtype: str = "float32",
        name: str | None = None,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        shape = input_shape if shape is None else shape
        self.shape, self.batch_size = _checked("InputLayer", shape, batch_size, dtype)
        self.dtype = self.input_dtype = _DTYPES[dtype]
        super().__init__(name=name, input_shape=self.shape)

    @property
    def output(self) -> LayerTensor:
        """The tensor that the first layer is applied to."""
        return LayerTensor((self.batch_size, *self.shape), dtype=self.dtype, name=self.name)

    def call(self, x: Tensor) -> Tensor:
        pairs = zip(self.shape, x.shape[1:], strict=False)
        if len(x.shape) != len(self.shape) + 1 or any(a not in (None, b) for a, b in pairs):
            raise ValueError(
                f"InputLayer {self.name!r}: expected an input of (N, "
                f"{', '.join(map(str, self.shape))}), got {tuple(x.shape)}"
            )
        return x

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "shape": list(self.shape),
            "batch_size": self.batch_size,
            "dtype": self.dtype,
        }


def _checked(
    owner: str, shape: Any, batch_size: Any, dtype: Any
) -> tuple[tuple[int | None, ...], int | None]:
    if not isinstance(shape, (tuple, list)):
        raise TypeError(f"{owner}: shape must be a tuple such as (784,), got {shape!r}")
    if not isinstance(dtype, str) or dtype not in _DTYPES:
        raise ValueError(
            f"{owner}: dtype must be 'float32', or 'int32' for the numbers that an Embedding "
            f"takes, got {dtype!r}: other numbers are cast on their way in"
        )
    extents = tuple(None if e is None else positive(owner, "shape", e) for e in shape)
    return extents, None if batch_size is None else positive(owner, "batch_size", batch_size)
