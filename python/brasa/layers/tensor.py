"""What flows between layers while a model is put together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from brasa.layers.tracing import OpenShape

if TYPE_CHECKING:
    from brasa.layers.base import Layer


@dataclass(eq=False)
class LayerTensor:
    """What flows between layers while a model is put together: a shape and its origin."""

    shape: OpenShape
    call: LayerCall | None = None  # None for an Input
    index: int = 0
    dtype: str = "float32"
    name: str = "input"
    mask_shape: OpenShape | None = None  # of the mask that comes with it (layers/masking.py)
    dtype_is_open: bool = False  # of an Input that did not say it: its first layer decides

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError("the output of a layer has no values before the model runs: use predict()")


@dataclass(eq=False)
class LayerCall:
    """One use of a layer: the node of a model's graph of layers."""

    layer: Layer
    inputs: Any  # a LayerTensor, or a list of them for layers such as Add
    outputs: list[LayerTensor] = field(default_factory=list)
    training: bool | None = None  # False: as in predictions, always

    @property
    def input_list(self) -> list[LayerTensor]:
        """The inputs as a list."""
        return list(self.inputs) if isinstance(self.inputs, (list, tuple)) else [self.inputs]
