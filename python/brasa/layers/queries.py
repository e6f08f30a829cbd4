"""Query, value and key as arguments of their own, and what a call may say beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from brasa import ops
from brasa.layers.base import Layer
from brasa.layers.tensor import LayerTensor
from brasa.ops.choosing import zero_or_one
from brasa.ops.dispatch import Tensor


class TakesQueries(Layer):
    """Base of the layers that are called with query and value, not with a list of them."""

    def __call__(  # type: ignore[override]  # as Keras has it; of one list it is the base's
        self,
        query: Any,
        value: Any = None,
        key: Any = None,
        *,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        training: bool | None = None,
        mask: Any = None,
        **options: Any,
    ) -> Any:
        """Like any layer, of one list of them: query, value, key, attention_mask."""
        inputs = self._listed(query, value, key)
        if attention_mask is not None:
            if not hasattr(attention_mask, "shape"):
                own = type(self).__name__
                attention_mask = zero_or_one(own, "attention_mask", attention_mask)
            inputs = [*three(inputs), attention_mask]
        masks = [query_mask, value_mask, key_mask]
        if any(given is not None for given in masks):
            if any(isinstance(x, LayerTensor) for x in inputs):
                raise TypeError(
                    f"layer {self.name!r}: the masks of steps come with the tensors before the "
                    "model runs, from Embedding(mask_zero=True) or Masking: give attention_mask"
                )
            mask = [
                getattr(x, "mask", None) if given is None else given
                for x, given in zip(inputs, masks, strict=False)
            ]
        return super().__call__(inputs, training=training, mask=mask, **options)

    def _listed(self, query: Any, value: Any, key: Any) -> list[Any]:
        """The tensors; lists of numbers as arrays."""
        if value is not None:
            given = [query, value] if key is None else [query, value, key]
        elif isinstance(query, (list, tuple)) and 2 <= len(query) <= 4 and key is None:
            given = list(query)
        else:
            raise TypeError(f"layer {self.name!r}: takes a query and a value, layer(query, value)")
        arrays = {id(x): x if hasattr(x, "shape") else np.asarray(x, np.float32) for x in given}
        return [arrays[id(x)] for x in given]

    def compute_output_shape(
        self, input_shape: Any, value_shape: Any = None, key_shape: Any = None
    ) -> Any:
        """The output's shape from those of query, value and key, or a list of them."""
        if value_shape is not None:
            input_shape = [input_shape, value_shape, key_shape or value_shape]
        return super().compute_output_shape(input_shape)


def three(given: Sequence[Any]) -> tuple[Any, Any, Any]:
    """Query, value and key of what is given: the key is the value where it is left out."""
    query, value, *others = given
    return query, value, others[0] if others else value


def mask_beside(owner: str, mask: Any, scores: tuple[int, ...]) -> Tensor | None:
    """What a call gives as ``attention_mask`` as 1 and 0 that broadcast to scores (N, H, T, S)."""
    if mask is None:
        return None
    allowed = zero_or_one(owner, "attention_mask", mask)
    shape = tuple(allowed.shape)
    if len(shape) == 3:
        allowed, shape = ops.expand_dims(allowed, 1), (shape[0], 1, *shape[1:])
    places = zip(shape[::-1], scores[::-1], strict=False)
    if not 2 <= len(shape) <= 4 or any(extent not in (1, wanted) for extent, wanted in places):
        N, H, T, S = scores
        raise ValueError(
            f"{owner}: attention_mask must be of the shape (N, T, S), here ({N}, {T}, {S}), or "
            f"(N, H, T, S) for each of {H} heads, got {tuple(mask.shape)}"
        )
    return allowed
