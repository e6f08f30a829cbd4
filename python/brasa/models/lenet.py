"""LeNet-5: two convolutions with pooling, then three dense layers."""

from __future__ import annotations

from collections.abc import Sequence

from brasa import Sequential, layers
from brasa.suggest import find

# Activation and pooling of each form.
_FORMS = {
    "modern": ("relu", layers.MaxPooling2D),
    "classic": ("tanh", layers.AveragePooling2D),
}


def lenet5(
    classes: int = 10,
    input_shape: Sequence[int] = (28, 28, 1),
    form: str = "modern",
    rescale: float | None = None,
) -> Sequential:
    """LeNet-5 for images of at least 4 x 4 pixels, not yet compiled.

    ``5x5x6, pool 2, 5x5x16, pool 2, flatten, 120, 84, classes, softmax``

    LeNet-5 saw 32 x 32 pixels, and its second convolution maps of 14 x 14. On smaller images or
    maps a convolution pads, so that both poolings have something left: 28 x 28 pads in the first
    one and keeps LeNet's 5 x 5 x 16 features, 8 x 8 pads in both.

    Args:
        classes: Number of outputs, at least 1. Default 10.
        input_shape: Height, width and channels. Default (28, 28, 1).
        form: "modern": ReLU and max-pooling. "classic": tanh and average-pooling as in 1998, though
            with softmax in place of its radial basis functions, every map connected to every one,
            and pooling without weights.
        rescale: Factor that the model applies to its input: 1 / 255 for raw pixels. Default none.

    Raises:
        ValueError: an argument is out of range. TypeError: it is of another type.

    Source: LeCun, Bottou, Bengio & Haffner, Proc. IEEE 86(11), 1998.

    >>> from brasa.models import lenet5
    >>> lenet5().count_params(), lenet5(43, (32, 32, 1)).count_params()
    (61706, 64511)
    """
    activation, pooling = find("lenet5: form", form, _FORMS)
    image = layers.Input(input_shape)
    extent = _smaller_side(image.shape)
    first = "valid" if extent >= 32 else "same"
    map_extent = (extent - 4 if first == "valid" else extent) // 2
    second = "valid" if map_extent >= 14 else "same"
    return Sequential(
        [
            image,
            *([] if rescale is None else [layers.Rescaling(rescale)]),
            layers.Conv2D(6, 5, padding=first, activation=activation),
            pooling(2),
            layers.Conv2D(16, 5, padding=second, activation=activation),
            pooling(2),
            layers.Flatten(),
            layers.Dense(120, activation=activation),
            layers.Dense(84, activation=activation),
            layers.Dense(classes, activation="softmax"),
        ]
    )


def _smaller_side(shape: Sequence[int | None]) -> int:
    if len(shape) != 4:
        raise ValueError(f"lenet5: input_shape must be (H, W, C), got {tuple(shape[1:])}")
    side = min(shape[1] or 0, shape[2] or 0)
    if side < 4:
        raise ValueError(f"lenet5: images must have at least 4 x 4 pixels, got {shape[1:3]}")
    return side
