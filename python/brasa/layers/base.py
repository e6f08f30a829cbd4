"""What a layer is: weights created from the input shape, and a ``call`` made of ops."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from brasa.graph.symbol import Symbol
from brasa.graph.trace import Graph
from brasa.parameter import Parameter

if TYPE_CHECKING:
    from brasa.initializers import Initializer

# One extent for each axis; None where it is not known before the data is: the batch.
OpenShape = tuple[int | None, ...]


@dataclass(eq=False)
class LayerTensor:
    """What flows between layers while a model is put together: a shape and its origin."""

    shape: OpenShape
    call: LayerCall | None = None  # None for an Input
    index: int = 0
    dtype: str = "float32"
    name: str = "input"

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError("the output of a layer has no values before the model runs: use predict()")


@dataclass(eq=False)
class LayerCall:
    """One use of a layer: the node of a model's graph of layers."""

    layer: Layer
    inputs: Any  # a LayerTensor, or a list of them for layers such as Add
    outputs: list[LayerTensor] = field(default_factory=list)

    @property
    def input_list(self) -> list[LayerTensor]:
        """The inputs as a list."""
        return list(self.inputs) if isinstance(self.inputs, (list, tuple)) else [self.inputs]


class Layer:
    """Base class of all layers.

    Subclasses store their arguments in ``__init__``, create weights in ``build`` from the input
    shape, compute in ``call`` with :mod:`brasa.ops`, and return their arguments from
    ``get_config``. Gradients come by themselves.

    >>> from brasa import layers, ops
    >>> class Squared(layers.Layer):
    ...     def call(self, x):
    ...         return ops.multiply(x, x)
    >>> Squared()([[3.0]])
    array([[9.]], dtype=float32)
    """

    def __init__(
        self,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        self.name = name or _snake_case(type(self).__name__)
        self.named_by_user = name is not None
        self.trainable = bool(trainable)
        self.first_input_shape = None if input_shape is None else tuple(input_shape)
        self.built = False
        self.parameters: list[Parameter] = []

    # What subclasses define.

    def build(self, input_shape: Any) -> None:
        """Create the weights. ``input_shape`` has None for the batch; a list for several inputs."""

    def call(self, x: Any) -> Any:
        """Compute the output from the input with ops. May take ``training`` as a keyword."""
        raise NotImplementedError(f"{type(self).__name__} does not define call()")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, as JSON can hold them."""
        return {"name": self.name, "trainable": self.trainable}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Layer:
        """The layer that ``get_config`` described, without its weights."""
        return cls(**config)

    # What subclasses use.

    def add_weight(
        self,
        name: str,
        shape: Sequence[int],
        initializer: str | Initializer = "glorot_uniform",
        *,
        trainable: bool = True,
    ) -> Parameter:
        """Create a weight. Weights keep the order of creation."""
        from brasa import initializers

        parameter = Parameter(
            f"{self.name}/{name}", tuple(shape), initializers.get(initializer), trainable=trainable
        )
        self.parameters.append(parameter)
        return parameter

    # What users call.

    @property
    def weights(self) -> list[Parameter]:
        """All weights, in the order of creation (Keras's order)."""
        return list(self.parameters)

    @property
    def trainable_weights(self) -> list[Parameter]:
        """The weights that an optimizer changes."""
        return [p for p in self.parameters if self.trainable and p.trainable]

    @property
    def non_trainable_weights(self) -> list[Parameter]:
        """The weights that no optimizer changes."""
        return [p for p in self.parameters if not (self.trainable and p.trainable)]

    def count_params(self) -> int:
        """The number of elements of all weights."""
        return sum(p.size for p in self.parameters)

    def get_weights(self) -> list[Any]:
        """Copies of the weights."""
        return [p.numpy() for p in self.parameters]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Overwrite the weights; ValueError unless number and shapes agree."""
        assign_weights(f"layer {self.name!r}", self.parameters, weights)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The output's shape (a list for several outputs), with None for the batch."""
        return _shapes(self._outputs_for(input_shape))

    def __call__(self, inputs: Any, training: bool | None = None) -> Any:
        """Apply the layer: to outputs of other layers, to symbols inside a call, or to arrays."""
        values = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
        if any(isinstance(value, LayerTensor) for value in values):
            return self._connect(inputs)
        if values and not any(hasattr(value, "shape") for value in values):
            import numpy as np

            inputs = np.asarray(inputs, dtype=np.float32)
            values = [inputs]
        self.ensure_built(_open_shapes(inputs))
        if training is None:
            symbol = next((v for v in values if isinstance(v, Symbol)), None)
            training = symbol.graph.training if symbol is not None else False
        if self._takes_training:
            return self.call(inputs, training=training)  # type: ignore[call-arg]
        return self.call(inputs)

    def ensure_built(self, input_shape: Any) -> None:
        """Build once; errors say which layer and which shape."""
        if self.built:
            return
        try:
            self.build(input_shape)
        except ValueError as error:
            self.parameters.clear()
            raise ValueError(f"layer {self.name!r} for the input {input_shape}: {error}") from None
        self.built = True

    @cached_property
    def _takes_training(self) -> bool:
        return "training" in inspect.signature(self.call).parameters

    def _connect(self, inputs: Any) -> Any:
        values = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
        if not all(isinstance(value, LayerTensor) for value in values):
            raise TypeError(f"layer {self.name!r}: arrays and outputs of layers cannot be mixed")
        shapes = [value.shape for value in values]
        outputs = self._outputs_for(shapes if isinstance(inputs, (list, tuple)) else shapes[0])
        call = LayerCall(self, inputs)
        symbols = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        call.outputs = [
            LayerTensor((None, *symbol.shape[1:]), call, index, symbol.dtype, self.name)
            for index, symbol in enumerate(symbols)
        ]
        return call.outputs if isinstance(outputs, (list, tuple)) else call.outputs[0]

    def _outputs_for(self, input_shape: Any) -> Any:
        # The shape rule of a layer is that of its ops: trace it once, for a batch of one.
        self.ensure_built(input_shape)
        graph = Graph()
        several = isinstance(input_shape, list)
        symbols = [
            graph.external(f"input{index}", (1, *_known(self.name, shape)))
            for index, shape in enumerate(input_shape if several else [input_shape])
        ]
        try:
            return self(symbols if several else symbols[0])
        except ValueError as error:
            raise ValueError(f"layer {self.name!r} for the input {input_shape}: {error}") from None


def assign_weights(owner: str, parameters: Sequence[Parameter], weights: Sequence[Any]) -> None:
    """Copy arrays into parameters after checking all of them: all are assigned, or none."""
    from brasa.arrays import to_array, to_float32

    if len(weights) != len(parameters):
        raise ValueError(f"{owner} has {len(parameters)} weights, got {len(weights)} arrays")
    arrays = [
        to_float32(owner, parameter.name, to_array(owner, parameter.name, weight))
        for parameter, weight in zip(parameters, weights, strict=True)
    ]
    for parameter, array in zip(parameters, arrays, strict=True):
        if array.shape != parameter.shape:
            raise ValueError(
                f"{owner}: weight {parameter.name!r} has the shape {parameter.shape}, "
                f"got an array of {array.shape}"
            )
    for parameter, array in zip(parameters, arrays, strict=True):
        parameter.assign(array)


def _known(name: str, shape: OpenShape) -> tuple[int, ...]:
    extents = [extent for extent in shape[1:] if extent is not None]
    if len(extents) != len(shape) - 1:
        raise ValueError(f"layer {name!r}: only the batch may be open, got {shape}")
    return tuple(extents)


def _shapes(outputs: Any) -> Any:
    if isinstance(outputs, (list, tuple)):
        return [(None, *output.shape[1:]) for output in outputs]
    return (None, *outputs.shape[1:])


def _open_shapes(inputs: Any) -> Any:
    if isinstance(inputs, (list, tuple)):
        return [(None, *value.shape[1:]) for value in inputs]
    return (None, *inputs.shape[1:])


def _snake_case(name: str) -> str:
    # Conv2D -> conv2d, MaxPooling2D -> max_pooling2d, ReLU -> re_lu: as in Keras.
    split = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", split).lower()
