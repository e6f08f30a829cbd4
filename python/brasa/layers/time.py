"""Layers that add a time axis, or work along one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from brasa import ops
from brasa.graph.symbol import Symbol
from brasa.layers.arguments import one_input, positive
from brasa.layers.base import Layer
from brasa.layers.composed import Composed
from brasa.layers.sharing import serialize
from brasa.layers.tensor import LayerTensor
from brasa.ops.dispatch import Tensor
from brasa.parameter import Parameter


class TimeDistributed(Layer):
    """Another layer, or a model, applied to every time step: ``y[:, t] = layer(x[:, t])``.

    The steps become rows of one large batch, so a step costs what it costs in the layer itself.
    ``Dense`` and the activations work on the last axis anyway and need no wrapper. The statistics
    of ``BatchNormalization`` are those of all steps together; Keras, which goes step by step, takes
    each step's alone and moves its averages once for each.

    Shapes:
        x (N, T, ...), y (N, T, ...) as the layer has them without T

    Args:
        layer: The layer or model of one input and one output. Its weights are shared by all steps.
        **options: name, trainable, input_shape.

    Raises:
        TypeError: ``layer`` is no layer. ValueError: the input has no time axis, or the model
            several outputs.

    >>> import numpy as np
    >>> from brasa import layers
    >>> frames = np.zeros((2, 7, 8, 8, 1), np.float32)
    >>> layers.TimeDistributed(layers.Conv2D(4, 3))(frames).shape
    (2, 7, 6, 6, 4)
    >>> from brasa import Sequential
    >>> net = Sequential([layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(10)])
    >>> layers.TimeDistributed(net)(frames).shape
    (2, 7, 10)
    """

    supports_masking = True

    def __init__(self, layer: Layer | Composed, **options: Any) -> None:
        if not isinstance(layer, (Layer, Composed)):
            raise TypeError(f"TimeDistributed: layer must be a layer or a model, got {layer!r}")
        super().__init__(**options)
        self.layer = layer
        self.input_dtype = _input_dtype(layer)

    @property
    def trainable_weights(self) -> list[Parameter]:
        """The layer's, unless the wrapper is frozen."""
        if not isinstance(self.layer, Layer):
            return super().trainable_weights
        return self.layer.trainable_weights if self.trainable else []

    @property
    def non_trainable_weights(self) -> list[Parameter]:
        """All others."""
        chosen = self.trainable_weights
        return [p for p in self.parameters if p not in chosen]

    def build(self, input_shape: Any) -> None:
        if isinstance(input_shape, list) or len(input_shape) < 3:
            raise ValueError("expected an input of rank 3 or more (N, T, ...)")
        if not isinstance(self.layer, Layer):
            step = LayerTensor((None, *input_shape[2:]), dtype=self.input_dtype)
            if not isinstance(self.layer(step), LayerTensor):
                raise ValueError(f"model {self.layer.name!r} has several outputs")
            self._adopt([self.layer])
            return
        self.layer.ensure_built((None, *input_shape[2:]))
        self.parameters = self.layer.parameters
        for parameter in self.parameters:
            self._name_inner(parameter, self.layer, self.layer.name_of(parameter))

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        N, T = x.shape[:2]
        if self.input_dtype == "int32" and not isinstance(x, Symbol):
            steps = np.reshape(x, (N * T, *x.shape[2:]))  # ops on arrays take floats
        else:
            steps = ops.reshape(x, (N * T, *x.shape[2:]))
        if isinstance(self.layer, Layer) or not isinstance(x, Symbol):
            y = self.layer(steps, training=training)
        else:  # in training each of a model's layers may still be told that it is not
            y = self.layer(steps, None if training == x.graph.training else training)
        return ops.reshape(y, (N, T, *y.shape[1:]))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "layer": serialize(self.layer)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> TimeDistributed:
        """The layer that ``get_config`` described; what is inside may be made already."""
        from brasa.layers import deserialize

        inner = config.get("layer")
        if isinstance(inner, Mapping):
            made = deserialize({"class_name": "TimeDistributed", "config": {"layer": inner}})
            config = {**config, "layer": vars(made)["layer"]}
        return cls(**config)


def _input_dtype(item: Layer | Composed) -> str:
    """That of a layer, or of the first layer of a model."""
    while not isinstance(item, Layer):
        if not item.parts:
            return "float32"
        item = item.parts[0]
    return item.input_dtype


class RepeatVector(Layer):
    """The same vector at each of ``n`` time steps: what a decoder starts from.

    Shapes:
        x (N, D), y (N, n, D)

    Args:
        n: How many steps, at least 1.
        **options: name, trainable, input_shape.

    Raises:
        ValueError: n is below 1, or x is no matrix. TypeError: n is no whole number.

    >>> from brasa import layers
    >>> layers.RepeatVector(2)([[1.0, 2.0]])
    array([[[1., 2.],
            [1., 2.]]], dtype=float32)
    """

    def __init__(self, n: int, **options: Any) -> None:
        super().__init__(**options)
        self.n = positive("RepeatVector", "n", n)

    def call(self, x: Tensor) -> Tensor:
        if len(one_input("RepeatVector", x).shape) != 2:
            raise ValueError(f"RepeatVector: expected an input of rank 2 (N, D), got {x.shape}")
        n, d = x.shape
        return ops.broadcast_to(ops.reshape(x, (n, 1, d)), (n, self.n, d))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "n": self.n}
