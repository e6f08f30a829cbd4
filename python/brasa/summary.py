"""The table of ``model.summary()``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from brasa.inspection import Inspection
    from brasa.layers.base import Layer


def human_bytes(count: int) -> str:
    """``247,296 (241.50 KB)``: exact, and readable."""
    size, unit = float(count), "B"
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1024 or unit == "GB":
            break
        size /= 1024
    return f"{count:,} bytes ({size:.2f} {unit})" if unit != "B" else f"{count:,} bytes"


Row = tuple[str, ...]


def _row(layer: Layer, shapes: str, name: str | None = None) -> Row:
    trained = ("Y" if layer.trainable_weights else "N") if layer.weights else "-"
    name = name or f"{layer.name} ({type(layer).__name__})"
    return name, shapes, f"{layer.count_params():,}", trained


def _rows(model: Inspection) -> list[tuple[str, Row]]:
    """The name of each layer, and its row."""
    rows = []
    for call in model.network.calls:
        layer = call.layer
        shapes = ", ".join(str(tensor.shape) for tensor in call.outputs)
        if hasattr(layer, "shown"):  # all of a model's call: what lies between is not known
            rows += [(each.name, _row(each, "")) for each in layer.shown]
            rows.append((layer.name, _row(layer, shapes, f"{layer.name} (all of call)")))
        else:
            rows.append((layer.name, _row(layer, shapes)))
    return rows


def _within(rows: list[tuple[str, Row]], layer_range: Any) -> list[Row]:
    """Rows from the first layer whose name matches one end to the last that matches the other."""
    if layer_range is None:
        return [row for _, row in rows]
    if not isinstance(layer_range, (list, tuple)) or not all(
        isinstance(end, str) for end in layer_range
    ):
        raise TypeError(f"summary: layer_range must be two names of layers, got {layer_range!r}")
    if len(layer_range) != 2:
        raise ValueError(f"summary: layer_range must be two names of layers, got {layer_range!r}")
    first, last = (_matching(rows, end) for end in layer_range)
    if first[0] > last[-1]:  # the other way round
        first, last = last, first
    return [row for _, row in rows[first[0] : last[-1] + 1]]


def _matching(rows: list[tuple[str, Row]], pattern: str) -> list[int]:
    try:
        found = [i for i, (name, _) in enumerate(rows) if re.match(pattern, name)]
    except re.error as error:
        raise ValueError(
            f"summary: layer_range: {pattern!r} is no regular expression: {error}"
        ) from None
    if not found:
        names = ", ".join(dict.fromkeys(name for name, _ in rows))
        raise ValueError(f"summary: layer_range: no layer matches {pattern!r}; there are {names}")
    return found


def _table(
    name: str, body: list[Row], line_length: int | None, *, show_trainable: bool
) -> list[str]:
    """The lines of the table, between rules; the first column is what ``line_length`` leaves."""
    rows = [("Layer (type)", "Output shape", "Param #", "Trainable"), *body]
    columns = 4 if show_trainable else 3
    widths = [max(len(row[column]) for row in rows) for column in range(columns)]
    if line_length is not None:
        others = sum(widths[1:]) + 3 * (columns - 1)
        widths[0] = max(line_length - others, len(rows[0][0]))
        rows = [(_cut(first, widths[0]), *rest) for first, *rest in rows]
    rule = "─" * (sum(widths) + 3 * (columns - 1))
    lines = [f'Model: "{name}"', rule]
    for position, row in enumerate(rows):
        cells = zip(row, "<<>^", widths, strict=False)
        lines.append("   ".join(f"{cell:{side}{width}}" for cell, side, width in cells).rstrip())
        if position == 0:
            lines.append(rule)
    return [*lines, rule]


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def unbuilt_text(
    name: str,
    layers: list[Layer],
    line_length: int | None = None,
    *,
    show_trainable: bool = False,
    layer_range: Any = None,
) -> str:
    """The table of layers whose shapes follow from an input that is not known yet."""
    rows: list[tuple[str, Row]] = []
    for layer in layers:
        first, _, count, trained = _row(layer, "")
        rows.append((layer.name, (first, "?", count if layer.built else "?", trained)))
    body = _within(rows, layer_range)
    lines = _table(name, body, line_length, show_trainable=show_trainable)
    lines.append(
        "The input shape is not known yet: give the first layer input_shape=..., start with "
        "Input(...), or call build, fit or predict"
    )
    return "\n".join(lines)


def summary_text(
    model: Inspection,
    batch_size: int,
    line_length: int | None = None,
    *,
    show_trainable: bool = False,
    layer_range: Any = None,
) -> str:
    """Layers, output shapes, parameters, and the exact memory of the plans for a batch size."""
    body = _within(_rows(model), layer_range)
    lines = _table(model.name, body, line_length, show_trainable=show_trainable)
    trainable = sum(p.size for p in model.network.trainable)
    total = model.count_params()
    lines += [
        f"Total params: {total:,} ({human_bytes(4 * total)})",
        f"Trainable params: {trainable:,}",
        f"Non-trainable params: {total - trainable:,}",
    ]
    if model.network.is_open:
        lines.append("Peak memory depends on the open axis: model.memory(batch_size, length=...)")
        return "\n".join(lines)
    if model.objective is not None:
        training = human_bytes(model.memory(batch_size, training=True))
        lines.append(f"Peak memory, training step, batch {batch_size}: {training}")
    inference = human_bytes(model.memory(batch_size, training=False))
    lines.append(f"Peak memory, inference, batch {batch_size}: {inference}")
    return "\n".join(lines)
