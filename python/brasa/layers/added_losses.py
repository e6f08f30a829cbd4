"""What layers add to the loss in their ``call``, and what their activity regularizers do."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from brasa import ops
from brasa.graph.deferred import NoValuesYetError
from brasa.graph.recording import recorder
from brasa.graph.symbol import Symbol
from brasa.layers.tensor import LayerTensor
from brasa.ops.dispatch import floats

if TYPE_CHECKING:
    from brasa.layers.base import Layer
    from brasa.regularizers import Regularizer


class _Noted(threading.local):
    def __init__(self) -> None:
        self.layers: set[Any] | None = None


_NOTED = _Noted()


@contextmanager
def noting() -> Iterator[set[Any]]:
    """Gives the set of those that add to the loss in the block."""
    before, _NOTED.layers = _NOTED.layers, set()
    try:
        yield _NOTED.layers
    finally:
        _NOTED.layers = before


def add_to_loss(owner: Any, values: Iterable[Any]) -> None:
    """Have training make the sum of these small, too."""
    for value in values:
        if isinstance(value, LayerTensor):
            raise NoValuesYetError(
                f"add_loss: {owner.name!r} can add to the loss in a call(), of a layer or a model "
                "of one's own, and to no model that is made of inputs and outputs: write a layer "
                "that calls self.add_loss(...) and returns its input"
            )
        graph = recorder()
        if graph is None:
            continue  # on arrays nothing is trained
        term = floats("add_loss", "loss", value)
        if not isinstance(term, Symbol):
            raise TypeError(
                f"add_loss: {owner.name!r} adds a constant, {type(value).__name__}, which has no "
                "gradient: make the loss of the inputs and the weights by brasa.ops"
            )
        # A node of its own: a loss of brasa.losses then has its gradient by the rule for parts.
        graph.added.append(ops.sum(term) if term.shape else ops.scale(term, 1.0))
        if _NOTED.layers is not None:
            _NOTED.layers.add(owner)


def add_activity(layer: Layer, outputs: Any) -> None:
    """Add what a layer's activity regularizer says of each output, by the batch's size, as Keras.

    On arrays nothing is trained.
    """
    regularizer = layer.activity_regularizer
    if regularizer is None or recorder() is None:
        return
    for y in outputs if isinstance(outputs, (list, tuple)) else [outputs]:
        add_to_loss(layer, [ops.scale(regularizer(y), 1.0 / max(y.shape[0], 1))])


def regularizer_of(owner: str, identifier: Any) -> Regularizer | None:
    """What a layer was given as ``activity_regularizer``."""
    from brasa import regularizers

    return regularizers.get(identifier, f"{owner}: activity_regularizer")


def activity_config(regularizer: Regularizer | None) -> dict[str, Any]:
    """What files hold of it; nothing where there is none."""
    from brasa import regularizers

    if regularizer is None:
        return {}
    return {"activity_regularizer": regularizers.serialize(regularizer)}


class AddsLosses:
    """What may add to the loss: layers, and models by subclassing."""

    def add_loss(self, loss: Any) -> None:
        """In ``call``: have training make this small, beside the loss that ``compile`` was given.

        A number made by ops of what ``call`` got and of weights; of more than one number the sum,
        and of a list of such all. Weights of samples do not matter to it. On arrays, outside a
        model, it does nothing.

        TypeError for constants, which have no gradient.

        >>> import numpy as np
        >>> from brasa import Sequential, layers, ops
        >>> class Centred(layers.Layer):
        ...     def call(self, x):
        ...         self.add_loss(0.1 * ops.square(ops.mean(x)))
        ...         return x
        >>> model = Sequential([layers.Dense(2, input_shape=(3,)), Centred()])
        >>> model.compile("sgd", "mse")
        >>> x = np.ones((4, 3))
        >>> y = model.predict(x)
        >>> bool(np.isclose(model.evaluate(x, y), 0.1 * y.mean() ** 2))
        True
        """
        add_to_loss(self, loss if isinstance(loss, (list, tuple)) else [loss])
