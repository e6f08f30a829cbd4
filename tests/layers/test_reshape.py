"""Flatten and Reshape."""

import numpy as np
import pytest

from brasa import layers


@pytest.mark.parametrize("shape", [(5, 5, 16), (7,), ()], ids=str)
def test_flatten_keeps_the_contract(check_layer, shape):
    x, y = check_layer(layers.Flatten(), shape, output=(int(np.prod(shape)),))
    np.testing.assert_array_equal(y, x.reshape(len(x), -1))


@pytest.mark.parametrize(
    ("target", "output"),
    [((4, 6), (4, 6)), ((-1, 2), (12, 2)), ((-1,), (24,)), ([2, 3, 4], (2, 3, 4))],
    ids=str,
)
def test_reshape_keeps_the_contract(check_layer, target, output):
    x, y = check_layer(layers.Reshape(target), (2, 12), output=output)
    np.testing.assert_array_equal(y, x.reshape(len(x), *output))


@pytest.mark.parametrize(
    ("target", "error", "message"),
    [
        (4, TypeError, r"target_shape must be a tuple such as"),
        ((2.0,), TypeError, "target_shape must be a whole number"),
        ((-1, -1), ValueError, "one of them may be -1"),
        ((-2, 3), ValueError, "extents must be >= 1"),
        ((0, 3), ValueError, "extents must be >= 1"),
    ],
    ids=str,
)
def test_bad_arguments(target, error, message):
    with pytest.raises(error, match=f"Reshape: .*{message}"):
        layers.Reshape(target)


@pytest.mark.parametrize("target", [(5, 5), (-1, 5), (2**62, 2**62)], ids=str)
def test_sizes_that_do_not_agree(target):
    with pytest.raises(ValueError, match=r"layer 'fold'.*a sample of \(2, 12\) has 24 elements"):
        layers.Reshape(target, name="fold")(layers.Input((2, 12)))
