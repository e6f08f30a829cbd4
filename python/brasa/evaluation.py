"""What a model does with data given to it: evaluate, predict, and steps on single batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from brasa import feeds, step, streams, training
from brasa.arrays import is_elsewhere
from brasa.inspection import Inspection
from brasa.outputs import arranged
from brasa.plan_key import FORWARD
from brasa.readings import Logs
from brasa.streams import Stream
from brasa.structure import DEFAULT_BATCH, at_least_one, at_least_one_or_none, one_or_list

if TYPE_CHECKING:
    from brasa.callbacks import Callback, CallbackList
    from brasa.callbacks.callback_list import BatchHooks


class Evaluation(Inspection):
    """Models as those see them who have data and want numbers."""

    def evaluate(
        self,
        x: Any,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        sample_weight: Any = None,
        return_dict: bool = False,
        steps: int | None = None,
        callbacks: Sequence[Callback] | None = None,
    ) -> Any:
        """Loss and metrics over a data set: a float or a list, or a dict with ``return_dict``.

        ``x`` may be an iterable of batches, as in ``fit``; ``steps`` is the number of them to take.
        ``callbacks`` are told of the beginning, the end, and each batch.
        """
        size = at_least_one("evaluate", "batch_size", batch_size, DEFAULT_BATCH)
        steps = at_least_one_or_none("evaluate", "steps", steps)
        if streams.is_stream(x, y):
            for name, given in (("y", y), ("sample_weight", sample_weight)):
                if given is not None:
                    raise ValueError(f"evaluate: x gives batches: {name} cannot be given beside it")
        hooks = self._hooks(callbacks, verbose, streams.steps_of(x, y, size, steps))
        watch = hooks.batch_hooks("test")
        hooks.on_test_begin()
        logs = self._evaluated((x, y, sample_weight), size, steps, watch)
        hooks.on_test_end(logs)
        return logs if return_dict else self._listed(logs)

    def _evaluated(
        self, given: tuple[Any, Any, Any], size: int, steps: int | None, watch: BatchHooks | None
    ) -> Logs:
        """The logs of evaluate."""
        x, y, sample_weight = given
        if streams.is_stream(x, y):
            stream = Stream("evaluate", x, steps, "steps")
            if self._engine is None:
                self._build_from(streams.parts("evaluate, batch 1", stream.first())[0])
            self._compiled()
            return streams.evaluate(self.engine, stream, watch)
        self._build_from(x)
        self._compiled()
        data = self._data("evaluate", x, y, sample_weight, False)
        if data.rows == 0:
            raise ValueError("evaluate: there are no samples")
        if steps is not None:
            data = data.slice(0, min(data.rows, steps * size))
        return training.evaluate(self.engine, data, size, watch)

    def _listed(self, logs: Logs) -> Any:
        """Logs without their names: the only one, or the list of them."""
        return one_or_list(list(logs.values()))

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        steps: int | None = None,
        callbacks: Sequence[Callback] | None = None,
    ) -> Any:
        """The outputs for ``x``, batch by batch: an array, or a list for several outputs,
        or a dictionary where the model was made of one.

        ``x`` may be a generator or loader of batches, of ``x`` alone or of ``(x, y)``; ``steps`` is
        the number of batches to take, of an array, too. ``callbacks`` are told of the beginning,
        the end, and each batch.

        An array on the model's device (PyTorch's, CuPy's) is read where it lies, and so are the
        outputs: they have ``numpy()``, and lend their memory by DLPack.
        """
        if callbacks is not None:
            size = at_least_one("predict", "batch_size", batch_size, DEFAULT_BATCH)
            count = at_least_one_or_none("predict", "steps", steps)
            hooks = self._hooks(callbacks, verbose, streams.steps_of(x, None, size, count))
            hooks.on_predict_begin()
            outputs = self._predict_all(x, batch_size, steps, hooks.batch_hooks("predict"))
            hooks.on_predict_end()
            return outputs
        return self._predict_all(x, batch_size, steps)

    def _predict_all(
        self, x: Any, batch_size: int | None, steps: int | None, watch: BatchHooks | None = None
    ) -> Any:
        steps = at_least_one_or_none("predict", "steps", steps)
        if not isinstance(x, (np.ndarray, list, tuple)) and streams.is_stream(x):
            stream = Stream("predict", x, steps, "steps")
            if self._engine is None:
                self._build_from(streams.inputs_of(stream.first()))
            return self.network.arranged(streams.predict_all(self.engine, stream, watch))
        self._build_from(x)
        size = at_least_one("predict", "batch_size", batch_size, DEFAULT_BATCH)
        if steps is not None or watch is not None:
            data = feeds.data_set("predict", self.network, x, device=self._device)
            data = data if steps is None else data.slice(0, min(data.rows, steps * size))
            if watch is not None:
                found = training.predict_watched(self.engine, data, size, watch)
                return self.network.arranged(found)
            return self._predict_data(data, size)
        if size >= (len(x) if isinstance(x, np.ndarray) and x.ndim else size + 1):
            engine = self.engine
            known = step.predict_again(engine, x)
            if known is not None:
                return arranged(known, engine.network.keys)
        return self._predict("predict", x, size)

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        return_dict: bool = False,
        class_weight: Mapping[int, float] | None = None,
    ) -> Any:
        """One training step; returns the loss before it (and metrics)."""
        if class_weight is not None:
            if sample_weight is not None:
                raise ValueError("train_on_batch: give class_weight or sample_weight, not both")
            self._build_from(x)
            op, losses = "train_on_batch", self._compiled().losses
            sample_weight = feeds.class_weights(op, y, class_weight, losses, self._device)
        self._tell_complaints()
        return self._on_batch("train", x, y, sample_weight, return_dict)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """Loss and metrics of one batch."""
        return self._on_batch("test", x, y, sample_weight, return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for one batch."""
        return self._outputs_of(x)

    def _outputs_of(self, x: Any) -> Any:
        self._build_from(x)
        engine = self.engine
        known = step.predict_again(engine, x)
        if known is not None:
            return arranged(known, engine.network.keys)
        return self._predict("predict_on_batch", x, None)

    def compute_gradients(
        self, x: Any, y: Any, sample_weight: Any = None
    ) -> tuple[float, list[NDArray[np.float32]]]:
        """The loss of one batch and its gradients by the trainable weights, in their order."""
        loss = self._on_batch("gradients", x, y, sample_weight, True)["loss"]
        store = self.store
        return loss, [store.view(store.gradients, p).copy() for p in store.trainable]

    def _on_batch(self, mode: str, x: Any, y: Any, sample_weight: Any, return_dict: bool) -> Any:
        self._build_from(x)
        engine, losses = self.engine, self._compiled().losses
        logs = None
        alike = len(losses) == 1 and losses[0].targets_are_alike
        if sample_weight is None and alike and not is_elsewhere(y):
            logs = step.on_batch_again(engine, mode, x, y, losses[0])
        if logs is None:
            op = "compute_gradients" if mode == "gradients" else f"{mode}_on_batch"
            data = self._batch(op, x, y, sample_weight)
            logs = step.on_batch(engine, mode, data)
        return logs if return_dict else one_or_list(list(logs.values()))

    def _hooks(
        self, callbacks: Sequence[Callback] | None, verbose: int | str, steps: int | None
    ) -> CallbackList:
        from brasa.callbacks import CallbackList

        return CallbackList(callbacks, model=self, epochs=1, steps=steps, verbose=verbose)

    def _as_in_training(self, x: Any) -> Any:
        """The outputs for one batch with the layers told that this is training."""
        self._build_from(x)
        self.engine.ask_layers()
        data = feeds.data_set(f"model {self.name!r}", self.network, x, device=self._device)
        if data.is_there:
            return self.network.arranged(
                training.predict_there(self.engine, data, max(data.rows, 1), FORWARD)
            )
        if data.rows == 0:
            return self.network.arranged(training.outputs_for(self.engine, data))
        return self.network.arranged(step.step_for(self.engine, FORWARD, data).predict(data.arrays))

    def _predict(self, op: str, x: Any, batch_size: int | None) -> Any:
        data = feeds.data_set(op, self.network, x, device=self._device)
        return self._predict_data(data, batch_size or max(data.rows, 1))

    def _predict_data(self, data: feeds.DataSet, size: int) -> Any:
        predict = training.predict_there if data.is_there else training.predict
        return self.network.arranged(predict(self.engine, data, size))
