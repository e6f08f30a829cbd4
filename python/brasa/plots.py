"""Pictures of a training run: its curves and its confusion matrix. Needs matplotlib.

Figures are drawn without pyplot, so no window opens and nothing has to be closed.
"""

import io
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from brasa.files import AnyPath, as_path, write_atomic
from brasa.progress import format_value

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TRAIN, _VALIDATION, _INK, _GRID = "#1f5fa8", "#d9660a", "#333333", "#dddddd"
_FORMATS = ("png", "svg", "pdf")
_MAX_COLUMNS = 3
_MAX_NAME = 28


def training_curves(
    history: Mapping[str, Sequence[float]],
    path: AnyPath | None = None,
    epochs: Sequence[int] | None = None,
) -> "Figure":
    """Draw the loss and each metric over the epochs, training and validation in one panel each.

    Args:
        history: Values per epoch by name, as in ``History.history``; "val_" marks validation.
        path: Where to save it: .png, .svg or .pdf. Default not saved.
        epochs: The epoch of each value, from 0. Default 0, 1, 2...

    Returns:
        The matplotlib figure.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: history holds no values, or path has another ending.

    Example:
        >>> figure = training_curves({"loss": [0.9, 0.4], "val_loss": [1.0, 0.6]})
        >>> [axes.get_title() for axes in figure.axes]
        ['loss']
    """
    where = "training_curves"
    names = list(dict.fromkeys(name.removeprefix("val_") for name in history if history[name]))
    if not names:
        raise ValueError(f"{where}: history holds no values: run at least one epoch first")
    columns = min(len(names), _MAX_COLUMNS)
    rows = math.ceil(len(names) / columns)
    figure = _figure()
    figure.set_size_inches(5.2 * columns, 3.9 * rows)
    for index, name in enumerate(names):
        axes = figure.add_subplot(rows, columns, index + 1)
        _draw_curves(axes, name, history, epochs)
    _save(figure, path, where)
    return figure


def confusion_matrix(
    counts: ArrayLike, path: AnyPath | None = None, names: Sequence[str] | None = None
) -> "Figure":
    """Draw a confusion matrix: one row per true class, one column per predicted class.

    The number of a cell is its count, its colour the share of the row.

    Args:
        counts: (C, C) integers >= 0; ``counts[i, j]`` samples of class i were taken for class j.
        path: Where to save it: .png, .svg or .pdf. Default not saved.
        names: C class names. Default 0, 1, 2...

    Returns:
        The matplotlib figure.

    Raises:
        ImportError: matplotlib is not installed.
        TypeError: counts are not integers.
        ValueError: counts are not a square matrix, are negative, or names has another length.

    Example:
        >>> confusion_matrix([[8, 2], [1, 9]], names=["cat", "dog"]).axes[0].get_title()
        'Confusion matrix: 17 of 20 right (85.0 %)'
    """
    where = "confusion_matrix"
    figure = _figure()
    matrix = _counts(counts, where)
    classes = len(matrix)
    labels = [_shorten(str(name)) for name in (range(classes) if names is None else names)]
    if len(labels) != classes:
        raise ValueError(f"{where}: counts has {classes} classes, names has {len(labels)}")
    _draw_cells(figure, matrix, labels)
    _save(figure, path, where)
    return figure


