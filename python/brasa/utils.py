"""What Keras code takes from ``keras.utils`` to prepare its data."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from brasa.arrays import FloatArray, as_labels, to_array
from brasa.datasets import pad_sequences
from brasa.ops.arguments import whole
from brasa.seed import set_seed as set_random_seed
from brasa.spellings import check_workers
from brasa.windows import timeseries_dataset_from_array

__all__ = [
    "PyDataset",
    "Sequence",
    "normalize",
    "pad_sequences",
    "set_random_seed",
    "timeseries_dataset_from_array",
    "to_categorical",
]


class PyDataset:
    """Batches by their number, for ``fit``, ``evaluate`` and ``predict``: a class to inherit from.

    A subclass has ``__len__``, how many batches there are, and ``__getitem__(index)``, one of them:
    ``(x, y)`` or ``(x, y, sample_weight)``. They come one by one, in this order in every epoch: one
    that wants another shuffles in ``on_epoch_end``. Any class with these methods does; this one
    is there for code that names a base.

    >>> import numpy as np
    >>> from brasa import Sequential, layers
    >>> class Halves(PyDataset):
    ...     def __len__(self):
    ...         return 2
    ...     def __getitem__(self, index):
    ...         return np.full((4, 1), index / 2), np.full(4, index)
    >>> model = Sequential([layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> len(model.fit(Halves(), epochs=3, verbose=0).epoch)
    3
    """

    def __init__(
        self,
        workers: int | None = None,
        use_multiprocessing: bool | None = None,
        max_queue_size: int | None = None,
    ) -> None:
        check_workers(type(self).__name__, workers, use_multiprocessing, max_queue_size)

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} does not define __len__()")

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__} does not define __getitem__()")

    def on_epoch_end(self) -> None:
        """Called after each epoch."""


# Keras 2's name.
Sequence = PyDataset


def normalize(x: Any, axis: int = -1, order: float = 2) -> NDArray[Any]:
    """Vectors along an axis divided by their norm; zeros stay zeros.

    >>> from brasa.utils import normalize
    >>> normalize([[3.0, 4.0], [0.0, 0.0]])
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    array = to_array("normalize", "x", x)
    norm = np.linalg.norm(array, order, axis, keepdims=True)
    result: NDArray[Any] = array / np.where(norm == 0, 1, norm)
    return result


def to_categorical(x: Any, num_classes: int | None = None) -> FloatArray:
    """Class numbers as one-hot rows.

    Args:
        x: Whole numbers from 0 on (...); a last axis of 1 is dropped.
        num_classes: C. Default the largest number and 1.

    Shapes:
        result float32 (..., C)

    Raises:
        IndexError: a number is no class. TypeError: they are not whole.
        ValueError: there are none, and num_classes is not given.

    >>> from brasa.utils import to_categorical
    >>> to_categorical([0, 2])
    array([[1., 0., 0.],
           [0., 0., 1.]], dtype=float32)
    """
    op = "to_categorical"
    labels = to_array(op, "x", x)
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if labels.dtype.kind == "f" and (labels == np.trunc(labels)).all():
        labels = labels.astype(np.int64)
    if num_classes is None and not labels.size:
        raise ValueError(f"{op}: x is empty: num_classes must be given")
    classes = (
        int(labels.max()) + 1 if num_classes is None else whole(op, "num_classes", num_classes)
    )
    return np.eye(classes, dtype=np.float32)[as_labels(op, labels, classes)]
