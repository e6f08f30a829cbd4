"""Arguments of ``update_state``, checked."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from brasa import targets
from brasa.arrays import FloatArray, is_elsewhere, is_exact, to_array, to_float32
from brasa.ops.dispatch import floats, where_it_lies
from brasa.there import host_of


def predictions_of(name: str, y_pred: Any) -> Any:
    """Predictions as float32; classes and decisions may be whole numbers and booleans, too."""
    if is_exact(y_pred) or is_elsewhere(y_pred):
        return floats(name, "y_pred", y_pred)
    return to_float32(name, "y_pred", to_array(name, "y_pred", y_pred))


def pair_of(name: str, y_true: Any, y_pred: Any) -> tuple[FloatArray, FloatArray]:
    """Targets and predictions of one shape, as float32."""
    y_true = where_it_lies(name, "y_true", y_true)
    y_true, y_pred = in_columns(y_true, predictions_of(name, y_pred))
    predictions: FloatArray = host_of(y_pred)
    return targets.dense(name, host_of(y_true), predictions.shape), predictions


def in_columns(y_true: Any, predictions: Any) -> tuple[Any, Any]:
    """One number for each sample, ``(N,)``, as ``(N, 1)``; other predictions as they are."""
    if predictions.ndim != 1:
        return y_true, predictions
    y_true = host_of(y_true)
    return y_true[:, None] if y_true.ndim == 1 else y_true, host_of(predictions)[:, None]


def row_weights(name: str, weight: Any, shape: tuple[int, ...]) -> FloatArray:
    """One float32 weight for each row, from weights of these or of the samples."""
    return np.ascontiguousarray(weights_like(name, weight, shape), np.float32)


def weights_like(name: str, weight: Any, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """A weight for each element of that shape, from weights of the first axes or one for all.

    A last axis of 1 is dropped where it is one too many.
    """
    array = np.asarray(host_of(where_it_lies(name, "sample_weight", weight)), np.float64)
    if array.ndim == len(shape) + 1 and array.shape[-1] == 1:
        array = array[..., 0]
    spread = array.reshape(array.shape + (1,) * (len(shape) - array.ndim))
    try:
        result = np.broadcast_to(spread, shape)
    except ValueError:
        raise ValueError(
            f"metric {name!r}: sample_weight must have a shape with which {shape} begins, "
            f"got {array.shape}"
        ) from None
    if not (np.isfinite(array).all() and (array >= 0).all()):
        raise ValueError(f"metric {name!r}: sample_weight must be finite and >= 0")
    return result


def require_probabilities(name: str, p: NDArray[np.float32], hint: str) -> None:
    """ValueError where predictions lie outside of [0, 1]; NaN may pass."""
    outside = p[(p < 0) | (p > 1)]
    if outside.size:
        raise ValueError(
            f"metric {name!r}: y_pred holds {outside[0]}, wanted are probabilities in [0, 1]: "
            f"{hint}"
        )


def one_class(
    name: str, class_id: int | None, target: FloatArray, p: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Targets and predictions of that class alone, (..., 1); all of them for None."""
    if class_id is None:
        return target, p
    if class_id >= p.shape[-1]:
        raise ValueError(
            f"metric {name!r}: class_id {class_id} is none of the classes of y_pred {p.shape}"
        )
    return target[..., class_id, None], p[..., class_id, None]


def share(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    """``part / whole``, 0 where that is of nothing."""
    zero = whole == 0
    return np.where(zero, 0.0, part / np.where(zero, 1.0, whole))
