"""Rectifiers as layers: ``y = x`` above 0, and something flatter below. PReLU has its own file."""

from __future__ import annotations

import math
from typing import Any

from brasa import ops
from brasa.layers.base import Layer
from brasa.ops.activation_attributes import elu_alpha
from brasa.ops.arguments import number
from brasa.ops.dispatch import Tensor


class ReLU(Layer):
    """Rectifier: ``y = x`` where ``x > 0``, else ``negative_slope * x``. Any shape.

    With all arguments: ``min(x, max_value)`` where ``x > threshold``, else
    ``negative_slope * (x - threshold)``.

    Args:
        max_value: The largest output, above 0, as in ReLU6. Default None: no upper bound.
        negative_slope: At least 0. Default 0.
        threshold: At least 0: what is not above it counts as negative. Default 0.
        **options: name, trainable, input_shape.

    Raises:
        ValueError: an argument is out of range. TypeError: it is no number.

    >>> from brasa import layers
    >>> layers.ReLU()([[-1.0, 2.0]])
    array([[0., 2.]], dtype=float32)
    >>> layers.ReLU(6.0)([[-1.0, 2.0, 8.0]])
    array([[0., 2., 6.]], dtype=float32)
    """

    supports_masking = True

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.max_value = None if max_value is None else number("ReLU", "max_value", max_value)
        if self.max_value is not None and not 0 < self.max_value < math.inf:
            raise ValueError(f"ReLU: max_value must be None or finite and > 0, got {max_value}")
        self.negative_slope = _slope("ReLU", negative_slope)
        self.threshold = _slope("ReLU", threshold, "threshold")

    def call(self, x: Tensor) -> Tensor:
        if self.max_value is None and not self.threshold:
            return ops.leaky_relu(x, self.negative_slope) if self.negative_slope else ops.relu(x)
        # What relu's gradient lets through: x where x - threshold is above 0, exactly.
        t = self.threshold
        y = ops.relu_backward(x, ops.scale(x, 1.0, -t)) if t else ops.relu(x)
        if self.max_value is not None:
            y = ops.clip_value(y, self.max_value)
        if self.negative_slope:
            below = ops.relu(ops.scale(x, -1.0, t))
            y = ops.add(y, ops.scale(below, -self.negative_slope))
        return y

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "max_value": self.max_value,
            "negative_slope": self.negative_slope,
            "threshold": self.threshold,
        }


class LeakyReLU(Layer):
    """``y = x`` where ``x > 0``, else ``negative_slope * x``. Any shape.

    Args:
        negative_slope: At least 0. Default 0.3.
        alpha: The same, as older code calls it.
        **options: name, trainable, input_shape.

    >>> from brasa import layers
    >>> layers.LeakyReLU(0.5)([[-1.0, 2.0]])
    array([[-0.5,  2. ]], dtype=float32)
    """

    supports_masking = True

    def __init__(
        self, negative_slope: float = 0.3, alpha: float | None = None, **options: Any
    ) -> None:
        super().__init__(**options)
        self.negative_slope = _slope("LeakyReLU", negative_slope if alpha is None else alpha)

    def call(self, x: Tensor) -> Tensor:
        return ops.leaky_relu(x, self.negative_slope)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "negative_slope": self.negative_slope}


class ELU(Layer):
    """Exponential linear unit: ``y = x`` where ``x > 0``, else ``alpha * (exp(x) - 1)``. Any shape.

    Unlike a ReLU it goes on learning where ``x < 0``, and its mean result is nearer to 0. Where
    ``x <= 0`` its slope is ``y + alpha``. Source: Clevert, Unterthiner, Hochreiter, ICLR 2016,
    arXiv:1511.07289.

    Args:
        alpha: What the negative results end at, above 0. Default 1.
        **options: name, trainable, input_shape.

    Raises:
        ValueError: alpha is not finite and above 0. TypeError: it is no number.

    >>> from brasa import layers
    >>> layers.ELU()([[-1.0, 2.0]])
    array([[-0.63212055,  2.        ]], dtype=float32)
    """

    supports_masking = True

    def __init__(self, alpha: float = 1.0, **options: Any) -> None:
        super().__init__(**options)
        self.alpha = elu_alpha("ELU", alpha)

    def call(self, x: Tensor) -> Tensor:
        return ops.elu(x, self.alpha)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "alpha": self.alpha}


def _slope(owner: str, value: Any, name: str = "negative_slope") -> float:
    slope = number(owner, name, value)
    if not 0 <= slope < math.inf:
        raise ValueError(f"{owner}: {name} must be finite and >= 0, got {slope}")
    return slope
