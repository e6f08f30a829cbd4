"""ZeroPadding2D."""

import numpy as np
import pytest

from brasa import layers


@pytest.mark.parametrize(
    ("padding", "margins"),
    [
        (1, ((1, 1), (1, 1))),
        ((2, 0), ((2, 2), (0, 0))),
        (((0, 1), (2, 3)), ((0, 1), (2, 3))),
        (0, ((0, 0), (0, 0))),
    ],
    ids=str,
)
def test_keeps_the_contract(check_layer, padding, margins):
    output = (4 + sum(margins[0]), 3 + sum(margins[1]), 2)
    x, y = check_layer(layers.ZeroPadding2D(padding), (4, 3, 2), output=output)
    np.testing.assert_array_equal(y, np.pad(x, ((0, 0), *margins, (0, 0))))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"padding": -1}, ValueError, "ZeroPadding2D: padding must be >= 0, got -1"),
        ({"padding": ((0, 1), (2, -3))}, ValueError, "ZeroPadding2D: padding must be >= 0"),
        ({"padding": 1.5}, TypeError, "ZeroPadding2D: padding must be a whole number"),
        ({"padding": (1, 2, 3)}, ValueError, "ZeroPadding2D: padding must be a whole number, "),
        ({"padding": ((1, 2, 3), 1)}, ValueError, "padding must be 1 or 2 whole numbers"),
        ({"data_format": "channels_first"}, ValueError, "data_format must be 'channels_last'"),
    ],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        layers.ZeroPadding2D(**arguments)


def test_only_images():
    with pytest.raises(ValueError, match=r"expected images of rank 4 \(N, H, W, C\), got rank 3"):
        layers.ZeroPadding2D()(layers.Input((4, 4)))
