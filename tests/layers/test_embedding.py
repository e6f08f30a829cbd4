"""Embedding."""

import numpy as np
import pytest

from brasa import Input, layers
from brasa.testing.assertions import assert_same_bits


@pytest.mark.parametrize("shape", [(), (5,), (2, 3)], ids=str)
def test_keeps_the_contract(check_layer, shape):
    layer = layers.Embedding(11, 4)
    weights = [("embeddings", (11, 4))]
    x, y = check_layer(layer, shape, output=(*shape, 4), weights=weights, below=11)
    assert_same_bits(y, layer.embeddings.value[x])


def test_starts_uniform_in_keras_range():
    layer = layers.Embedding(1000, 8)
    layer.ensure_built((None, 3))
    values = layer.embeddings.value
    assert np.abs(values).max() <= 0.05
    assert np.abs(values).max() > 0.049
    assert layer.get_config()["embeddings_initializer"]["class_name"] == "RandomUniform"


def test_takes_lists_and_every_kind_of_whole_number():
    layer = layers.Embedding(3, 2, "ones")
    for ids in ([[0, 2]], np.uint8([[0, 2]]), np.int64([[0, 2]])):
        assert layer(ids).shape == (1, 2, 2)


@pytest.mark.parametrize("mask_zero", [False, True])
def test_makes_a_mask_of_the_zeros(mask_zero):
    tensor = layers.Embedding(3, 2, mask_zero=mask_zero)(Input((5,), dtype="int32"))
    assert tensor.mask_shape == ((None, 5) if mask_zero else None)


def test_the_input_must_hold_whole_numbers():
    layer = layers.Embedding(3, 2)
    with pytest.raises(TypeError, match="ids must be int32, got float32"):
        layer(Input((5,), dtype="float32"))
    with pytest.raises(TypeError, match="ids must hold whole numbers"):
        layer([[0.5]])
    with pytest.raises(IndexError, match=r"ids\[0, 1\] is 3, but the table has 3 rows"):
        layer([[0, 3]])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((0, 2), ValueError, "Embedding: input_dim must be >= 1"),
        ((2.0, 2), TypeError, "Embedding: input_dim must be a whole number"),
        ((2, -1), ValueError, "Embedding: output_dim must be >= 1"),
        ((2, 2, "unifrom"), ValueError, "Did you mean 'uniform'"),
        ((2, 2, "uniform", 1), TypeError, "mask_zero must be True or False"),
    ],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        layers.Embedding(*arguments)
