"""What a layer is called with, and what its ``call`` gives: shapes, masks, tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from brasa.graph.symbol import Symbol
from brasa.layers.positional import arranged_like


def check_result(name: str, result: Any) -> None:
    """TypeError where ``call`` gave anything else than tensors."""
    several = isinstance(result, (list, tuple))
    for value in result if several else [result]:
        if not isinstance(value, Symbol):
            wrong = type(value).__name__
            raise TypeError(
                f"layer {name!r}: call() must return a tensor or a list of tensors, got "
                + ("None: is `return` missing?" if value is None else wrong)
                + (" in the list" if several and value is not None else "")
            )


def masked(result: Any, mask: Any, inputs: Sequence[Any]) -> Any:
    """The result with the mask beside it; several outputs have a list of masks, or share one."""
    results = list(result) if isinstance(result, (list, tuple)) else [result]
    masks = mask if isinstance(mask, (list, tuple)) else [mask] * len(results)
    for i, (symbol, own) in enumerate(zip(results, masks, strict=True)):
        if symbol.mask is not own and any(symbol is given for given in inputs):
            # The layer left its input as it is, but the mask is the input's alone.
            results[i] = symbol.graph.view(symbol, symbol.shape)
        if own is not None:
            results[i].mask = own
    return results if isinstance(result, (list, tuple)) else results[0]


def floats_of_mask(mask: Any, several: bool) -> Any:
    """A mask of 1 and 0 that was given as an array, of booleans perhaps; of each of several."""
    import numpy as np

    if several and isinstance(mask, (list, tuple)):
        return [floats_of_mask(one, several=False) for one in mask]
    return None if mask is None else np.asarray(np.asarray(mask) != 0, np.float32)


def open_shapes(inputs: Any) -> Any:
    """The shape of a tensor, or a list of them, for any number of samples."""
    values = inputs if isinstance(inputs, (list, tuple)) else [inputs]
    return arranged_like(inputs, [(None, *value.shape[1:]) for value in values])
