"""Normalization by what is known of the data."""

import numpy as np
import pytest

import brasa
from brasa import Input, Sequential, layers
from brasa.testing.assertions import assert_close, assert_same_bits


def wanted(x, mean, variance):
    return (x.astype(np.float64) - mean) / np.sqrt(variance)


def test_keeps_the_contract(check_layer):
    weights = [("mean", (3,)), ("variance", (3,))]
    x, y = check_layer(layers.Normalization(), (4, 5, 3), output=(4, 5, 3), weights=weights)
    assert_same_bits(y, x)  # until it is adapted
    layer = layers.Normalization(mean=[1.0, 2.0, -1.0], variance=[4.0, 0.25, 1.0])
    x, y = check_layer(layer, (4, 5, 3), output=(4, 5, 3), weights=weights)
    assert_close(y, wanted(x, [1, 2, -1], [4, 0.25, 1]), 1e-6 * (2 + np.abs(y)))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64, np.int32])
@pytest.mark.parametrize("axis", [-1, 3, None])
def test_adapt_finds_mean_and_variance(axis, dtype, rng):
    data = (rng.random((50, 6, 5, 3)) * [40, 100, 255]).astype(dtype)
    layer = layers.Normalization(axis)
    layer.adapt(data)
    over = None if axis is None else (0, 1, 2)
    mean, variance = data.astype(np.float64).mean(over), data.astype(np.float64).var(over)
    np.testing.assert_allclose(layer.mean.numpy(), np.broadcast_to(mean, 3), rtol=1e-6)
    np.testing.assert_allclose(layer.variance.numpy(), np.broadcast_to(variance, 3), rtol=1e-6)
    y = layer(data.astype(np.float32))
    assert_close(y, wanted(data, mean, variance), 1e-5)
    assert abs(y.mean(axis=over).max()) < 1e-4
    assert abs(y.var(axis=over) - 1).max() < 1e-4


def test_adapt_adds_up_much_data_in_parts(monkeypatch, rng):
    from brasa.layers import normalization

    data = rng.standard_normal((1001, 7)).astype(np.float32) + 1000
    whole, parts = layers.Normalization(), layers.Normalization()
    whole.adapt(data)
    monkeypatch.setattr(normalization, "_CHUNK", 64)
    parts.adapt(data)
    np.testing.assert_allclose(parts.mean.numpy(), whole.mean.numpy(), rtol=1e-7)
    # A difference of squares would have no digit of the variance left in float32.
    np.testing.assert_allclose(parts.variance.numpy(), data.astype(np.float64).var(0), rtol=1e-6)


def test_adapt_forgets_what_was_before(rng):
    layer = layers.Normalization()
    layer.adapt(rng.standard_normal((9, 2)))
    layer.adapt([[0.0, 1.0], [2.0, 1.0]])
    assert layer.mean.numpy().tolist() == [1, 1]
    assert layer.variance.numpy().tolist() == [1, 0]


def test_a_feature_that_never_changes_is_zero(rng):
    layer = layers.Normalization()
    layer.adapt([[3.0, 0.0], [3.0, 2.0]])
    assert layer([[3.0, 2.0]]).tolist() == [[0.0, 1.0]]


@pytest.mark.parametrize("axis", [-1, None])
def test_one_number_serves_all_channels(axis, rng):
    x = rng.standard_normal((4, 3, 2)).astype(np.float32)
    y = layers.Normalization(axis, mean=3.0, variance=4)(x)
    assert_close(y, wanted(x, 3, 4), 1e-6)


