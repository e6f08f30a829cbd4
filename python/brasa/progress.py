"""How training shows itself: a bar on a terminal, one plain line per epoch everywhere else."""

import functools
import sys
import threading
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, TextIO

_REDRAW_SECONDS = 0.1
_BAR = "{desc} {percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}"


class EpochProgress:
    """Progress of one epoch.

    On a terminal a bar shows the share done, the time left, the samples per second and the values
    so far; at the end it gives way to the plain line. Elsewhere (a log file, a notebook) only the
    plain line is written::

        Epoch 3/5  loss 0.1234  accuracy 0.9612  val_loss 0.1500  12,345 samples/s  0.8 s

    The rate counts the time up to the last sample, the seconds are those until :meth:`close`, so
    validation is in the seconds only.

    Args:
        epoch: Index of the epoch, from 0, as callbacks get it.
        epochs: Number of epochs, at least ``epoch + 1``.
        samples: Number of samples of the epoch; None when not known.
        verbose: 0 silent; 1 or "auto" a bar on a terminal; 2 only the line at the end.
        stream: Where to write. Default the standard output at the time of the call.
        unit: What a sample is, for the rate.

    Raises:
        ValueError: verbose is not 0, 1, 2 or "auto".

    Example:
        >>> with EpochProgress(2, 5, samples=100, verbose=0) as progress:
        ...     progress.update(100, {"loss": 0.25})
        ...     progress.close({"loss": 0.25, "val_loss": 0.5})
    """

    def __init__(
        self,
        epoch: int,
        epochs: int,
        samples: int | None,
        verbose: int | str = 1,
        stream: TextIO | None = None,
        unit: str = "samples",
    ) -> None:
        if verbose not in (0, 1, 2, "auto"):
            raise ValueError(f"EpochProgress: verbose must be 0, 1, 2 or 'auto', got {verbose!r}")
        self._stream = sys.stdout if stream is None else stream  # None under pythonw
        self._silent = verbose == 0 or self._stream is None
        self._unit = unit
        width = len(str(epochs))
        self._title = f"Epoch {epoch + 1:{width}d}/{epochs}"
        self._logs: Mapping[str, Any] = {}
        self._done = 0
        self._open = True
        self._bar: Any = None
        if not self._silent and verbose in (1, "auto") and _is_terminal(self._stream):
            self._bar = _bar_class()(
                total=samples,
                desc=self._title,
                file=self._stream,
                bar_format=_BAR,
                dynamic_ncols=True,
                leave=False,
            )
        self._start = self._updated = self._drawn = time.perf_counter()

    @property
    def draws(self) -> bool:
        """Whether values are shown before the end of the epoch."""
        return self._bar is not None

    def update(self, samples_done: int, logs: Mapping[str, Any] | None = None) -> None:
        """Say that ``samples_done`` samples of the epoch are done and what the values are so far.

        Cheap enough for every batch: the bar is drawn at most ten times a second.
        """
        if self._silent or not self._open:
            return
        now = time.perf_counter()
        self._updated = now
        self._done = samples_done
        if logs is not None:
            self._logs = logs
        if self._bar is not None and now - self._drawn >= _REDRAW_SECONDS:
            self._drawn = now
            self._bar.n = samples_done
            self._bar.set_postfix_str("  ".join(self._values()), refresh=False)
            self._bar.refresh()

    def close(self, logs: Mapping[str, Any] | None = None) -> None:
        """End the epoch: write its line with the final values. A second call does nothing."""
        if not self._open:
            return
        self._open = False
        if self._silent:
            return
        if logs is not None:
            self._logs = logs
        self._remove_bar()
        seconds = time.perf_counter() - self._start
        line = "  ".join([self._title, *self._values(), format_seconds(seconds)])
        self._stream.write(line + "\n")
        self._stream.flush()

    def _values(self) -> list[str]:
        values = [f"{name} {format_value(value)}" for name, value in self._logs.items()]
        seconds = self._updated - self._start
        if self._done and seconds > 0:
            values.append(f"{self._done / seconds:,.0f} {self._unit}/s")
        return values

    def _remove_bar(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def __enter__(self) -> "EpochProgress":  # noqa: PYI034 (typing.Self needs Python 3.11)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the epoch; when an exception passes through, take the bar away and write no line."""
        if kind is None:
            self.close()
        else:
            self._open = False
            self._remove_bar()


def message(text: str, stream: TextIO | None = None) -> None:
    """Write a line that the user asked for (``verbose=1``) without tearing a bar apart."""
    stream = sys.stdout if stream is None else stream
    if stream is None:
        return
    if _is_terminal(stream):
        _bar_class().write(text, file=stream)
    else:
        stream.write(text + "\n")
    stream.flush()


def format_value(value: Any) -> str:
    """A loss or metric in few characters.

    Example:
        >>> format_value(0.12345), format_value(0.000012345), format_value(float("nan"))
        ('0.1235', '1.234e-05', 'nan')
    """
    if getattr(value, "ndim", 0):
        return "[" + " ".join(map(format_value, value)) + "]"
    try:
        number = float(value)
    except (TypeError, ValueError):
        return str(value)
    if number != 0 and not 1e-3 <= abs(number) < 1e6:
        return f"{number:.3e}" if abs(number) != float("inf") else str(number)
    return f"{number:.4f}"


def format_seconds(seconds: float) -> str:
    """A time span.

    Example:
        >>> format_seconds(0.82), format_seconds(75), format_seconds(3725)
        ('0.8 s', '1:15', '1:02:05')
    """
    if seconds < 59.95:  # else it would read 60.0
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


@functools.cache
def _bar_class() -> Any:
    """tqdm without its watching thread and its lock between processes: one bar needs neither."""
    from tqdm import tqdm

    class Bar(tqdm):  # type: ignore[misc]
        monitor_interval = 0
        _lock = threading.RLock()

    return Bar


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except (AttributeError, ValueError):  # no such method, or closed
        return False
