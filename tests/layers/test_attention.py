"""Attention and AdditiveAttention against their formulas in float64."""

import numpy as np
import pytest

import brasa
from brasa import Input, Model, layers
from brasa.testing.assertions import assert_close

N, T, S, D, E = 3, 5, 7, 4, 2


def attended(scores, value, counts=None):
    scores = scores if counts is None else np.where(counts[:, None], scores, -np.inf)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True) @ value


def pairs(query, key):
    return np.tanh(query[:, :, None] + key[:, None])


@pytest.mark.parametrize(
    ("layer", "weights", "scores"),
    [
        (layers.Attention(), {}, lambda q, k: q @ k.swapaxes(1, 2)),
        (layers.Attention(True), {"scale": ()}, lambda q, k, s: s * (q @ k.swapaxes(1, 2))),
        (
            layers.Attention(True, "concat", dropout=0.3, seed=1),
            {"scale": (), "concat_score_weight": ()},
            lambda q, k, s, w: w * np.tanh(s * (q[:, :, None] + k[:, None])).sum(-1),
        ),
        (layers.AdditiveAttention(False), {}, lambda q, k: pairs(q, k).sum(-1)),
        (layers.AdditiveAttention(), {"scale": (D,)}, lambda q, k, s: pairs(q, k) @ s),
    ],
)
def test_attention(check_layer, layer, weights, scores, rng):
    shapes = (T, D), (S, E), (S, D)
    (query, value, key), _ = check_layer(layer, *shapes, output=(T, E), weights=weights.items())
    learned = [rng.uniform(0.5, 2, p.shape).astype(np.float32) for p in layer.weights]
    layer.set_weights(learned)
    x = [a.astype(np.float64) for a in (query, key, *learned)]
    assert_close(layer([query, value, key]), attended(scores(*x), value), 1e-5)


@pytest.mark.parametrize("make", [layers.Attention, layers.AdditiveAttention])
def test_padding_is_not_attended_to(make, rng):
    brasa.set_seed(1)
    asked, told = Input((T,), dtype="int32"), Input((S,), dtype="int32")
    words = layers.Embedding(9, D, mask_zero=True)
    y = make(use_scale=False)([words(asked), words(told)])
    model = Model([asked, told], [words(asked), words(told), y])
    questions, answers = rng.integers(1, 9, (N, T)), rng.integers(1, 9, (N, S))
    questions[:, 3:], answers[1, 2:] = 0, 0
    query, value, y = (a.astype(np.float64) for a in model.predict([questions, answers]))
    dots = query @ value.swapaxes(1, 2)
    scores = dots if make is layers.Attention else pairs(query, value).sum(-1)
    expected = attended(scores, value, answers > 0) * (questions > 0)[..., None]
    assert_close(y.astype(np.float32), expected, 1e-6)


def test_it_learns_where_to_look():
    """The answer is the value beside the key that the query names."""
    brasa.set_seed(1)
    keys = np.tile(np.eye(S), (64, 1, 1))
    rng = np.random.default_rng(1)
    values, wanted = rng.standard_normal((64, S, 1)), rng.integers(S, size=64)
    query, value = Input((1, S)), Input((S, 1))
    key = Input((S, S))
    y = layers.Attention(use_scale=True)([layers.Dense(S)(query), value, key])
    model = Model([query, value, key], layers.Flatten()(y))
    model.compile(brasa.optimizers.Adam(0.1), "mse")
    x = [np.eye(S)[wanted][:, None], values, keys]
    losses = model.fit(x, values[np.arange(64), wanted], epochs=60, verbose=0).history["loss"]
    assert losses[-1] < 0.01 < losses[0] / 10


@pytest.mark.parametrize(
    ("xs", "error", "message"),
    [
        (np.zeros((1, 2, 3)), TypeError, "list of inputs"),
        ([np.zeros((1, 2, 3))] * 4, ValueError, r"query \(N, T, D\)"),
        ([np.zeros((1, 3))] * 2, ValueError, r"\(1, 3\) and \(1, 3\)"),
        ([np.zeros((1, 2, 3)), np.zeros((1, 2, 4))], ValueError, "unless it is the value"),
        ([np.zeros((1, 2, 3)), np.zeros((2, 2, 3))], ValueError, "unless it is the value"),
    ],
)
def test_inputs_that_do_not_fit(xs, error, message):
    with pytest.raises(error, match=message):
        layers.Attention()(xs)


def test_an_unknown_mode():
    with pytest.raises(ValueError, match=r"score_mode 'product' is unknown.*dot, concat"):
        layers.Attention(score_mode="product")
