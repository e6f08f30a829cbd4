"""A stack of layers, each fed by the one before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from brasa.layers.base import Layer
from brasa.layers.composed import MODELS
from brasa.layers.sharing import serialize, writing
from brasa.layers.tensor import LayerTensor
from brasa.model import Model
from brasa.network import Network
from brasa.subclassing import layers_of


class Sequential(Model):
    """A stack of layers, each fed by the one before; a model may stand among them like a layer.

    The input shape comes from an ``Input`` at the front, from ``input_shape=`` of the first layer,
    or from the first data that the model sees.

    >>> from brasa import Sequential, layers
    >>> model = Sequential([layers.Dense(3, input_shape=(2,)), layers.Softmax()])
    >>> model.predict([[1.0, 2.0]]).shape
    (1, 3)
    """

    def __init__(
        self, layers: Sequence[Layer | Model | LayerTensor] | None = None, name: str | None = None
    ) -> None:
        self._init_state(name)
        if hasattr(type(self), "call"):
            raise TypeError(
                f"{type(self).__name__}: a Sequential runs its layers one after another: a model "
                "with a call() of its own is a subclass of Model"
            )
        self._stack: list[Layer | Model] = []
        self._input: LayerTensor | None = None
        for layer in layers or ():
            self._append(layer)
        self._try_build()

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the output for one of the input; an unbuilt stack makes its weights."""
        if self._engine is not None:
            return super().compute_output_shape(input_shape)
        for part in self._stack:
            input_shape = part.compute_output_shape(input_shape)
        return input_shape

    def add(self, layer: Layer | Model | LayerTensor) -> None:
        """Put a layer on top."""
        self._append(layer)
        self._build_changed()

    def pop(self) -> Layer | Model:
        """Take the top layer off and return it."""
        if not self._stack:
            raise ValueError("there is no layer to take off")
        layer = self._stack.pop()
        self._build_changed()
        return layer

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Create all weights for an input of this shape; the first axis is the batch."""
        first = self._stack[0] if self._stack else None
        dtype = first.input_dtype if isinstance(first, Layer) else "float32"
        self._input = LayerTensor((None, *tuple(input_shape)[1:]), dtype=dtype)
        self._try_build()

    def _build_for(self, tensors: Sequence[LayerTensor]) -> None:
        if self._engine is None and self._stack and len(tensors) == 1:
            given = tensors[0]
            self._input = LayerTensor(
                given.shape, dtype=given.dtype, dtype_is_open=given.dtype_is_open
            )
            self._try_build()

    @property
    def layers(self) -> list[Layer]:
        """The layers, each once, in the order in which they run; known before the input shape."""
        if self._engine is not None:
            return super().layers
        return layers_of(self._stack)

    @property
    def parts(self) -> list[Any]:
        """The layers and models that it was made of; known before the input shape."""
        return list(self._stack)

    def _inside(self, symbols: Sequence[Any], training: bool | None) -> Any:
        if self._engine is not None or len(symbols) != 1 or not self._stack:
            return super()._inside(symbols, training)
        result: Any = symbols[0]
        for layer in self._stack:  # lengths that are open stay so
            result = layer(result, training)
        return result

    def _append(self, layer: Layer | Model | LayerTensor) -> None:
        from brasa.layers import InputLayer

        if isinstance(layer, InputLayer):
            layer = layer.output
        if isinstance(layer, LayerTensor):
            if self._stack or layer.call is not None:
                raise ValueError("Sequential: an Input can only stand at the front")
            self._input = layer
        elif isinstance(layer, Layer):
            if not self._stack and self._input is None and layer.first_input_shape is not None:
                shape = (None, *layer.first_input_shape)
                self._input = LayerTensor(shape, dtype=layer.input_dtype)
            self._stack.append(layer)
        elif self in _models_in(layer):
            raise ValueError(f"Sequential: model {self.name!r} cannot be a part of itself")
        elif isinstance(layer, Model):
            if not self._stack and self._input is None:
                self._input = layer._front()
            self._stack.append(layer)
        else:
            raise TypeError(f"Sequential: wanted a layer, got {_kind_of(layer)}")

    def _build_changed(self) -> None:
        """With other layers; whether the loss belongs to the last of them shows in training."""
        self._engine, self._is_in_change = None, True
        try:
            self._try_build()
        finally:
            self._is_in_change = False

    def _try_build(self) -> None:
        if self._input is None or not self._stack:
            return
        tensor: Any = self._input
        for position, layer in enumerate(self._stack):
            try:
                tensor = layer(tensor)
            except ValueError as error:
                raise ValueError(f"Sequential, layer number {position}: {error}") from None
            if not isinstance(tensor, LayerTensor):
                raise ValueError(
                    f"Sequential: layer {layer.name!r} (number {position}) has several outputs"
                )
        self._set_network(Network([self._input], [tensor]))

    def _build_from(self, x: Any) -> None:
        if self._engine is None and self._stack and x is not None and not isinstance(x, dict):
            single = isinstance(x, (list, tuple)) and len(x) == 1 and hasattr(x[0], "shape")
            self.build((None, *np.shape(x[0] if single else x)[1:]))

    def _front(self) -> LayerTensor | None:
        return self._input

    def description(self) -> dict[str, Any]:
        """What files hold of the model, weights apart: the stack, or what is applied to what."""
        if any(isinstance(layer, Model) for layer in self._stack):
            return super().description()
        with writing():
            layers = [serialize(layer) for layer in self._stack]
        return {
            "class": "Sequential",
            "name": self.name,
            "input_shape": None if self._input is None else list(self._input.shape),
            "input_dtype": None if self._input is None else self._input.dtype,
            "layers": layers,
            **({"own_steps": type(self).__name__} if self._has_own_steps else {}),
        }


MODELS["Sequential"] = Sequential


def _models_in(item: Any) -> Iterator[Model]:
    """The model and those that it was made of; functional ones hold no models."""
    if isinstance(item, Model):
        yield item
    for part in item.parts if isinstance(item, Sequential) else ():
        yield from _models_in(part)


def _kind_of(value: Any) -> str:
    """What was given in place of a layer: the class of one, perhaps."""
    if isinstance(value, type):
        return f"the class {value.__name__}: make one of it, {value.__name__}(...)"
    return type(value).__name__
