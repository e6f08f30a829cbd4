"""Flatten, Permute and Reshape."""

import numpy as np
import pytest

from brasa import Model, layers


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


@pytest.mark.parametrize(
    ("dims", "output"), [((2, 1), (6, 4)), ((1, 2), (4, 6)), ([3, 1, 2], (7, 4, 6))], ids=str
)
def test_permute_keeps_the_contract(check_layer, dims, output):
    x, y = check_layer(layers.Permute(dims), (4, 6, 7)[: len(dims)], output=output)
    np.testing.assert_array_equal(y, x.transpose(0, *dims))


def test_a_permuted_model_learns_as_one_whose_weights_are_permuted(rng):
    """Products along the time, as in attention by squeezing: gradients go the way back."""
    x, target = (rng.standard_normal((2, *shape)).astype(np.float32) for shape in ((4, 3), (5, 3)))
    steps = layers.Input((None, 3))
    assert layers.Permute((2, 1))(steps).shape == (None, 3, None)
    inputs = layers.Input((4, 3))
    scaled = layers.Dense(3, use_bias=False)(inputs)
    mixed = layers.Dense(5, use_bias=False)(layers.Permute((2, 1))(scaled))
    model = Model(inputs, layers.Permute((2, 1))(mixed))
    model.compile("sgd", "mse")
    _, (by_scaled, by_mixed) = model.compute_gradients(x, target)
    w, v = (a.astype(np.float64) for a in model.get_weights())
    slope = 2 * (np.einsum("nti,io,tp->npo", x, w, v) - target) / target.size
    np.testing.assert_allclose(by_scaled, np.einsum("npo,nti,tp->io", slope, x, v), atol=1e-5)
    np.testing.assert_allclose(by_mixed, np.einsum("npo,nti,io->tp", slope, x, w), atol=1e-5)


@pytest.mark.parametrize(
    ("dims", "error", "message"),
    [
        (2, TypeError, r"dims must be a tuple such as \(2, 1\), got 2"),
        ((1.0, 2), TypeError, "dims must be a whole number"),
        ((0, 1), ValueError, r"dims must .* the first one is 1, got \(0, 1\)"),
        ((1, 1), ValueError, r"dims must .* once, .* got \(1, 1\)"),
        ((), ValueError, "dims must .* once"),
    ],
    ids=str,
)
def test_bad_dims(dims, error, message):
    with pytest.raises(error, match=f"Permute: {message}"):
        layers.Permute(dims)


def test_permute_of_samples_with_another_number_of_axes():
    with pytest.raises(ValueError, match=r"layer 'turn'.*samples of 2 axes.*\(1, 4, 6, 7\)"):
        layers.Permute((2, 1), name="turn")(layers.Input((4, 6, 7)))
