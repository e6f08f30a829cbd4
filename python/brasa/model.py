"""Models: layers put together, trained, evaluated, saved. Keras's names, order and defaults."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from brasa import feeds, saving, streams, training
from brasa.arrays import is_elsewhere
from brasa.engine import Engine
from brasa.feeds import DataSet
from brasa.fit import Batches, Fit, Rows, Schedule
from brasa.inspection import Inspection
from brasa.layers.base import Layer
from brasa.layers.tensor import LayerTensor
from brasa.network import Network
from brasa.objective import make_objective
from brasa.ops.arguments import number, whole
from brasa.runtime import require_precision
from brasa.streams import BatchReader, Stream
from brasa.structure import DEFAULT_BATCH, at_least_one, at_least_one_or_none, one_or_list

if TYPE_CHECKING:
    from brasa.callbacks import Callback, History


class Model(Inspection):
    """Any directed acyclic graph of layers, from inputs to outputs.

    >>> from brasa import Input, Model, layers
    >>> x = Input((4,))
    >>> hidden = layers.Dense(8, activation="relu")(x)
    >>> model = Model(x, layers.Add()([layers.Dense(2)(hidden), layers.Dense(2)(x)]))
    >>> model.count_params()
    68
    """

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None) -> None:
        self._init_state(name)
        network = Network(_tensors("Model: inputs", inputs), _tensors("Model: outputs", outputs))
        self._set_network(network)

    def _set_network(self, network: Network) -> None:
        self._engine = Engine(network, self._first_seed, self._device)
        if self._compile_arguments:
            self.compile(**self._compile_arguments)

    def get_config(self) -> dict[str, Any]:
        """Everything but the weights, as JSON can hold it."""
        return saving.functional_config(self)

    def __call__(self, x: Any, training: bool | None = None) -> Any:
        """Apply the model: to arrays like predict_on_batch, to tensors like a layer.

        The layers, and so the weights, are then shared by this model and those made of the outputs.
        ``training=False`` keeps dropout off and statistics still there, in ``fit`` too.

        >>> from brasa import Input, Model, Sequential, layers
        >>> encoder = Sequential([layers.Dense(2, input_shape=(8,))])
        >>> decoder = Sequential([layers.Dense(8, input_shape=(2,))])
        >>> x = Input((8,))
        >>> Model(x, decoder(encoder(x))).count_params()
        42
        """
        values = list(x) if isinstance(x, (list, tuple)) else [x]
        if not any(isinstance(value, LayerTensor) for value in values):
            if training and self._engine is not None:
                named = [layer.name for layer in self.layers if layer.heeds_training]
                if named:
                    raise ValueError(
                        f"model {self.name!r}: training=True is not offered for arrays: layers "
                        f"{named} would predict otherwise than they do; train_on_batch trains"
                    )
            return self.predict_on_batch(x)
        tensors = _tensors(f"model {self.name!r}: the argument", x)
        self._build_for(tensors)
        try:
            return one_or_list(self.network.connect(tensors, training))
        except ValueError as error:
            raise ValueError(f"model {self.name!r}: {error}") from None

    def _build_for(self, tensors: Sequence[LayerTensor]) -> None:
        """Give a model without an input shape that of a tensor (Sequential does)."""

    def _front(self) -> LayerTensor | None:
        """The only input, as the beginning of a stack of which this model is the first."""
        return self.network.inputs[0] if len(self.network.inputs) == 1 else None

    def compile(
        self,
        optimizer: Any = "adam",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        device: str | None = None,
        precision: str = "float32",
    ) -> None:
        """Choose optimizer, loss and metrics; warn when a loss and its output disagree.

        ``device`` moves the model there first, as ``to`` does.

        ``precision`` is that of the products in dense layers and ungrouped convolutions, and of
        their gradients: one of ``brasa.runtime.precisions()``. "bf16" rounds both operands of each
        product, "bf16x3" is as exact as float32 by other means; both need a processor with AMX, or
        a RuntimeError says what is missing. Weights, sums and all else stay float32.
        """
        if device is not None:
            self.to(device)
        arguments = {
            "optimizer": optimizer,
            "loss": loss,
            "loss_weights": loss_weights,
            "metrics": metrics,
            "precision": require_precision("compile", precision),
        }
        if self._engine is None:
            self._compile_arguments = arguments
            return
        objective, complaints = make_objective(self.network, **arguments)
        for complaint in complaints:
            warnings.warn(complaint, UserWarning, stacklevel=2)
        self._compile_arguments = arguments
        self._engine.set_objective(objective)

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
    ) -> History:
        """Train for ``epochs`` passes over ``x`` and ``y``; returns a History of the logs.

        The order of each epoch follows from the model's seed and the number of the epoch. The last,
        smaller batch of an epoch counts as what it is: losses are means over samples.
        ``sample_weight`` holds one weight for each sample ``(N,)`` or for each step of sequences
        ``(N, T)``, ``class_weight`` one for each class number: they multiply the losses.

        ``x`` may also be an iterable of batches ``(x, y)`` or ``(x, y, sample_weight)``, without
        ``y``: a generator, a loader of PyTorch, a list of batches. An epoch is one pass over it, or
        ``steps_per_epoch`` batches; iterators such as generators go on from epoch to epoch. So may
        ``validation_data``, with ``validation_steps``.
        """
        from brasa.callbacks import CallbackList, History

        size = at_least_one("fit", "batch_size", batch_size, DEFAULT_BATCH)
        how = Schedule(
            batch_size=size,
            epochs=_at_least_zero("fit", "epochs", epochs),
            initial_epoch=_at_least_zero("fit", "initial_epoch", initial_epoch),
            shuffle=bool(shuffle),
            steps_per_epoch=at_least_one_or_none("fit", "steps_per_epoch", steps_per_epoch),
            validation_batch_size=at_least_one(
                "fit", "validation_batch_size", validation_batch_size, size
            ),
            validation_steps=at_least_one_or_none("fit", "validation_steps", validation_steps),
            verbose=verbose,
        )
        if streams.is_stream(x, y):
            refused = {
                "y": y is not None,
                "batch_size": batch_size is not None,
                "sample_weight": sample_weight is not None,
                "validation_split": validation_split != 0.0,
            }
            for name, given in refused.items():
                if given:
                    raise ValueError(f"fit: x gives batches: {name} cannot be given beside it")
            stream = Stream("fit", x, how.steps_per_epoch, "steps_per_epoch")
            if self._engine is None:
                self._build_from(streams.parts("fit, batch 1", stream.first())[0])
            self._compiled()
            reader = BatchReader(self.engine, class_weight, check_finite)
            lessons: Rows | Batches = Batches(self.engine, stream, reader)
            validation = None
        else:
            if y is None:
                raise TypeError(
                    "fit: y must be an array, got None: give fit(x, y), or as x an iterable of "
                    "batches (x, y)"
                )
            self._build_from(x)
            objective = self._compiled()
            if class_weight is not None:
                if sample_weight is not None:
                    raise ValueError("fit: give class_weight or sample_weight, not both")
                sample_weight = feeds.class_weights(
                    "fit", y, class_weight, objective.losses, self._device
                )
            data = self._data("fit", x, y, sample_weight, check_finite)
            data, validation = self._split(data, validation_split, validation_data)
            if data.rows == 0:
                raise ValueError("fit: there are no samples to train on")
            lessons = Rows(self.engine, data, how)
        check = self._checker(validation, validation_data, how, check_finite)
        if set(self.trainable_weights) != set(self.store.trainable):
            warnings.warn(
                "fit: trainable was changed since compile(), which decides what is trained: call "
                "compile() again",
                UserWarning,
                stacklevel=2,
            )
        hooks = CallbackList(callbacks, add_history=True)
        self.fitting = Fit(self, lessons, check, how)
        try:
            self.fitting.run(hooks)
        finally:
            self.fitting = None
        assert isinstance(hooks.history, History)
        self.history = hooks.history
        return self.history

    def evaluate(
        self,
        x: Any,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        sample_weight: Any = None,
        return_dict: bool = False,
        steps: int | None = None,
    ) -> Any:
        """Loss and metrics over a data set: a float or a list, or a dict with ``return_dict``.

        ``x`` may be an iterable of batches, as in ``fit``; ``steps`` is the number of them to take.
        """
        size = at_least_one("evaluate", "batch_size", batch_size, DEFAULT_BATCH)
        steps = at_least_one_or_none("evaluate", "steps", steps)
        if streams.is_stream(x, y):
            for name, given in (("y", y), ("sample_weight", sample_weight)):
                if given is not None:
                    raise ValueError(f"evaluate: x gives batches: {name} cannot be given beside it")
            stream = Stream("evaluate", x, steps, "steps")
            if self._engine is None:
                self._build_from(streams.parts("evaluate, batch 1", stream.first())[0])
            self._compiled()
            logs = streams.evaluate(self.engine, stream)
        else:
            self._build_from(x)
            self._compiled()
            data = self._data("evaluate", x, y, sample_weight, False)
            if data.rows == 0:
                raise ValueError("evaluate: there are no samples")
            if steps is not None:
                data = data.slice(0, min(data.rows, steps * size))
            logs = training.evaluate(self.engine, data, size)
        return logs if return_dict else one_or_list(list(logs.values()))

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        steps: int | None = None,
    ) -> Any:
        """The outputs for ``x``, batch by batch: an array, or a list for several outputs.

        ``x`` may be a generator or loader of batches, of ``x`` alone or of ``(x, y)``; ``steps`` is
        the number of them to take.

        An array on the model's device (PyTorch's, CuPy's) is read where it lies, and so are the
        outputs: they have ``numpy()``, and lend their memory by DLPack.
        """
        if not isinstance(x, (np.ndarray, list, tuple)) and streams.is_stream(x):
            stream = Stream("predict", x, at_least_one_or_none("predict", "steps", steps), "steps")
            if self._engine is None:
                self._build_from(streams.inputs_of(stream.first()))
            return one_or_list(streams.predict_all(self.engine, stream))
        self._build_from(x)
        size = at_least_one("predict", "batch_size", batch_size, DEFAULT_BATCH)
        if size >= (len(x) if isinstance(x, np.ndarray) and x.ndim else size + 1):
            known = training.predict_again(self.engine, x)
            if known is not None:
                return one_or_list(known)
        return self._predict("predict", x, size)

    def train_on_batch(
        self, x: Any, y: Any, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """One training step; returns the loss before it (and metrics)."""
        return self._on_batch("train", x, y, sample_weight, return_dict)

    def test_on_batch(
        self, x: Any, y: Any, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """Loss and metrics of one batch."""
        return self._on_batch("test", x, y, sample_weight, return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for one batch."""
        self._build_from(x)
        known = training.predict_again(self.engine, x)
        if known is not None:
            return one_or_list(known)
        return self._predict("predict_on_batch", x, None)

    def compute_gradients(
        self, x: Any, y: Any, sample_weight: Any = None
    ) -> tuple[float, list[NDArray[np.float32]]]:
        """The loss of one batch and its gradients by the trainable weights, in their order."""
        loss = self._on_batch("gradients", x, y, sample_weight, True)["loss"]
        store = self.store
        return loss, [store.view(store.gradients, p).copy() for p in store.trainable]

    def _on_batch(self, mode: str, x: Any, y: Any, sample_weight: Any, return_dict: bool) -> Any:
        op = {"gradients": "compute_gradients"}.get(mode, f"{mode}_on_batch")
        self._build_from(x)
        engine, losses = self.engine, self._compiled().losses
        logs = None
        if sample_weight is None and len(losses) == 1 and not is_elsewhere(y):
            logs = training.on_batch_again(engine, mode, x, y, losses[0])
        if logs is None:
            data = self._batch(op, x, y, sample_weight)
            logs = training.on_batch(engine, mode, data)
        return logs if return_dict else one_or_list(list(logs.values()))

    def _predict(self, op: str, x: Any, batch_size: int | None) -> Any:
        data = feeds.data_set(op, self.network, x, device=self._device)
        size = batch_size or max(data.rows, 1)
        predict = training.predict_there if data.is_there else training.predict
        return one_or_list(predict(self.engine, data, size))

    def _split(
        self, data: DataSet, split: float, validation_data: Any
    ) -> tuple[DataSet, DataSet | None]:
        if validation_data is not None:
            return data, None
        split = number("fit", "validation_split", split)
        if not 0 <= split < 1:
            raise ValueError(f"fit: validation_split must be in [0, 1), got {split}")
        if split == 0:
            return data, None
        kept = int(data.rows * (1 - split))
        if kept == 0 or kept == data.rows:
            raise ValueError(f"fit: validation_split {split} of {data.rows} samples leaves none")
        return data.slice(0, kept), data.slice(kept, data.rows)

    def _checker(
        self, data: DataSet | None, given: Any, how: Schedule, check_finite: bool
    ) -> Callable[[], training.Logs] | None:
        """What finds the logs of validation, each time it is called."""
        op, engine, steps = "fit, validation_data", self.engine, how.validation_steps
        stays = isinstance(given, tuple) or not streams.is_stream(given)
        if given is not None and not stays:
            stream = Stream(op, given, steps, "validation_steps")
            return lambda: streams.evaluate(engine, stream)
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
        return lambda: training.evaluate_with(runner, size)

    # ---- files -----------------------------------------------------------------------------

    def save(self, path: Any) -> None:
        """Write architecture, weights and, if compiled, the state of training to one file."""
        saving.save(self, path)

    def save_weights(self, path: Any) -> None:
        """Write the weights alone, as a safetensors file."""
        saving.save_weights(self, path)

    def load_weights(self, path: Any) -> None:
        """Read weights written by save or save_weights; all are assigned, or none."""
        saving.load_weights(self, path)


def load_model(path: Any, custom_objects: Mapping[str, type[Layer]] | None = None) -> Model:
    """Read what ``model.save`` wrote. Layers come from brasa's own table and ``custom_objects``."""
    return saving.load_model(path, custom_objects)


def _tensors(name: str, value: Any) -> list[LayerTensor]:
    tensors = list(value) if isinstance(value, (list, tuple)) else [value]
    if not tensors or not all(isinstance(tensor, LayerTensor) for tensor in tensors):
        kinds = sorted({type(tensor).__name__ for tensor in tensors})
        raise TypeError(
            f"{name} must be an Input or outputs of layers, got "
            f"{type(value).__name__}{f' of {kinds}' if tensors and tensors[0] is not value else ''}"
        )
    return tensors


def _at_least_zero(op: str, name: str, value: Any) -> int:
    count = whole(op, name, value)
    if count < 0:
        raise ValueError(f"{op}: {name} must be >= 0, got {count}")
    return count
