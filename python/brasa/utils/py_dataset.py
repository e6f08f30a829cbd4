"""Batches by their number, as a class to inherit from."""

from __future__ import annotations

from typing import Any

from brasa.spellings import check_workers


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
