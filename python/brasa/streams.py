"""Batches that come one by one: generators, loaders of other libraries, lists of batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from brasa import feeds
from brasa.engine import Engine
from brasa.feeds import DataSet
from brasa.readings import Logs
from brasa.there import host_of
from brasa.training import Runner, predict, predict_there

if TYPE_CHECKING:
    from brasa.callbacks.callback_list import BatchHooks

NO_DATA = DataSet({}, 0, ())

_HOW = (
    "Let it go on forever, or pass an iterable that begins anew each time: a loader, a list of "
    "batches"
)


def is_stream(x: Any, y: Any = None) -> bool:
    """Whether x gives batches, rather than being an array, or a list or dictionary of arrays.

    A list or tuple does where there is no y and its items are tuples of 2 or 3.
    """
    if isinstance(x, (list, tuple)):
        return y is None and bool(x) and all(type(i) is tuple and len(i) in (2, 3) for i in x)
    if isinstance(x, (np.ndarray, Mapping, str, bytes, range)):
        return False
    if any(hasattr(x, name) for name in ("shape", "__array__", "__dlpack__")):
        return False
    return hasattr(x, "__iter__") or (hasattr(x, "__getitem__") and hasattr(x, "__len__"))


def steps_of(x: Any, y: Any, batch_size: int, steps: int | None) -> int | None:
    """How many batches x has, at most ``steps``; None where only its end will tell."""
    if is_stream(x, y):
        return steps if steps is not None or not hasattr(x, "__len__") else len(x)
    first = next(iter(x.values())) if isinstance(x, Mapping) and x else x
    if isinstance(first, (list, tuple)) and first and hasattr(first[0], "shape"):
        first = first[0]  # of several inputs
    rows = len(first) if hasattr(first, "__len__") and getattr(first, "ndim", True) else 0
    batches = -(-rows // batch_size)
    return batches if steps is None else min(batches, steps)


class Stream:
    """An iterable of batches, cut into epochs.

    Args:
        op: What errors call it.
        source: An iterator, which goes on from epoch to epoch, or something that begins anew for
            each: by ``__iter__``, or by ``__getitem__`` and ``__len__``.
        steps: Batches of one epoch. Default: until the source ends.
        steps_name: What the user calls ``steps``.
    """

    def __init__(self, op: str, source: Any, steps: int | None, steps_name: str) -> None:
        self.op, self.source, self.steps, self.steps_name = op, source, steps, steps_name
        self.epochs = 0
        self._kept: list[Any] = []  # looked at before its epoch began
        self._goes_on = hasattr(source, "__next__")

    def first(self) -> Any:
        """The batch that comes next, without taking it."""
        begun = iter(self._begin())
        item = self._next(begun, 0)
        if item is None:
            raise ValueError(f"{self.op}: the iterable gave no batch")
        if self._goes_on:
            self._kept.append(item[0])
        return item[0]

    def epoch(self) -> Iterator[Any]:
        """The batches of the next epoch."""
        self.epochs += 1
        begun, count = iter(self._begin()), 0
        while count != self.steps:
            item = (self._kept.pop(),) if self._kept else self._next(begun, count)
            if item is None:
                break
            yield item[0]
            count += 1
        self._check(count)
        if hasattr(self.source, "on_epoch_end"):
            self.source.on_epoch_end()  # where Keras's data sets shuffle

    def where(self, batch: int) -> str:
        """What errors call a batch."""
        return f"{self.op}, epoch {max(self.epochs, 1)}, batch {batch + 1}"

    def _begin(self) -> Any:
        if hasattr(self.source, "__iter__") or self._goes_on:
            return self.source
        return (self.source[i] for i in range(len(self.source)))

    def _next(self, begun: Iterator[Any], count: int) -> tuple[Any] | None:
        try:
            return (next(begun),)
        except StopIteration:
            return None
        except Exception as error:
            if hasattr(error, "add_note"):  # from Python 3.11 on
                error.add_note(f"{self.where(count)}: raised by the iterable")
            raise

    def _check(self, count: int) -> None:
        if self.steps is not None and count < self.steps:
            raise ValueError(
                f"{self.op}: the iterable ended after {count} batches of epoch {self.epochs}, "
                f"{self.steps_name}={self.steps} wants more. {_HOW}"
            )
        if count == 0 and self.epochs > 1 and self._goes_on:
            raise ValueError(
                f"{self.op}: the iterator ended with epoch {self.epochs - 1}, there are no batches "
                f"for the next. {_HOW}; with {self.steps_name}=... epochs are parts of it"
            )
        if count == 0:
            raise ValueError(f"{self.op}: the iterable gave no batch")


class BatchReader:
    """Makes what comes from a stream into data that a plan can read."""

    def __init__(self, engine: Engine, class_weight: Any = None, check_finite: bool = False):
        assert engine.objective is not None
        self.engine, self.losses = engine, engine.objective.losses
        self.wants_targets = engine.objective.wants_targets
        self.class_weight, self.check_finite = class_weight, check_finite

    def read(self, op: str, item: Any) -> DataSet:
        """One batch; errors call it ``op``, those of losses and weights, too."""
        try:
            return self._read(op, item)
        except (IndexError, TypeError, ValueError) as error:
            if str(error).startswith(op):
                raise
            raise type(error)(f"{op}: {error}") from None

    def _read(self, op: str, item: Any) -> DataSet:
        x, y, weight = parts(op, item)
        if self.class_weight is not None:
            if weight is not None:
                raise ValueError(f"{op}: give class_weight or sample weights, not both")
            weight = feeds.class_weights(op, y, self.class_weight, self.losses, self.engine.device)
        data = feeds.data_set(
            op,
            self.engine.network,
            x,
            y=y,
            sample_weight=weight,
            losses=self.losses,
            check_finite=self.check_finite,
            device=self.engine.device,
            wants_targets=self.wants_targets,
        )
        if data.rows == 0:
            raise ValueError(f"{op}: the batch is empty")
        return data


def parts(op: str, item: Any) -> tuple[Any, Any, Any]:
    """The inputs, the targets and the weights or None of a batch."""
    if not isinstance(item, (tuple, list)) or len(item) not in (2, 3):
        got = f"{len(item)} parts" if isinstance(item, (tuple, list)) else type(item).__name__
        raise ValueError(f"{op}: wanted (x, y) or (x, y, sample_weight), got {got}")
    x, y, *weight = item
    return x, y, weight[0] if weight else None


def evaluate(engine: Engine, stream: Stream, hooks: BatchHooks | None = None) -> Logs:
    """Losses and metrics over one epoch of a stream: means over samples, not over batches."""
    runner, reader = Runner(engine, "test", NO_DATA), BatchReader(engine)
    runner.reset()
    for number, item in enumerate(stream.epoch()):
        if hooks is not None:
            hooks.begin(number)
        runner.batch(reader.read(stream.where(number), item))
        if hooks is not None:
            hooks.end(number, runner.logs())
    return runner.logs()


def predict_all(
    engine: Engine, stream: Stream, hooks: BatchHooks | None = None
) -> list[NDArray[Any]]:
    """The outputs for one epoch of a stream of inputs; of (x, y) the y is left."""
    batches: list[list[NDArray[Any]]] = []
    for number, item in enumerate(stream.epoch()):
        if hooks is not None:
            hooks.begin(number)
        where, x = stream.where(number), inputs_of(item)
        data = feeds.data_set(where, engine.network, x, device=engine.device)
        outputs = (predict_there if data.is_there else predict)(engine, data, max(data.rows, 1))
        batches.append([host_of(output) for output in outputs])
        if hooks is not None:
            hooks.end(number, {"outputs": engine.network.arranged(batches[-1])})
    return [np.concatenate(outputs) for outputs in zip(*batches, strict=True)]


def inputs_of(item: Any) -> Any:
    """The inputs of a batch that may have targets and weights, too."""
    pair = isinstance(item, tuple) or (isinstance(item, list) and len(item) in (2, 3))
    return item[0] if pair else item
