"""What a layer is: weights created from the input shape, and a ``call`` made of ops."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from brasa.graph.recording import recorder, recording
from brasa.graph.settings import note_setting
from brasa.graph.symbol import Symbol
from brasa.graph.trace import told
from brasa.layers.added_losses import activity_config, add_activity, regularizer_of
from brasa.layers.building import BuiltOnce
from brasa.layers.call_options import check_options
from brasa.layers.call_values import check_result, floats_of_mask, masked, open_shapes
from brasa.layers.common_options import input_shape_of, name_of, trainable_of
from brasa.layers.connect import connect
from brasa.layers.first_use import FirstUse
from brasa.layers.positional import (
    Positional,
    applied,
    number_of_tensors,
    parted,
    tensors_of_call,
)
from brasa.layers.running import running, running_in
from brasa.layers.tensor import UNDECIDED, LayerTensor
from brasa.layers.tracing import TensorSpec, trace_layer
from brasa.layers.weighted import Weighted, require_float32
from brasa.parameter import Parameter
from brasa.suggest import no_such_argument


class Layer(FirstUse, BuiltOnce, Weighted):
    """Base class of all layers.

    Subclasses store their arguments in ``__init__``, create weights in ``build`` from the input
    shape, compute in ``call`` with :mod:`brasa.ops`, and return their arguments from
    ``get_config``. Gradients come by themselves. ``activity_regularizer`` penalizes the outputs.

    >>> from brasa import layers, ops
    >>> class Squared(layers.Layer):
    ...     def call(self, x):
    ...         return ops.multiply(x, x)
    >>> Squared()([[3.0]])
    array([[9.]], dtype=float32)
    """

    input_dtype = "float32"
    """What the layer takes from data: "float32", or "int32" for numbers of things."""

    dtype = compute_dtype = variable_dtype = "float32"
    """What it computes in, and what its weights are."""

    supports_masking = False
    """Whether the mask of the input is the output's too."""

    _traced_batch = 1  # with which it is found out what comes out

    def __init__(
        self,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
        activity_regularizer: Any = None,
        input_dim: int | None = None,
        dtype: str | None = None,
        **others: Any,
    ) -> None:
        self._take_constraints(others)
        if others:
            raise no_such_argument(type(self), next(iter(others)))
        own = type(self).__name__
        self.name = name_of(own, name) or self.default_name
        self.named_by_user = name is not None
        self.named_by_model = False
        self._first_call = None
        self._is_used = False
        self.trainable = trainable_of(own, trainable)
        self.activity_regularizer = regularizer_of(own, activity_regularizer)
        if input_shape is None and input_dim is not None:
            input_shape = (input_dim,)
        require_float32(own, dtype)
        self.first_input_shape = input_shape_of(own, input_shape)
        self.built = False
        self.parameters = []
        self._inner_layers: list[Weighted] = []
        self._is_held = False
        self._names_here: dict[Parameter, str] = {}

    def __getattr__(self, name: str) -> Any:
        if "built" not in vars(self) and not name.startswith("__"):
            raise RuntimeError(f"{type(self).__name__}: call super().__init__() in __init__ first")
        return super().__getattribute__(name)  # which says what is wrong, or has a property say it

    def __setattr__(self, name: str, value: Any) -> None:
        """What a built layer is set to, such as a rate of dropout, counts from the next step on."""
        own = vars(self)
        before, is_used = own.get(name), own.get("built", False)
        super().__setattr__(name, value)
        if is_used and not running():  # what call() notes is no setting
            note_setting(name, before, value)

    def call(self, x: Any) -> Any:
        """Compute the output from the input with ops.

        May take the keywords ``training``, and ``mask``: None, or 1 for the steps that count and 0
        for padding (a list for several inputs).
        """
        raise NotImplementedError(f"{type(self).__name__} does not define call()")

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask of the output, from the input and its mask; None for none."""
        return mask if self.supports_masking else None

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, as JSON can hold them."""
        config = {"name": self.name, "trainable": self.trainable, **self._constraint_config()}
        return config | activity_config(self.activity_regularizer)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Layer:
        """The layer that ``get_config`` described, without its weights."""
        try:
            return cls(**config)
        except TypeError as error:
            if cls.__module__.startswith("brasa."):
                raise
            raise TypeError(
                f"{error}. The constructor of {cls.__name__} gets what get_config() returned, "
                f"{', '.join(config)}: let that return all arguments, beside those of "
                "super().get_config(), which __init__ takes by **options for super().__init__"
            ) from error

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {vars(self).get('name')!r}>"

    @property
    def default_name(self) -> str:
        """The name that models number, where the user gives none."""
        return snake_case(type(self).__name__)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The output's shape (a list for several outputs), with None for the batch."""
        several = isinstance(input_shape, list)
        shapes = input_shape if several else [input_shape]
        specs = [TensorSpec(tuple(shape), self.input_dtype) for shape in shapes]
        kind = Positional if number_of_tensors(self.call)[0] > 1 else list
        outputs, is_list = trace_layer(self, specs, kind(shapes) if several else None)
        return [spec.shape for spec in outputs] if is_list else outputs[0].shape

    def __call__(
        self,
        inputs: Any,
        *others: Any,
        training: bool | None = None,
        mask: Any = None,
        **options: Any,
    ) -> Any:
        """Apply the layer: to outputs of other layers, to symbols inside a call, or to arrays.

        On symbols and tensors the mask is theirs, unless one is given; arrays carry none. On
        outputs of other layers ``training=False`` keeps dropout off and statistics still, in
        ``fit`` too, and ``training=True`` keeps dropout on, in ``predict`` and ``evaluate`` too,
        with other draws for each batch, as Keras 2 did (``predict`` of Keras 3 overrides it). A
        BatchNormalization then takes the batch's statistics there; only training moves the moving
        ones.

        ``others`` are further tensors of a ``call(self, a, b)``, as in Keras. Other keywords go to
        ``call`` as they are. Models keep them, and files where JSON can.
        """
        if others:
            tensors, by_place = parted(others)
            training = by_place[0] if by_place else training
            mask = by_place[1] if len(by_place) > 1 else mask
            if tensors:
                inputs = tensors_of_call(self.name, self.call, [inputs, *tensors])
        training = None if training is UNDECIDED else training
        if isinstance(training, (LayerTensor, Symbol)):
            raise TypeError(f"layer {self.name!r}: training cannot be a tensor")
        if options:
            check_options(self.name, options, self._keywords)
        values = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
        if any(isinstance(value, LayerTensor) for value in values):
            if mask is not None:
                from brasa.layers.with_mask import with_masks

                inputs = with_masks(self, inputs, mask)
            call, is_list = connect(self, inputs, training, options)
            self._first_call = self._first_call or call
            return call.outputs if is_list else call.outputs[0]
        if values and not any(hasattr(value, "shape") for value in values):
            import numpy as np

            inputs = np.asarray(inputs, None if self.input_dtype == "int32" else np.float32)
        self.ensure_built(open_shapes(inputs))
        return self._run(inputs, training, mask, options)

    def _run(self, inputs: Any, training: bool | None, mask: Any, options: dict[str, Any]) -> Any:
        """``call`` on symbols, which have masks beside them, or on arrays."""
        several = isinstance(inputs, (list, tuple))
        values = list(inputs) if several else [inputs]
        symbol = next((value for value in values if isinstance(value, Symbol)), None)
        if symbol is not None and mask is None:
            masks = [getattr(value, "mask", None) for value in values]
            mask = masks if several else masks[0]
        graph = None if symbol is None else symbol.graph
        if "training" in self._keywords:
            inside = graph is not None and graph.training
            options["training"] = inside if training is None else training
        if "mask" in self._keywords:
            options["mask"] = mask if symbol is not None else floats_of_mask(mask, several)
        with running_in(self), recording(graph or recorder()), told(graph, training):
            result = applied(self.call, inputs, **options)
            add_activity(self, result)
        if not self._is_used:
            self._is_used = True
            self._adopt(vars(self).values())
        if symbol is None:
            return result
        check_result(self.name, result)
        return masked(result, self.compute_mask(inputs, mask), values)

    @cached_property
    def _keywords(self) -> tuple[str, ...]:
        return tuple(inspect.signature(self.call).parameters)

    @property
    def heeds_training(self) -> bool:
        """Whether training and predictions differ."""
        return "training" in self._keywords

    @property
    def heeds_masks(self) -> bool:
        """Whether a mask of the input matters here, or goes on with the output."""
        takes = self.supports_masking or "mask" in self._keywords
        return takes or type(self).compute_mask is not Layer.compute_mask


def snake_case(name: str) -> str:
    # Conv2D -> conv2d, MaxPooling2D -> max_pooling2d, ReLU -> re_lu: as in Keras.
    split = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", split).lower()
