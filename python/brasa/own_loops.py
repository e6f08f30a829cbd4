"""The loops over batches whose steps are methods of the model."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from brasa import runtime
from brasa.readings import Logs
from brasa.samples import Samples, arrays_in, flattened, pack_x_y_sample_weight
from brasa.samples import unpack_x_y_sample_weight as unpack
from brasa.streams import Stream
from brasa.training import Passes, batches

if TYPE_CHECKING:
    from brasa.callbacks.callback_list import BatchHooks
    from brasa.fit import Schedule
    from brasa.stepping import Stepping


# What Keras lets subclasses replace, and nothing here calls.
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_NOT_CALLED = ("make_train_function", "make_test_function", "make_predict_function")


class Source:
    """Where batches come from: arrays, or a stream."""

    def __init__(
        self,
        model: Stepping,
        data: Samples | Stream,
        batch_size: int,
        steps: int | None = None,
        check_finite: bool = False,
        weigh: Callable[[str, Any], Any] | None = None,
    ) -> None:
        self.model, self.data, self.size = model, data, batch_size
        self.check_finite, self.weigh = check_finite, weigh
        if isinstance(data, Stream):
            self.samples, self.steps = None, data.steps
        else:
            self.samples = data.rows if steps is None else min(data.rows, steps * batch_size)
            self.steps = -(-self.samples // batch_size)

    def batches(self) -> Iterator[tuple[Any, int]]:
        """Each batch, and how many samples it has."""
        if self.samples is None:
            yield from self._streamed()
            return
        assert isinstance(self.data, Samples)
        for start, stop in batches(self.samples, self.size):
            yield self.data.picked(slice(start, stop)), stop - start

    def _streamed(self) -> Iterator[tuple[Any, int]]:
        assert isinstance(self.data, Stream)
        for number, item in enumerate(self.data.epoch()):
            op = self.data.where(number)
            parts = read(op, item, self.model.device, self.check_finite)
            if self.weigh is not None:
                parts = self.weigh(op, parts)
            found = Samples(op, *parts)
            data = pack_x_y_sample_weight(*found.parts)
            alone = isinstance(item, (tuple, list)) and len(item) == 1
            yield (data,) if alone and not isinstance(data, tuple) else data, found.rows


def read(op: str, item: Any, device: str, check_finite: bool = False) -> tuple[Any, Any, Any]:
    """Inputs, targets and weights of a batch as NumPy's arrays."""
    x, y, weight = unpack(item)
    return (
        arrays_in(op, "x", x, device, check_finite),
        arrays_in(op, "y", y, device),
        arrays_in(op, "sample_weight", weight, device),
    )


class OwnSteps:
    """Lessons that are calls of ``train_step``; see brasa.fit.Lessons."""

    data = None
    picked = np.zeros(0, np.int64)

    def __init__(self, source: Source, how: Schedule) -> None:
        self.source, self.model, self.shuffle = source, source.model, how.shuffle
        self.steps, self.samples, self.runner = source.steps, source.samples, self
        self._passes: Passes | None = None
        if isinstance(source.data, Samples):
            self._passes = Passes(source.data.rows, how.batch_size, how.steps_per_epoch)
            self.steps, self.samples = self._passes.steps, self._passes.samples
        self._epoch = how.initial_epoch
        self._batch: Any = None
        self._last: Logs = {}

    def reset(self) -> None:
        """Have the metrics forget what they saw."""
        self.model.reset_metrics()
        self._last = {}

    def epoch(self) -> Iterator[int]:
        """Before each step the number of samples that will be done after it."""
        done = 0
        for batch, rows in self._batches():
            self._batch = batch
            done += rows
            yield done

    def _batches(self) -> Iterator[tuple[Any, int]]:
        if self._passes is None:
            yield from self.source.batches()
            return
        data = self.source.data
        assert isinstance(data, Samples)
        number = self.model._epochs_done if self.shuffle else self._epoch
        self._epoch += 1
        order = partial(self.model._epoch_order, data.rows, shuffle=self.shuffle)
        for rows in self._passes.epoch(number, order):
            yield data.picked(rows), len(rows)

    def step(self) -> None:
        """Make the step."""
        self._last = call_step(self.model, "train_step", self._batch)

    def logs(self) -> Logs:
        """What the metrics came to, or the last step's logs."""
        return logs_of(self.model, self._last)

    def finish(self) -> None:
        """Count the epoch."""
        self.model._count_epoch()


