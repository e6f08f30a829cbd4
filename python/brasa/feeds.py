"""What users pass to fit, evaluate and predict becomes arrays that a plan can read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brasa import there
from brasa.arrays import to_array
from brasa.inputs import as_list, common_length, input_arrays
from brasa.layers.tracing import row_of
from brasa.losses import Loss, SparseCategoricalCrossentropy
from brasa.network import Network
from brasa.ops.arguments import number
from brasa.ops.loss_weights import sample_weights
from brasa.plan_key import Feed
from brasa.suggest import hint

Arrays = dict[str, Any]  # of NumPy, or of a device

# NumPy composes a name anew each time it is asked for.
_NAMES = {np.dtype(name): name for name in ("float32", "float64", "int32", "uint8")}


@dataclass
class DataSet:
    """Arrays by the name under which a plan reads them, all with one row for each sample."""

    arrays: Arrays
    rows: int
    inputs: tuple[Feed, ...]
    targets: tuple[Feed, ...] = ()
    weights: tuple[Feed, ...] = ()

    @property
    def feeds(self) -> tuple[tuple[Feed, ...], ...]:
        """What plans are made for, beside the number of rows."""
        return self.inputs, self.targets, self.weights

    def slice(self, start: int, stop: int) -> DataSet:
        """The samples [start, stop), without copying."""
        arrays = {name: there.rows_of(array, start, stop) for name, array in self.arrays.items()}
        return DataSet(arrays, stop - start, self.inputs, self.targets, self.weights)

    def unweighted(self) -> DataSet:
        """The same samples without weights."""
        arrays = {name: array for name, array in self.arrays.items() if name[0] != "w"}
        return DataSet(arrays, self.rows, self.inputs, self.targets)

    def here(self) -> DataSet:
        """The same with all arrays in the host's memory."""
        arrays = {name: there.host_of(array) for name, array in self.arrays.items()}
        return DataSet(arrays, self.rows, self.inputs, self.targets, self.weights)

    @property
    def is_there(self) -> bool:
        """Whether any of the arrays lies on a device."""
        return any(there.lies_there(array) for array in self.arrays.values())


def data_set(
    op: str,
    network: Network,
    x: Any,
    *,
    y: Any = None,
    sample_weight: Any = None,
    losses: Sequence[Loss] = (),
    check_finite: bool = False,
    device: str = "cpu",
    wants_targets: bool = True,
) -> DataSet:
    """Check and convert everything; targets only where losses are given.

    Arrays on the device are read where they lie; ``check_finite`` leaves them out.
    """
    arrays = input_arrays(op, network, x, device, check_finite)
    rows = common_length(op, list(arrays.values()))
    feeds = tuple([_feed_of(array) for array in arrays.values()])
    if not losses:
        return DataSet(arrays, rows, feeds)

    if y is None and not wants_targets:
        return DataSet(arrays, rows, feeds)
    if y is None:
        raise TypeError(f"{op}: y must be an array, got None: the targets are missing")
    targets = as_list(op, "y", y, network.output_names)
    targets = [there.borrowed(op, "y", target, device) for target in targets]
    shapes = [(rows, *row) for row in network.output_rows(tuple(feed.row for feed in feeds))]
    for i, (target, loss) in enumerate(zip(targets, losses, strict=True)):
        shape = target.shape if hasattr(target, "shape") else np.shape(target)
        if shape and shape[0] != rows:
            raise ValueError(f"{op}: x has {rows} samples, y has {shape[0]}")
        arrays[f"y{i}"] = loss.prepare(target, shapes[i])
    target_feeds = tuple(_feed_of(arrays[f"y{i}"]) for i in range(len(losses)))
    if sample_weight is None:
        return DataSet(arrays, rows, feeds, target_feeds)
    weights = _weights(op, sample_weight, network.output_names, shapes, device)
    arrays |= {f"w{i}": weight for i, weight in enumerate(weights)}
    return DataSet(arrays, rows, feeds, target_feeds, tuple(_feed_of(w) for w in weights))


