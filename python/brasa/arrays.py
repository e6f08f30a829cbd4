"""The door for arrays: what users pass becomes exactly what the kernels take, or a clear error.

Kernels take aligned, C-contiguous arrays in native byte order. What is not so is copied, never
reinterpreted; what cannot be converted without changing its meaning is refused.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brasa import _core

FloatArray = NDArray[np.float32]

# Whether a value is an array that the kernels can read as it is, in float32.
is_exact = _core.is_exact

# Above this, float32 no longer holds every whole number.
_EXACT_INTEGER = 1 << 24

# Bytes that every machine has twice: copies of so much are made without asking how much there is.
_NEVER_TOO_LARGE = 1 << 28

# DLPack's kDLCPU and kDLCUDAHost: the host can read it.
_HOSTS = (1, 3)

# By the kind of what are no numbers.
_CONVERTED = {
    "O": ". Convert it: {}.astype('float32')",
    "U": ". Number what they name: np.unique({}, return_inverse=True)[1]",
}


def to_array(op: str, name: str, value: Any) -> NDArray[Any]:
    """``value`` as a plain NumPy array of numbers; TypeError where it is none."""
    if value is None:
        raise TypeError(f"{op}: {name} must be an array, got None")
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(
            f"{op}: {name} is a masked array, and the mask would be lost. "
            f"Fill it first: {name}.filled(0)"
        )
    if is_elsewhere(value):
        raise TypeError(
            f"{op}: {name} is in the memory of a device, and is wanted in that of the host: "
            "copy it first, as with x.cpu() or x.numpy()"
        )
    try:
        lent = hasattr(value, "__dlpack__") and not hasattr(value, "__array__")
        array = np.from_dlpack(value) if lent else np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{op}: {name} is not a regular array: {error}") from None
    except (BufferError, RuntimeError) as error:  # a tensor that is part of a graph, for one
        raise TypeError(f"{op}: {name} cannot be read as an array: {error}") from None
    if array.dtype.kind not in "biuf":
        text = f"{op}: {name} must hold real numbers, got dtype {array.dtype}"
        raise TypeError(text + _CONVERTED.get(array.dtype.kind, "").format(name))
    return array


def is_elsewhere(value: Any) -> bool:
    """Whether a value lies in the memory of a device: brasa's own arrays there, or others'."""
    if isinstance(value, (np.ndarray, list, tuple, float, int)):
        return False
    if hasattr(value, "__cuda_array_interface__"):
        return True
    place = getattr(value, "__dlpack_device__", None)
    return callable(place) and place()[0] not in _HOSTS


def is_dense(array: NDArray[Any]) -> bool:
    """Whether an array is aligned and C-contiguous."""
    flags = array.flags
    return flags.c_contiguous and flags.aligned


def to_float32(op: str, name: str, array: NDArray[Any]) -> FloatArray:
    """Cast to float32. Values that float32 cannot hold are a ValueError, not an infinity."""
    if is_exact(array):
        return array
    if not array.flags.c_contiguous:
        _check_copy(op, name, array)
    if array.dtype == np.float32 and array.dtype.isnative:
        return np.require(array, requirements=["C", "A"])
    if array.dtype.kind in "iu" and array.dtype.itemsize > 2 and array.size:
        largest = max(int(array.max()), -int(array.min()))
        if largest > _EXACT_INTEGER:
            raise ValueError(
                f"{op}: {name} holds {largest}, which float32 cannot hold exactly "
                f"(whole numbers up to {_EXACT_INTEGER}). Scale it first."
            )
    with np.errstate(over="ignore"):
        result = np.ascontiguousarray(array, dtype=np.float32)
    if array.dtype.kind == "f" and array.dtype.itemsize > 4:
        overflowed = np.isinf(result) & np.isfinite(array)
        if overflowed.any():
            where = tuple(int(i) for i in np.argwhere(overflowed)[0])
            raise ValueError(f"{op}: {name}{list(where)} is {array[where]}, too large for float32")
    return result.reshape(array.shape)


def _check_copy(op: str, name: str, array: NDArray[Any]) -> None:
    # A broadcast array is small in memory and may be huge as the copy that the kernels need; what
    # comes out of the op is about as large again.
    if array.nbytes < _NEVER_TOO_LARGE:
        return
    available = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if 2 * array.nbytes > available:
        raise MemoryError(
            f"{op}: {name} of shape {array.shape} is not contiguous, and a contiguous copy needs "
            f"{array.nbytes:,} bytes; this machine has {available:,}"
        )


def as_floats(op: str, name: str, value: Any) -> FloatArray:
    """An operand of an op: a float array of any precision, as float32.

    Whole numbers and booleans are refused: arithmetic on them is nearly always a forgotten cast.
    """
    if is_exact(value):
        exact: FloatArray = value
        return exact
    array = to_array(op, name, value)
    if array.dtype.kind != "f":
        raise TypeError(
            f"{op}: {name} must be float32 (or float64), got {array.dtype}. "
            f"Convert it: {name}.astype('float32')"
        )
    return to_float32(op, name, array)


def check_output(op: str, name: str, array: Any, inputs: tuple[Any, ...]) -> FloatArray:
    """An array that the op writes: exact, writeable, and apart from the inputs."""
    if is_elsewhere(array):
        raise TypeError(f"{op}: {name} must be a NumPy array: it cannot be written on a device yet")
    if not isinstance(array, np.ndarray):
        raise TypeError(f"{op}: {name} must be a NumPy array, got {type(array).__name__}")
    if array.dtype not in (np.float32, np.int32) or not array.dtype.isnative:
        raise TypeError(f"{op}: {name} must be float32, got {array.dtype}")
    if not array.flags.writeable:
        raise ValueError(f"{op}: {name} is read-only and cannot be written")
    if not (array.flags.c_contiguous and array.flags.aligned):
        raise ValueError(f"{op}: {name} must be aligned and C-contiguous to be written in place")
    for other in inputs:
        if isinstance(other, np.ndarray) and np.may_share_memory(array, other):
            raise ValueError(f"{op}: {name} overlaps another operand in memory")
    return array


def shown(value: Any) -> str:
    """What a function returned instead of what was wanted, for errors."""
    if isinstance(value, np.ndarray):
        return f"a NumPy array of {value.shape}"
    if isinstance(value, (list, tuple)):
        return f"a {type(value).__name__} of {len(value)}"
    return "None: is there a return?" if value is None else repr(value)
