"""The graph of a model's layers in DOT, the language of Graphviz."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from brasa.layers.tensor import Part
from brasa.ops.arguments import truth, whole

from .dot_labels import Box, Details, activation_of, quoted

if TYPE_CHECKING:
    from brasa.layers.base import Layer
    from brasa.layers.tensor import LayerCall, LayerTensor
    from brasa.network import Network

_DIRECTIONS = ("TB", "BT", "LR", "RL")
_SPLINES = ("ortho", "curved", "polyline", "spline", "line")


def model_to_dot(
    model: Any,
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
) -> str:
    """The graph of layers as text in DOT, which Graphviz and many other programs draw.

    A box for each input and each layer, with an arrow for each use; a shared layer is one box.

    Args:
        model: A model whose input shape is known.
        show_shapes: Tell the shapes that a layer takes and gives, with None for the batch.
        show_dtype: Tell what it gives: float32, or int32.
        show_layer_names: Tell its name beside its class.
        rankdir: Where the arrows lead: "TB" from top to bottom, "BT", "LR" or "RL".
        expand_nested: Draw the layers of models inside, each in a frame. Default a box for each of
            these models. Files and copies hold the layers alone: they know of no models inside.
        dpi: Dots per inch of pictures.
        show_layer_activations: Tell the activation of layers that have one.
        show_trainable: Tell of layers with weights whether any are trained.
        splines: How arrows bend: "ortho", "curved", "polyline", "spline" or "line".

    Raises:
        TypeError: no model, or an argument of another type. ValueError: an argument is none of the
            above, or the model does not know its input shape yet.

    >>> from brasa import Sequential, layers
    >>> from brasa.utils import model_to_dot
    >>> text = model_to_dot(Sequential([layers.Dense(3, input_shape=(2,))]))
    >>> text.splitlines()[-2].strip()
    'n0 -> n1'
    """
    from brasa.structure import Structure

    op = "model_to_dot"
    if not isinstance(model, Structure):
        raise TypeError(f"{op}: model must be a model of brasa, got {type(model).__name__}")
    for name, value, known in (("rankdir", rankdir, _DIRECTIONS), ("splines", splines, _SPLINES)):
        if value not in known:
            raise ValueError(f"{op}: {name} must be one of {', '.join(known)}, got {value!r}")
    if whole(op, "dpi", dpi) < 1:
        raise ValueError(f"{op}: dpi must be >= 1, got {dpi}")
    details = Details(
        truth(op, "show_shapes", show_shapes),
        truth(op, "show_dtype", show_dtype),
        truth(op, "show_layer_names", show_layer_names),
        truth(op, "show_layer_activations", show_layer_activations),
        truth(op, "show_trainable", show_trainable),
    )
    drawing = _Drawing(model.network, details, truth(op, "expand_nested", expand_nested))
    return "\n".join(
        [
            f"digraph {quoted(model.name)} {{",
            f"  graph [rankdir={rankdir}, dpi={dpi}, splines={splines}, fontname=Helvetica]",
            "  node [shape=plain, fontname=Helvetica]",
            *drawing.lines(),
            "}",
            "",
        ]
    )


class _Drawing:
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
