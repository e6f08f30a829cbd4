"""The arrays that users pass for a network's inputs: types, shapes and values are checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brasa import there
from brasa.arrays import is_exact, to_array, to_float32
from brasa.layers.tensor import LayerTensor
from brasa.layers.tracing import is_open
from brasa.network import Network
from brasa.suggest import hint
from brasa.whole_numbers import are_exact_ids, as_ids, as_int32

_LARGEST = float(np.finfo(np.float32).max)


def exact_shape(network: Network, value: Any) -> tuple[int, ...] | None:
    """The shape of an array that a plan can read as it is for the network's input, else None."""
    if network.inputs[0].dtype == "int32":
        return value.shape if are_exact_ids(value, network.id_limits[0]) else None
    return value.shape if is_exact(value) else None


def input_arrays(
    op: str, network: Network, x: Any, device: str, check_finite: bool
) -> dict[str, Any]:
    """An array for each input, by the name under which a plan reads it."""
    arrays: dict[str, Any] = {}
    inputs = network.inputs
    values = as_list(op, "x", x, network.input_names)
    values = [there.borrowed(op, "x", value, device) for value in values]
    for i, (value, tensor) in enumerate(zip(values, inputs, strict=True)):
        name = "x" if len(inputs) == 1 else f"x[{i}]"
        if tensor.dtype == "int32":
            arrays[f"x{i}"] = _ids(op, name, value, tensor, network.id_limits[i])
        else:
            arrays[f"x{i}"] = _floats(op, name, value, tensor, check_finite)
    return arrays


def as_list(op: str, name: str, value: Any, keys: Sequence[str]) -> list[Any]:
    """One array for each key: from a dictionary, a list, or an array where there is one key."""
    if isinstance(value, Mapping):
        if set(value) != set(keys):
            raise ValueError(
                f"{op}: {name} needs the keys {list(keys)}, got {list(value)}{hint(value, keys)}"
            )
        return [value[key] for key in keys]
    if len(keys) == 1:
        one = isinstance(value, (list, tuple)) and len(value) == 1 and hasattr(value[0], "shape")
        return [value[0]] if one else [value]
    if not isinstance(value, (list, tuple)) or len(value) != len(keys):
        got = len(value) if isinstance(value, (list, tuple)) else type(value).__name__
        raise ValueError(f"{op}: {name} must be a list of {len(keys)} arrays ({keys}), got {got}")
    return list(value)


def _floats(op: str, name: str, value: Any, tensor: LayerTensor, check_finite: bool) -> Any:
    if there.lies_there(value):
        return there.floats(op, name, _in_shape(op, name, value, tensor))
    if is_exact(value) and value.shape[1:] == tensor.shape[1:] and not check_finite:
        exact: NDArray[Any] = value
        return exact
    array = to_array(op, name, value)
    array = array.view(np.uint8) if array.dtype.kind == "b" else array
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
    if len(shape) - 1 == len(wanted) and (tensor.dtype == "int32" or shape[-1] == wanted[-1]):
        pairs = zip(shape[1:], wanted, strict=True)
        row = tuple(extent if extent == given else None for given, extent in pairs)
        return (
            f"{text}. To take any, a model begins with Input({row}), a subclass with "
            f"build({(None, *row)})"
        )
    return text


def common_length(op: str, inputs: Sequence[Any]) -> int:
    """How many samples there are; ValueError where the inputs differ."""
    rows = int(inputs[0].shape[0])
    if any(array.shape[0] != rows for array in inputs):
        lengths = {f"x[{i}]": array.shape[0] for i, array in enumerate(inputs)}
        raise ValueError(f"{op}: the inputs have different numbers of samples: {lengths}")
    return rows


def inputs_of(shapes: Sequence[tuple[int, ...]], keys: Sequence[str] | None) -> list[LayerTensor]:
    """Inputs for data of these shapes, whose first axis is the batch."""
    names = keys or ["input"] * len(shapes)
    return [
        LayerTensor((None, *shape[1:]), dtype_is_open=True, name=name)
        for shape, name in zip(shapes, names, strict=True)
    ]


def inputs_like(x: Any, keys: Sequence[str] | None = None) -> list[LayerTensor] | None:
    """Inputs for data of this kind: one array, or a list of them. None for no data."""
    if x is None:
        return None
    several = isinstance(x, (list, tuple)) and all(hasattr(value, "shape") for value in x)
    shapes = [np.shape(value) for value in (x if several and x else [x])]
    if not all(shapes):
        return None
    return inputs_of(shapes, keys)
