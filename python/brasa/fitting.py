"""``Model.fit``: what is given becomes lessons, the checks between them, and a schedule."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from brasa import feeds, streams, training
from brasa.evaluation import Evaluation
from brasa.feeds import DataSet
from brasa.fit import Batches, Check, Fit, Lessons, Rows, Schedule
from brasa.ops.arguments import at_least, number
from brasa.samples import Samples
from brasa.spellings import check_workers
from brasa.streams import BatchReader, Stream
from brasa.structure import DEFAULT_BATCH, at_least_one, at_least_one_or_none

if TYPE_CHECKING:
    from brasa.callbacks import Callback, History


# What fit was given: x, y, sample_weight, class_weight.
Given = tuple[Any, Any, Any, Mapping[int, float] | None]


class Fitting(Evaluation):
    """Models that are trained."""

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Sequence[Callback] | None = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_batch_size: int | None = None,
        check_finite: bool = True,
        validation_steps: int | None = None,
        validation_freq: int | Collection[int] = 1,
        *,
        workers: int | None = None,
        use_multiprocessing: bool | None = None,
        max_queue_size: int | None = None,
    ) -> History:
        """Train for ``epochs`` passes over ``x`` and ``y``; returns a History of the logs.

        The order of each epoch follows from the model's seed and the number of the epoch. The last,
        smaller batch of an epoch counts as what it is: losses are means over samples.
        ``sample_weight`` holds one weight for each sample ``(N,)`` or for each step of sequences
        ``(N, T)``, ``class_weight`` one for each class number: they multiply the losses, those of
        classes in training alone. A model with several outputs takes a dictionary or a list of
        weights, too, None for those without.

        ``x`` may also be an iterable of batches ``(x, y)`` or ``(x, y, sample_weight)``, without
        ``y``: a generator, a loader of PyTorch, a list of batches. An epoch is one pass over it, or
        ``steps_per_epoch`` batches; iterators such as generators go on from epoch to epoch, and so
        do passes over arrays, of which fewer steps than batches take a part in each epoch. So may
        ``validation_data``, with ``validation_steps``. ``validation_freq`` says after how many
        epochs they are looked at, or a list after which ones, counted from 1. The last three are
        Keras's, which have batches made by others: taken where they ask for none.
        """
        from brasa.callbacks import CallbackList, History

        check_workers("fit", workers, use_multiprocessing, max_queue_size)
        size = at_least_one("fit", "batch_size", batch_size, DEFAULT_BATCH)
        how = Schedule(
            batch_size=size,
            epochs=at_least("fit", "epochs", epochs, 0),
            initial_epoch=at_least("fit", "initial_epoch", initial_epoch, 0),
            shuffle=bool(shuffle),
            steps_per_epoch=at_least_one_or_none("fit", "steps_per_epoch", steps_per_epoch),
            validation_batch_size=at_least_one(
                "fit", "validation_batch_size", validation_batch_size, size
            ),
            validation_steps=at_least_one_or_none("fit", "validation_steps", validation_steps),
            validation_freq=_frequency(validation_freq),
            verbose=verbose,
        )
        if streams.is_stream(x, y):
            _require_none_given(
                y=y is not None,
                batch_size=batch_size is not None,
                sample_weight=sample_weight is not None,
                validation_split=validation_split != 0.0,
            )
        given = (x, y, sample_weight, class_weight)
        lessons, check = self._lessons(given, validation_split, validation_data, how, check_finite)
        self._tell_complaints()
        hooks = CallbackList(callbacks, add_history=True)
        history, outer = hooks.history, self.fitting  # a callback may call fit
        assert isinstance(history, History)
        self.fitting = Fit(self, lessons, check, how)
        try:
            self.fitting.run(hooks)
        finally:  # an interrupted run has a history, too
            self.fitting, self.history = outer, history
        return history

    def _lessons(
        self, given: Given, split: float, validation_data: Any, how: Schedule, check_finite: bool
    ) -> tuple[Lessons, Check | None]:
        """What is learned, and what finds the logs of validation, each time it is called."""
        x, y, sample_weight, class_weight = given
        if streams.is_stream(x, y):
            lessons: Rows | Batches = self._batches(x, class_weight, how, check_finite)
            validation = None
        else:
            data = self._samples(x, y, class_weight, sample_weight, check_finite)
            data, validation = self._split(data, split, validation_data)
            if validation is not None and class_weight is not None:
                validation = validation.unweighted()
            if data.rows == 0:
                raise ValueError("fit: there are no samples to train on")
            lessons = Rows(self.engine, data, how)
        check = self._checker(validation, validation_data, how, check_finite)
        if set(self.trainable_weights) != set(self.store.trainable):
            warnings.warn(
                "fit: trainable was changed since compile(), which decides what is trained: call "
                "compile() again",
                UserWarning,
                stacklevel=3,
            )
        return lessons, check

    def _batches(
        self, x: Any, class_weight: Mapping[int, float] | None, how: Schedule, check_finite: bool
    ) -> Batches:
        stream = Stream("fit", x, how.steps_per_epoch, "steps_per_epoch")
        if self._engine is None:
            self._build_from(streams.parts("fit, batch 1", stream.first())[0])
        self._compiled()
        return Batches(self.engine, stream, BatchReader(self.engine, class_weight, check_finite))

    def _samples(
        self,
        x: Any,
        y: Any,
        class_weight: Mapping[int, float] | None,
        sample_weight: Any,
        check_finite: bool,
    ) -> DataSet:
        if inspect.isfunction(x):
            raise TypeError(f"fit: x is the function {x.__name__}: call it, {x.__name__}()")
        self._build_from(x)
        objective = self._compiled()
        if y is None and objective.wants_targets:
            raise TypeError(
                "fit: y must be an array, got None: give fit(x, y), or as x an iterable of "
                "batches (x, y)"
            )
        losses = objective.losses
        if class_weight is not None:
            if sample_weight is not None:
                raise ValueError("fit: give class_weight or sample_weight, not both")
            sample_weight = feeds.class_weights("fit", y, class_weight, losses, self._device)
        return self._data("fit", x, y, sample_weight, check_finite)

    def _split(
        self, data: DataSet, split: float, validation_data: Any
    ) -> tuple[DataSet, DataSet | None]:
        if validation_data is not None:
            return data, None
        kept = rows_kept(data, split)
        if kept == data.rows:
            return data, None
        return data.slice(0, kept), data.slice(kept, data.rows)

    def _checker(
        self, data: DataSet | None, given: Any, how: Schedule, check_finite: bool
    ) -> Check | None:
        op, engine, steps = "fit, validation_data", self.engine, how.validation_steps
        stays = isinstance(given, tuple) or not streams.is_stream(given)
        if given is not None and not stays:
            stream = Stream(op, given, steps, "validation_steps")
            return lambda hooks: streams.evaluate(engine, stream, hooks)
        if given is not None:
            if not isinstance(given, (tuple, list)) or len(given) not in (2, 3):
                raise ValueError(
                    "fit: validation_data must be (x, y), (x, y, sample_weight) or an iterable of "
                    f"such batches, got {type(given).__name__}"
                )
            data = self._data(op, *streams.parts(op, given), check_finite)
        if data is None:
            return None
        if data.rows == 0:
            raise ValueError(f"{op}: there are no samples")
        size = how.validation_batch_size
        if steps is not None:
            data = data.slice(0, min(data.rows, steps * size))
        runner = training.evaluator(engine, data)
        if engine.device != "cpu":  # what has no room says so before the first step
            runner.prepare(data.rows, size)
        return lambda hooks: training.evaluate_with(runner, size, hooks)


def _require_none_given(**given: bool) -> None:
    """ValueError for what batches bring themselves; by name, whether the caller gave it."""
    for name, is_given in given.items():
        if is_given:
            raise ValueError(f"fit: x gives batches: {name} cannot be given beside it")


def rows_kept(data: DataSet | Samples, split: float) -> int:
    """How many of the samples ``validation_split`` leaves to training."""
    split = number("fit", "validation_split", split)
    if not 0 <= split < 1:
        raise ValueError(f"fit: validation_split must be in [0, 1), got {split}")
    kept = int(data.rows * (1 - split))
    if split and kept in (0, data.rows):
        raise ValueError(f"fit: validation_split {split} of {data.rows} samples leaves none")
    return kept


def _frequency(value: Any) -> int | Collection[int]:
    if isinstance(value, Collection) and not isinstance(value, str):
        return [at_least_one("fit", "validation_freq", epoch, 1) for epoch in value]
    return at_least_one("fit", "validation_freq", value, 1)
