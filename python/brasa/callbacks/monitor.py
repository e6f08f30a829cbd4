"""Watching one value of the logs: its direction, and what counts as better."""

import math
import operator
import warnings
from numbers import Real

from .base import Callback, Logs

_RISING = (
    "accuracy",
    "acc",
    "auc",
    "precision",
    "recall",
    "score",
    "similarity",
    "iou",
    "io",  # mean_io_u
    "f1",
    "true",  # true_positives
    "correlation",
    "sensitivity",
    "specificity",
)
_FALLING = (
    "loss",
    "error",
    "mse",
    "mae",
    "rmse",
    "mape",
    "msle",
    "crossentropy",
    "divergence",
    "hinge",
    "false",  # false_positives
    "kld",
    "logcosh",
    "cosh",  # log_cosh
    "huber",
    "poisson",
    "perplexity",
)


class Monitor(Callback):
    """What watching one value needs: its direction and what counts as better."""

    def __init__(self, monitor: str, mode: str, min_delta: float, verbose: int) -> None:
        super().__init__()
        who = type(self).__name__
        if not isinstance(monitor, str):
            raise TypeError(f"{who}: monitor must be a name such as 'val_loss', got {monitor!r}")
        if mode not in ("auto", "min", "max"):
            raise ValueError(f"{who}: mode must be 'auto', 'min' or 'max', got {mode!r}")
        if not is_number(min_delta) or not math.isfinite(min_delta):
            raise ValueError(f"{who}: min_delta must be a finite number, got {min_delta!r}")
        if verbose not in (0, 1):
            raise ValueError(f"{who}: verbose must be 0 or 1, got {verbose!r}")
        self.monitor = monitor
        self.mode = _direction(monitor, who) if mode == "auto" else mode
        self.min_delta = abs(float(min_delta))
        self.verbose = verbose

    def count(self, name: str, value: int) -> int:
        """An argument that counts epochs, checked."""
        who = type(self).__name__
        if isinstance(value, bool) or not hasattr(value, "__index__"):
            raise TypeError(f"{who}: {name} must be an integer, got {value!r}")
        count = operator.index(value)
        if count < 0:
            raise ValueError(f"{who}: {name} must be >= 0, got {count}")
        return count

    @property
    def worst(self) -> float:
        return math.inf if self.mode == "min" else -math.inf

    def is_better(self, value: float, reference: float) -> bool:
        """NaN is never better."""
        if self.mode == "min":
            return value + self.min_delta < reference
        return value - self.min_delta > reference

    def value(self, logs: Logs | None, what: str) -> float | None:
        value = (logs or {}).get(self.monitor)
        if value is None:
            names = ", ".join(logs or {}) or "none"
            warnings.warn(
                f"{type(self).__name__}: {what} {self.monitor!r}, which this epoch does not have; "
                f"available: {names}. For a val_ name give fit validation_data.",
                stacklevel=2,
            )
            return None
        if getattr(value, "ndim", 0):
            raise TypeError(
                f"{type(self).__name__}: {what} {self.monitor!r}, which is an array of "
                f"{len(value)}: it must be one number, as with average='macro' of F1Score"
            )
        return float(value)


def _direction(monitor: str, who: str) -> str:
    words = monitor.removeprefix("val_").lower().split("_")
    if any(word in _RISING for word in words):
        return "max"
    if any(word in _FALLING for word in words):
        return "min"
    raise ValueError(
        f"{who}: the name {monitor!r} does not tell whether higher or lower is better: "
        "pass mode='max' or mode='min'"
    )


def is_number(value: object) -> bool:
    """Whether ``value`` is a real number, NumPy's too; a bool is none."""
    return isinstance(value, Real) and not isinstance(value, bool)
