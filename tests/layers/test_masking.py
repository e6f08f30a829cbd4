"""Masking, and how masks go through layers."""

import warnings

import numpy as np
import pytest

from brasa import Input, Model, Sequential, layers, ops
from brasa.graph.trace import Graph
from brasa.testing.assertions import assert_same_bits

PADDED = np.float32([[[1, 2], [0, 0], [0, 3]], [[0, 0], [0, 0], [0, 0]]])


@pytest.mark.parametrize("value", [0.0, -1.0])
def test_keeps_the_contract(check_layer, value):
    check_layer(layers.Masking(value), (4, 3), output=(4, 3))


def test_zeroes_the_steps_that_hold_the_value():
    x = np.where(PADDED == 0, np.float32(7), PADDED)
    x[0, 2, 0] = 0
    assert_same_bits(layers.Masking(7.0)(x), PADDED)


def masks_of(layer, *masked, shapes=((3, 2),)):
    """The mask of a layer's output, where the inputs named in `masked` have one."""
    graph = Graph()
    symbols = [graph.external(f"x{i}", (2, *shape)) for i, shape in enumerate(shapes)]
    for i in masked:
        symbols[i].mask = graph.external(f"mask{i}", (2, 3))
    result = layer(symbols if len(symbols) > 1 else symbols[0])
    return result.mask, [symbols[i].mask for i in masked]


@pytest.mark.parametrize(
    "layer",
    [
        layers.Activation("tanh"),
        layers.BatchNormalization(),
        layers.Dense(4),
        layers.Dropout(0.5),
        layers.ELU(),
        layers.GELU(),
        layers.InputLayer((3, 2)),
        layers.LeakyReLU(),
        layers.ReLU(),
        layers.Rescaling(2.0),
        layers.Softmax(),
        layers.TimeDistributed(layers.Dense(4)),
    ],
    ids=lambda layer: layer.name,
)
def test_what_works_step_by_step_passes_the_mask_on(layer):
    mask, (given,) = masks_of(layer, 0)
    assert mask is given
    assert masks_of(layer)[0] is None


def test_masking_makes_its_own():
    mask, (given,) = masks_of(layers.Masking(), 0)
    assert mask is not given
    assert mask.shape == (2, 3)
    assert mask.node.op == "mask_of_rows"


def test_a_layer_may_ask_for_the_mask_and_change_it():
    class Steps(layers.Layer):
        def call(self, x, mask=None):
            assert mask is not None
            return ops.mask_rows(x, mask)

        def compute_mask(self, inputs, mask=None):
            return None

    assert masks_of(Steps(), 0)[0] is None
    given = np.float32([[1, 0, 1], [1, 1, 1]])
    y = Steps()(np.ones((2, 3, 2), np.float32), mask=given)
    assert_same_bits(y, np.repeat(given[..., None], 2, axis=-1))


def test_a_mask_that_ends_gives_a_warning_once_where_the_model_is_made():
    x = layers.Embedding(5, 2, mask_zero=True)(Input((3,), dtype="int32"))
    with pytest.warns(UserWarning, match=r"'flatten' \(Flatten\) gets a mask and does not pass"):
        assert layers.Flatten()(x).mask_shape is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert layers.Dense(2)(x).mask_shape == (None, 3)


class Remarked(layers.Layer):
    """Leaves the values alone and gives them the mask that nothing counts."""

    def call(self, x):
        return x

    def compute_mask(self, inputs, mask=None):
        return None if mask is None else ops.scale(mask, 0.0)


def test_a_layer_that_leaves_its_input_alone_leaves_its_mask_alone():
    for layer in (layers.ZeroPadding1D(0), layers.Cropping1D(0), layers.Reshape((3, 2))):
        assert masks_of(layer, 0)[0] is None, layer.name
    mask, (given,) = masks_of(Remarked(), 0)
    assert mask is not given
    assert given.node is None


@pytest.mark.filterwarnings("ignore:layer 'zero_padding1d':UserWarning")
def test_padding_by_nothing_ends_a_mask_in_a_model():
    x = Input((3, 2))
    y = layers.GlobalAveragePooling1D()(layers.ZeroPadding1D(0)(layers.Masking()(x)))
    assert_same_bits(Model(x, y).predict(PADDED[:1]), PADDED[:1].mean(axis=1))


SAME = ((3, 2), (3, 2))


@pytest.mark.parametrize("layer", [layers.Add(), layers.Concatenate()], ids=["add", "concatenate"])
def test_one_mask_of_all_inputs_stays(layer):
    graph = Graph()
    mask = graph.external("mask", (2, 3))
    symbols = [graph.external(f"x{i}", (2, 3, 2)) for i in range(2)]
    for symbol in symbols:
        symbol.mask = mask
    assert layer(symbols).mask is mask


def test_masks_of_a_sum_and_of_joined_features(rng):
    from tests.layers.conftest import run_graph

    a, b = (rng.integers(0, 2, (2, 3)).astype(np.float32) for _ in range(2))
    want = np.maximum(a, b)
    for layer in (layers.Add(), layers.Concatenate()):
        mask, given = masks_of(layer, 0, 1, shapes=SAME)
        values = dict(zip(given, (a, b), strict=True))
        sources = mask.graph.sources
        for i in range(2):
            values[next(s for k, s in sources.items() if k.name == f"x{i}")] = np.ones(
                (2, 3, 2), np.float32
            )
        assert_same_bits(run_graph(mask, values), want, layer.name)


@pytest.mark.parametrize("layer", [layers.Add, layers.Concatenate])
def test_beside_an_unmasked_input_all_steps_count(layer):
    assert masks_of(layer(), 0, shapes=SAME)[0] is None


def test_joined_steps_have_joined_masks(rng):
    from tests.layers.conftest import run_graph

    values = np.float32([[[np.inf, 0]] * 3] * 2)
    given = rng.integers(0, 2, (2, 3)).astype(np.float32)
    mask, (first,) = masks_of(layers.Concatenate(axis=1), 0, shapes=SAME)
    sources = {symbol: values for key, symbol in mask.graph.sources.items() if key.name[0] == "x"}
    got = run_graph(mask, {**sources, first: given})
    assert_same_bits(got, np.concatenate([given, np.ones_like(given)], axis=1))


def test_a_mask_may_come_from_what_is_trained(rng):
    """Which steps count has no slope: the layers before Masking learn through the values alone."""
    x = rng.standard_normal((8, 5, 3)).astype(np.float32)
    x[:, 3:] = 0
    for layer in (layers.LSTM(4), layers.GRU(4, recurrent_dropout=0.5)):
        front = [layers.Dense(4, use_bias=False), layers.Masking(), layers.BatchNormalization()]
        model = Sequential([Input((None, 3)), *front, layer, layers.Dense(1)])
        model.compile("sgd", "mse")
        got, want = (
            model.compute_gradients(x[:, :steps], np.ones((8, 1)))[1][0] for steps in (5, 3)
        )
        assert np.abs(want).max() > 1e-4
        np.testing.assert_allclose(got, want, rtol=1e-3, atol=1e-6)


def test_bad_arguments():
    with pytest.raises(TypeError, match="Masking: mask_value must be a number"):
        layers.Masking("zero")
