"""``brasa predict``: what a saved model sees in an image."""

from __future__ import annotations

import argparse
from typing import Any


def add_command(commands: Any) -> None:
    """Add ``predict``."""
    predict = commands.add_parser("predict", help="classify an image with a saved model")
    predict.add_argument("model", help="a .brasa file")
    predict.add_argument("image", help="an image file; it is brought to the model's size")
    predict.add_argument("--top", type=int, default=3, help="how many classes to print")
    predict.add_argument("--invert", action="store_true", help="dark on light: invert the image")
    predict.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Print the most probable classes."""
    import numpy as np

    import brasa

    model = brasa.load_model(options.model)
    image = load_image(options.image, model.input_shape[1:], white_of(model), options.invert)
    probabilities = model.predict(image[None])[0]
    for label in np.argsort(-probabilities)[: options.top]:
        print(f"{label:3d}  {probabilities[label]:.4f}")


def white_of(model: Any) -> int:
    """The brightest pixel that the model was trained on: what its Rescaling brings to 1."""
    from brasa.layers import Rescaling

    first = model.layers[0]
    return round(1 / first.scale) if isinstance(first, Rescaling) and first.scale > 0 else 255


def load_image(path: str, shape: tuple[int, int, int], white: int, invert: bool) -> Any:
    """An image file as uint8 pixels (H, W, C) of a model's input shape, scaled to 0 .. white."""
    import numpy as np

    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        raise ImportError("reading images needs Pillow: pip install 'brasa[datasets]'") from None
    height, width, channels = shape
    if channels not in (1, 3):
        raise ValueError(f"predict: the model takes {channels} channels, images have 1 or 3")
    try:
        with Image.open(path) as file:
            picture = file.convert("L" if channels == 1 else "RGB").resize((width, height))
        pixels = np.asarray(picture, np.float32).reshape(shape)
    except UnidentifiedImageError:
        raise ValueError(f"predict: {path} is no image") from None
    pixels = 255 - pixels if invert else pixels
    return np.rint(pixels * (white / 255)).astype(np.uint8)
