"""Checks of the options that every layer has: name, trainable, input_shape."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np


def name_of(owner: str, name: Any) -> str | None:
    """A name, or None; TypeError for anything else.

    >>> name_of("Dense", "first")
    'first'
    """
    if not isinstance(name, (str, type(None))):
        raise TypeError(f"{owner}: name must be a string, got {name!r}")
    return name


def trainable_of(owner: str, value: Any) -> bool:
    """True or False, or 1 or 0; TypeError for anything else.

    >>> trainable_of("Dense", 0)
    False
    """
    if not isinstance(value, (int, np.bool_)) or value not in (0, 1):
        raise TypeError(f"{owner}: trainable must be True or False, got {value!r}")
    return bool(value)


def input_shape_of(owner: str, shape: Any) -> tuple[Any, ...] | None:
    """The extents of a sample, or None; TypeError for what holds no extents.

    >>> input_shape_of("Dense", [28, 28])
    (28, 28)
    """
    if shape is None:
        return None
    has_none = isinstance(shape, np.ndarray) and shape.ndim == 0
    if not isinstance(shape, Iterable) or isinstance(shape, (str, bytes)) or has_none:
        raise TypeError(
            f"{owner}: input_shape must be a tuple without the batch, such as (28, 28, 1), got "
            f"{shape!r}"
        )
    return tuple(shape)
