"""Single images: files, Pillow's pictures and arrays."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from brasa.arrays import to_array
from brasa.files import as_path, write_atomic

from .pictures import as_color_mode, as_size, decoded, in_color_mode, pillow
from .resizing import middle

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

_FILTERS = ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos")


def load_img(
    path: Any,
    color_mode: str = "rgb",
    target_size: Any = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
) -> Picture:
    """A file as a picture of Pillow.

    Args:
        path: The file, or an ``io.BytesIO`` with its content.
        color_mode: "grayscale" (gray files of 16 and 32 bits keep them), "rgb" or "rgba".
        target_size: (height, width). Default that of the file.
        interpolation: One of Pillow's filters, which smooth where they make smaller: "nearest",
            "bilinear", "bicubic", "hamming", "box" or "lanczos".
        keep_aspect_ratio: Resize the largest part in the middle that has the target's ratio.

    Raises:
        ImportError: Pillow is not installed. FileNotFoundError: there is no such file.
        FormatError: it is no image, or damaged. TypeError, ValueError: of the arguments.

    >>> from tempfile import TemporaryDirectory
    >>> import numpy as np
    >>> from brasa.utils import img_to_array, load_img, save_img
    >>> with TemporaryDirectory() as folder:
    ...     save_img(f"{folder}/x.png", np.zeros((4, 6, 3)))
    ...     img_to_array(load_img(f"{folder}/x.png", target_size=(2, 2))).shape
    (2, 2, 3)
    """
    op = "load_img"
    as_color_mode(op, color_mode)
    picture = decoded(op, path)
    if color_mode != "grayscale" or picture.mode not in ("L", "I", "I;16"):
        picture = in_color_mode(picture, color_mode)
    if target_size is None:
        return picture
    height, width = as_size(op, "target_size", target_size)
    if picture.size == (width, height):
        return picture
    if interpolation not in _FILTERS:
        known = ", ".join(_FILTERS)
        raise ValueError(f"{op}: interpolation must be one of {known}, got {interpolation!r}")
    box = None
    if keep_aspect_ratio:
        top, left, P, Q = middle(picture.height, picture.width, (height, width))
        box = (left, top, left + Q, top + P)
    resampling = getattr(pillow(op).Resampling, interpolation.upper())
    return picture.resize((width, height), resampling, box)


def img_to_array(img: Any, data_format: str | None = None, dtype: Any = None) -> NDArray[Any]:
    """A picture of Pillow as an array (H, W, C), float32 unless ``dtype`` says otherwise.

    With ``data_format="channels_first"`` (C, H, W).

    Raises:
        ValueError: it has no 2 or 3 axes.

    >>> import numpy as np
    >>> from brasa.utils import array_to_img, img_to_array
    >>> grey = array_to_img(np.zeros((2, 3, 1)))
    >>> img_to_array(grey).shape
    (2, 3, 1)
    """
    op = "img_to_array"
    first = _channels_first(op, data_format)
    array = np.asarray(img, np.float32 if dtype is None else dtype)
    if array.ndim not in (2, 3):
        raise ValueError(f"{op}: img must have 2 or 3 axes, got the shape {array.shape}")
    array = array[..., None] if array.ndim == 2 else array
    return array.transpose(2, 0, 1) if first else array


def array_to_img(
    x: Any, data_format: str | None = None, scale: bool = True, dtype: Any = None
) -> Picture:
    """An array (H, W, C) of 1, 3 or 4 channels as a picture of Pillow.

    Args:
        x: Pixels; with ``data_format="channels_first"`` (C, H, W).
        data_format: "channels_last", the default, or "channels_first".
        scale: Bring the smallest value to 0 and the largest to 255. Without it the values are
            pixels, whose fractions are cut off; 1 channel with values above 255 becomes 32 bits.
        dtype: What is calculated in. Default float32.

    Raises:
        ImportError: Pillow is not installed. ValueError: it is no image.

    >>> import numpy as np
    >>> from brasa.utils import array_to_img
    >>> array_to_img(np.zeros((4, 6, 1))).size
    (6, 4)
    """
    op = "array_to_img"
    Image = pillow(op)
    first = _channels_first(op, data_format)
    pixels = to_array(op, "x", x).astype(np.float32 if dtype is None else dtype)
    if pixels.ndim != 3:
        raise ValueError(f"{op}: x must have 3 axes (H, W, C), got the shape {pixels.shape}")
    pixels = pixels.transpose(1, 2, 0) if first else pixels
    if pixels.shape[2] not in (1, 3, 4) or not pixels.size:
        wanted = "x must have pixels of 1, 3 or 4 channels"
        raise ValueError(f"{op}: {wanted}, got the shape {pixels.shape} (H, W, C)")
    if scale:
        pixels = pixels - pixels.min()
        largest = pixels.max()
        pixels = pixels / (largest if largest else 1) * 255
    gray = pixels.shape[2] == 1
    kind = np.int32 if gray and pixels.max() > 255 else np.uint8
    picture: Picture = Image.fromarray((pixels[..., 0] if gray else pixels).astype(kind))
    return picture


def save_img(
    path: Any,
    x: Any,
    data_format: str | None = None,
    file_format: str | None = None,
    scale: bool = True,
    **options: Any,
) -> None:
    """Write an array as an image file, whole or not at all.

    Args:
        path: The file, whose ending is its format, or an open one.
        x: Pixels, as :func:`array_to_img` takes them; so are ``data_format`` and ``scale``.
        file_format: "png", "jpeg" and so on. Needed for open files.
        **options: Of Pillow's ``save``, such as ``quality=90``.

    Raises:
        ImportError: Pillow is not installed. ValueError: no image, or no known format.

    The values are stretched to 0 .. 255 unless ``scale=False``:

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import numpy as np
    >>> from brasa.utils import img_to_array, load_img, save_img
    >>> folder = TemporaryDirectory()
    >>> path = Path(folder.name) / "ramp.png"
    >>> save_img(path, np.array([[[0.0], [0.5], [1.0]]]))
    >>> img_to_array(load_img(path, color_mode="grayscale")).ravel()
    array([  0., 127., 255.], dtype=float32)
    >>> folder.cleanup()
    """
    op = "save_img"
    is_open = hasattr(path, "write")
    form = file_format
    if form is None:
        form = "" if is_open else as_path(path, op).suffix.removeprefix(".")
    form = "jpeg" if form.lower() == "jpg" else form.lower()
    pillow(op).init()
    if form.upper() not in pillow(op).SAVE:
        raise ValueError(f"{op}: {form!r} is no format that Pillow writes: give file_format='png'")
    picture = array_to_img(x, data_format, scale)
    if picture.mode == "RGBA" and form == "jpeg":
        warnings.warn(
            f"{op}: JPEG has no transparency: the fourth channel is dropped",
            UserWarning,
            stacklevel=2,
        )
        picture = picture.convert("RGB")
    content = io.BytesIO()
    picture.save(content, form, **options)
    if is_open:
        path.write(content.getvalue())
    else:
        write_atomic(path, [content.getvalue()], op)


def _channels_first(op: str, data_format: Any) -> bool:
    if data_format not in (None, "channels_last", "channels_first"):
        raise ValueError(
            f"{op}: data_format must be 'channels_last' or 'channels_first', got {data_format!r}"
        )
    return bool(data_format == "channels_first")
