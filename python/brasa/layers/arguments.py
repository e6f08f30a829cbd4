"""Checks of constructor arguments and input shapes that several layers share."""

from __future__ import annotations

from typing import Any

from brasa.ops.arguments import fits_int64, pair, whole


def positive(owner: str, name: str, value: Any) -> int:
    """A whole number of at least 1."""
    result = whole(owner, name, value)
    if result < 1:
        raise ValueError(f"{owner}: {name} must be >= 1, got {result}")
    fits_int64(owner, name, result)
    return result


def known(name: str, extent: int | None) -> int:
    """An extent that weights depend on; ValueError where it is open, or below 1."""
    if extent is None:
        raise ValueError(f"{name} is open, and the weights depend on it: give the input a number")
    return positive("the input", name, extent)


def positive_pair(owner: str, name: str, value: Any) -> tuple[int, int]:
    """One whole number of at least 1 for both axes, or two."""
    first, second = (positive(owner, name, entry) for entry in pair(owner, name, value))
    return first, second


def flag(owner: str, name: str, value: Any) -> bool:
    """True or False; TypeError for anything else."""
    if not isinstance(value, bool):
        raise TypeError(f"{owner}: {name} must be True or False, got {value!r}")
    return value


def fixed(owner: str, name: str, value: Any, only: str) -> str:
    """The one value that the kernels know; ValueError for any other."""
    if value != only:
        raise ValueError(f"{owner}: {name} must be {only!r}, got {value!r}")
    return only


def check_data_format(owner: str, value: Any) -> None:
    """None or "channels_last"; ValueError says what to do with anything else."""
    if value not in (None, "channels_last"):
        raise ValueError(
            f"{owner}: data_format must be 'channels_last', images (N, H, W, C), got {value!r}. "
            "Bring images (N, C, H, W) into that order: x.transpose(0, 2, 3, 1)"
        )


def image_channels(input_shape: Any) -> int:
    """The number of channels of images (N, H, W, C); ValueError names the likely cause."""
    if isinstance(input_shape, list):
        raise ValueError("takes one input, not a list of them")
    shape = tuple(input_shape)
    if len(shape) == 4:
        return known("the number of channels", shape[-1])
    hint = {
        2: "Fold the features back into images: Reshape((height, width, channels))",
        3: "Add a channel axis: x[..., None]; input_shape leaves out the batch",
    }.get(len(shape), "The order is channels-last")
    raise ValueError(f"expected images of rank 4 (N, H, W, C), got rank {len(shape)}. {hint}")
