"""What users pass to fit, evaluate and predict becomes arrays that a plan can read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brasa.arrays import is_exact, to_array, to_float32
from brasa.layers.base import LayerTensor
from brasa.losses import Loss
from brasa.network import Network
from brasa.ops.losses import check_weights
from brasa.plans import Feed

Arrays = dict[str, NDArray[Any]]

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
    weighted: bool = False

    def slice(self, start: int, stop: int) -> DataSet:
        """The samples [start, stop), without copying."""
        arrays = {name: array[start:stop] for name, array in self.arrays.items()}
        return DataSet(arrays, stop - start, self.inputs, self.targets, self.weighted)


def exact_shape(value: Any) -> tuple[int, ...] | None:
    """The shape of an array that a plan can read as it is, else None."""
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
) -> DataSet:
    """Check and convert everything; targets only where losses are given."""
    arrays: Arrays = {}
    inputs = network.inputs
    values = _as_list(op, "x", x, network.input_names)
    for i, (value, tensor) in enumerate(zip(values, inputs, strict=True)):
        name = "x" if len(inputs) == 1 else f"x[{i}]"
        arrays[f"x{i}"] = _input(op, name, value, tensor, check_finite)
    rows = _common_length(op, list(arrays.values()))
    feeds = tuple([_feed_of(array) for array in arrays.values()])
    if not losses:
        return DataSet(arrays, rows, feeds)

    targets = _as_list(op, "y", y, network.output_names)
    for i, (target, loss, tensor) in enumerate(zip(targets, losses, network.outputs, strict=True)):
        shape = target.shape if isinstance(target, np.ndarray) else np.shape(target)
        if shape and shape[0] != rows:
            raise ValueError(f"{op}: x has {rows} samples, y has {shape[0]}")
        shape = (rows, *(extent or 0 for extent in tensor.shape[1:]))
        arrays[f"y{i}"] = loss.prepare(target, shape)
    target_feeds = tuple(_feed_of(arrays[f"y{i}"]) for i in range(len(losses)))
    if sample_weight is not None:
        weight = _weights(op, sample_weight, rows)
        arrays |= {f"w{i}": weight for i in range(len(losses))}
    return DataSet(arrays, rows, feeds, target_feeds, sample_weight is not None)


def class_weights(op: str, y: Any, weights: Mapping[int, float]) -> NDArray[np.float32]:
    """One weight per sample from one per class; y holds class numbers, or one-hot rows."""
    labels = to_array(op, "y", y)
    if labels.ndim == 2 and labels.shape[1] > 1:
        labels = labels.argmax(axis=1)
    labels = labels.reshape(-1)
    missing = set(np.unique(labels).tolist()) - set(weights)
    if missing:
        raise ValueError(f"{op}: class_weight has no entry for the classes {sorted(missing)}")
    return np.array([weights[label] for label in labels.tolist()], np.float32)


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


def _input(op: str, name: str, value: Any, tensor: LayerTensor, check_finite: bool) -> NDArray[Any]:
    if is_exact(value) and value.shape[1:] == tensor.shape[1:] and not check_finite:
        exact: NDArray[Any] = value
        return exact
    array = to_array(op, name, value)
    if array.dtype.kind == "b":
        raise TypeError(f"{op}: {name} is boolean; convert it: {name}.astype('float32')")
    wanted = tensor.shape[1:]
    if array.shape[1:] != wanted and wanted[-1:] == (1,) and array.shape[1:] == wanted[:-1]:
        array = array[..., None]
    if array.ndim != len(tensor.shape) or array.shape[1:] != wanted:
        raise ValueError(_shape_message(op, name, array.shape, tensor))
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


def _common_length(op: str, inputs: Sequence[NDArray[Any]]) -> int:
    rows = len(inputs[0])
    if any(len(array) != rows for array in inputs):
        lengths = {f"x[{i}]": len(array) for i, array in enumerate(inputs)}
        raise ValueError(f"{op}: the inputs have different numbers of samples: {lengths}")
    return rows


def _feed_of(array: NDArray[Any]) -> Feed:
    name = _NAMES.get(array.dtype) or array.dtype.name
    return Feed(name, array.shape[1:])


def _weights(op: str, value: Any, rows: int) -> NDArray[np.float32]:
    weight = to_float32(op, "sample_weight", to_array(op, "sample_weight", value))
    if weight.shape != (rows,):
        raise ValueError(f"{op}: sample_weight must have the shape ({rows},), got {weight.shape}")
    check_weights(op, weight)
    return weight
