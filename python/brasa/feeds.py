"""What users pass to fit, evaluate and predict becomes arrays that a plan can read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brasa import there
from brasa.arrays import are_exact_ids, as_ids, as_int32, is_exact, to_array, to_float32
from brasa.layers.tensor import LayerTensor
from brasa.layers.tracing import is_open, row_of
from brasa.losses import Loss, SparseCategoricalCrossentropy
from brasa.network import Network
from brasa.ops.arguments import number
from brasa.ops.losses import sample_weights
from brasa.plan_key import Feed

Arrays = dict[str, Any]  # of NumPy, or of a device

# NumPy composes a name anew each time it is asked for.
_NAMES = {np.dtype(name): name for name in ("float32", "float64", "int32", "uint8")}

_LARGEST = float(np.finfo(np.float32).max)


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

    def here(self) -> DataSet:
        """The same with all arrays in the host's memory."""
        arrays = {name: there.host_of(array) for name, array in self.arrays.items()}
        return DataSet(arrays, self.rows, self.inputs, self.targets, self.weights)

    @property
    def is_there(self) -> bool:
        """Whether any of the arrays lies on a device."""
        return any(there.lies_there(array) for array in self.arrays.values())


def exact_shape(network: Network, value: Any) -> tuple[int, ...] | None:
    """The shape of an array that a plan can read as it is for the network's input, else None."""
    if network.inputs[0].dtype == "int32":
        return value.shape if are_exact_ids(value, network.id_limits[0]) else None
    return value.shape if is_exact(value) else None


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
) -> DataSet:
    """Check and convert everything; targets only where losses are given.

    Arrays on the device are read where they lie; ``check_finite`` leaves them out.
    """
    arrays: Arrays = {}
    inputs = network.inputs
    values = _as_list(op, "x", x, network.input_names)
    values = [there.borrowed(op, "x", value, device) for value in values]
    for i, (value, tensor) in enumerate(zip(values, inputs, strict=True)):
        name = "x" if len(inputs) == 1 else f"x[{i}]"
        if tensor.dtype == "int32":
            arrays[f"x{i}"] = _ids(op, name, value, tensor, network.id_limits[i])
        else:
            arrays[f"x{i}"] = _input(op, name, value, tensor, check_finite)
    rows = _common_length(op, list(arrays.values()))
    feeds = tuple([_feed_of(array) for array in arrays.values()])
    if not losses:
        return DataSet(arrays, rows, feeds)

    if y is None:
        raise TypeError(f"{op}: y must be an array, got None: the targets are missing")
    targets = _as_list(op, "y", y, network.output_names)
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
    sample_weight = there.borrowed(op, "sample_weight", sample_weight, device)
    if there.lies_there(sample_weight):
        sample_weight = sample_weight.numpy()
    weights = [sample_weights(op, sample_weight, shape[:-1]) for shape in shapes]
    arrays |= {f"w{i}": weight for i, weight in enumerate(weights)}
    return DataSet(arrays, rows, feeds, target_feeds, tuple(_feed_of(w) for w in weights))


def class_weights(
    op: str, y: Any, weights: Mapping[int, float], losses: Sequence[Loss], device: str = "cpu"
) -> NDArray[np.float32]:
    """One weight per sample or step from one per class; y is what the loss takes."""
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
    missing = set(classes.tolist()) - set(weights)
    if missing:
        raise ValueError(f"{op}: class_weight has no entry for the classes {sorted(missing)}")
    each = [number(op, f"class_weight[{label}]", weights[label]) for label in classes.tolist()]
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
        Feed("int32", row[:-1])
        if isinstance(loss, SparseCategoricalCrossentropy)
        else Feed("float32", row)
        for row, loss in zip(network.output_rows(rows), losses, strict=False)
    )
    return DataSet({}, 0, inputs, targets)


def _as_list(op: str, name: str, value: Any, keys: Sequence[str]) -> list[Any]:
    if isinstance(value, Mapping):
        if set(value) != set(keys):
            raise ValueError(f"{op}: {name} needs the keys {list(keys)}, got {list(value)}")
        return [value[key] for key in keys]
    if len(keys) == 1:
        one = isinstance(value, (list, tuple)) and len(value) == 1 and hasattr(value[0], "shape")
        return [value[0]] if one else [value]
    if not isinstance(value, (list, tuple)) or len(value) != len(keys):
        got = len(value) if isinstance(value, (list, tuple)) else type(value).__name__
        raise ValueError(f"{op}: {name} must be a list of {len(keys)} arrays ({keys}), got {got}")
    return list(value)


