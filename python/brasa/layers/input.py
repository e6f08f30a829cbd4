"""Where a model begins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from brasa.layers.arguments import positive
from brasa.layers.base import Layer, LayerTensor
from brasa.ops.dispatch import Tensor


def Input(
    shape: Sequence[int],
    batch_size: int | None = None,
    dtype: str = "float32",
    name: str | None = None,
) -> LayerTensor:
    """The place of a model's input: what the first layers are applied to.

    In a Sequential it may be the first entry.

    Args:
        shape: Extents without the batch, such as (28, 28, 1).
        batch_size: For the shapes shown. Default open.
        dtype: Only "float32": whole numbers and float64 are cast on their way in.
        name: Default "input".

    Raises:
        ValueError: an extent is below 1, or dtype is another. TypeError: of another type.

    >>> from brasa import Input, layers
    >>> layers.Flatten()(Input((28, 28, 1))).shape
    (None, 784)
    """
    extents, batch = _checked("Input", shape, batch_size, dtype)
    return LayerTensor((batch, *extents), name="input" if name is None else name)


class InputLayer(Layer):
    """:func:`Input` as a layer, for the beginning of a Sequential: ``y = x``.

    Args:
        shape: Extents without the batch.
        batch_size: For the shapes shown. Default open.
        dtype: Only "float32".
        name: Default "input_layer".

    Raises:
        ValueError: an extent is below 1, dtype is another, or x has another shape.
        TypeError: of another type.

    >>> from brasa import layers
    >>> layers.InputLayer((2,))([[1.0, 2.0]])
    array([[1., 2.]], dtype=float32)
    """

    def __init__(
        self,
        shape: Sequence[int],
        batch_size: int | None = None,
        dtype: str = "float32",
        name: str | None = None,
    ) -> None:
        self.shape, self.batch_size = _checked("InputLayer", shape, batch_size, dtype)
        self.dtype = dtype
        super().__init__(name=name, input_shape=self.shape)

    @property
    def output(self) -> LayerTensor:
        """The tensor that the first layer is applied to."""
        return LayerTensor((self.batch_size, *self.shape), name=self.name)

    def call(self, x: Tensor) -> Tensor:
        if tuple(x.shape[1:]) != self.shape:
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
) -> tuple[tuple[int, ...], int | None]:
    if not isinstance(shape, (tuple, list)):
        raise TypeError(f"{owner}: shape must be a tuple such as (784,), got {shape!r}")
    if None in shape:
        raise ValueError(f"{owner}: only the batch may be open, and shape leaves it out: {shape!r}")
    if dtype != "float32":
        raise ValueError(
            f"{owner}: dtype must be 'float32', got {dtype!r}: whole numbers and float64 are cast "
            "on their way in"
        )
    extents = tuple(positive(owner, "shape", extent) for extent in shape)
    return extents, None if batch_size is None else positive(owner, "batch_size", batch_size)
