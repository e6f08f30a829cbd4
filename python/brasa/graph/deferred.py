"""Tensors of which nothing but the shape is known while a model is put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, TypeVar

from brasa.graph.arithmetic import Arithmetic
from brasa.graph.recording import recorder

Function = TypeVar("Function", bound=Callable[..., Any])


class NoValuesYetError(TypeError):
    """Something asked for what is known only when the model runs."""


class Deferred(Arithmetic):
    """Base of what flows between layers before the model runs; asking for its values raises."""

    def applied(self, op: str, arguments: Sequence[Any], options: Mapping[str, Any]) -> Any:
        """What the function of that name will give; this tensor is among its arguments."""
        raise NotImplementedError


def deferring(name: str, function: Function) -> Function:
    """The function, which on deferred tensors is not run but kept for when the model runs.

    Whether there are any is not looked for: the function finds no values, so that arrays wait for
    one more call and no search. Where a graph records, in the ``call`` of a layer or a model, the
    error stands: what is used there must come in as an input, and a model's ``call`` is then one
    layer.

    Args:
        name: What files call it, with the module that has it: "ops.relu".
        function: Any function of tensors.
    """

    @wraps(function)
    def run(*arguments: Any, **options: Any) -> Any:
        try:
            return function(*arguments, **options)
        except NoValuesYetError:
            tensor = first_deferred([*arguments, *options.values()])
            if tensor is None or recorder() is not None:
                raise
        return tensor.applied(name, arguments, options)

    return run  # type: ignore[return-value]


def first_deferred(values: Sequence[Any]) -> Deferred | None:
    """The first deferred tensor among values, in lists and tuples too; None for none."""
    for value in values:
        found = first_deferred(value) if isinstance(value, (list, tuple)) else value
        if isinstance(found, Deferred):
            return found
    return None
