"""``fit``, ``evaluate`` and ``predict`` of models that make their steps themselves."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from brasa import feeds, streams
from brasa.engine import epoch_order
from brasa.feeds import DataSet
from brasa.fitting import Given, rows_kept
from brasa.losses.base import NoLoss
from brasa.own_loops import (
    OwnSteps,
    Source,
    call_step,
    check_steps,
    evaluate_own,
    logs_of,
    predict_own,
    read,
)
from brasa.plan_key import TRAINING
from brasa.readings import Logs
from brasa.samples import Samples
from brasa.samples import unpack_x_y_sample_weight as unpack
from brasa.stepping import Stepping
from brasa.streams import Stream
from brasa.structure import DEFAULT_BATCH, at_least_one, at_least_one_or_none, one_or_list

if TYPE_CHECKING:
    from brasa.callbacks.callback_list import BatchHooks
    from brasa.diagnosis import Diagnosis
    from brasa.fit import Check, Lessons, Schedule
    from brasa.graph.lower import CompiledPlan
    from brasa.parameter import Parameter


class OwnTraining(Stepping):
    """Base of models: where a subclass has steps of its own, its loops run here."""

    _epochs_trained = 0  # before it has an engine, which counts them

    @property
    def weights(self) -> list[Parameter]:
        """All weights, layer by layer."""
        if self._is_of_parts:
            return list(dict.fromkeys(p for part in self.parts for p in part.weights))
        return super().weights

    @property
    def trainable_weights(self) -> list[Parameter]:
        """The weights that training changes."""
        if self._is_of_parts:
            return list(dict.fromkeys(p for part in self.parts for p in part.trainable_weights))
        return super().trainable_weights

    @property
    def _is_of_parts(self) -> bool:
        """Whether there is no graph, and the parts have their weights all the same."""
        if self._engine is not None or self._inputs_again is not None:
            return False
        return self._has_own_steps and all(part.built for part in self.parts)

    @property
    def metrics_names(self) -> list[str]:
        """What the numbers of ``evaluate`` are, in their order; [] before ``compile``."""
        return list(self.get_metrics_result()) if self._is_bare else super().metrics_names

    def plan(
        self, batch_size: int = DEFAULT_BATCH, mode: str = "train", length: int | None = None
    ) -> CompiledPlan:
        """As other models; TypeError for plans of training, where steps of one's own train."""
        self._refuse_plans("plan", mode in TRAINING)
        return super().plan(batch_size, mode, length)

    def profile(self, x: Any, y: Any = None, repeats: int = 10) -> list[dict[str, Any]]:
        """As other models; TypeError for a training step, where it is the subclass's own."""
        self._refuse_plans("profile", y is not None)
        return super().profile(x, y, repeats)

    def diagnose(self, x: Any, y: Any, sample_weight: Any = None) -> Diagnosis:
        """As other models; TypeError where the training step is the subclass's own."""
        self._refuse_plans("diagnose")
        return super().diagnose(x, y, sample_weight)

    def _refuse_plans(self, what: str, trains: bool = True) -> None:
        if trains and self._does_itself("train"):
            raise TypeError(
                f"{what}: {type(self).__name__} has steps of its own, which are no plan of the "
                "model's"
            )

    def _build_for_steps(self, x: Any) -> None:
        """Make the graph, where the model has one; its steps may do without where parts are built.

        RuntimeError where the model is not compiled, TypeError for steps that cannot be called.
        """
        check_steps(type(self))
        if not self._is_bare:
            try:
                self._build_from(x)
            except (TypeError, ValueError):
                if not self.parts or not self._is_of_parts:
                    raise
        if not self._compile_arguments:
            raise RuntimeError(
                f"model {self.name!r} is not compiled: call "
                "model.compile(optimizer='adam', loss=...) first"
            )

    def _lessons(
        self, given: Given, split: float, validation_data: Any, how: Schedule, check_finite: bool
    ) -> tuple[Lessons, Check | None]:
        if not (self._does_itself("train") or self._does_itself("test")):
            return super()._lessons(given, split, validation_data, how, check_finite)
        x, y, sample_weight, class_weight = given
        is_stream = streams.is_stream(x, y)
        if not is_stream and validation_data is None:
            kept = rows_kept(samples := self._samples_of("fit", x, y, sample_weight), split)
            if kept < samples.rows:
                validation_data = samples.slice(kept, samples.rows).parts
                x, y, sample_weight = samples.slice(0, kept).parts
        if not self._does_itself("train"):
            given = (x, y, sample_weight, class_weight)
            lessons, _ = super()._lessons(given, 0.0, None, how, check_finite)
            return lessons, self._checker(None, validation_data, how, check_finite)
        steps = how.steps_per_epoch
        stream = Stream("fit", x, steps, "steps_per_epoch") if is_stream else None
        self._build_for_steps(x if stream is None else unpack(stream.first())[0])
        if self._compile_arguments["precision"] != "float32":
            raise ValueError(
                "fit: steps of one's own are float32: compile with precision='float32'"
            )
        weigh = partial(self._weighed, class_weight=class_weight)
        if stream is None:
            x, y, sample_weight = weigh("fit", (x, y, sample_weight))
            data: Samples | Stream = self._samples_of("fit", x, y, sample_weight, check_finite)
        else:
            data = stream
        source = Source(self, data, how.batch_size, steps, check_finite, weigh)
        check = self._checker(None, validation_data, how, check_finite)
        return OwnSteps(source, how), check

    def _checker(
        self, data: DataSet | None, given: Any, how: Schedule, check_finite: bool
    ) -> Check | None:
        if given is None and data is None:
            return None
        if not self._does_itself("test"):
            self._require_graph("fit, validation_data", "test_step")
            return super()._checker(data, given, how, check_finite)
        op, steps, size = "fit, validation_data", how.validation_steps, how.validation_batch_size
        if not isinstance(given, tuple) and streams.is_stream(given):
            source = Source(self, Stream(op, given, steps, "validation_steps"), size)
        else:
            found = Samples(op, *read(op, given, self.device, check_finite))
            source = Source(self, found, size, steps)
        return lambda hooks: evaluate_own(source, hooks)

    def _evaluated(
        self, given: tuple[Any, Any, Any], size: int, steps: int | None, watch: BatchHooks | None
    ) -> Logs:
        if not self._does_itself("test"):
            self._require_graph("evaluate", "test_step")
            return super()._evaluated(given, size, steps, watch)
        return evaluate_own(self._source("evaluate", given, size, steps), watch)

    def _predict_all(
        self, x: Any, batch_size: int | None, steps: int | None, watch: BatchHooks | None = None
    ) -> Any:
        if not self._does_itself("predict"):
            self._require_graph("predict", "predict_step")
            return super()._predict_all(x, batch_size, steps, watch)
        size = at_least_one("predict", "batch_size", batch_size, DEFAULT_BATCH)
        steps = at_least_one_or_none("predict", "steps", steps)
        return predict_own(self._source("predict", (x, None, None), size, steps), watch)

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for one batch."""
        if "predict" not in self._own_modes:
            return self._outputs_of(x)
        size = self._samples_of("predict_on_batch", x).rows
        return predict_own(self._source("predict_on_batch", (x, None, None), size, None))

    def _on_batch(self, mode: str, x: Any, y: Any, sample_weight: Any, return_dict: bool) -> Any:
        if ("train" if mode == "gradients" else mode) not in self._own_modes:
            return super()._on_batch(mode, x, y, sample_weight, return_dict)
        if mode == "gradients":
            raise TypeError(
                f"compute_gradients: {type(self).__name__} has steps of its own: "
                "brasa.value_and_grad gives gradients of any loss"
            )
        self._build_for_steps(x)
        data = self._samples_of(f"{mode}_on_batch", x, y, sample_weight).picked(slice(None))
        self.reset_metrics()
        logs = logs_of(self, call_step(self, f"{mode}_step", data))
        return logs if return_dict else self._listed(logs)

    def _listed(self, logs: Logs) -> Any:
        """As Keras: in the order of ``metrics``, then by name."""
        if not self._has_own_steps:
            return super()._listed(logs)
        first = [name for name in self.get_metrics_result() if name in logs]
        return one_or_list([logs[name] for name in dict.fromkeys([*first, *sorted(logs)])])

    def _source(self, op: str, given: tuple[Any, Any, Any], size: int, steps: int | None) -> Source:
        x, y, _ = given
        if not isinstance(x, np.ndarray) and streams.is_stream(x, y):
            stream = Stream(op, x, steps, "steps")
            self._build_for_steps(unpack(stream.first())[0])
            return Source(self, stream, size)
        self._build_for_steps(x)
        return Source(self, self._samples_of(op, *given), size, steps)

    def _samples_of(
        self, op: str, x: Any, y: Any = None, weight: Any = None, check_finite: bool = False
    ) -> Samples:
        return Samples(op, *read(op, (x, y, weight), self.device, check_finite))

    def _weighed(self, op: str, parts: tuple[Any, Any, Any], class_weight: Any) -> Any:
        """The parts of a batch with weights by classes."""
        x, y, weight = parts
        if class_weight is None:
            return parts
        if weight is not None:
            raise ValueError(f"{op}: give class_weight or sample_weight, not both")
        losses = self.objective.losses if self.objective is not None else [NoLoss()]
        return x, y, feeds.class_weights(op, y, class_weight, losses, self.device)

    def _require_graph(self, what: str, step: str) -> None:
        if self._is_bare:
            raise TypeError(
                f"{what}: {type(self).__name__} has no call(), and no {step}() of its own: define "
                "one of them"
            )

    @property
    def _epochs_done(self) -> int:
        return self._epochs_trained if self._engine is None else self.engine.epochs_trained

    def _epoch_order(self, rows: int, number: int, *, shuffle: bool) -> NDArray[np.int64]:
        seed = self._first_seed if self._engine is None else self.engine.seed
        return epoch_order(seed, number, rows, shuffle=shuffle)

    def _count_epoch(self) -> None:
        if self._engine is not None:
            self.engine.epochs_trained += 1
        else:
            self._epochs_trained += 1
