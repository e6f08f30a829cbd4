"""Paddings in capitals, which Keras takes and keeps in small letters."""

import numpy as np
import pytest

from brasa import layers

WINDOWED = [
    ("Conv1D", (2, 3)),
    ("Conv1DTranspose", (2, 3)),
    ("Conv2D", (2, 3)),
    ("Conv2DTranspose", (2, 3)),
    ("ConvLSTM2D", (2, 3)),
    ("DepthwiseConv1D", (3,)),
    ("DepthwiseConv2D", (3,)),
    ("SeparableConv1D", (2, 3)),
    ("SeparableConv2D", (2, 3)),
    ("MaxPooling1D", (3, 2)),
    ("MaxPooling2D", (3, 2)),
    ("AveragePooling1D", (3, 2)),
    ("AveragePooling2D", (3, 2)),
]


@pytest.mark.parametrize(("name", "arguments"), WINDOWED)
def test_capitals_mean_the_same(name, arguments):
    extents = (3, 7, 7) if name == "ConvLSTM2D" else (7,) if "1D" in name else (7, 7)
    for given in ("SAME", "Valid"):
        layer = getattr(layers, name)(*arguments, padding=given)
        small = getattr(layers, name)(*arguments, padding=given.lower())
        shape = (None, *extents, 2)
        assert layer.get_config()["padding"] == given.lower()
        assert layer.compute_output_shape(shape) == small.compute_output_shape(shape)


def test_an_unknown_word_is_still_refused():
    assert layers.Conv1D(1, 3, padding="CAUSAL")(np.zeros((1, 5, 1), np.float32)).shape == (1, 5, 1)
    for make in (layers.MaxPooling2D, layers.AveragePooling1D):
        with pytest.raises(ValueError, match="padding must be"):
            make(2, padding="CAUSAL")
