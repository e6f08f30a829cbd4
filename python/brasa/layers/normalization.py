"""Features with mean 0 and variance 1, by what is known of the data."""

from __future__ import annotations

from typing import Any

import numpy as np

from brasa import ops
from brasa.arrays import to_array
from brasa.layers.arguments import flag, known
from brasa.layers.base import Layer
from brasa.ops.dispatch import Tensor
from brasa.parameter import Parameter

# The square of 1e-7, by which Keras divides at least: other variances stay what they are.
_EPSILON = 1e-14
# Values converted to float64 at a time.
_CHUNK = 1 << 20


class Normalization(Layer):
    """Bring each feature to mean 0 and variance 1: ``y = (x - mean) / sqrt(variance)``.

    As the first layer of a model it takes raw data, in training and in every later use of the
    model alike: ``adapt`` finds the mean and the variance in the training data, once. They are
    weights that no training changes, and are saved with the model.

    Shapes:
        x and y (N, ..., C); mean and variance (C,)

    Args:
        axis: -1: a mean and a variance for each feature or channel, the last axis.
            None: the same ones for all.
        mean: One number or one for each channel, where it is known; then ``variance`` is needed.
        variance: Likewise, at least 0.
        invert: Go back, ``y = x sqrt(variance) + mean``: what was normalized is as it was. Default
            False.
        **options: name, trainable, input_shape.

    Raises:
        ValueError: an argument is out of range or of another length than x has channels.
        TypeError: an argument is of another type.

    >>> import numpy as np
    >>> from brasa import layers
    >>> normalize = layers.Normalization()
    >>> normalize.adapt([[1.0, 10.0], [3.0, 30.0]])
    >>> normalize([[1.0, 40.0]])
    array([[-1.,  2.]], dtype=float32)
    >>> layers.Normalization(mean=3.0, variance=4.0)([[7.0]])
    array([[2.]], dtype=float32)
    """

    supports_masking = True
    mean: Parameter
    variance: Parameter

    def __init__(
        self,
        axis: int | None = -1,
        mean: Any = None,
        variance: Any = None,
        invert: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.invert = flag("Normalization", "invert", invert)
        if (mean is None) != (variance is None):
            raise ValueError(
                "Normalization: mean and variance must be given both or not at all, got "
                f"{mean!r} and {variance!r}"
            )
        self.axis = axis
        self.given = None if mean is None else _given(axis, mean, variance)

    def build(self, input_shape: Any) -> None:
        if isinstance(input_shape, list) or len(input_shape) < 2:
            raise ValueError("expected an input of rank 2 or more (N, ..., C)")
        if self.axis not in (None, -1, len(input_shape) - 1):
            raise ValueError(
                f"Normalization: axis must be -1, the last axis, or None, got {self.axis!r}"
            )
        channels = known("the number of channels", input_shape[-1])
        self.mean = self.add_weight("mean", (channels,), "zeros", trainable=False)
        self.variance = self.add_weight("variance", (channels,), "ones", trainable=False)
        if self.given is not None:
            self._assign(*self.given)

    def call(self, x: Tensor) -> Tensor:
        if self.invert:
            deviation = ops.sqrt(ops.maximum(self.variance, _EPSILON))
            return ops.add(ops.multiply(x, deviation), self.mean)
        return ops.batch_norm(x, None, None, self.mean, self.variance, _EPSILON)

    def adapt(self, data: Any) -> None:
        """Take the mean and the variance of ``data``, in place of those before.

        Args:
            data: Numbers of any type with x's axes, (N, ..., C): what ``fit`` is given.

        Raises:
            ValueError: data is empty, not finite, or of another shape than x; or mean and variance
                were given to the constructor. TypeError: data is no array of numbers.
        """
        who = "Normalization.adapt"
        if self.given is not None:
            raise ValueError(f"{who}: the layer was given its mean and variance")
        array = to_array(who, "data", data)
        if array.size == 0 or array.ndim < 2:
            raise ValueError(f"{who}: data must be (N, ..., C) and not empty, got {array.shape}")
        self.ensure_built((None, *array.shape[1:]))
        channels = self.mean.shape[0]
        if array.shape[-1] != channels:
            raise ValueError(f"{who}: data must have {channels} channels, got {array.shape}")
        mean, variance = _moments(array.reshape(-1, 1 if self.axis is None else channels))
        if not (np.isfinite(mean).all() and np.isfinite(variance).all()):
            raise ValueError(f"{who}: data has values that are not finite")
        self._assign(mean, variance)

    def _assign(self, mean: Any, variance: Any) -> None:
        for parameter, values in ((self.mean, mean), (self.variance, variance)):
            if np.size(values) not in (1, parameter.size):
                raise ValueError(
                    f"Normalization: mean and variance have {np.size(values)} entries, the input "
                    f"has {parameter.size} channels"
                )
            parameter.assign(np.broadcast_to(values, parameter.shape))

    def get_config(self) -> dict[str, Any]:
        mean, variance = (None, None) if self.given is None else self.given
        return {
            **super().get_config(),
            "axis": self.axis,
            "mean": None if mean is None else mean.tolist(),
            "variance": None if variance is None else variance.tolist(),
            **({"invert": True} if self.invert else {}),
        }


def _given(axis: int | None, mean: Any, variance: Any) -> tuple[Any, Any]:
    arrays = [
        to_array("Normalization", name, value).astype(np.float64)
        for name, value in (("mean", mean), ("variance", variance))
    ]
    shapes = [array.shape for array in arrays]
    most = 0 if axis is None else 1
    if shapes[0] != shapes[1] or len(shapes[0]) > most:
        wanted = "numbers" if axis is None else "numbers, or lists of one for each channel"
        raise ValueError(
            f"Normalization: mean and variance must both be {wanted}, got the shapes {shapes[0]} "
            f"and {shapes[1]}"
        )
    if not (np.isfinite(arrays).all() and (arrays[1] >= 0).all()):
        raise ValueError(
            f"Normalization: mean must be finite and variance at least 0, got {mean!r} and "
            f"{variance!r}"
        )
    return arrays[0], arrays[1]


def _moments(rows: Any) -> tuple[Any, Any]:
    """The mean and the variance of each column, in float64."""
    step = max(1, _CHUNK // rows.shape[1])
    starts = range(0, len(rows), step)
    mean = sum(rows[i : i + step].sum(axis=0, dtype=np.float64) for i in starts) / len(rows)
    squares = sum(((rows[i : i + step] - mean) ** 2).sum(axis=0) for i in starts)
    return mean, squares / len(rows)
