"""What a model tells: its plans, their memory and times, and why it does not learn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from brasa import feeds, training
from brasa.compiled import Compiled
from brasa.feeds import DataSet
from brasa.graph.lower import CompiledPlan
from brasa.plan_key import MODES
from brasa.readings import Readings
from brasa.structure import DEFAULT_BATCH, at_least_one, at_least_one_or_none

if TYPE_CHECKING:
    from brasa.diagnosis import Diagnosis


class Inspection(Compiled):
    """Models as those see them who look inside."""

    def summary(
        self,
        batch_size: int = DEFAULT_BATCH,
        print_fn: Any = None,
        show_trainable: bool = False,
        expand_nested: bool = True,
        line_length: int | None = None,
        positions: Any = None,
        layer_range: Any = None,
    ) -> None:
        """Print layers, shapes, parameters, and the exact peak memory for a batch size.

        ``show_trainable`` says of each layer with weights whether it is trained. The layers of
        models inside are always shown: ``expand_nested`` is Keras's name for that. ``line_length``
        is that of the table, whose names it may cut; columns are as wide as what they hold,
        whatever Keras's ``positions`` are. ``print_fn`` gets all lines as one text.
        ``layer_range`` is two names, or regular expressions: of the first and the last layer to
        show. What comes below the table is of all layers.
        """
        from brasa.summary import summary_text, unbuilt_text

        size = at_least_one("summary", "batch_size", batch_size, 1)
        length = at_least_one_or_none("summary", "line_length", line_length)
        show = bool(show_trainable)
        if self._engine is None and self.layers:
            text = unbuilt_text(
                self.name, self.layers, length, show_trainable=show, layer_range=layer_range
            )
        else:
            text = summary_text(self, size, length, show_trainable=show, layer_range=layer_range)
        (print_fn or print)(text)

    def plan(
        self, batch_size: int = DEFAULT_BATCH, mode: str = "train", length: int | None = None
    ) -> CompiledPlan:
        """The plan for float32 data of this batch size; mode is train, test, gradients or predict.

        "train" is the plan that fit runs: it picks its rows from the whole data set. ``length`` is
        that of an open axis, such as the time. ``plan.describe()`` lists the steps.
        """
        size = at_least_one("plan", "batch_size", batch_size, DEFAULT_BATCH)
        if mode not in MODES:
            raise ValueError(f"plan: mode must be one of {', '.join(MODES)}, got {mode!r}")
        losses = () if mode == "predict" else self._compiled().losses
        if length is not None:
            length = at_least_one("plan", "length", length, 1)
        data = feeds.typical_data("plan", self.network, losses, length)
        return self.engine.plan_for(mode, size, data, indexed=mode == "train")

    def memory(self, batch_size: int, training: bool = True, length: int | None = None) -> int:
        """The exact bytes that the plan and the model's buffers take; the data are not counted."""
        if training:
            self._compiled()
        plan = self.plan(batch_size, "train" if training else "predict", length)
        return self.engine.memory(plan, training=training)

    def profile(self, x: Any, y: Any = None, repeats: int = 10) -> list[dict[str, Any]]:
        """The steps of one batch with their median seconds: of a training step, or of predict.

        The weights are what they were before.
        """
        engine = self.engine
        if y is None:
            mode, data = "predict", feeds.data_set("profile", self.network, x, device=self._device)
        else:
            mode, data = "train", self._data("profile", x, y, None, False)
            engine.begin_step()
        bound = training.Runner(engine, mode, data).bound
        outputs = training.outputs_for(engine, data)
        bound |= {f"out{i}": output for i, output in enumerate(outputs)}
        plan = engine.plan_for(mode, data.rows, data)
        with engine.unchanged(plan):
            shown = Readings(engine, mode).room(plan)
            return plan.profile(bound | engine.arrays_of(plan) | shown, repeats)

    def diagnose(self, x: Any, y: Any, sample_weight: Any = None) -> Diagnosis:
        """Why does it not learn? What one training step on this batch shows, layer by layer.

        For every layer: the norms ``|dloss / dy|`` of the gradients by its outputs and
        ``|dloss / dw|`` by its weights, the length of the optimizer's next step beside that of the
        weights ``|w' - w| / |w|``, the shares of dead ReLUs and of saturated activations and gates;
        for sequences the gradient at each time step; the layer and the time step of the first NaN
        or infinity; a verdict in words, with what to try.

        The step is the next one that training would make, with its dropout and from the states of
        stateful layers, but it is made on copies: nothing of the model changes. The copies hold the
        outputs of all layers and their gradients, so give one batch, best of 32 samples or more.

        Args:
            x: The inputs. NaN and Inf are welcome: they are what may be looked for.
            y: The targets.
            sample_weight: As fit takes them.

        Returns:
            A :class:`~brasa.diagnosis.Diagnosis`: ``print`` shows a table, the attributes have the
            numbers.

        Raises:
            ValueError, TypeError, IndexError: data that do not belong to the model, as in
                train_on_batch; a model without trainable weights.
            RuntimeError: the model is not compiled.

        >>> import numpy as np
        >>> from brasa import Sequential, layers
        >>> deep = [layers.Dense(16, "sigmoid") for _ in range(10)]
        >>> model = Sequential([*deep, layers.Dense(3, "softmax")])
        >>> model.compile("sgd", "sparse_categorical_crossentropy")
        >>> x = np.random.default_rng(0).standard_normal((32, 8))
        >>> diagnosis = model.diagnose(x, np.arange(32) % 3)
        >>> diagnosis.verdict, diagnosis.findings[0].layer
        ('vanishing', 'dense')
        >>> diagnosis.layer("dense").gradient < 1e-3 * diagnosis.layer("dense_10").gradient
        True
        """
        from brasa.diagnosis import diagnose

        self._build_from(x)
        self._compiled()
        data = self._batch("diagnose", x, y, sample_weight)
        if not self.store.trainable:
            raise ValueError("diagnose: the model has no trainable weights")
        return diagnose(self.engine, data.here())

    def _build_from(self, x: Any) -> None:
        """Give a model without an input shape that of the data (Sequential does)."""

    def _data(self, op: str, x: Any, y: Any, sample_weight: Any, check_finite: bool) -> DataSet:
        return feeds.data_set(
            op,
            self.network,
            x,
            y=y,
            sample_weight=sample_weight,
            losses=self._compiled().losses,
            check_finite=check_finite,
            device=self._device,
            wants_targets=self._compiled().wants_targets,
        )

    def _batch(self, op: str, x: Any, y: Any, sample_weight: Any) -> DataSet:
        data = self._data(op, x, y, sample_weight, False)
        if data.rows == 0:
            raise ValueError(f"{op}: the batch is empty")
        return data
