"""Where models live and ops run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from brasa import _core


def devices() -> list[str]:
    """Where models can live: "cpu", and "cuda" where ``cuda_reason`` says that it can be used.

    >>> from brasa import runtime
    >>> runtime.devices()[0]
    'cpu'
    """
    names = ["cpu"]
    for name in ("cuda", "cuda_on_cpu"):
        try:
            _core.device_room(name)
        except (RuntimeError, ValueError):
            continue
        names.append(name)
    return names


def check_device(name: Any) -> str:
    """A device's name; RuntimeError where it cannot be used, ValueError where there is none.

    >>> from brasa import runtime
    >>> runtime.check_device("cpu")
    'cpu'
    """
    if not isinstance(name, str):
        raise TypeError(f"device: the name must be a string such as 'cuda', got {name!r}")
    _core.device_room(name)
    return name


def current_device() -> str:
    """The device of the innermost ``device`` block, else "cpu".

    >>> from brasa import runtime
    >>> runtime.current_device()
    'cpu'
    """
    return str(_core.current_device())


def free_memory(device: str) -> int:
    """The bytes that can still be allocated on a device.

    >>> from brasa import runtime
    >>> runtime.free_memory("cpu") > 0
    True
    """
    return int(_core.device_room(device))


@contextmanager
def device(name: str) -> Iterator[None]:
    """Models made inside the block live on this device, and ops run there.

    RuntimeError says why where "cuda" cannot be used.

    >>> import brasa
    >>> with brasa.device("cpu"):
    ...     brasa.runtime.current_device()
    'cpu'
    """
    check_device(name)
    before = _core.current_device()
    _core.enter_device(name)
    try:
        yield
    finally:
        _core.enter_device(before)


def cuda_reason() -> str:
    """Why CUDA cannot be used, in one sentence."""
    return str(_core.cuda_reason())