def test_a_model_takes_raw_pixels_and_keeps_the_numbers(rng, tmp_path):
    x = rng.integers(0, 256, (64, 6, 6, 3)).astype(np.uint8)
    y = (x[:, :3].mean(axis=(1, 2, 3)) > x[:, 3:].mean(axis=(1, 2, 3))).astype(np.int64)
    brasa.set_seed(3)
    first = layers.Normalization()
    model = Sequential([Input((6, 6, 3)), first, layers.Flatten(), layers.Dense(2, "softmax")])
    model.compile(brasa.optimizers.Adam(0.02), "sparse_categorical_crossentropy")
    before = model.predict(x)
    first.adapt(x)  # after compile and predict: plans read the weights anew
    assert (model.predict(x) != before).any()
    mean = first.mean.numpy()
    losses = model.fit(x, y, epochs=20, batch_size=16, verbose=0).history["loss"]
    assert losses[-1] < 0.3 * losses[0]
    assert_same_bits(first.mean.numpy(), mean)
    assert [p.name.split("/")[1] for p in model.non_trainable_weights] == ["mean", "variance"]
    model.save(tmp_path / "model.brasa")
    assert_same_bits(brasa.load_model(tmp_path / "model.brasa").predict(x), model.predict(x))


def test_gradients_pass_through(rng):
    x, y = rng.standard_normal((8, 4)), rng.standard_normal((8, 1))
    apart = Sequential(
        [
            Input((4,)),
            layers.Dense(3),
            layers.Normalization(mean=[1, 0, 2], variance=[4, 1, 9]),
            layers.Dense(1),
        ]
    )
    apart.compile("sgd", "mse")
    w, b, _, _, out, _ = apart.get_weights()
    dw = apart.compute_gradients(x, y)[1][0]
    hidden = wanted(x @ w + b, [1, 0, 2], [4, 1, 9])
    want = x.T @ (2 * (hidden @ out - y) / 8 @ out.T / [2, 1, 3])
    np.testing.assert_allclose(dw, want, rtol=1e-4, atol=1e-5)


def test_a_variance_of_0_divides_by_what_keras_divides_by():
    y = layers.Normalization(mean=3.0, variance=0.0)([[3.0, 4.0]])
    assert y.tolist() == [[0.0, pytest.approx(1e7)]]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: layers.Normalization(mean=1.0), ValueError, "both or not at all"),
        (lambda: layers.Normalization(variance=1.0), ValueError, "both or not at all"),
        (lambda: layers.Normalization(mean=1, variance=-1), ValueError, "variance at least 0"),
        (lambda: layers.Normalization(mean=np.nan, variance=1), ValueError, "must be finite"),
        (lambda: layers.Normalization(mean=0, variance=np.inf), ValueError, "must be finite"),
        (lambda: layers.Normalization(mean="a", variance=1), TypeError, "mean must hold"),
        (lambda: layers.Normalization(mean=[1, 2], variance=1), ValueError, r"\(2,\) and \(\)"),
        (lambda: layers.Normalization(None, [1], [1]), ValueError, "must both be numbers, got"),
        (lambda: layers.Normalization(1)(np.zeros((2, 3, 4))), ValueError, "axis must be -1.*1"),
        (lambda: layers.Normalization("last")(np.zeros((2, 3))), ValueError, "axis must be -1"),
        (
            lambda: layers.Normalization(mean=[1, 2], variance=[1, 2])(np.zeros((2, 3))),
            ValueError,
            "have 2 entries, the input has 3 channels",
        ),
        (lambda: layers.Normalization()(np.zeros(3)), ValueError, "rank 2 or more"),
    ],
)
def test_bad_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_bad_data():
    given = layers.Normalization(mean=1.0, variance=1.0)
    built = layers.Normalization()
    built.adapt(np.eye(3))
    for layer, data, error, message in (
        (given, np.eye(3), ValueError, "was given its mean and variance"),
        (built, np.eye(4), ValueError, r"must have 3 channels, got \(4, 4\)"),
        (layers.Normalization(), np.zeros((0, 3)), ValueError, "not empty, got"),
        (layers.Normalization(), [1.0, 2.0], ValueError, r"\(N, ..., C\)"),
        (layers.Normalization(), [[np.nan]], ValueError, "not finite"),
        (layers.Normalization(), "abc", TypeError, "data must hold"),
    ):
        with pytest.raises(error, match=rf"Normalization.adapt: .*{message}"):
            layer.adapt(data)
    assert built.mean.numpy().tolist() == pytest.approx([1 / 3] * 3)
