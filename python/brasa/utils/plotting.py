"""Pictures of models, drawn by Graphviz."""

from __future__ import annotations

import importlib
import shutil
import subprocess
import sys
from typing import Any

from brasa.files import AnyPath, as_path, write_atomic

from .dot import model_to_dot

_OP = "plot_model"
_TEXT = ("dot", "gv")
_FORMATS = ("png", "svg", "pdf", "jpg", "jpeg", "gif")


def plot_model(
    model: Any,
    to_file: AnyPath = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
) -> Any:
    """Draw the graph of a model's layers with Graphviz's program ``dot``.

    Args:
        model: A model whose input shape is known.
        to_file: The picture: .png, .svg, .pdf, .jpg or .gif. As .dot or .gv it is the text of
            :func:`model_to_dot`, for which no program is needed.
        show_shapes, show_dtype, show_layer_names, rankdir, expand_nested, dpi,
        show_layer_activations, show_trainable, splines: Those of :func:`model_to_dot`.

    Returns:
        The picture, where IPython is running, so that notebooks show it; else None.

    Raises:
        ImportError: Graphviz is not installed. RuntimeError: it could not draw the graph.
        TypeError, ValueError: of the arguments, or the model does not know its input shape yet.

    >>> from tempfile import TemporaryDirectory
    >>> from brasa import Sequential, layers
    >>> from brasa.utils import plot_model
    >>> with TemporaryDirectory() as folder:
    ...     plot_model(Sequential([layers.Dense(3, input_shape=(2,))]), f"{folder}/model.dot")
    """
    form = as_path(to_file, _OP).suffix.lower().removeprefix(".") or "png"
    if form not in (*_FORMATS, *_TEXT):
        known = ", ".join(f".{name}" for name in (*_FORMATS, *_TEXT))
        raise ValueError(f"{_OP}: to_file must end in one of {known}, got {to_file!r}")
    text = model_to_dot(
        model,
        show_shapes=show_shapes,
        show_dtype=show_dtype,
        show_layer_names=show_layer_names,
        rankdir=rankdir,
        expand_nested=expand_nested,
        dpi=dpi,
        show_layer_activations=show_layer_activations,
        show_trainable=show_trainable,
        splines=splines,
    ).encode()
    content = text if form in _TEXT else _drawn(text, form)
    write_atomic(to_file, [content], _OP)
    return None if form in ("pdf", *_TEXT) else _for_notebooks(content, form)


def _drawn(text: bytes, form: str) -> bytes:
    """What the program makes of a graph."""
    program = shutil.which("dot")
    if program is None:
        raise ImportError(
            f"brasa: {_OP} draws with Graphviz, whose program 'dot' is not installed: apt install "
            "graphviz, brew install graphviz or conda install graphviz. to_file='model.dot' "
            "writes the graph as text, without it"
        )
    done = subprocess.run([program, f"-T{form}"], input=text, capture_output=True, check=False)
    if done.returncode or not done.stdout:
        said = done.stderr.decode(errors="replace").strip() or f"exit code {done.returncode}"
        raise RuntimeError(f"{_OP}: {program} could not draw the graph: {said.splitlines()[0]}")
    return done.stdout


def _for_notebooks(content: bytes, form: str) -> Any:
    if "IPython" not in sys.modules:
        return None
    display = importlib.import_module("IPython.display")
    if form == "svg":
        return display.SVG(data=content.decode())
    return display.Image(data=content)
