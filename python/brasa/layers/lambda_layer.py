"""Functions as layers."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from brasa.layers.base import Layer
from brasa.layers.functions import function_named, name_of_function


class Lambda(Layer):
    """A function of :mod:`brasa.ops` as a layer: ``y = function(x, **arguments)``.

    Files hold its name alone: ``load_model(path, custom_objects={"halved": halved})``. A lambda has
    none, so models with one are saved by ``save_weights``; for weights write a ``Layer``.

    Shapes:
        x as the function takes it, or a list for several inputs; y as it gives it

    Args:
        function: What is computed. Where it has an argument ``training``, it is told.
        arguments: More arguments by name. Default none.
        output_shape: Not looked at: the shape follows from the function.
        **options: name, trainable, input_shape.

    Raises:
        TypeError: function is no function, or arguments is no dictionary.

    >>> from brasa import layers, ops
    >>> layers.Lambda(lambda x: ops.scale(x, 0.5))([[1.0, 2.0]])
    array([[0.5, 1. ]], dtype=float32)
    """

    def __init__(
        self,
        function: Any,
        arguments: Mapping[str, Any] | None = None,
        *,
        output_shape: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        if isinstance(function, str):
            function = function_named("Lambda: function", function, {})
        if not callable(function):
            raise TypeError(f"Lambda: function must be a function, got {function!r}")
        given: Any = {} if arguments is None else arguments
        if not isinstance(given, Mapping):
            raise TypeError(f"Lambda: arguments must be a dictionary, got {arguments!r}")
        self.function = function
        self.arguments = dict(given)
        self._is_told = _asks_for_training(function)

    @property
    def heeds_training(self) -> bool:
        """Whether the function asks."""
        return self._is_told

    def call(self, x: Any, training: bool = False) -> Any:
        told = {"training": training} if self._is_told else {}
        return self.function(x, **{**told, **self.arguments})

    def get_config(self) -> dict[str, Any]:
        name = name_of_function(f"layer {self.name!r}", self.function, {})
        return {**super().get_config(), "function": name, "arguments": self.arguments}


def _asks_for_training(function: Callable[..., Any]) -> bool:
    try:
        return "training" in inspect.signature(function).parameters
    except ValueError:  # NumPy's functions do not say what they take on Python 3.10
        return False
