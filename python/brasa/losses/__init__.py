"""What training makes small. Contract of the op: csrc/ops/loss.h.

Every loss is the mean over the samples of the batch, as in Keras: over all steps of all samples
where the predictions are sequences (N, T, C). Weights of the samples (N,) or of their steps (N, T)
multiply the losses before the mean. Where a mask says that steps are padding
(``Embedding(mask_zero=True)``, ``Masking``), these do not count: the sum is divided by the number
of steps that do. The constructor's ``reduction=`` makes it a sum, a mean by the weights, or, called
on arrays, the losses of all rows: see :class:`Loss`.

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
)
from brasa.losses.differences import (
    CosineSimilarity,
    LogCosh,
    MeanAbsolutePercentageError,
    MeanSquaredLogarithmicError,
    cosine_similarity,
    huber,
    log_cosh,
    mean_absolute_percentage_error,
    mean_squared_logarithmic_error,
)
from brasa.losses.divergences import (
    KLDivergence,
    Poisson,
    kl_divergence,
    poisson,
)
from brasa.losses.errors import Huber, MeanAbsoluteError, MeanSquaredError
from brasa.losses.focal import (
    BinaryFocalCrossentropy,
    CategoricalFocalCrossentropy,
    binary_focal_crossentropy,
    categorical_focal_crossentropy,
)
from brasa.losses.functions import (
    binary_crossentropy,
    categorical_crossentropy,
    mean_absolute_error,
    mean_squared_error,
    sparse_categorical_crossentropy,
)
from brasa.losses.hinges import (
    CategoricalHinge,
    Hinge,
    SquaredHinge,
    categorical_hinge,
    hinge,
    squared_hinge,
)
from brasa.losses.overlaps import (
    Dice,
    Tversky,
    dice,
    tversky,
)
from brasa.losses.sparse import (
    SparseCategoricalCrossentropy,
)

__all__ = [
    "LOSSES",
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "Dice",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "Tversky",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_hinge",
    "cosine_similarity",
    "deserialize",
    "dice",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
    "serialize",
    "sparse_categorical_crossentropy",
    "squared_hinge",
    "tversky",
]

LOSSES: dict[str, type[Loss]] = {
    "bce": BinaryCrossentropy,
    "binary_crossentropy": BinaryCrossentropy,
    "binary_focal_crossentropy": BinaryFocalCrossentropy,
    "categorical_crossentropy": CategoricalCrossentropy,
    "categorical_focal_crossentropy": CategoricalFocalCrossentropy,
    "categorical_hinge": CategoricalHinge,
    "cosine_similarity": CosineSimilarity,
    "dice": Dice,
    "hinge": Hinge,
    "huber": Huber,
    "kl_divergence": KLDivergence,
    "kld": KLDivergence,
    "kullback_leibler_divergence": KLDivergence,
    "log_cosh": LogCosh,
    "mae": MeanAbsoluteError,
    "mape": MeanAbsolutePercentageError,
    "mean_absolute_error": MeanAbsoluteError,
    "mean_absolute_percentage_error": MeanAbsolutePercentageError,
    "mean_squared_error": MeanSquaredError,
    "mean_squared_logarithmic_error": MeanSquaredLogarithmicError,
    "mse": MeanSquaredError,
    "msle": MeanSquaredLogarithmicError,
    "poisson": Poisson,
    "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
    "squared_hinge": SquaredHinge,
    "tversky": Tversky,
}

_FUNCTIONS: dict[Any, type[Loss]] = {
    binary_crossentropy: BinaryCrossentropy,
    binary_focal_crossentropy: BinaryFocalCrossentropy,
    categorical_crossentropy: CategoricalCrossentropy,
    categorical_focal_crossentropy: CategoricalFocalCrossentropy,
    categorical_hinge: CategoricalHinge,
    cosine_similarity: CosineSimilarity,
    dice: Dice,
    hinge: Hinge,
    huber: Huber,
    kl_divergence: KLDivergence,
    log_cosh: LogCosh,
    mean_absolute_error: MeanAbsoluteError,
    mean_absolute_percentage_error: MeanAbsolutePercentageError,
    mean_squared_error: MeanSquaredError,
    mean_squared_logarithmic_error: MeanSquaredLogarithmicError,
    poisson: Poisson,
    sparse_categorical_crossentropy: SparseCategoricalCrossentropy,
    squared_hinge: SquaredHinge,
    tversky: Tversky,
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


def deserialize(config: Any, custom_objects: Any = None) -> Loss:
    """The loss that ``serialize`` described.

    ``custom_objects`` are classes of the user's own, by name.

    Raises:
        ValueError: ``config`` is no description, or of an unknown class. TypeError:
            ``custom_objects`` is no dictionary of classes.

    >>> from brasa import losses
    >>> losses.deserialize(losses.serialize(losses.Huber(0.5))).delta
    0.5
    """
    classes = configurable.made_by(LOSSES)
    made: Loss = configurable.deserialize("loss", config, classes, custom_objects)
    return made
