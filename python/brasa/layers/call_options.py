"""What a layer is told when it is called, beside its inputs: ``use_causal_mask=True``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from brasa.graph.symbol import Symbol
from brasa.layers.tensor import LayerTensor


def check_options(name: str, options: Mapping[str, Any], keywords: Collection[str]) -> None:
    """TypeError for an option that ``call`` does not take, or that is a tensor."""
    for key, value in options.items():
        if key not in keywords:
            known = ", ".join([*keywords][1:]) or "none"
            raise TypeError(f"layer {name!r}: call() takes no argument {key!r}, it takes {known}")
        if isinstance(value, (LayerTensor, Symbol)):
            raise TypeError(
                f"layer {name!r}: {key} cannot be a tensor: several inputs come by their places, "
                "layer(a, b) for call(self, a, b), or as a list"
            )
