"""A table of the values of every epoch."""

import csv
from typing import Any

from brasa.files import AnyPath, as_path

from .base import Callback, Logs


class CSVLogger(Callback):
    """Write the values of every epoch as one row of a text table.

    The first column is ``epoch``, counted from 0, the others are the names of the first epoch in
    order, with and without "val_". A value that an epoch does not have becomes ``NA``, a value that
    came later is left out. Each row is in the file before the next epoch begins.

    Args:
        filename: Where to write; its folder must exist.
        separator: One character between the columns. Default ",".
        append: Go on with an existing file, which must have the same columns. Default False.

    Raises:
        TypeError, ValueError: an argument is of the wrong type or out of range, or the columns of
            the existing file differ.

    Source: https://keras.io/api/callbacks/csv_logger

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import numpy as np
    >>> from brasa import Sequential, callbacks, layers
    >>> model = Sequential([layers.Dense(1, input_shape=(2,), kernel_initializer="zeros")])
    >>> model.compile("sgd", "mse")
    >>> folder = TemporaryDirectory()
    >>> log = callbacks.CSVLogger(Path(folder.name) / "log.csv")
    >>> x, y = np.zeros((4, 2)), np.ones((4, 1))
    >>> _ = model.fit(x, y, batch_size=4, verbose=0, callbacks=[log])
    >>> (Path(folder.name) / "log.csv").read_text().split()
    ['epoch,loss,val_loss', '0,1.0,NA']
    >>> folder.cleanup()
    """

    def __init__(self, filename: AnyPath, separator: str = ",", append: bool = False) -> None:
        super().__init__()
        self.filename = as_path(filename, "CSVLogger")
        if not isinstance(separator, str):
            raise TypeError(f"CSVLogger: separator must be a str, got {separator!r}")
        if len(separator) != 1 or separator in '\r\n"':
            raise ValueError(f"CSVLogger: separator must be one character, got {separator!r}")
        self.separator = separator
        self.append = append
        self._columns: list[str] = []
        self._checked = False

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._columns = []
        self._checked = False
        if self.append and self.filename.exists():
            with self.filename.open(newline="", encoding="utf-8") as file:
                self._columns = next(csv.reader(file, delimiter=self.separator), [])
        else:
            self.filename.write_bytes(b"")  # fails now, not after the first epoch

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        values = {**(logs or {}), "epoch": epoch}
        rows: list[list[Any]] = []
        if not self._columns:
            names = sorted(logs or {})
            if not any(name.startswith("val_") for name in names):
                names += [f"val_{name}" for name in names]  # validation may begin later
            self._columns = ["epoch", *names]
            rows.append(self._columns)
        elif not self._checked and not set(values) <= set(self._columns):
            raise ValueError(
                f"CSVLogger: {str(self.filename)!r} has the columns {', '.join(self._columns)}, "
                f"this training has {', '.join(values)}: write to another file"
            )
        self._checked = True
        rows.append([values.get(name, "NA") for name in self._columns])
        with self.filename.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file, delimiter=self.separator, lineterminator="\n").writerows(rows)
