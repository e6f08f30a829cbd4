"""UpSampling2D."""

import numpy as np
import pytest

from brasa import layers


@pytest.mark.parametrize("size", [(2, 2), (1, 3), (3, 1), (1, 1), (5, 2)], ids=str)
def test_keeps_the_contract(check_layer, size):
    output = (4 * size[0], 3 * size[1], 2)
    x, y = check_layer(layers.UpSampling2D(size), (4, 3, 2), output=output)
    np.testing.assert_array_equal(y, x.repeat(size[0], axis=1).repeat(size[1], axis=2))


def between(x, size, axis):
    """By the definition: indices and shares of the two neighbours, clipped at the ends."""
    place = (np.arange(x.shape[axis] * size) + 0.5) / size - 0.5
    low = np.floor(place)
    share = (place - low).reshape(-1, *[1] * (x.ndim - 1 - axis))
    ends = np.clip([low, low + 1], 0, x.shape[axis] - 1).astype(int)
    below, above = (x.take(end, axis) for end in ends)
    return (1 - share) * below + share * above


@pytest.mark.parametrize("size", [(2, 2), (1, 3), (4, 1), (1, 1), (5, 2)], ids=str)
@pytest.mark.parametrize("shape", [(4, 3, 2), (1, 5, 1)], ids=str)
def test_straight_lines_between_pixels(check_layer, size, shape):
    output = (shape[0] * size[0], shape[1] * size[1], shape[2])
    x, y = check_layer(layers.UpSampling2D(size, interpolation="bilinear"), shape, output=output)
    want = between(between(x.astype(np.float64), size[0], 1), size[1], 2)
    np.testing.assert_allclose(y, want, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"size": 0}, ValueError, "UpSampling2D: size must be >= 1, got 0"),
        ({"size": 1.5}, TypeError, "UpSampling2D: size must be a whole number"),
        ({"size": (1, 2, 3)}, ValueError, "UpSampling2D: size must be 1 or 2 whole numbers"),
        ({"interpolation": "cubic"}, ValueError, "must be 'nearest' or 'bilinear', got 'cubic'"),
        ({"data_format": "channels_first"}, ValueError, "data_format must be 'channels_last'"),
    ],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        layers.UpSampling2D(**arguments)


def test_only_images():
    with pytest.raises(ValueError, match=r"expected images of rank 4 \(N, H, W, C\), got rank 3"):
        layers.UpSampling2D()(layers.Input((4, 4)))
