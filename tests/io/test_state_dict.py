"""Weights of PyTorch's modules by the names of their tensors."""

import numpy as np
import pytest

from brasa.io import weights_of_modules


def test_weights_are_turned_and_normalizations_stay(rng):
    shapes = {
        "conv.weight": (5, 2, 3, 3),
        "conv.bias": (5,),
        "norm.weight": (6, 4),  # a LayerNorm of two axes
        "norm.bias": (6, 4),
        "fc.weight": (7, 4),
    }
    tensors = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    conv, conv_bias, gamma, beta, dense = weights_of_modules(tensors, ["conv", "norm", "fc"])
    assert conv.shape == (3, 3, 2, 5)
    assert conv[1, 2, 0, 4] == np.float32(tensors["conv.weight"][4, 0, 1, 2])
    np.testing.assert_array_equal(conv_bias, tensors["conv.bias"].astype(np.float32))
    np.testing.assert_array_equal(gamma, tensors["norm.weight"].astype(np.float32))
    np.testing.assert_array_equal(beta, tensors["norm.bias"].astype(np.float32))
    np.testing.assert_array_equal(dense, tensors["fc.weight"].T.astype(np.float32))


def test_a_module_without_tensors_is_named():
    with pytest.raises(ValueError, match=r"no tensor is named 'fc\.weight'"):
        weights_of_modules({}, ["fc"])