def call_step(model: Stepping, name: str, data: Any) -> Logs:
    """What ``train_step`` or ``test_step`` says of a batch, as logs have it."""
    with runtime.device(model.device):
        found = getattr(model, name)(data)
    where = f"{type(model).__name__}.{name}()"
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        raise TypeError(
            f"{where} must return a dictionary of numbers by their names, got "
            f"{type(found).__name__}"
        )
    return _plain(where, found)


def _plain(where: str, found: Mapping[str, Any]) -> Logs:
    logs: Logs = {}
    for name, value in found.items():
        if isinstance(value, Mapping):
            logs |= _plain(where, value)
            continue
        try:
            array = np.asarray(value, np.float64)
        except (TypeError, ValueError):
            raise TypeError(
                f"{where}: {name!r} must be a number, got {type(value).__name__}"
            ) from None
        logs[name] = array.item() if array.size == 1 else array
    return logs


def logs_of(model: Stepping, last: Logs) -> Logs:
    """What metrics of these names came to; the last logs where they are not the metrics'."""
    found = _plain(type(model).__name__, model.get_metrics_result())
    return {name: found[name] for name in last} if found.keys() == last.keys() else last


def evaluate_own(source: Source, hooks: BatchHooks | None = None) -> Logs:
    """The logs of ``test_step`` over all batches."""
    model, last = source.model, {}
    model.reset_metrics()
    for number, (data, _) in enumerate(source.batches()):
        if hooks is not None:
            hooks.begin(number)
        last = call_step(model, "test_step", data)
        if hooks is not None:
            hooks.end(number, logs_of(model, last))
    return logs_of(model, last)


def predict_own(source: Source, hooks: BatchHooks | None = None) -> Any:
    """What ``predict_step`` gives for all batches, one after the other."""
    model, found = source.model, []
    for number, (data, rows) in enumerate(source.batches()):
        if hooks is not None:
            hooks.begin(number)
        with runtime.device(model.device):
            outputs = model.predict_step(data)
        where = f"{type(model).__name__}.predict_step()"
        outputs = arrays_in(where, "an output", outputs, model.device)
        if not flattened(outputs) or any(len(array) != rows for array in flattened(outputs)):
            raise ValueError(f"{where}: outputs must have one row for each of {rows} samples")
        found.append(outputs)
        if hooks is not None:
            hooks.end(number, {"outputs": outputs})
    return _joined(found)


def _joined(found: list[Any]) -> Any:
    first = found[0]
    if isinstance(first, Mapping):
        return {key: _joined([item[key] for item in found]) for key in first}
    if isinstance(first, (list, tuple)):
        return type(first)(_joined(list(items)) for items in zip(*found, strict=True))
    return np.concatenate(found)


def check_steps(cls: type) -> None:
    """TypeError for steps that cannot be called as they are here."""
    for name in _NOT_CALLED:
        if hasattr(cls, name):
            raise TypeError(
                f"{cls.__name__} defines {name}(), which nothing here calls: define "
                "train_step(data), test_step(data) or predict_step(data)"
            )
    for name in ("train_step", "test_step", "predict_step"):
        wanted = inspect.signature(getattr(cls, name)).parameters.values()
        needed = [p.name for p in wanted if p.default is p.empty and p.kind in _POSITIONAL]
        if len(needed) > 2:
            raise TypeError(
                f"{cls.__name__}.{name}() must take (self, data), got ({', '.join(needed)}): steps "
                "with a state are of Keras on JAX"
            )
