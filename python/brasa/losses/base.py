"""What all losses share, and what those of one's own are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from brasa import ops, targets
from brasa.configurable import Configurable
from brasa.graph.gradients import dependent_on
from brasa.graph.symbol import Symbol
from brasa.losses.own import values_of, weighted
from brasa.losses.reductions import MEAN, from_mean, keeps_rows, reduction_of, require_float32
from brasa.ops.dispatch import floats, lifted, where_it_lies
from brasa.ops.loss_weights import sample_weights
from brasa.there import host_of


class Loss(Configurable):
    """Base class. A loss of your own defines ``call(y_true, y_pred)`` with ``brasa.ops``.

    What it returns is one number for each sample ``(N,)``, for each step ``(N, T)``, or for
    anything else that the predictions' shape begins with; training makes the mean small, weighted
    by ``sample_weight`` and over the steps that a mask leaves. Or it returns one number for the
    whole batch, which nothing can weigh. Its gradient follows from the ops. ``compile(loss=f)``
    takes a function of ``y_true`` and ``y_pred`` as well.

    ``y_true`` is float32, and of the predictions' shape where ``(N,)`` stands for ``(N, 1)``. Whole
    numbers in the predictions' shape without the last axis are class numbers: they are checked, and
    int32, as ``ops.one_hot`` takes them.

    Args:
        name: What errors call it. Default: the name of the class.
        reduction: What becomes of the numbers ``l`` times their weights ``w`` (1 without any):
            "sum_over_batch_size" or "mean" for ``sum(w l) / count(l)``, "sum" for ``sum(w l)``,
            "mean_with_sample_weight" for ``sum(w l) / sum(w)``, "none" or None for all ``w l``,
            which ``compile`` does not take. Default "sum_over_batch_size". Steps that a mask leaves
            out count nowhere.
        dtype: "float32", as Keras has it.

    >>> from brasa import losses, ops
    >>> class Weighted(losses.Loss):
    ...     def __init__(self, weights):
    ...         super().__init__()
    ...         self.weights = weights
    ...
    ...     def call(self, y_true, y_pred):
    ...         error = y_true - y_pred
    ...         parts = [w * error[:, i] for i, w in enumerate(self.weights)]
    ...         return ops.add(*(part * part for part in parts))
    >>> Weighted([1.0, 3.0])([[1.0, 1.0]], [[0.0, 2.0]])
    10.0
    """

    name: str = "loss"
    reduction: str | None = MEAN
    # Whether targets for predictions of one shape always become arrays of one shape and type.
    targets_are_alike: ClassVar[bool] = False

    def __init__(
        self, name: str | None = None, reduction: str | None = MEAN, dtype: Any = None
    ) -> None:
        owner = type(self).__name__
        if not isinstance(name, (str, type(None))):
            raise TypeError(f"{owner}: name must be a string, got {name!r}")
        self.name = owner if name is None else name
        self.reduction = reduction_of(owner, reduction)
        require_float32(owner, dtype)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each sample or step, or one number."""
        raise NotImplementedError(f"{type(self).__name__} does not define call()")

    def prepare(self, y: Any, shape: tuple[int, ...]) -> Any:
        """All targets as the loss takes them, checked: int32 class numbers, or float32.

        Args:
            y: Targets, one row for each sample.
            shape: Shape of the predictions for all rows of ``y``.
        """
        target = targets.numbers_or_classes(self.name, y, shape)
        self._last = str(target.dtype), tuple(target.shape[1:])
        return target

    def target_of(self, y: Any, shape: tuple[int, ...]) -> Any:
        """A tensor without values as ``record`` takes it: ``prepare`` without a look at values."""
        return y

    def typical(self, row: tuple[int, ...]) -> tuple[str, tuple[int, ...]]:
        """Type and shape of one target for predictions of that shape: as the last ones, if any."""
        return getattr(self, "_last", ("float32", row))

    def record(
        self,
        predictions: Symbol,
        target: Symbol,
        weight: Symbol | None = None,
        masked: bool = False,
    ) -> Symbol:
        """Add the loss to the predictions' graph; returns the scalar, or what is not reduced.

        Args:
            weight: Weights of the rows of predictions.
            masked: The predictions' mask is among what the weights were made of.
        """
        what = f"loss {self.name!r}"
        mask = predictions.mask if masked else None
        result: Symbol = self._reduced(predictions, target, weight, mask)
        if result not in dependent_on(predictions.graph.nodes, [predictions]):
            raise ValueError(f"compile: {what} does not depend on y_pred: nothing could be learned")
        return result

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The loss of arrays, now; of symbols the scalar, as a part of a loss of one's own.

        Where nothing is reduced, it is an array or symbol of the losses of rows.
        """
        predictions = floats(self.name, "y_pred", y_pred)
        if isinstance(predictions, Symbol):
            return self._beside(predictions, y_true, sample_weight)
        target = self.prepare(where_it_lies(self.name, "y_true", y_true), predictions.shape)
        weight = None
        if sample_weight is not None:
            weight = sample_weights(self.name, sample_weight, predictions.shape[:-1])
        result = host_of(self.mean(predictions, target, weight))
        return result if result.shape else float(result.item())

    def _beside(self, predictions: Symbol, y_true: Any, weight: Any) -> Symbol:
        """The loss of symbols; targets and weights may be arrays."""
        shape, graph = predictions.shape, predictions.graph
        y_true = lifted(y_true)
        if not isinstance(y_true, Symbol):
            y_true = graph.constant(host_of(self.prepare(y_true, shape)))
        if weight is not None and not isinstance(weight, Symbol):
            weight = graph.constant(host_of(sample_weights(self.name, weight, shape[:-1])))
        return self.record(predictions, self.target_of(y_true, shape), weight)

    def mean(self, predictions: Any, target: Any, weight: Any) -> Any:
        """The loss of arrays as they were checked."""
        return self._reduced(host_of(predictions), host_of(target), weight, None)

    def _reduced(self, predictions: Any, target: Any, weight: Any, mask: Any) -> Any:
        what = f"loss {self.name!r}"
        values = values_of(what, self.call, target, predictions)
        values, weight = weighted(what, values, weight, mask is not None)
        if values.shape == () or keeps_rows(self.reduction):
            return values
        return from_mean(self.reduction, ops.mean(values), values.shape, weight, mask)

    def get_config(self) -> dict[str, Any]:
        return {} if self.reduction == MEAN else {"reduction": self.reduction}


class NoLoss(Loss):
    """What stands for the loss of an output where layers alone say what is made small."""

    def prepare(self, y: Any, shape: tuple[int, ...]) -> Any:
        return targets.numbers_or_classes("y", y, shape)


class FunctionLoss(Loss):
    """A function of ``y_true`` and ``y_pred`` as a loss; see :class:`Loss`."""

    def __init__(self, function: Callable[[Any, Any], Any]) -> None:
        super().__init__(getattr(function, "__name__", type(function).__name__))
        self.function = function

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return self.function(y_true, y_pred)

    @property
    def custom_name(self) -> str | None:
        return self.name
