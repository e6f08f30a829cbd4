"""Pictures as arrays of another size, as Keras resizes them: without smoothing, in float32."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from brasa.arrays import FloatArray

Size = tuple[int, int]


def middle(H: int, W: int, size: Size) -> tuple[int, int, int, int]:
    """Top, left, height and width of the largest part with the height-to-width ratio of ``size``.

    >>> middle(4, 9, (1, 2))
    (0, 0, 4, 8)
    """
    height, width = size
    P = max(min(H, W * height // width), 1)
    Q = max(min(W, H * width // height), 1)
    return (H - P) // 2, (W - Q) // 2, P, Q


def cropped(pixels: NDArray[Any], size: Size) -> NDArray[Any]:
    """The largest part in the middle that has the height-to-width ratio of ``size``.

    Shapes:
        pixels (H, W, C), result (H', W', C), a view
    """
    H, W = pixels.shape[:2]
    top, left, P, Q = middle(H, W, size)
    return pixels[top : top + P, left : left + Q]


def padded(pixels: NDArray[Any], size: Size) -> NDArray[Any]:
    """In the middle of zeros, so that the whole has the height-to-width ratio of ``size``.

    Shapes:
        pixels (H, W, C), result (H', W', C)
    """
    (H, W, C), (height, width) = pixels.shape, size
    P, Q = max(H, W * height // width), max(W, H * width // height)
    top, left = (P - H) // 2, (Q - W) // 2
    result = np.zeros((P, Q, C), pixels.dtype)
    result[top : top + H, left : left + W] = pixels
    return result


def resized(pixels: NDArray[Any], size: Size, interpolation: str) -> FloatArray:
    """Another size by ``"nearest"`` or ``"bilinear"`` interpolation between half-pixel centres.

    Output row i lies at ``(i + 0.5) * H / height - 0.5`` of the input. Bilinear mixes the two rows
    around that place, however many the picture has: fine patterns of large pictures may alias.

    Shapes:
        pixels (H, W, C), result float32 (height, width, C)
    """
    (H, W), (height, width) = pixels.shape[:2], size
    if size == (H, W):
        return pixels.astype(np.float32)
    if interpolation == "nearest":
        chosen = pixels[_nearest(H, height)[:, None], _nearest(W, width)]
        return chosen.astype(np.float32)
    columns = _between(pixels, *_around(H, height))  # float32 (height, W, C)
    result: FloatArray = _between(columns.swapaxes(0, 1), *_around(W, width)).swapaxes(0, 1)
    return result


def _nearest(extent: int, wanted: int) -> NDArray[np.int64]:
    return (2 * np.arange(wanted) + 1) * extent // (2 * wanted)


def _around(extent: int, wanted: int) -> tuple[NDArray[np.int64], NDArray[np.int64], FloatArray]:
    """The neighbours of each place, and the share of the second."""
    places = (np.arange(wanted) + 0.5) * (extent / wanted) - 0.5
    places = places.clip(0, extent - 1)
    low = places.astype(np.int64)
    return low, np.minimum(low + 1, extent - 1), (places - low).astype(np.float32)


def _between(
    rows: NDArray[Any], low: NDArray[np.int64], high: NDArray[np.int64], share: FloatArray
) -> FloatArray:
    part: Any = share[:, None, None]
    result: FloatArray = rows[low] * (1 - part) + rows[high] * part
    return result
