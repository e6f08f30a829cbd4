"""Zero padding and cropping."""

import numpy as np
import pytest

from brasa import Sequential, layers
from brasa.testing.assertions import assert_same_bits

IMAGE_SIDES = [
    (1, ((1, 1), (1, 1))),
    ((2, 1), ((2, 2), (1, 1))),
    (((1, 0), (0, 2)), ((1, 0), (0, 2))),
    ([[0, 0], [0, 0]], ((0, 0), (0, 0))),
]
SEQUENCE_SIDES = [(1, (1, 1)), ((2, 0), (2, 0)), ([0, 3], (0, 3)), (0, (0, 0))]


@pytest.mark.parametrize(("given", "sides"), IMAGE_SIDES, ids=str)
def test_images_keep_the_contract(check_layer, given, sides):
    (top, bottom), (left, right) = sides
    output = (5 + top + bottom, 6 + left + right, 2)
    x, y = check_layer(layers.ZeroPadding2D(given), (5, 6, 2), output=output)
    assert_same_bits(y, np.pad(x, ((0, 0), *sides, (0, 0))))
    output = (5 - top - bottom, 6 - left - right, 2)
    x, y = check_layer(layers.Cropping2D(given), (5, 6, 2), output=output)
    assert_same_bits(y, np.ascontiguousarray(x[:, top : 5 - bottom, left : 6 - right]))


@pytest.mark.parametrize(("given", "sides"), SEQUENCE_SIDES, ids=str)
def test_sequences_keep_the_contract(check_layer, given, sides):
    before, after = sides
    x, y = check_layer(layers.ZeroPadding1D(given), (5, 2), output=(5 + before + after, 2))
    assert_same_bits(y, np.pad(x, ((0, 0), sides, (0, 0))))
    x, y = check_layer(layers.Cropping1D(given), (5, 2), output=(5 - before - after, 2))
    assert_same_bits(y, np.ascontiguousarray(x[:, before : 5 - after]))


def test_defaults_are_those_of_keras():
    assert layers.ZeroPadding2D().sides == ((1, 1), (1, 1))
    assert layers.Cropping2D().sides == ((0, 0), (0, 0))
    assert layers.ZeroPadding1D().sides == ((1, 1),)
    assert layers.Cropping1D().sides == ((1, 1),)


def test_padding_before_a_convolution_is_its_own_padding(rng):
    x, y = (rng.standard_normal((3, 6, 5, c)).astype(np.float32) for c in (2, 4))
    apart = Sequential([layers.ZeroPadding2D(1, input_shape=(6, 5, 2)), layers.Conv2D(4, 3)])
    inside = Sequential([layers.Conv2D(4, 3, padding=1, input_shape=(6, 5, 2))])
    inside.set_weights(apart.get_weights())
    for model in (apart, inside):
        model.compile("sgd", "mse")
    for a, b in zip(
        apart.compute_gradients(x, y)[1], inside.compute_gradients(x, y)[1], strict=True
    ):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("cls", "value", "error", "message"),
    [
        (layers.ZeroPadding2D, -1, ValueError, "padding must be >= 0, got -1"),
        (layers.ZeroPadding2D, 1.5, TypeError, "padding must be a whole number"),
        (layers.ZeroPadding2D, (1, 2, 3), ValueError, r"padding must be a whole number, \(height"),
        (layers.ZeroPadding2D, ((1, 2, 3), 1), ValueError, "padding of an axis must be"),
        (layers.ZeroPadding2D, "same", TypeError, "padding must be a whole number, got 'same'"),
        (layers.Cropping2D, ((0, -2), 1), ValueError, "cropping must be >= 0, got -2"),
        (layers.ZeroPadding1D, (1, 2, 3), ValueError, "padding of an axis must be"),
        (layers.Cropping1D, 2**70, ValueError, "cropping does not fit into 64 bits"),
    ],
)
def test_bad_arguments(cls, value, error, message):
    with pytest.raises(error, match=f"{cls.__name__}: {message}"):
        cls(value)


@pytest.mark.parametrize("cls", [layers.ZeroPadding2D, layers.Cropping2D, layers.ZeroPadding1D])
def test_channels_first_is_refused(cls):
    with pytest.raises(ValueError, match=f"{cls.__name__}: data_format must be 'channels_last'"):
        cls(1, data_format="channels_first")


def test_nothing_left_names_layer_and_axis():
    with pytest.raises(ValueError, match=r"layer 'edge'.*cropping \(2, 1\) leaves nothing of 3"):
        layers.Cropping2D(((0, 0), (2, 1)), name="edge")(layers.Input((4, 3, 1)))
    with pytest.raises(ValueError, match=r"layer 'cropping2d'.*rank 4"):
        layers.Cropping2D()(layers.Input((4, 3)))
