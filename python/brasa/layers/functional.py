"""Layers with several inputs as functions: ``layers.add([x, y])`` for ``Add()([x, y])``."""

from __future__ import annotations

from typing import Any

from brasa.layers.concatenate import Concatenate
from brasa.layers.dot import Dot
from brasa.layers.merge import Add, Average, Maximum, Minimum, Multiply, Subtract


def add(inputs: Any, **options: Any) -> Any:
    """``Add(**options)(inputs)``; ``x + y`` is the same.

    >>> from brasa import Input, Model, layers
    >>> x = Input((4,))
    >>> Model(x, layers.add([x, layers.Dense(4)(x)])).output_shape
    (None, 4)
    """
    return Add(**options)(inputs)


def average(inputs: Any, **options: Any) -> Any:
    """``Average(**options)(inputs)``.

    >>> import numpy as np
    >>> from brasa import layers
    >>> x, y = np.float32([[1, 4]]), np.float32([[3, 0]])
    >>> layers.average([x, y])
    array([[2., 2.]], dtype=float32)
    """
    return Average(**options)(inputs)


def concatenate(inputs: Any, axis: int = -1, **options: Any) -> Any:
    """``Concatenate(axis, **options)(inputs)``.

    >>> from brasa import Input, Model, layers
    >>> x = Input((4,))
    >>> Model(x, layers.concatenate([x, layers.Dense(3)(x)])).output_shape
    (None, 7)
    """
    return Concatenate(axis, **options)(inputs)


def dot(inputs: Any, axes: Any = -1, **options: Any) -> Any:
    """``Dot(axes, **options)(inputs)``.

    >>> from brasa import Input, Model, layers
    >>> x = Input((5, 4))
    >>> Model(x, layers.dot([x, layers.Dense(4)(x)], axes=-1)).output_shape
    (None, 5, 5)
    """
    return Dot(axes, **options)(inputs)


def maximum(inputs: Any, **options: Any) -> Any:
    """``Maximum(**options)(inputs)``.

    >>> import numpy as np
    >>> from brasa import layers
    >>> x, y = np.float32([[1, 4]]), np.float32([[3, 0]])
    >>> layers.maximum([x, y])
    array([[3., 4.]], dtype=float32)
    """
    return Maximum(**options)(inputs)


def minimum(inputs: Any, **options: Any) -> Any:
    """``Minimum(**options)(inputs)``.

    >>> import numpy as np
    >>> from brasa import layers
    >>> x, y = np.float32([[1, 4]]), np.float32([[3, 0]])
    >>> layers.minimum([x, y])
    array([[1., 0.]], dtype=float32)
    """
    return Minimum(**options)(inputs)


def multiply(inputs: Any, **options: Any) -> Any:
    """``Multiply(**options)(inputs)``; ``x * y`` is the same.

    >>> import numpy as np
    >>> from brasa import layers
    >>> x, y = np.float32([[1, 4]]), np.float32([[3, 0.5]])
    >>> layers.multiply([x, y])
    array([[3., 2.]], dtype=float32)
    """
    return Multiply(**options)(inputs)


def subtract(inputs: Any, **options: Any) -> Any:
    """``Subtract(**options)(inputs)``; ``x - y`` is the same.

    >>> import numpy as np
    >>> from brasa import layers
    >>> x, y = np.float32([[1, 4]]), np.float32([[3, 0.5]])
    >>> layers.subtract([x, y])
    array([[-2. ,  3.5]], dtype=float32)
    """
    return Subtract(**options)(inputs)
