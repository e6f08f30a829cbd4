"""The graph of a model's layers in DOT, the language of Graphviz."""

from __future__ import annotations

from typing import Any

from brasa.ops.arguments import at_least, truth

from .dot_labels import Details, quoted

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
    *,
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

    from .drawing import Drawing

    op = "model_to_dot"
    if not isinstance(model, Structure):
        raise TypeError(f"{op}: model must be a model of brasa, got {type(model).__name__}")
    for name, value, known in (("rankdir", rankdir, _DIRECTIONS), ("splines", splines, _SPLINES)):
        if value not in known:
            raise ValueError(f"{op}: {name} must be one of {', '.join(known)}, got {value!r}")
    at_least(op, "dpi", dpi, 1)
    details = Details(
        truth(op, "show_shapes", show_shapes),
        truth(op, "show_dtype", show_dtype),
        truth(op, "show_layer_names", show_layer_names),
        truth(op, "show_layer_activations", show_layer_activations),
        truth(op, "show_trainable", show_trainable),
    )
    drawing = Drawing(model.network, details, truth(op, "expand_nested", expand_nested))
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
