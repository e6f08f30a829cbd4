"""MultiHeadAttention, and what calls say to all attention layers, against NumPy in float64."""

import copy
import json

import numpy as np
import pytest

import brasa
from brasa import Input, Model, layers, models, ops, runtime
from brasa.testing.assertions import assert_close, assert_same_bits
from brasa.testing.gradcheck import check_gradient

N, T, S, D, E, C, H, K, V = 3, 5, 7, 6, 4, 8, 2, 3, 5
SHAPES = (T, D), (S, E), (S, C)
WEIGHTS = {
    "query/kernel": (D, H, K),
    "query/bias": (H, K),
    "key/kernel": (C, H, K),
    "key/bias": (H, K),
    "value/kernel": (E, H, V),
    "value/bias": (H, V),
    "attention_output/kernel": (H, V, 2, 9),
    "attention_output/bias": (2, 9),
}
LOWER = np.tril(np.ones((T, S), bool))


def attended(query, value, key, weights, allowed=True):
    """y (N, T, 2, 9) and the weights (N, H, T, S)."""
    wq, bq, wk, bk, wv, bv, wo, bo = (w.astype(np.float64) for w in weights)
    q, k, v = (
        np.einsum("ntd,dhk->nhtk", x, w) + b[:, None]
        for x, w, b in ((query, wq, bq), (key, wk, bk), (value, wv, bv))
    )
    scores = np.where(allowed, q @ k.swapaxes(2, 3) / np.sqrt(q.shape[-1]), -1e9)
    shares = np.exp(scores - scores.max(-1, keepdims=True))
    shares /= shares.sum(-1, keepdims=True)
    return np.einsum("nhtv,hvab->ntab", shares @ v, wo) + bo, shares


def attention(rng, **options):
    """A layer with weights that are all drawn, and query, value and key for it."""
    layer = layers.MultiHeadAttention(H, K, V, output_shape=(2, 9), **options)
    xs = [rng.standard_normal((N, *shape)).astype(np.float32) for shape in SHAPES]
    layer(*xs)
    drawn = [rng.uniform(-1, 1, p.shape).astype(np.float32) for p in layer.weights]
    layer.set_weights(drawn)
    return layer, xs, drawn


def test_the_contract_of_layers(check_layer):
    made = layers.MultiHeadAttention(H, K, V, output_shape=(2, 9), dropout=0.3, seed=1)
    check_layer(made, *SHAPES, output=(T, 2, 9), weights=WEIGHTS.items())
    plain = layers.MultiHeadAttention(H, K, use_bias=False)
    kernels = [("query/kernel", (D, H, K)), ("key/kernel", (E, H, K)), ("value/kernel", (E, H, K))]
    kernels += [("attention_output/kernel", (H, K, D))]
    check_layer(plain, *SHAPES[:2], output=(T, D), weights=kernels)


def masks(rng):
    """What a call may say, and the pairs that it leaves."""
    allowed, of_heads = rng.random((N, T, S)) < 0.5, rng.random((N, H, T, S)) < 0.5
    steps = np.arange(S) < [[3], [7], [1]]
    allowed[..., 0] = of_heads[..., 0] = True
    return [
        ({}, True),
        ({"use_causal_mask": True}, LOWER),
        ({"attention_mask": allowed}, allowed[:, None]),
        ({"attention_mask": allowed * 2, "use_causal_mask": True}, allowed[:, None] & LOWER),
        ({"attention_mask": of_heads.astype(np.float32)}, of_heads),
        ({"value_mask": steps}, steps[:, None, None]),
        ({"key_mask": steps, "use_causal_mask": True}, steps[:, None, None] & LOWER),
    ]


def test_what_calls_may_say_on_arrays_and_in_models(rng):
    layer, xs, weights = attention(rng)
    for said, allowed in masks(rng):
        y, shares = layer(*xs, return_attention_scores=True, **said)
        want, of_want = attended(*xs, weights, allowed)
        assert_close(y, want, 1e-5, f"y for {said}")
        assert_close(shares, of_want, 1e-6, f"weights for {said}")
        assert_same_bits(layer(*xs, **said), y)
        if said.keys() & {"value_mask", "key_mask"}:
            continue
        inputs = [Input(shape) for shape in SHAPES]
        mask = said.pop("attention_mask", None)
        further = [] if mask is None else [Input(mask.shape[1:], dtype="int32")]
        told = {**said, "return_attention_scores": True}
        if further:
            told["attention_mask"] = further[0]
        model = Model([*inputs, *further], layer(*inputs, **told))
        data = xs if mask is None else [*xs, mask.astype(int)]
        for got, wanted in zip(model.predict(data), (y, shares), strict=True):
            assert_same_bits(got, wanted, f"in a model: {said}")


