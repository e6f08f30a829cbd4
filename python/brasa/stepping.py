"""Steps that a subclass of ``Model`` makes itself: what ``fit``, ``evaluate`` and ``predict`` call.

By default all of these are plans. Where a subclass defines one of the methods here, Python runs the
loop, and calls them batch by batch; those that it leaves as they are do what the plans would.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from brasa.autograd import ValueAndGrad
from brasa.calling import Calling
from brasa.graph.recording import recorder
from brasa.graph.symbol import Symbol
from brasa.inputs import as_list
from brasa.layers.weighted import penalties_of
from brasa.losses import Loss
from brasa.metrics import Mean, Metric
from brasa.plan_key import Objective
from brasa.samples import flattened, form_of, mapped, unpack_x_y_sample_weight, weights_for

# What a subclass may define, and what of its own fit, evaluate and predict then call.
_OWN = {
    "train": ("train_step", "compute_loss", "compute_metrics"),
    "test": ("test_step", "compute_loss", "compute_metrics"),
    "predict": ("predict_step",),
}


class Stepping(Calling):
    """Base of models: the steps by which they are trained, evaluated and asked."""

    _own_modes: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls._own_modes = frozenset(
            mode
            for mode, names in _OWN.items()
            if any(getattr(cls, name) is not getattr(Stepping, name) for name in names)
        )

    def train_step(self, data: Any) -> Mapping[str, Any]:
        """One step of ``fit`` on a batch; returns what logs show, numbers by their names.

        Where a subclass defines it, ``fit`` and ``train_on_batch`` call it for each batch: ``x``,
        ``(x, y)`` or ``(x, y, sample_weight)`` of NumPy arrays, as they were given. Its gradients
        are those of :func:`brasa.value_and_grad`: best of a function that is made once, in
        ``__init__`` or ``compile``, for it plans again what it has not seen. Metrics in
        ``self.metrics`` are reset for each epoch; where the logs have their names, an epoch's are
        what they came to, else those of the last step.

        >>> import numpy as np
        >>> import brasa
        >>> from brasa import Model, layers, metrics, ops
        >>> class Doubling(Model):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.dense = layers.Dense(1)
        ...         self.error = metrics.Mean(name="error")
        ...         self.slopes = brasa.value_and_grad(self.error_of, weights=self)
        ...     def call(self, x):
        ...         return self.dense(x)
        ...     def error_of(self, x):
        ...         return ops.mean(ops.square(self(x, training=True) - 2 * x))
        ...     def train_step(self, data):
        ...         error, gradients = self.slopes(data)
        ...         self.optimizer.apply(gradients, self.trainable_weights)
        ...         self.error.update_state(error)
        ...         return {"error": self.error.result()}
        >>> model = Doubling()
        >>> model.compile("adam")
        >>> history = model.fit(np.ones((8, 1), np.float32), epochs=3, verbose=0)
        >>> len(history.history["error"])
        3
        """
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        loss, y_pred, gradients = self._differentiated(x, y, sample_weight, training=True)
        self.optimizer.apply(gradients, self.trainable_weights)
        return self._told(loss, x, y, y_pred, sample_weight)

    def test_step(self, data: Any) -> Mapping[str, Any]:
        """What ``evaluate`` and validation do with a batch; returns what logs show."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        loss, y_pred, _ = self._differentiated(x, y, sample_weight, training=False)
        return self._told(loss, x, y, y_pred, sample_weight)

    def predict_step(self, data: Any) -> Any:
        """What ``predict`` does with a batch; returns the outputs."""
        return self(unpack_x_y_sample_weight(data)[0])

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The number that training makes small, of one batch: by default what ``compile`` says.

        With what regularizers add, and in ``value_and_grad`` layers by ``add_loss``. One that a
        subclass defines gets tensors without values, of which :mod:`brasa.ops` make the loss.
        """
        objective = self._compiled()
        names = self.network.output_names
        outputs = as_list("compute_loss", "y_pred", y_pred, names)
        graph = outputs[0].graph if isinstance(outputs[0], Symbol) else None
        values: list[Any] = []
        if any(map(objective.has_loss, range(len(names)))):
            targets = as_list("compute_loss", "y", y, names)
            weights = weights_for(sample_weight, names)
            for i, loss in enumerate(objective.losses):
                if objective.has_loss(i):
                    value = _loss_of(loss, targets[i], outputs[i], weights[i])
                    values.append(objective.loss_weights[i] * value)
        if graph is None:
            values += penalties_of(self.trainable_weights)
        else:
            values += [p.regularizer(p) for p in self.trainable_weights if p.regularizer]
            values += graph.added
        if not values:
            raise ValueError("compute_loss: there is no loss: give compile() one, or define it")
        return sum(values[1:], values[0])

    def compute_metrics(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None
    ) -> Mapping[str, Any]:
        """Have the metrics of ``compile`` see a batch; returns all, as ``get_metrics_result``."""
        objective = self.objective
        if objective is None or not any([*objective.metrics, *objective.weighted_metrics]):
            return self.get_metrics_result()
        names = self.network.output_names
        targets = as_list("compute_metrics", "y", y, names)
        outputs = as_list("compute_metrics", "y_pred", y_pred, names)
        weights = weights_for(sample_weight, names)
        for i, loss in enumerate(objective.losses):
            readings = objective.readings(i)
            target = loss.prepare(targets[i], outputs[i].shape) if readings else None
            for reading in readings:
                given = {"sample_weight": weights[i]} if reading.weighs else {}
                reading.metric.update_state(target, outputs[i], **given)
        return self.get_metrics_result()

    def get_metrics_result(self) -> dict[str, Any]:
        """What each of ``self.metrics`` came to, by the name that logs have for it."""
        objective, known = self.objective, {}
        if objective is not None:
            several = len(objective.losses) > 1
            for i, output in enumerate(self.network.output_names):
                prefix = f"{output}_" if several else ""
                known.update({id(r.metric): r.name for r in objective.readings(i, prefix)})
        found: dict[str, Any] = {}
        for metric in self.metrics:
            value = metric.result()
            found |= (
                value if isinstance(value, dict) else {known.get(id(metric), metric.name): value}
            )
        return found

    @property
    def metrics(self) -> list[Metric]:
        """The metrics of ``compile``, output by output; ``result()`` tells what they came to.

        Where a subclass has steps of its own, before them one that is the mean of the losses, and
        after them those that are attributes.
        """
        if not self._has_own_steps:
            return super().metrics
        own = [m for n, m in vars(self).items() if isinstance(m, Metric) and n != "_loss_tracker"]
        tracker = [self._loss_tracker] if self._compile_arguments else []
        return list(dict.fromkeys([*tracker, *super().metrics, *own]))

    @property
    def _loss_tracker(self) -> Mean:
        found: Mean = vars(self).setdefault("_loss_tracker", Mean(name="loss"))
        return found

    @property
    def _has_own_steps(self) -> bool:
        return bool(self._own_modes)

    def _does_itself(self, mode: str) -> bool:
        """Whether the subclass says what a step of "train", "test" or "predict" is."""
        return mode in self._own_modes

    def _forget_steps(self) -> None:
        """Plan the steps anew: for another graph, or another loss."""
        vars(self).pop("_step_functions", None)

    def _told(self, loss: Any, x: Any, y: Any, y_pred: Any, weight: Any) -> Mapping[str, Any]:
        self._loss_tracker.update_state(loss, sample_weight=len(flattened(x)[0]))
        return self.compute_metrics(x, y, y_pred, weight)

    def _differentiated(
        self, x: Any, y: Any, sample_weight: Any, *, training: bool
    ) -> tuple[float, Any, list[Any]]:
        """The loss of a batch, the outputs, and in training the gradients by the weights."""
        if all(tensor.dtype == "float32" for tensor in self.network.inputs):
            x = mapped(lambda array: np.asarray(array, np.float32), x)
        if type(self).compute_loss is Stepping.compute_loss:
            y = self._prepared(self._compiled(), x, y)
        given = (x, y, sample_weight)
        functions = vars(self).setdefault("_step_functions", {})
        key = (training, form_of(given))
        if key not in functions:
            functions[key] = self._function(given, training)
        (loss, y_pred), gradients = functions[key](*flattened(given))
        return loss, y_pred, gradients

    def _function(self, given: Any, training: bool) -> ValueAndGrad:
        """What gives loss, outputs and gradients of batches of that structure."""
        takes = inspect.signature(self.compute_loss).parameters
        told = {"training": training} if "training" in takes else {}

        def compute_loss(*symbols: Any) -> Any:
            each = iter(symbols)
            x, y, weight = mapped(lambda _: next(each), given)
            y_pred = self(x, training=training)
            loss = self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=weight, **told)
            return loss, y_pred

        given = mapped(lambda array: array[:0], given)  # the structure alone, without the data
        weights = self if training else []
        return ValueAndGrad(type(self).__name__, compute_loss, None, weights, True)

    def _prepared(self, objective: Objective, x: Any, y: Any) -> Any:
        """The targets as the losses take them, checked."""
        if y is None or not objective.wants_targets:
            return None
        names, arrays = self.network.output_names, flattened(x)
        rows = self.network.output_rows(tuple(tuple(array.shape[1:]) for array in arrays))
        each = zip(as_list("y", "y", y, names), objective.losses, rows, strict=True)
        return [loss.prepare(target, (len(arrays[0]), *row)) for target, loss, row in each]


def _loss_of(loss: Loss, target: Any, prediction: Any, weight: Any) -> Any:
    """A loss as plans have it: steps that the prediction's mask leaves out do not count."""
    mask = prediction.mask if isinstance(prediction, Symbol) and recorder() is not None else None
    if mask is None:
        return loss(target, prediction, sample_weight=weight)
    weight = prediction.graph.add("mask_weights", [mask, weight])[0]
    return loss.record(prediction, loss.target_of(target, prediction.shape), weight, masked=True)
