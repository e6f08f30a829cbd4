"""What training makes small. Contract of the op: csrc/ops/loss.h.

Every loss is the mean over the samples of the batch, as in Keras: over all steps of all samples
where the predictions are sequences (N, T, C). Weights of the samples (N,) or of their steps (N, T)
multiply the losses before the mean. Where a mask says that steps are padding
(``Embedding(mask_zero=True)``, ``Masking``), these do not count: the sum is divided by the number
of steps that do.

A loss may also be a function of ``y_true`` and ``y_pred``, or a subclass of :class:`Loss`.
"""

from __future__ import annotations

import inspect
from typing import Any

from brasa import configurable
from brasa.losses.base import FunctionLoss, Loss
from brasa.losses.cross_entropies import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    SparseCategoricalCrossentropy,
)
from brasa.losses.errors import Huber, MeanAbsoluteError, MeanSquaredError
from brasa.losses.functions import (
    binary_crossentropy,
    categorical_crossentropy,
    mean_absolute_error,
    mean_squared_error,
    sparse_categorical_crossentropy,
)

__all__ = [
    "LOSSES",
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "Huber",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "SparseCategoricalCrossentropy",
    "binary_crossentropy",
    "categorical_crossentropy",
    "get",
    "mean_absolute_error",
    "mean_squared_error",
    "serialize",
    "sparse_categorical_crossentropy",
]

LOSSES: dict[str, type[Loss]] = {
    "binary_crossentropy": BinaryCrossentropy,
    "categorical_crossentropy": CategoricalCrossentropy,
    "huber": Huber,
    "mae": MeanAbsoluteError,
    "mean_absolute_error": MeanAbsoluteError,
    "mean_squared_error": MeanSquaredError,
    "mse": MeanSquaredError,
    "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
}

_FUNCTIONS: dict[Any, type[Loss]] = {
    binary_crossentropy: BinaryCrossentropy,
    categorical_crossentropy: CategoricalCrossentropy,
    mean_absolute_error: MeanAbsoluteError,
    mean_squared_error: MeanSquaredError,
    sparse_categorical_crossentropy: SparseCategoricalCrossentropy,
}


def get(identifier: Any) -> Loss:
    """The loss that a name, a config, an instance or a function stands for.

    >>> from brasa import losses
    >>> losses.get("mse").name
    'mean_squared_error'
    """
    if inspect.isfunction(identifier) and identifier in _FUNCTIONS:
        return _FUNCTIONS[identifier]()
    if callable(identifier) and not isinstance(identifier, (Loss, type)):
        return FunctionLoss(identifier)
    return configurable.resolve("loss", identifier, Loss, LOSSES)


serialize = configurable.serialize
