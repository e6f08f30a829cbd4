"""A penalty on what passes by."""

from __future__ import annotations

from typing import Any

from brasa import regularizers
from brasa.layers.base import Layer
from brasa.ops.dispatch import Tensor


class ActivityRegularization(Layer):
    """Add ``(l1 * sum |x| + l2 * sum x^2) / N`` to the loss: keeps activities small. ``y = x``.

    Every layer does so with its outputs that is given ``activity_regularizer=``, one of
    :mod:`brasa.regularizers`.

    Shapes:
        x and y of any one shape (N, ...)

    Args:
        l1: Finite, at least 0. Default 0.
        l2: Finite, at least 0. Default 0.
        **options: name, trainable, input_shape.

    Raises:
        ValueError: out of range. TypeError: no number.

    >>> from brasa import Sequential, layers
    >>> model = Sequential([layers.ActivityRegularization(l1=0.5, input_shape=(2,)), layers.ReLU()])
    >>> model.layers[0].get_config()["l1"]
    0.5
    """

    supports_masking = True

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **options: Any) -> None:
        super().__init__(activity_regularizer=regularizers.L1L2(l1=l1, l2=l2), **options)
        self.l1, self.l2 = float(l1), float(l2)

    def call(self, x: Tensor) -> Tensor:
        return x

    def get_config(self) -> dict[str, Any]:
        config = {**super().get_config(), "l1": self.l1, "l2": self.l2}
        del config["activity_regularizer"]
        return config
