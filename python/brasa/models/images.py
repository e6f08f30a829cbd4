"""Sizes of images that networks halve twice."""

from __future__ import annotations

from collections.abc import Sequence


def quarters(owner: str, name: str, shape: Sequence[int | None]) -> tuple[int, int, int]:
    """A quarter of height and of width, and the channels; ValueError where there is none."""
    height, width, channels = shape if len(shape) == 3 else (None, None, None)
    if not (height and width and channels) or height % 4 or width % 4:
        raise ValueError(
            f"{owner}: {name} must be (H, W, C) with H and W multiples of 4, got {tuple(shape)}"
        )
    return height // 4, width // 4, channels
