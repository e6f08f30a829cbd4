"""Models as functions: of arrays, of tensors as layers are, and in the ``call`` of a layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from brasa.graph.trace import told
from brasa.inputs import as_list
from brasa.layers.base import Layer
from brasa.layers.tensor import UNDECIDED, LayerTensor
from brasa.network import are_symbols
from brasa.outputs import arranged
from brasa.structure import one_or_list
from brasa.subclassing import Subclassing, call_of


class Calling(Subclassing):
    """Base of models: what ``model(x)`` does."""

    def __call__(self, x: Any, training: bool | None = None) -> Any:
        """Apply the model: to arrays like predict_on_batch, to tensors like a layer.

        A layer of one's own may hold models and call them in its ``call``: see below.

        The layers, and so the weights, are then shared by this model and those made of the outputs.
        ``training=False`` keeps dropout off and statistics still there, in ``fit`` too;
        ``training=True`` keeps dropout on there, in ``predict`` too. What layers inside were told
        as the model was made holds all the same.

        On arrays ``training=True`` has the layers do what they do in a training step: dropout draws
        anew at each call, by :func:`brasa.set_seed`, and normalizations use the batch's statistics
        and move the moving ones, as in Keras. No other weight changes.

        >>> from brasa import Input, Model, Sequential, layers, ops
        >>> encoder = Sequential([layers.Dense(2, input_shape=(8,))])
        >>> decoder = Sequential([layers.Dense(8, input_shape=(2,))])
        >>> x = Input((8,))
        >>> Model(x, decoder(encoder(x))).count_params()
        42
        >>> class Residual(layers.Layer):
        ...     def __init__(self, **options):
        ...         super().__init__(**options)
        ...         self.net = Sequential([layers.Dense(4, "relu"), layers.Dense(8)])
        ...     def call(self, x):
        ...         return ops.add(x, self.net(x))
        >>> Sequential([Input((8,)), Residual(), layers.Dense(2)]).count_params()
        94
        """
        training = None if training is UNDECIDED else training
        if not isinstance(training, (bool, np.bool_, type(None))):
            raise TypeError(
                f"model {self.name!r}: training must be a bool or None, got "
                f"{type(training).__name__}: several inputs come as a list"
            )
        if isinstance(x, Mapping):
            if self._engine is None and self._is_subclassed:
                self._by_keys(x)
            names = self._input_keys or self.network.input_names
            x = one_or_list(as_list(f"model {self.name!r}", "the argument", x, names))
        values = list(x) if isinstance(x, (list, tuple)) else [x]
        if are_symbols(values):
            with told(values[0].graph, training):
                return self._inside(values, training)
        if not any(isinstance(value, LayerTensor) for value in values):
            return self._as_in_training(x) if training else self._outputs_of(x)
        tensors = tensors_of(f"model {self.name!r}: the argument", x)
        self._build_for(tensors)
        try:
            return self.network.arranged(self.network.connect(tensors, training, self._part))
        except ValueError as error:
            raise ValueError(f"model {self.name!r}: {error}") from None

    def _inside(self, symbols: Sequence[Any], training: bool | None) -> Any:
        """Apply the model in the ``call`` of a layer."""
        if self._engine is None and self._is_subclassed:
            return arranged(*call_of(self, symbols, symbols[0].graph.training))
        self.network.require_fitting(f"model {self.name!r}", symbols)
        outputs = self.network.trace(symbols[0].graph, symbols, training, inside=True)
        return self.network.arranged(outputs)

    def _build_for(self, tensors: Sequence[LayerTensor]) -> None:
        """Give a model without an input shape that of a tensor."""
        if self._engine is None and self._is_subclassed:
            names = self._input_keys or ["input"] * len(tensors)
            pairs = zip(tensors, names, strict=True)
            self._build_like([LayerTensor(t.shape, dtype=t.dtype, name=n) for t, n in pairs])

    def _front(self) -> LayerTensor | None:
        """The only input, as the beginning of a stack of which this model is the first."""
        return self.network.inputs[0] if len(self.network.inputs) == 1 else None


def tensors_of(name: str, value: Any) -> list[LayerTensor]:
    """One tensor or several as a list; TypeError says what else it was."""
    tensors = list(value) if isinstance(value, (list, tuple)) else [value]
    if not tensors or not all(isinstance(tensor, LayerTensor) for tensor in tensors):
        kinds = sorted({type(tensor).__name__ for tensor in tensors})
        among = f" of {kinds}" if tensors and tensors[0] is not value else ""
        hint = ""
        if tensors and isinstance(tensors[0], Layer):
            hint = ": apply each layer to the one before, as in Dense(2)(x), or use Sequential"
        raise TypeError(
            f"{name} must be an Input or outputs of layers, got {type(value).__name__}{among}{hint}"
        )
    return tensors
