"""Which weights do not decay."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Protocol, TypeVar

from brasa.optimizers.phase import Phased


class Named(Protocol):
    """What weights are to an optimizer."""

    name: str


W = TypeVar("W", bound=Named)


class Sparing(Phased):
    """Base of optimizers: knows which weights the decay leaves out."""

    _is_compiled = False

    def _spare(self, weights: list[Any], patterns: list[str]) -> None:
        """``weights``: or their names, where a file gave them."""
        self._spared, self._patterns = weights, patterns

    def exclude_from_weight_decay(
        self, var_list: Iterable[Any] | None = None, var_names: Iterable[str] | None = None
    ) -> None:
        """Say which weights do not decay, before ``compile``. A second call replaces the first.

        Args:
            var_list: Weights, such as ``[layer.bias]``.
            var_names: Regular expressions, such as "bias" or "gamma|beta": weights in whose own
                name (without the layer's) one of them is found.

        Raises:
            RuntimeError: a model is compiled with the optimizer already.
            ValueError: a regular expression is none. TypeError: an argument is of another type.
        """
        own = f"{type(self).__name__}.exclude_from_weight_decay"
        if self._is_compiled:
            raise RuntimeError(f"{own}: call it before model.compile")
        for name, given in (("var_list", var_list), ("var_names", var_names)):
            if isinstance(given, str) or not isinstance(given, (Iterable, type(None))):
                raise TypeError(f"{own}: {name} must be a list, got {given!r}")
        weights, patterns = list(var_list or ()), list(var_names or ())
        for weight in weights:
            if not isinstance(getattr(weight, "name", None), str):
                raise TypeError(f"{own}: var_list must hold weights of layers, got {weight!r}")
        for pattern in patterns:
            if not isinstance(pattern, str):
                raise TypeError(f"{own}: var_names must hold strings, got {pattern!r}")
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{own}: {pattern!r} is no regular expression: {error}") from None
        self._spare(weights, patterns)

    def spared(self, weights: Iterable[W]) -> set[W]:
        """Those of a model's weights that do not decay; asked when the model is compiled."""
        self._is_compiled = True
        names = set(self._spared_names())
        return {
            weight
            for weight in weights
            if weight.name in names
            or any(re.search(pattern, weight.name.split("/")[-1]) for pattern in self._patterns)
        }

    def _spared_names(self) -> list[str]:
        """A layer may get another name until its model is compiled."""
        return [weight if isinstance(weight, str) else weight.name for weight in self._spared]

    def _spared_config(self) -> dict[str, Any]:
        """What a config says of them; empty where there are none."""
        if not self._spared and not self._patterns:
            return {}
        names, patterns = self._spared_names(), self._patterns
        return {"excluded_from_weight_decay": {"names": names, "patterns": patterns}}