def _input(op: str, name: str, value: Any, tensor: LayerTensor, check_finite: bool) -> Any:
    if there.lies_there(value):
        return there.floats(op, name, _in_shape(op, name, value, tensor))
    if is_exact(value) and value.shape[1:] == tensor.shape[1:] and not check_finite:
        exact: NDArray[Any] = value
        return exact
    array = to_array(op, name, value)
    if array.dtype.kind == "b":
        raise TypeError(f"{op}: {name} is boolean; convert it: {name}.astype('float32')")
    array = _in_shape(op, name, array, tensor)
    if array.dtype == np.uint8:
        return np.require(array, requirements=["C", "A"])
    if array.dtype != np.float64 or not array.dtype.isnative:
        array = to_float32(op, name, array)
    elif array.size and not (array.min() >= -_LARGEST and array.max() <= _LARGEST):
        array = to_float32(op, name, array)  # names the first value that does not fit
    if check_finite and not np.isfinite(array).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise ValueError(
            f"{op}: {name}{list(where)} is {array[where]}. Clean the data, or pass "
            "check_finite=False to train on it all the same"
        )
    return np.require(array, requirements=["C", "A"])


def _ids(op: str, name: str, value: Any, tensor: LayerTensor, limit: int | None) -> Any:
    """Whole numbers, all of them checked at once: plans then read rows without asking."""
    if there.lies_there(value):
        array = _in_shape(op, name, value, tensor)
        return there.whole_numbers(array, lambda a: _checked_ids(op, name, a, limit))
    return _checked_ids(op, name, _in_shape(op, name, to_array(op, name, value), tensor), limit)


def _checked_ids(op: str, name: str, array: NDArray[Any], limit: int | None) -> NDArray[np.int32]:
    if limit is None:
        return as_int32(op, name, array)
    return as_ids(op, name, array, limit, f"the embedding has {limit} rows")


def _in_shape(op: str, name: str, array: Any, tensor: LayerTensor) -> Any:
    wanted = tensor.shape[1:]
    if wanted[-1:] == (1,) and _fits(array.shape[1:], wanted[:-1]):
        array = array.reshape((*array.shape, 1))
    if array.ndim != len(tensor.shape) or not _fits(array.shape[1:], wanted):
        raise ValueError(_shape_message(op, name, array.shape, tensor))
    if is_open(tensor.shape) and 0 in array.shape[1:]:
        raise ValueError(f"{op}: {name} of shape {array.shape} has no steps")
    return array


def _fits(shape: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    return len(shape) == len(wanted) and all(
        b in (None, a) for a, b in zip(shape, wanted, strict=True)
    )


def _shape_message(op: str, name: str, shape: tuple[int, ...], tensor: LayerTensor) -> str:
    wanted = tensor.shape[1:]
    text = f"{op}: the model expects {name} of shape (samples, {', '.join(map(str, wanted))}), "
    text += f"got {shape}"
    if shape == wanted:
        return f"{text}. That is a single sample: add a batch axis, {name}[None]"
    if len(shape) == 4 and (shape[0], *shape[2:], shape[1])[1:] == wanted:
        return f"{text}. It is channels-first: move the axis, np.moveaxis({name}, 1, -1)"
    if len(shape) == len(wanted) and len(wanted) == 3:
        return f"{text}. An axis is missing: for one channel, {name}[..., None]"
    return text


def _common_length(op: str, inputs: Sequence[Any]) -> int:
    rows = int(inputs[0].shape[0])
    if any(array.shape[0] != rows for array in inputs):
        lengths = {f"x[{i}]": array.shape[0] for i, array in enumerate(inputs)}
        raise ValueError(f"{op}: the inputs have different numbers of samples: {lengths}")
    return rows


def _feed_of(array: Any) -> Feed:
    if there.lies_there(array):
        return Feed(array.dtype, tuple(array.shape[1:]))
    name = _NAMES.get(array.dtype) or array.dtype.name
    return Feed(name, array.shape[1:])
