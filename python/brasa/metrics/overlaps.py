"""How much predicted and real regions of a class overlap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brasa.metrics.base import Metric
from brasa.metrics.checks import weights_like
from brasa.ops.arguments import finite, truth, whole
from brasa.ops.dispatch import where_it_lies
from brasa.there import host_of


class IoU(Metric):
    """``tp / (tp + fp + fn)`` of some classes, the mean of those that are there or predicted.

    Of an epoch it is that of the sums over all batches.

    Shapes:
        class numbers of any shape, or values along one axis of ``num_classes`` more

    Args:
        num_classes: Rows and columns of the confusion matrix.
        target_class_ids: The classes whose mean it is.
        name: What logs call it.
        dtype: As Keras has it.
        ignore_class: Elements of y with this number do not count. Nor do those whose y or
            prediction is no class.
        sparse_y_true: y holds class numbers, else one-hot values along ``axis``. Default True.
        sparse_y_pred: The same of predictions. Default True: for a softmax say False.
        axis: That of the classes. Default: the last.

    >>> from brasa.metrics import IoU
    >>> round(IoU(num_classes=2, target_class_ids=[0])([0, 0, 1, 1], [0, 1, 0, 1]), 4)
    0.3333
    """

    default_name = "io_u"

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(dtype, name)
        owner = type(self).__name__
        self.num_classes = whole(owner, "num_classes", num_classes)
        ids = [whole(owner, "target_class_ids", one) for one in target_class_ids]
        if not ids or not all(0 <= one < self.num_classes for one in ids):
            raise ValueError(
                f"{owner}: target_class_ids must be classes in [0, {num_classes}), got {ids}"
            )
        self.target_class_ids = ids
        self.ignore_class = None
        if ignore_class is not None:
            self.ignore_class = whole(owner, "ignore_class", ignore_class)
        self.sparse_y_true = truth(owner, "sparse_y_true", sparse_y_true)
        self.sparse_y_pred = truth(owner, "sparse_y_pred", sparse_y_pred)
        self.axis = whole(owner, "axis", axis)
        self.total_cm = self.add_weight((self.num_classes, self.num_classes), name="confusion")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """See one batch more."""
        t = self._classes("y_true", y_true, self.sparse_y_true)
        z = self._classes("y_pred", y_pred, self.sparse_y_pred)
        if t.size != z.size or (t.ndim and z.ndim and len(t) != len(z)):
            raise ValueError(
                f"metric {self.name!r}: y_true and y_pred must name as many classes, got "
                f"{t.shape} and {z.shape}"
            )
        weight: NDArray[np.float64] = np.ones(t.shape)
        if sample_weight is not None:
            weight = weights_like(self.name, sample_weight, t.shape)
        t, z, weight = t.ravel(), z.ravel(), weight.ravel()
        count = self.num_classes
        valid = (t >= 0) & (t < count) & (z >= 0) & (z < count)
        if self.ignore_class is not None:
            valid &= t != self.ignore_class
        cells = np.bincount(t[valid] * count + z[valid], weight[valid], count * count)
        self.total_cm.assign_add(cells.reshape(count, count))

    def _classes(self, argument: str, value: Any, sparse: bool) -> NDArray[np.int64]:
        array = np.asarray(host_of(where_it_lies(self.name, argument, value)))
        if not sparse:
            if not array.ndim or array.shape[self.axis] != self.num_classes:
                raise ValueError(
                    f"metric {self.name!r}: {argument} must have {self.num_classes} values along "
                    f"axis {self.axis}, got {array.shape}: sparse_{argument}=True takes class "
                    "numbers"
                )
            found: NDArray[np.int64] = array.argmax(axis=self.axis)
            return found
        numbers = array.astype(np.int64) if np.isfinite(array).all() else np.zeros(0, np.int64)
        if not np.array_equal(numbers, array):
            raise ValueError(
                f"metric {self.name!r}: {argument} must hold class numbers, got other values in "
                f"{array.shape}: sparse_{argument}=False takes values for each class"
            )
        return numbers[..., 0] if numbers.ndim > 1 and numbers.shape[-1] == 1 else numbers

    def result(self) -> float:
        matrix = self.total_cm.value
        hits = np.diag(matrix)
        union = matrix.sum(axis=0) + matrix.sum(axis=1) - hits
        hits, union = hits[self.target_class_ids], union[self.target_class_ids]
        there = union > 1e-9
        return float((hits[there] / union[there]).mean()) if there.any() else 0.0

    def get_config(self) -> dict[str, Any]:
        names = ("ignore_class", "sparse_y_true", "sparse_y_pred", "axis")
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "target_class_ids": self.target_class_ids,
            **{name: getattr(self, name) for name in names},
        }


class BinaryIoU(IoU):
    """:class:`IoU` of yes and no: predictions are yes from ``threshold`` on.

    >>> from brasa.metrics import BinaryIoU
    >>> round(BinaryIoU()([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7]), 4)
    0.5833
    """

    default_name = "binary_io_u"

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = finite("BinaryIoU", "threshold", threshold)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        predictions = np.asarray(host_of(where_it_lies(self.name, "y_pred", y_pred)))
        super().update_state(y_true, predictions >= self.threshold, sample_weight)

    def get_config(self) -> dict[str, Any]:
        given = {"target_class_ids": self.target_class_ids, "threshold": self.threshold}
        return {"name": self.name, **given}


class OneHotIoU(IoU):
    """:class:`IoU` of one-hot targets and, unless ``sparse_y_pred``, of values of each class.

    >>> from brasa.metrics import OneHotIoU
    >>> OneHotIoU(num_classes=2, target_class_ids=[1])([[1, 0], [0, 1]], [[0.9, 0.1], [0.2, 0.8]])
    1.0
    """

    default_name = "one_hot_io_u"

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(
            num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis
        )

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["sparse_y_true"]
        return config


class MeanIoU(IoU):
    """:class:`IoU` of all classes: the mean overlap of a segmentation.

    >>> from brasa.metrics import MeanIoU
    >>> round(MeanIoU(num_classes=2)([0, 0, 1, 1], [0, 1, 0, 1]), 4)
    0.3333
    """

    default_name = "mean_io_u"

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        classes = range(whole(type(self).__name__, "num_classes", num_classes))
        super().__init__(
            num_classes, classes, name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis
        )

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["target_class_ids"]
        return config


class OneHotMeanIoU(MeanIoU):
    """:class:`MeanIoU` of one-hot targets and, unless ``sparse_y_pred``, of values of each class.

    >>> from brasa.metrics import OneHotMeanIoU
    >>> OneHotMeanIoU(num_classes=2)([[1, 0], [0, 1]], [[0.9, 0.1], [0.2, 0.8]])
    1.0
    """

    default_name = "one_hot_mean_io_u"

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["sparse_y_true"]
        return config
