"""Arrays in the memory of a device, and what users pass that lies there already.

The latter is read there, without a copy here. Its shapes and types are checked like those of other
arrays. Of its values the whole numbers alone are: each must name a row, a class. They are read once
for that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brasa import _core
from brasa.arrays import is_elsewhere

# A plan converts the others when it reads a batch.
_FLOATS = ("float32", "float64", "uint8")


def lies_there(value: Any) -> bool:
    """Whether a value is an array of a device that was borrowed or is brasa's own."""
    return isinstance(value, _core.DeviceArray)


def host_of(array: Any) -> NDArray[Any]:
    """The values of an array wherever it lies."""
    return array.numpy() if lies_there(array) else np.asarray(array)


def upload(array: NDArray[Any], device: str) -> _core.DeviceArray:
    """A copy of an array on a device; MemoryError where it does not fit."""
    there = _core.DeviceArray(device, (array.dtype.name, array.shape))
    there.copy_from(np.require(array, requirements=["C", "A"]))
    return there


def empty(device: str, shape: tuple[int, ...]) -> _core.DeviceArray:
    """Memory for floats on a device, not set."""
    return _core.DeviceArray(device, ("float32", shape))


def rows_of(array: Any, start: int, stop: int) -> Any:
    """Some rows of an array, here or on a device, without copying."""
    if isinstance(array, _core.DeviceArray):
        return array.rows(start, stop)
    return array[start:stop]


def finish(device: str) -> None:
    """Wait for all that a device was asked for."""
    _core.finish(device)


def lent(op: str, name: str, value: Any, device: str) -> _core.DeviceArray:
    """An array of brasa on any device, or another library's on this one, without copying it."""
    if isinstance(value, _core.DeviceArray):
        return value
    try:
        return _core.borrow(value, device)
    except (RuntimeError, TypeError, ValueError, BufferError) as error:
        kinds = (RuntimeError, TypeError, ValueError, BufferError)
        kind = next(k for k in kinds if isinstance(error, k))
        raise kind(f"{op}: {name}: {error}") from None


def borrowed(op: str, name: str, value: Any, device: str) -> Any:
    """An array of another library on the model's device as brasa's; what is the host's as it is.

    ValueError where it lies on another device.
    """
    if not is_elsewhere(value):
        return value
    if device == "cpu":
        raise ValueError(
            f"{op}: {name} lies on a device, the model on 'cpu': model.to(...) moves it there"
        )
    array = lent(op, name, value, device)
    if array.device != device:
        raise ValueError(f"{op}: {name} is on the device {array.device!r}, the model on {device!r}")
    return array


def floats(op: str, name: str, array: _core.DeviceArray) -> _core.DeviceArray:
    """Numbers that a plan takes as float32."""
    if array.dtype not in _FLOATS:
        raise TypeError(
            f"{op}: on a device {name} must be float32, float64 or uint8, got {array.dtype}: "
            "convert it"
        )
    return array


def whole_numbers(
    array: _core.DeviceArray, check: Callable[[NDArray[Any]], NDArray[np.int32]]
) -> _core.DeviceArray:
    """Whole numbers as int32, once ``check`` has seen them."""
    checked = check(array.numpy())
    return array if array.dtype == "int32" else upload(checked, array.device)
