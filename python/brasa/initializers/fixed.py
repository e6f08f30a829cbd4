"""Values that nothing draws."""

from __future__ import annotations

from typing import Any

import numpy as np

from brasa.arrays import FloatArray, to_array
from brasa.initializers.base import Initializer, Shape
from brasa.ops.arguments import finite


class Zeros(Initializer):
    """All 0. Keras's default for biases.

    >>> from brasa import initializers
    >>> initializers.Zeros()((3,))
    array([0., 0., 0.], dtype=float32)
    """

    def values(self, shape: Shape) -> FloatArray:
        return np.zeros(shape, np.float32)


class Ones(Initializer):
    """All 1.

    >>> from brasa import initializers
    >>> initializers.Ones()((2, 3))
    array([[1., 1., 1.],
           [1., 1., 1.]], dtype=float32)
    """

    def values(self, shape: Shape) -> FloatArray:
        return np.ones(shape, np.float32)


class Constant(Initializer):
    """All ``value``, or the values of an array.

    Args:
        value: A finite number, or an array of them that can be broadcast to the weight's shape:
            word vectors that are known, say. Files and configs hold all of it. Default 0.

    Raises:
        ValueError: a value is not finite, or the weight has another shape. TypeError: no numbers.

    >>> from brasa.initializers import Constant
    >>> Constant(0.5)((2,))
    array([0.5, 0.5], dtype=float32)
    >>> Constant([1.0, 2.0])((2,))
    array([1., 2.], dtype=float32)
    """

    def __init__(self, value: Any = 0.0) -> None:
        self.value: Any = value
        if np.ndim(value) > 0:
            array = to_array("Constant", "value", value)
            if array.dtype.kind not in "iuf" or not np.isfinite(array).all():
                raise ValueError(f"Constant: value must hold finite numbers, got {array!r}")
            self.value = array.astype(np.float32)
        else:
            self.value = finite("Constant", "value", value)

    def values(self, shape: Shape) -> FloatArray:
        result = np.empty(shape, np.float32)
        try:
            result[...] = self.value
        except ValueError:
            raise ValueError(
                f"Constant: the values of {np.shape(self.value)} do not fit a weight of {shape}"
            ) from None
        return result

    def get_config(self) -> dict[str, Any]:
        value = self.value
        return {"value": value.tolist() if isinstance(value, np.ndarray) else value}


class Identity(Initializer):
    """``gain`` on the diagonal, 0 elsewhere.

    As the recurrent_initializer of a SimpleRNN with relu: its states then stay as they are until
    something is learned (Le, Jaitly, Hinton, 2015, arXiv:1504.00941).

    Args:
        gain: Default 1.

    Raises:
        ValueError: the weight has not 2 axes.

    >>> from brasa.initializers import Identity
    >>> Identity(0.5)((2, 3))
    array([[0.5, 0. , 0. ],
           [0. , 0.5, 0. ]], dtype=float32)
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = finite("Identity", "gain", gain)

    def values(self, shape: Shape) -> FloatArray:
        if len(shape) != 2:
            raise ValueError(f"Identity: the shape must have 2 axes, got {shape}")
        result = np.zeros(shape, np.float32)
        np.fill_diagonal(result, self.gain)
        return result

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain}
