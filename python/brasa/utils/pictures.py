"""Pictures through Pillow: opened, decoded and brought to a number of channels."""

from __future__ import annotations

import io
import os
import struct
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from brasa.errors import FormatError
from brasa.files import AnyPath, open_regular
from brasa.ops.arguments import whole

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

CHANNELS = {"grayscale": 1, "rgb": 3, "rgba": 4}
_MODES = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}

# What decoders raise for damaged files. Those of the system have a number and are no damage.
_DAMAGE = (OSError, SyntaxError, ValueError, TypeError, IndexError, EOFError, struct.error)


def pillow(op: str) -> Any:
    """The module ``PIL.Image``; ImportError that names the extra."""
    try:
        from PIL import Image
    except ImportError:
        raise ImportError(
            f"brasa: {op} reads and writes images with Pillow: pip install 'brasa[datasets]'"
        ) from None
    return Image


def decoded(op: str, source: AnyPath | io.BytesIO) -> Picture:
    """The first picture of a file, all of it read.

    Raises:
        FileNotFoundError, PermissionError: of the file. FormatError: it is no image, or damaged.
    """
    Image = pillow(op)
    if isinstance(source, io.BytesIO):
        what, content = "the image", source.getvalue()
    else:
        with open_regular(source, op) as file:
            what, content = repr(os.fsdecode(source)), file.read()
    try:
        picture: Picture = Image.open(io.BytesIO(content))
        picture.load()
    except Image.UnidentifiedImageError:
        raise FormatError(f"{op}: {what} is no image that Pillow can read") from None
    except (*_DAMAGE, zlib.error, Image.DecompressionBombError) as error:
        raise FormatError(f"{op}: {what} is damaged or no image: {error}") from None
    return picture


def as_color_mode(op: str, value: Any) -> str:
    """One of the names of color modes; ValueError for anything else."""
    if not isinstance(value, str) or value not in CHANNELS:
        raise ValueError(f"{op}: color_mode must be one of {', '.join(CHANNELS)}, got {value!r}")
    return value


def as_size(op: str, name: str, value: Any) -> tuple[int, int]:
    """Height and width, or one number for both."""
    both = value if isinstance(value, (tuple, list)) else (value, value)
    if len(both) != 2:
        raise ValueError(f"{op}: {name} must be (height, width), got {value!r}")
    height, width = (whole(op, name, extent) for extent in both)
    if height < 1 or width < 1:
        raise ValueError(f"{op}: {name} must be >= 1, got {value!r}")
    return height, width


def in_color_mode(picture: Picture, color_mode: str) -> Picture:
    """With 8 bits for each channel of a color mode; transparency is dropped, not mixed in."""
    mode = _MODES[color_mode]
    if picture.mode == mode:
        return picture
    if picture.mode.startswith("I"):  # 16 bits: the upper 8, where Pillow would cut at 255
        levels = np.asarray(picture).astype(np.int64) >> 8
        gray = levels.clip(0, 255).astype(np.uint8)
        picture = pillow("image").fromarray(gray)
    if isinstance(picture.info.get("transparency"), bytes):  # else Pillow warns that it is lost
        picture = picture.convert("RGBA")
    return picture.convert(mode)