def _weights(
    op: str, given: Any, outputs: Sequence[str], shapes: Sequence[tuple[int, ...]], device: str
) -> list[NDArray[np.float32]]:
    """Weights for each output: the same for all, or its own from a dictionary or list of arrays."""

    def checked(value: Any, shape: tuple[int, ...]) -> NDArray[np.float32]:
        if value is None:
            return np.ones(shape[:-1], np.float32)
        array = there.borrowed(op, "sample_weight", value, device)
        array = array.numpy() if there.lies_there(array) else array
        return sample_weights(op, array, shape[:-1])

    each = [given] * len(outputs)
    if isinstance(given, Mapping):
        unknown = [name for name in given if name not in outputs]
        if unknown:
            raise ValueError(
                f"{op}: sample_weight names no output: {unknown}, the outputs are {list(outputs)}"
                f"{hint(unknown, outputs)}"
            )
        each = [given.get(name) for name in outputs]
    elif len(outputs) > 1 and _holds_arrays(given):
        each = list(given)
        if len(each) != len(outputs):
            raise ValueError(
                f"{op}: sample_weight must be an array, or a list of {len(outputs)} arrays "
                f"({list(outputs)}), got {len(each)}"
            )
    return [checked(*pair) for pair in zip(each, shapes, strict=True)]


def _holds_arrays(value: Any) -> bool:
    """Whether it is a list of arrays, with None for some, rather than one of numbers."""
    return isinstance(value, (list, tuple)) and all(
        item is None or getattr(item, "ndim", 0) for item in value
    )


def class_weights(
    op: str, y: Any, weights: Mapping[int, float], losses: Sequence[Loss], device: str = "cpu"
) -> NDArray[np.float32]:
    """One weight per sample or step from one per class, 1 where a class has none.

    ``y`` is what the loss takes.
    """
    if not isinstance(weights, Mapping):
        raise TypeError(
            f"{op}: class_weight must be a dictionary from class numbers to weights, such as "
            f"{{0: 1.0, 1: 3.0}}, got {weights!r}"
        )
    if len(losses) > 1:
        raise ValueError(f"{op}: class_weight is for models with one output: use sample_weight")
    y = there.borrowed(op, "y", y, device)
    labels = to_array(op, "y", y.numpy() if there.lies_there(y) else y)
    if labels.ndim > 1:
        one_column = labels.shape[-1] == 1
        sparse = isinstance(losses[0], SparseCategoricalCrossentropy) and not one_column
        labels = labels if sparse else labels[..., 0] if one_column else labels.argmax(axis=-1)
    classes, where = np.unique(labels, return_inverse=True)
    for label, weight in weights.items():
        number(op, "a key of class_weight", label if not isinstance(label, bool) else int(label))
        number(op, f"class_weight[{label}]", weight)
    each = [float(weights.get(label, 1.0)) for label in classes.tolist()]
    return np.array(each, np.float32)[where.reshape(labels.shape)]


def typical_data(
    op: str, network: Network, losses: Sequence[Loss], length: int | None = None
) -> DataSet:
    """What data for the network look like: float32, or int32 where the network takes numbers.

    ``length`` stands for axes that are open.
    """
    if network.is_open and length is None:
        shapes = [tensor.shape for tensor in network.inputs]
        raise ValueError(f"{op}: the inputs {shapes} have an open axis: say its length=...")
    rows = tuple(row_of(tensor.shape, length or 1) for tensor in network.inputs)
    inputs = tuple(Feed(t.dtype, row) for t, row in zip(network.inputs, rows, strict=True))
    targets = tuple(
        Feed(*loss.typical(row))
        for row, loss in zip(network.output_rows(rows), losses, strict=False)
    )
    return DataSet({}, 0, inputs, targets)


def _feed_of(array: Any) -> Feed:
    if there.lies_there(array):
        return Feed(array.dtype, tuple(array.shape[1:]))
    name = _NAMES.get(array.dtype) or array.dtype.name
    return Feed(name, array.shape[1:])
