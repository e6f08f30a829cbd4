"""Rows of a table by their numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .arrays import Array, wide


def embedding(ids: ArrayLike, table: ArrayLike) -> Array:
    return np.asarray(wide(table)[np.asarray(ids)])


def embedding_backward(dy: ArrayLike, ids: ArrayLike, vocabulary: int) -> Array:
    dy, ids = wide(dy), np.asarray(ids)
    dtable = np.zeros((vocabulary, dy.shape[-1]))
    np.add.at(dtable, ids.reshape(-1), dy.reshape(-1, dy.shape[-1]))
    return dtable
