"""Checks of constructor arguments and input shapes that several layers share."""

from __future__ import annotations

from typing import Any

from brasa.ops.arguments import at_least, fits_int64, number, pair, whole


def positive(owner: str, name: str, value: Any) -> int:
    """A whole number of at least 1."""
    return fits_int64(owner, name, at_least(owner, name, value, 1))


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


def one_input(owner: str, x: Any) -> Any:
    """x; ValueError where it is a list of several, or has no batch."""
    if isinstance(x, (list, tuple)):
        raise ValueError(f"{owner}: takes one input, not a list of them")
    if not len(x.shape):
        raise ValueError(f"{owner}: expected an input of rank 1 or more (N, ...), got a number")
    return x


def lowered(value: Any) -> Any:
    """A word in small letters, as Keras takes "SAME"; anything else as it is."""
    return value.lower() if isinstance(value, str) else value


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


def single(owner: str, name: str, value: Any) -> tuple[int]:
    """One whole number of at least 1, alone or as Keras keeps it: in a tuple of one."""
    if isinstance(value, (tuple, list)):
        if len(value) != 1:
            raise ValueError(f"{owner}: {name} must be 1 whole number, got {value!r}")
        value = value[0]
    return (positive(owner, name, value),)


def one_of(owner: str, name: str, value: Any, known: tuple[str, ...]) -> str:
    """One of a few words; ValueError for any other."""
    if not isinstance(value, str) or value not in known:
        words = ", ".join(map(repr, known))
        raise ValueError(f"{owner}: {name} must be one of {words}, got {value!r}")
    return value


def check_sequence_format(owner: str, value: Any) -> None:
    """None or "channels_last"; ValueError says what to do with anything else."""
    if value not in (None, "channels_last"):
        raise ValueError(
            f"{owner}: data_format must be 'channels_last', sequences (N, T, C), got {value!r}. "
            "Bring sequences (N, C, T) into that order: x.transpose(0, 2, 1)"
        )


def sequence_channels(input_shape: Any) -> int:
    """The number of channels of sequences (N, T, C); ValueError names the likely cause."""
    if isinstance(input_shape, list):
        raise ValueError("takes one input, not a list of them")
    shape = tuple(input_shape)
    if len(shape) == 3:
        return known("the number of channels", shape[-1])
    hint = {
        2: "Add a channel axis: x[..., None]; input_shape leaves out the batch",
        4: "For images there is the layer whose name ends with 2D",
    }.get(len(shape), "The order is channels-last")
    raise ValueError(f"expected sequences of rank 3 (N, T, C), got rank {len(shape)}. {hint}")


def output_padding_below(
    owner: str, value: Any, strides: tuple[int, ...], dilation_rate: tuple[int, ...]
) -> tuple[int, ...] | None:
    """None, or a whole number below the stride for each axis, as transposed convolutions take it.

    Also refuses strides and dilation at once, as Keras does.
    """
    if max(strides) > 1 and max(dilation_rate) > 1:
        raise ValueError(
            f"{owner}: strides and dilation_rate cannot both be above 1, got {strides} "
            f"and {dilation_rate}"
        )
    if value is None:
        return None
    entries = value if isinstance(value, (tuple, list)) else [value] * len(strides)
    if len(entries) != len(strides):
        raise ValueError(
            f"{owner}: output_padding must be None or {len(strides)} whole numbers, got {value!r}"
        )
    numbers = tuple(whole(owner, "output_padding", entry) for entry in entries)
    for more, stride in zip(numbers, strides, strict=True):
        if not 0 <= more < stride:
            raise ValueError(
                f"{owner}: output_padding must be >= 0 and below the stride {stride}, got {more}"
            )
    return numbers


def list_of_inputs(owner: str, xs: Any) -> list[Any]:
    """The inputs of a layer that takes several; TypeError for one, ValueError for a list of one."""
    if not isinstance(xs, (list, tuple)):
        raise TypeError(f"{owner}: takes a list of inputs, got one of type {type(xs).__name__}")
    if len(xs) < 2:
        raise ValueError(f"{owner}: needs at least 2 inputs, got {len(xs)}")
    return list(xs)


def share_bounds(owner: str, name: str, value: Any) -> tuple[float, float]:
    """(lower, upper) in [-1, 1], in order; one number is as far to either side of 0."""
    if isinstance(value, (tuple, list)):
        if len(value) != 2:
            raise ValueError(f"{owner}: {name} must be a number or (lower, upper), got {value!r}")
        lower, upper = sorted(number(owner, name, entry) for entry in value)
    else:
        upper = abs(number(owner, name, value))
        lower = -upper
    if not (lower >= -1 and upper <= 1):
        raise ValueError(f"{owner}: {name} must lie in [-1, 1], got {value!r}")
    return lower, upper
