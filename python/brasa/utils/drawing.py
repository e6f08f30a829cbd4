"""What stands for what in the drawing of a model, and its lines in the DOT language."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from brasa.layers.tensor import Part

from .dot_labels import Box, Details, activation_of, quoted

if TYPE_CHECKING:
    from brasa.layers.base import Layer
    from brasa.layers.tensor import LayerCall, LayerTensor
    from brasa.network import Network


class Drawing:
    """A box for each layer, input or model inside, by what it stands for, and the arrows."""

    def __init__(self, network: Network, details: Details, expand_nested: bool) -> None:
        self.details, self.expand_nested = details, expand_nested
        self.boxes: dict[Any, Box] = {}
        self.around: dict[Any, tuple[Part, ...]] = {}  # the frames of a box, the outermost first
        self.arrows: dict[tuple[Any, Any], None] = {}
        self._key_of: dict[Layer, Any] = {}
        for tensor, name in zip(network.inputs, network.input_names, strict=True):
            self.boxes[tensor] = Box(name, "InputLayer")
            self.boxes[tensor].give(tensor.shape, [tensor])
        for call in network.calls:
            self._put(call)
        for tensor in network.outputs:
            key = self._source(tensor)
            if isinstance(key, Part):
                self.boxes[key].give(tensor.shape, [tensor])
        self.numbers = {key: f"n{i}" for i, key in enumerate(self.boxes)}

    def lines(self) -> Iterator[str]:
        """Boxes, in the frames of their models, and arrows."""
        yield from self._framed(list(self.boxes), 0)
        for source, target in self.arrows:
            yield f"  {self.numbers[source]} -> {self.numbers[target]}"

    def _put(self, call: LayerCall) -> None:
        """The box of a layer, or of the model that it is hidden in, and the arrows that end there.

        A layer that several models share stands where its first use does.
        """
        layer = call.layer
        hidden = bool(call.within) and not self.expand_nested
        key = self._key_of.setdefault(layer, call.within[0] if hidden else layer)
        if key not in self.boxes:
            if hidden:
                self.boxes[key] = Box(key.name, key.kind)
            else:
                self.boxes[key] = Box(layer.name, _kind(layer), activation_of(layer))
            self.around[key] = call.within if self.expand_nested else ()
        box = self.boxes[key]
        box.layers[layer] = None
        for tensor in call.input_list:
            source = self._source(tensor)
            if source is key and isinstance(key, Part):
                continue
            self.arrows[source, key] = None
            if isinstance(key, Part):
                box.take(tensor.shape)
            if isinstance(source, Part):
                self.boxes[source].give(tensor.shape, [tensor])
        if not isinstance(key, Part):
            takes, gives = ([t.shape for t in each] for each in (call.input_list, call.outputs))
            box.take(takes if isinstance(call.inputs, (list, tuple)) else takes[0])
            box.give(gives[0] if len(gives) == 1 else gives, call.outputs)

    def _source(self, tensor: LayerTensor) -> Any:
        """What a tensor comes out of; an input may be another model's inner tensor."""
        if tensor in self.boxes or tensor.call is None:
            return tensor
        return self._key_of[tensor.call.layer]

    def _framed(self, keys: list[Any], depth: int) -> Iterator[str]:
        """The boxes in this order, those of one model together where the first of them stands."""
        indent = "  " * (depth + 1)
        done: set[Part] = set()
        for key in keys:
            around = self.around.get(key, ())[depth:]
            if not around:
                label = self.boxes[key].label(self.details)
                yield f"{indent}{self.numbers[key]} [label={label}]"
            elif around[0] not in done:
                done.add(around[0])
                yield f"{indent}subgraph cluster_{self.numbers[key]}_{depth} {{"
                yield f"{indent}  label={quoted(around[0].name)}; style=dashed; labeljust=l"
                yield from self._framed(self._keys_in(around[0], keys, depth), depth + 1)
                yield f"{indent}}}"

    def _keys_in(self, part: Part, keys: list[Any], depth: int) -> list[Any]:
        return [key for key in keys if part in self.around.get(key, ())[depth : depth + 1]]


def _kind(layer: Any) -> str:
    """Its class; of a layer that is all of a model's call, the model's."""
    return type(layer.model if hasattr(layer, "shown") else layer).__name__