def test_the_mask_of_the_steps_comes_along(rng):
    words = layers.Embedding(9, D, mask_zero=True)
    asked, told = Input((None,), dtype="int32"), Input((None,), dtype="int32")
    layer = layers.MultiHeadAttention(H, K)
    y, shares = layer(words(asked), words(told), return_attention_scores=True)
    assert (y.mask_shape, shares.mask_shape) == ((None, None), None)
    model = Model([asked, told], [y, shares])
    questions, answers = rng.integers(1, 9, (N, T)), rng.integers(1, 9, (N, S))
    questions[:, 3:], answers[1, 2:] = 0, 0
    y, shares = model.predict([questions, answers])
    counted = questions > 0
    query, value = words(questions), words(answers)
    want, _ = layer(query, value, value_mask=answers > 0, return_attention_scores=True)
    assert_close(y[counted], want[counted].astype(np.float64), 1e-6)
    assert (shares[1, :, :3, 2:] == 0).all()
    assert_close(shares[:, :, 3:], np.full((N, H, 2, S), 1 / S), 1e-6)  # who sees nothing, as Keras


def test_gradients_are_slopes(rng):
    layer, xs, weights = attention(rng)
    weigh = rng.standard_normal((N, T, 2, 9)).astype(np.float32)
    of_all = brasa.grad(
        lambda w, *xs: ops.sum(layer(*xs, use_causal_mask=True) * w),
        argnums=(1, 2, 3),
        weights=layer,
    )
    by_inputs, by_weights = of_all(weigh, *xs)

    def y(*moved):
        return attended(*moved[:3], moved[3:], LOWER)[0]

    moved = [a.astype(np.float64) for a in (*xs, *weights)]
    of_each = [g.astype(np.float64) for g in (*by_inputs, *by_weights)]
    # The slopes are those of float64, the gradients of float32.
    for which, gradient in enumerate(of_each):
        step = 1e-5 * rng.standard_normal(gradient.shape)
        ends = [[*moved[:which], moved[which] + s * step, *moved[which + 1 :]] for s in (1, -1)]
        slope = (weigh * (y(*ends[0]) - y(*ends[1]))).sum() / 2
        assert abs(slope - (gradient * step).sum()) < 1e-9 + 1e-5 * abs(gradient * step).sum()
    check_gradient(lambda x: layer(x, *xs[1:], use_causal_mask=True), xs[:1], by_inputs[:1], weigh)


def test_a_later_step_changes_no_earlier_one(rng):
    x = rng.standard_normal((N, T, D)).astype(np.float32)
    other = x.copy()
    other[:, 3:] = 7.0
    for layer in (layers.Attention(), layers.AdditiveAttention(), layers.MultiHeadAttention(H, K)):
        several = isinstance(layer, layers.MultiHeadAttention)
        y, moved = (
            layer(*([a, a] if several else [[a, a]]), use_causal_mask=True) for a in (x, other)
        )
        assert_same_bits(y[:, :3], moved[:, :3])
        assert (y[:, 3:] != moved[:, 3:]).any()


@pytest.mark.parametrize("make", [layers.Attention, layers.AdditiveAttention])
def test_attention_says_its_weights(make, rng):
    xs = [rng.standard_normal((N, *s)).astype(np.float32) for s in ((T, D), (S, E), (S, D))]
    layer = make()
    y, shares = layer(xs, use_causal_mask=True, return_attention_scores=True)
    assert_close(y, shares.astype(np.float64) @ xs[1], 1e-5)
    assert (shares[:, ~LOWER] == 0).all()
    assert_close(shares.sum(-1), np.ones((N, T)), 1e-6)
    inputs = [Input(x.shape[1:]) for x in xs]
    model = Model(inputs, layer(inputs, use_causal_mask=True, return_attention_scores=True))
    for got, want in zip(model.predict(xs), (y, shares), strict=True):
        assert_same_bits(got, want)


def test_dropout_drops_weights_in_training_alone(rng):
    brasa.set_seed(3)
    layer, xs, _ = attention(rng, dropout=0.5, seed=1)
    y, shares = layer(*xs, return_attention_scores=True, training=True)
    still, same = layer(*xs, return_attention_scores=True)
    assert_same_bits(shares, same)  # as Keras: those before the dropout
    assert (y != still).any()
    inputs = [Input(shape) for shape in SHAPES]
    assert_same_bits(Model(inputs, layer(*inputs)).predict(xs), still)