def _draw_cells(figure: "Figure", matrix: NDArray[Any], labels: Sequence[str]) -> None:
    from matplotlib.colors import PowerNorm

    classes = len(matrix)
    cell = 0.52 if classes <= 20 else 0.34  # inches: smaller where names and counts are small, too
    side = max(4.0, cell * classes)
    figure.set_size_inches(side + 2.2, side + 1.4)
    axes = figure.add_subplot()
    totals = matrix.sum(axis=1, keepdims=True)
    shares = matrix / np.maximum(totals, 1)
    # The root of the share: an error of 3 % must stand out beside a diagonal of 90 %.
    image = axes.imshow(shares, cmap="Blues", norm=PowerNorm(0.5, vmin=0.0, vmax=1.0))
    bar = figure.colorbar(image, ax=axes, fraction=0.04, aspect=35, pad=0.03)
    bar.set_label("share of the true class")
    bar.outline.set_visible(False)

    total, right = int(matrix.sum()), int(np.trace(matrix))
    share = f" ({100 * right / total:.1f} %)" if total else ""
    axes.set_title(f"Confusion matrix: {right:,} of {total:,} right{share}", pad=12)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    size = 10 if classes <= 12 else 8
    upright = max(map(len, labels)) > 3
    axes.set_xticks(range(classes), labels, fontsize=size, rotation=90 if upright else 0)
    axes.set_yticks(range(classes), labels, fontsize=size)
    axes.set_xticks(np.arange(classes - 1) + 0.5, minor=True)
    axes.set_yticks(np.arange(classes - 1) + 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=1.0 if classes <= 20 else 0.6)
    axes.tick_params(which="both", length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    _write_counts(axes, matrix, shares)


def _draw_curves(
    axes: "Axes",
    name: str,
    history: Mapping[str, Sequence[float]],
    epochs: Sequence[int] | None,
) -> None:
    from matplotlib.ticker import MaxNLocator

    last = 1.0
    for key, label, color in (
        (name, "training", _TRAIN),
        (f"val_{name}", "validation", _VALIDATION),
    ):
        values = np.asarray(history.get(key, ()), dtype=float)
        if not len(values):
            continue
        # Values that began late, such as validation every other epoch, belong to the last epochs.
        steps = np.arange(len(values)) if epochs is None else np.asarray(epochs)[-len(values) :]
        finite = np.where(np.isfinite(values), values, np.nan)
        marker = "o" if len(values) <= 30 else ""
        text = f"{label}, last {format_value(values[-1])}"
        axes.plot(steps + 1, finite, color=color, marker=marker, markersize=4, label=text)
        last = max(last, float(steps[-1]) + 1)
    axes.set_title(name.replace("_", " "))
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    if last == 1:
        axes.set_xlim(0.5, 1.5)
    axes.grid(color=_GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.legend(frameon=False)


def _write_counts(axes: "Axes", matrix: NDArray[np.int64], shares: NDArray[np.float64]) -> None:
    classes = len(matrix)
    size = 9.0 if classes <= 20 else 6.0
    for i, j in np.ndindex(classes, classes):
        count = int(matrix[i, j])
        if count == 0 and classes > 12:
            continue  # hundreds of zeros would hide the errors
        color = "white" if shares[i, j] > 0.35 else (_INK if count else "#b8b8b8")
        text = f"{count}" if count < 100_000 else f"{count / 1000:.0f}k"
        label = axes.text(j, i, text, ha="center", va="center", fontsize=size, color=color)
        label.set_in_layout(False)  # lies inside anyway, and measuring 1,849 of them takes seconds


def _counts(counts: ArrayLike, where: str) -> NDArray[np.int64]:
    matrix = np.asarray(counts)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or matrix.size == 0:
        raise ValueError(f"{where}: counts must have the shape (C, C), got {matrix.shape}")
    if matrix.dtype.kind not in "iu":
        raise TypeError(f"{where}: counts must be integers, got {matrix.dtype}")
    if matrix.min() < 0:
        raise ValueError(f"{where}: counts must be >= 0, got {matrix.min()}")
    return matrix.astype(np.int64)


def _shorten(name: str) -> str:
    return name if len(name) <= _MAX_NAME else name[: _MAX_NAME - 3] + "..."


def _figure() -> "Figure":
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.layout_engine import ConstrainedLayoutEngine
    except ImportError:
        raise ImportError("brasa: plotting needs matplotlib: pip install 'brasa[plot]'") from None
    figure = Figure(dpi=120, layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.12))
    FigureCanvasAgg(figure)
    return figure


def _save(figure: "Figure", path: AnyPath | None, where: str) -> None:
    if path is None:
        return
    ending = as_path(path, where).suffix.lower().removeprefix(".")
    if ending not in _FORMATS:
        raise ValueError(f"{where}: path must end in .png, .svg or .pdf, got {path!r}")
    picture = io.BytesIO()
    options: dict[str, Any] = {"dpi": 120} if ending == "png" else {}
    figure.savefig(picture, format=ending, **options)
    write_atomic(path, [picture.getvalue()], where)
