"""What stands in the boxes of a drawn model: tables in the HTML of the DOT language."""

from __future__ import annotations

import html
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from brasa.layers.base import Layer
    from brasa.layers.tensor import LayerTensor

_HEAD, _TRAINED, _FROZEN = "#1f3f5f", "#2e7d32", "#9e2a2b"


@dataclass(frozen=True)
class Details:
    """Which of a layer's properties are told."""

    shapes: bool
    dtype: bool
    names: bool
    activations: bool
    trainable: bool


@dataclass
class Box:
    """A layer, an input or a model, and what it takes and gives in all of its uses, each once."""

    name: str
    kind: str
    activation: str | None = None
    layers: dict[Layer, None] = field(default_factory=dict)  # that it stands for
    takes: dict[str, None] = field(default_factory=dict)
    gives: dict[str, None] = field(default_factory=dict)
    dtypes: dict[str, None] = field(default_factory=dict)

    def take(self, shape: Any) -> None:
        """Note the shape of an input, or a list of them."""
        self.takes[str(shape)] = None

    def give(self, shape: Any, tensors: Iterable[LayerTensor]) -> None:
        """Note the shape of an output, or a list of them."""
        self.gives[str(shape)] = None
        self.dtypes.update(dict.fromkeys(tensor.dtype for tensor in tensors))

    def label(self, details: Details) -> str:
        """The table of the box, for ``label=``."""
        title = f"<b>{_safe(self.kind)}</b>"
        if details.names:
            title = f"<b>{_safe(self.name)}</b> ({_safe(self.kind)})"
        cells = [_cell(text) for text in self._facts(details)]
        if details.trainable and any(layer.weights for layer in self.layers):
            trained = any(layer.trainable_weights for layer in self.layers)
            text = "trainable" if trained else "not trainable"
            cells.append(_cell(text, _TRAINED if trained else _FROZEN, "white"))
        wide = max(len(cells), 1)
        rows = [f"<tr>{_cell(title, _HEAD, 'white', wide)}</tr>"]
        if details.activations and self.activation is not None:
            rows.append(f"<tr>{_cell(f'activation {_safe(self.activation)}', wide=wide)}</tr>")
        if cells:
            rows.append(f"<tr>{''.join(cells)}</tr>")
        return (
            '<<table border="0" cellborder="1" cellspacing="0" cellpadding="8">'
            f"{''.join(rows)}</table>>"
        )

    def _facts(self, details: Details) -> Iterable[str]:
        if details.shapes and self.takes:
            yield f"input {_each(self.takes)}"
        if details.shapes:
            yield f"output {_each(self.gives)}"
        if details.dtype:
            yield _each(self.dtypes)


def activation_of(layer: Layer) -> str | None:
    """The name of a layer's activation; None without one."""
    activation = getattr(layer, "activation", None)
    if activation is None or isinstance(activation, str):
        return activation
    return str(getattr(activation, "__name__", type(activation).__name__))


def quoted(text: str) -> str:
    """A string of the DOT language."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _cell(text: str, fill: str = "white", ink: str = "black", wide: int = 1) -> str:
    span = f' colspan="{wide}"' if wide > 1 else ""
    return f'<td{span} bgcolor="{fill}"><font color="{ink}">{text}</font></td>'


def _each(values: Iterable[str]) -> str:
    return _safe(", ".join(values))


def _safe(text: str) -> str:
    return html.escape(text, quote=False)
