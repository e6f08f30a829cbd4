"""Parts of tensors: what ``x[:, -1]`` stands for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from brasa.graph.indexing import Entry
from brasa.layers.base import Layer
from brasa.ops.arguments import whole
from brasa.ops.dispatch import Tensor
from brasa.ops.elementwise import part


class GetItem(Layer):
    """A part of each sample: ``y = x[index]``. Made by indexing: ``layer_output[:, -1]``.

    Shapes:
        x (N, ...); y without the axes of which one place was taken, with the new ones

    Args:
        index: For each axis None (all of it), a place, or ``[start, stop]``, either of which may be
            None; "new" for a new axis of extent 1. That of the batch, the first, is None.
        **options: name, trainable, input_shape.

    Raises:
        ValueError: another number of axes, an empty stretch, or a part of the batch.
        IndexError: a place that the axis does not have. TypeError: an entry of another kind.

    >>> from brasa import Input, layers
    >>> layers.LSTM(4, return_sequences=True)(Input((9, 2)))[:, -1].shape
    (None, 4)
    """

    def __init__(self, index: Sequence[Any], **options: Any) -> None:
        super().__init__(**options)
        if not isinstance(index, (list, tuple)):
            raise TypeError(f"GetItem: index must have an entry for each axis, got {index!r}")
        self.index = [_checked(entry) for entry in index]
        if not index or self.index[0] is not None:
            raise ValueError("GetItem: the batch, axis 0, is taken whole: its entry is None")

    def call(self, x: Tensor) -> Tensor:
        named = len(self.index) - self.index.count("new")
        if len(x.shape) != named:
            raise ValueError(f"the index has {named} axes, got {tuple(x.shape)}")
        return part(x, self.index)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """That of the steps that are left; none where one step was taken."""
        if mask is None or isinstance(self.index[1], (int, str)):
            return None
        return part(mask, [None, self.index[1]]) if len(mask.shape) == 2 else None

    def get_config(self) -> dict[str, Any]:
        index = [list(entry) if isinstance(entry, tuple) else entry for entry in self.index]
        return {**super().get_config(), "index": index}


def _checked(entry: Any) -> Entry:
    if isinstance(entry, (list, tuple)):
        if len(entry) != 2:
            raise ValueError(f"GetItem: a stretch is [start, stop], got {entry!r}")
        start, stop = (None if b is None else whole("GetItem", "index", b) for b in entry)
        return start, stop
    return entry if entry in (None, "new") else whole("GetItem", "index", entry)
