"""A mask that is a tensor of its own: data, or what layers make of them."""

from __future__ import annotations

from typing import Any

from brasa.graph.symbol import Symbol
from brasa.layers.base import Layer
from brasa.layers.tensor import LayerTensor
from brasa.ops.choosing import zero_or_one
from brasa.ops.dispatch import Tensor


class WithMask(Layer):
    """A sequence with the mask beside it: ``y = x``, whose steps count where that is not 0.

    ``layer(x, mask=m)`` of tensors without values is ``layer(WithMask()([x, m]))``.

    Shapes:
        a list of x (N, T, ...) and the mask (N, T); y as x. Another mask of x goes no further.

    >>> from brasa import Input, Model, layers
    >>> x, counts = Input((4, 2)), Input((4,))
    >>> layers.WithMask()([x, counts]).shape
    (None, 4, 2)
    """

    def build(self, input_shape: Any) -> None:
        if not isinstance(input_shape, list) or len(input_shape) != 2:
            raise ValueError("takes a list of two: x and its mask")
        x, mask = map(tuple, input_shape)
        if len(mask) < 2 or mask != x[: len(mask)]:
            raise ValueError(f"the mask must be of the shape {x[:2]}, got {mask}")

    def call(self, inputs: Any) -> Tensor:
        x, mask = inputs
        if not isinstance(x, Symbol):
            return x
        y = x.graph.view(x, x.shape)
        y.mask = zero_or_one("WithMask", "mask", mask)
        return y

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """None: ``call`` gives y its mask."""


def with_masks(layer: Layer, inputs: Any, mask: Any) -> Any:
    """The inputs of a layer with the masks that a call gives, one, or a list for several inputs.

    Raises:
        TypeError: a mask is no tensor of the model. ValueError: there is not one for each input.
    """
    values = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
    masks = list(mask) if isinstance(mask, (list, tuple)) else [mask]
    if len(values) > 1 and len(masks) == 1 and hasattr(layer, "state_count"):
        masks += [None] * (len(values) - 1)  # first states have none
    if len(masks) != len(values):
        raise ValueError(
            f"layer {layer.name!r}: there are {len(values)} inputs, mask needs a list of as many, "
            f"None for those without, got {len(masks)}"
        )
    for i, one in enumerate(masks):
        if one is not None and not isinstance(one, LayerTensor):
            raise TypeError(
                f"layer {layer.name!r}: mask must be a tensor of the model as the input is, such "
                f"as an Input, got {type(one).__name__}"
            )
        if one is not None:
            values[i] = WithMask()([values[i], one])
    return type(inputs)(values) if isinstance(inputs, (list, tuple)) else values[0]
