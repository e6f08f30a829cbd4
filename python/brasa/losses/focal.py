"""Cross-entropies that look away from what is right already.

Source: Lin et al., Focal loss for dense object detection (2017).
"""

from __future__ import annotations

from typing import Any

from brasa import ops
from brasa.losses.of_functions import EPSILON, LossOfFunction, operands_of
from brasa.losses.reductions import MEAN
from brasa.losses.smoothing import smoothed, smoothing
from brasa.ops.arguments import number, truth
from brasa.ops.dispatch import Tensor


def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
) -> Tensor:
    """``-mean((1 - q)^gamma (t log p + (1 - t) log(1 - p)))``, ``q = t p + (1 - t)(1 - p)``.

    >>> from brasa import losses
    >>> losses.binary_focal_crossentropy([[1.0, 0.0]], [[0.5, 0.5]]).round(4)
    array([0.1733], dtype=float32)
    """
    t, z = operands_of("binary_focal_crossentropy", y_true, y_pred)
    t = smoothed(t, label_smoothing, 0.5)
    p = ops.clip(ops.sigmoid(z) if from_logits else z, EPSILON, 1 - EPSILON)
    wrong = t * (1.0 - p) + (1.0 - t) * p  # 1 - q, without taking that from 1
    entropy = t * ops.log(p) + (1.0 - t) * ops.log(1.0 - p)
    values = ops.power(wrong, gamma) * entropy
    if apply_class_balancing:
        values = (alpha * t + (1 - alpha) * (1.0 - t)) * values
    return -1.0 * ops.mean(values, axis=-1)


def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
) -> Tensor:
    """``-alpha sum_j (1 - p_j)^gamma t_j log p_j`` over the last axis.

    >>> from brasa import losses
    >>> losses.categorical_focal_crossentropy([[1.0, 0.0]], [[0.5, 0.5]]).round(4)
    array([0.0433], dtype=float32)
    """
    t, z = operands_of("categorical_focal_crossentropy", y_true, y_pred)
    t = smoothed(t, label_smoothing, 1 / z.shape[-1])
    p = ops.softmax(z) if from_logits else ops.divide(z, ops.sum(z, axis=-1, keepdims=True))
    p = ops.clip(p, EPSILON, 1 - EPSILON)
    return -alpha * ops.sum(ops.power(1.0 - p, gamma) * t * ops.log(p), axis=-1)


class _Focal(LossOfFunction):
    def __init__(
        self, reduction: str | None, name: str | None, dtype: Any, **arguments: Any
    ) -> None:
        owner = type(self).__name__
        arguments["from_logits"] = truth(owner, "from_logits", arguments["from_logits"])
        arguments["label_smoothing"] = smoothing(owner, arguments["label_smoothing"])
        for key in ("alpha", "gamma"):
            arguments[key] = number(owner, key, arguments[key])
        if not arguments["gamma"] >= 0:
            raise ValueError(f"{owner}: gamma must be >= 0, got {arguments['gamma']}")
        super().__init__(reduction, name, dtype, **arguments)


class BinaryFocalCrossentropy(_Focal):
    """``loss = -mean((1 - q)^gamma (t log p + (1 - t) log(1 - p)))``, q the chance of what is so.

    Shapes:
        predictions (N, ...), y likewise with values in [0, 1]; (N,) is accepted for (N, 1)

    Args:
        apply_class_balancing: Ones weigh ``alpha``, zeros ``1 - alpha``. Default False.
        alpha: The weight of ones. Default 0.25.
        gamma: How much less counts what is right already, >= 0. Default 2.
        from_logits: The predictions are logits, not probabilities. Default False.
        label_smoothing: s in [0, 1): the targets become ``(1 - s) t + s / 2``. Default 0.
        reduction, name, dtype: See :class:`Loss`.

    >>> from brasa.losses import BinaryFocalCrossentropy
    >>> round(BinaryFocalCrossentropy()([[1.0, 0.0]], [[0.5, 0.5]]), 4)
    0.1733
    """

    name = "binary_focal_crossentropy"
    function = binary_focal_crossentropy

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        reduction: str | None = MEAN,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            reduction,
            name,
            dtype,
            apply_class_balancing=truth(
                "BinaryFocalCrossentropy", "apply_class_balancing", apply_class_balancing
            ),
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
        )


class CategoricalFocalCrossentropy(_Focal):
    """``loss = -alpha mean_i sum_j (1 - p[i, j])^gamma t[i, j] log p[i, j]``.

    Shapes:
        predictions and y (N, ..., C)

    Args:
        alpha: What all is multiplied by. Default 0.25.
        gamma: How much less counts what is right already, >= 0. Default 2.
        from_logits: The predictions are logits, not probabilities. Default False.
        label_smoothing: s in [0, 1): the targets become ``(1 - s) t + s / C``. Default 0.
        reduction, name, dtype: See :class:`Loss`.

    >>> from brasa.losses import CategoricalFocalCrossentropy
    >>> round(CategoricalFocalCrossentropy()([[1.0, 0.0]], [[0.5, 0.5]]), 4)
    0.0433
    """

    name = "categorical_focal_crossentropy"
    function = categorical_focal_crossentropy

    def __init__(
        self,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        reduction: str | None = MEAN,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            reduction,
            name,
            dtype,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
        )