def test_models_keep_what_calls_say(rng, tmp_path):
    layer, xs, _ = attention(rng)
    inputs = [Input(shape) for shape in SHAPES]
    model = Model(inputs, layer(*inputs, use_causal_mask=True))
    y = model.predict(xs)
    model.save(tmp_path / "model.brasa")
    again = models.model_from_json(model.to_json()), models.clone_model(model)
    for twin in (*again, copy.deepcopy(model), brasa.load_model(tmp_path / "model.brasa")):
        twin.set_weights(model.get_weights())
        assert_same_bits(twin.predict(xs), y)
    assert_same_bits(Model(inputs, model(inputs)).predict(xs), y)  # applied once more
    assert json.loads(model.to_json())["calls"][0]["options"] == {"use_causal_mask": True}


def test_the_same_bits_for_every_number_of_threads(rng, threads):
    x = rng.standard_normal((8, 33, 32)).astype(np.float32)
    layer = layers.MultiHeadAttention(4, 8)
    results = []
    for count in (1, 2):
        runtime.set_threads(count)
        results.append(layer(x, x, use_causal_mask=True))
    assert_same_bits(*results)


X = np.ones((2, 3, D), np.float32)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda layer: layer(X), TypeError, r"a query and a value, layer\(query, value\)"),
        (lambda layer: layer(X, X[:1]), ValueError, r"query \(N, T, D\).*\(2, 3, 6\), \(1, 3, 6\)"),
        (lambda layer: layer(X, X, X[:, :2]), ValueError, r"key \(N, S, C\)"),
        (lambda layer: layer(X[0], X[0]), ValueError, r"got \(3, 6\)"),
        (lambda layer: layer(X[..., :2], X), ValueError, "the query must have 6 features, got 2"),
        (
            lambda layer: layer(X, X, use_causal_mask=1),
            TypeError,
            "use_causal_mask must be True or",
        ),
        (lambda layer: layer(X, X, causal=True), TypeError, "no argument 'causal', it takes"),
        (lambda layer: layer(X, X, attention_mask=X), ValueError, r"here \(2, 3, 3\).*\(2, 3, 6\)"),
        (lambda layer: layer(X, X, attention_mask="a"), TypeError, "attention_mask must"),
        (lambda layer: layer(Input((3, D)), X), TypeError, "cannot be mixed"),
        (
            lambda layer: layer(*[Input((3, D))] * 2, value_mask=X[..., 0]),
            TypeError,
            "give attention_mask",
        ),
        (lambda _: layers.MultiHeadAttention(0, 1), ValueError, "num_heads must be >= 1, got 0"),
        (lambda _: layers.MultiHeadAttention(1, 2, 0.5), TypeError, "value_dim must be a whole"),
        (lambda _: layers.MultiHeadAttention(1, 2, output_shape=[]), ValueError, "output_shape"),
        (
            lambda _: layers.MultiHeadAttention(1, 2, dropout=1.0),
            ValueError,
            r"must be in \[0, 1\)",
        ),
        (
            lambda _: layers.Dense(2)(X, causal=True),
            TypeError,
            "no argument 'causal', it takes none",
        ),
    ],
)
def test_bad_calls_say_what_is_wrong(call, error, message):
    layer = layers.MultiHeadAttention(H, K)
    layer(X, X)
    with pytest.raises(error, match=message):
        call(layer)


def test_options_of_calls_are_for_layers_of_ones_own_too(tmp_path):
    class Raised(layers.Layer):
        def call(self, x, by=1.0):
            return x + by

    x = Input((2,))
    model = Model(x, Raised()(x, by=2.0))
    assert model.predict(np.zeros((1, 2))).tolist() == [[2.0, 2.0]]
    model.save(tmp_path / "model.brasa")
    twin = brasa.load_model(tmp_path / "model.brasa", {"Raised": Raised})
    assert twin.predict(np.zeros((1, 2))).tolist() == [[2.0, 2.0]]
    odd = Model(x, Raised()(x, by=np.float32(2)))
    with pytest.raises(ValueError, match="files cannot hold what layer 'raised' was called with"):
        odd.to_json()
    with pytest.raises(TypeError, match="by cannot be a tensor"):
        Raised()(x, by=x)
