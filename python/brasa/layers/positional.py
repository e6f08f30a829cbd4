"""Several tensors as arguments of their own: ``layer(a, b)`` for a ``call(self, a, b)``."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

_NO_TENSORS = ("training", "mask")  # arguments of call() that say something about the tensors


class Positional(list[Any]):
    """Inputs, shapes or masks of which each is an argument of its own."""


def arranged_like(inputs: Any, values: Sequence[Any]) -> Any:
    """Values in place of the inputs: one, a list, or arguments."""
    if isinstance(inputs, (list, tuple)):
        return Positional(values) if isinstance(inputs, Positional) else list(values)
    return values[0]


def applied(function: Callable[..., Any], inputs: Any, **options: Any) -> Any:
    """What a layer or its ``call`` gives for one input, a list, or arguments."""
    if isinstance(inputs, Positional):
        return function(*inputs, **options)
    return function(inputs, **options)


def parted(given: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """What follows the first input: further tensors, then ``training`` and ``mask`` by place."""
    for place, value in enumerate(given):
        is_bool = isinstance(value, (bool, np.bool_))
        if is_bool or not (hasattr(value, "shape") or isinstance(value, (list, tuple, int, float))):
            return list(given[:place]), list(given[place:])
    return list(given), []


def tensors_of_call(name: str, call: Callable[..., Any], given: Sequence[Any]) -> Positional:
    """The tensors, numbers as arrays; TypeError where ``call`` does not take as many."""
    least, most = number_of_tensors(call)
    if len(given) > most:
        raise TypeError(
            f"layer {name!r}: several inputs come as a list, layer([a, b]): call() takes {most} "
            f"beside training and mask, got {len(given)}"
        )
    if len(given) < least:
        raise TypeError(f"layer {name!r}: call() takes {least} inputs, got {len(given)}")
    for place, value in enumerate(given):
        if isinstance(value, (list, tuple)) and any(hasattr(one, "shape") for one in value):
            raise TypeError(
                f"layer {name!r}: beside others each input is one tensor, got a list as number "
                f"{place}"
            )
    return Positional(x if hasattr(x, "shape") else np.asarray(x, np.float32) for x in given)


def number_of_tensors(call: Callable[..., Any]) -> tuple[int, float]:
    """How many arguments ``call`` needs, and may take, by their places."""
    kinds = inspect.Parameter
    taken = [
        p
        for p in inspect.signature(call).parameters.values()
        if p.kind not in (kinds.KEYWORD_ONLY, kinds.VAR_KEYWORD) and p.name not in _NO_TENSORS
    ]
    named = [p for p in taken if p.kind is not kinds.VAR_POSITIONAL]
    least = sum(p.default is p.empty for p in named)
    return least, len(named) if len(named) == len(taken) else math.inf


def built(build: Callable[..., Any], shapes: Any) -> None:
    """Call ``build`` with a shape for each of its arguments, or with the list of them."""
    if isinstance(shapes, Positional) and number_of_tensors(build)[1] >= len(shapes):
        build(*shapes)
    else:
        build(list(shapes) if isinstance(shapes, Positional) else shapes)
