"""BatchNormalization: statistics, its state in a model, saving."""

import numpy as np
import pytest

import brasa
from brasa import layers
from brasa.testing.assertions import assert_same_bits


def model_of(**options):
    return brasa.Sequential(
        [
            layers.Input((6,)),
            layers.Dense(5, name="dense"),
            layers.BatchNormalization(name="bn", **options),
            layers.ReLU(),
            layers.Dense(1),
        ]
    )


def data(rng):
    x = rng.normal(size=(32, 6)).astype(np.float32)
    return x, x[:, :1] * 2


def test_weights_come_in_kerass_order():
    layer = model_of().layers[-3]
    assert [p.name for p in layer.weights] == [
        "bn/gamma", "bn/beta", "bn/moving_mean", "bn/moving_variance"
    ]  # fmt: skip
    assert [p.name for p in layer.trainable_weights] == ["bn/gamma", "bn/beta"]


def test_a_step_moves_the_statistics_and_nothing_else_does(rng):
    model = model_of(momentum=0.75)
    model.compile(optimizer="sgd", loss="mse")
    x, y = data(rng)
    bn = next(layer for layer in model.layers if layer.name == "bn")
    dense = next(layer for layer in model.layers if layer.name == "dense")
    hidden = dense(x)
    before = bn.get_weights()
    model.predict(x)
    model.evaluate(x, y)
    model.compute_gradients(x, y)
    for got, want in zip(bn.get_weights(), before, strict=True):
        np.testing.assert_array_equal(got, want)
    model.train_on_batch(x, y)
    np.testing.assert_allclose(bn.get_weights()[2], 0.25 * hidden.mean(0), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(bn.get_weights()[3], 0.75 + 0.25 * hidden.var(0), rtol=1e-4)


def test_loss_falls_and_a_saved_model_predicts_the_same_bits(rng, tmp_path):
    model = model_of()
    model.compile(optimizer="adam", loss="mse")
    x, y = data(rng)
    losses = model.fit(x, y, epochs=30, batch_size=8, verbose=0).history["loss"]
    assert losses[-1] < losses[0] * 0.9
    model.save(tmp_path / "m.brasa")
    loaded = brasa.load_model(tmp_path / "m.brasa")
    np.testing.assert_array_equal(loaded.predict(x), model.predict(x))


def test_a_frozen_layer_keeps_its_statistics(rng):
    model = model_of(trainable=False)
    model.compile(optimizer="sgd", loss="mse")
    before = next(layer for layer in model.layers if layer.name == "bn").get_weights()
    model.train_on_batch(*data(rng))
    after = next(layer for layer in model.layers if layer.name == "bn").get_weights()
    for got, want in zip(after, before, strict=True):
        np.testing.assert_array_equal(got, want)


def test_statistics_leave_masked_steps_out(rng):
    x = rng.standard_normal((4, 5, 2)).astype(np.float32)
    mask = (np.arange(5) < [[5], [2], [3], [1]]).astype(np.float32)
    layer = layers.BatchNormalization()
    y = layer(x, training=True, mask=mask)
    valid = x[mask == 1]
    want = (x - valid.mean(0)) / np.sqrt(valid.var(0) + 1e-3)
    np.testing.assert_allclose(y, want, rtol=1e-5, atol=1e-5)
    assert_same_bits(layer(x, training=True, mask=(mask == 1).tolist()), y)
    with pytest.raises(ValueError, match=r"mask must say .* \(5, 4\) for x \(4, 5, 2\)"):
        layer(x, training=True, mask=mask.T)
    garbage = np.where(mask[..., None] == 1, x, np.float32(np.nan))
    np.testing.assert_array_equal(layer(garbage, training=True, mask=mask)[mask == 1], y[mask == 1])
    frames = layer(np.repeat(x[:, :, None], 3, axis=2), training=True, mask=mask)
    np.testing.assert_allclose(frames[:, :, 1], y, rtol=1e-5, atol=1e-5)
    nothing = layer(x, training=True, mask=np.zeros_like(mask))
    np.testing.assert_allclose(nothing, x / np.sqrt(1e-3), rtol=1e-5)


def step_of(x, y, *front):
    """Loss, gradients, and the weights after a step, of a model that normalizes steps."""
    bn = layers.BatchNormalization(momentum=0.5)
    dense = layers.Dense(3)
    model = brasa.Sequential([layers.Input(x.shape[1:]), *front, dense, bn])
    dense.set_weights([np.float32([[1, 0.5, 2], [-0.5, 2, 1]]), np.float32([0.3, 7, -4])])
    bn.set_weights([*np.float32([[0.5, 2, 1], [0.1, -0.2, 3], [0, 0, 1], [1, 1, 2]])])
    model.compile("sgd", "mse")
    loss, gradients = model.compute_gradients(x, y)
    model.train_on_batch(x, y)
    return [loss, *gradients, *model.get_weights()]


def test_a_step_is_that_of_the_unmasked_steps_alone(rng):
    x, y = (rng.standard_normal((4, 5, n)).astype(np.float32) for n in (2, 3))
    valid = np.arange(5) < [[5], [2], [3], [1]]
    x[~valid] = 0
    got = step_of(x, y, layers.Masking())
    want = step_of(x[valid][:, None], y[valid][:, None])
    assert len(got) == len(want) == 11
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("axis", "message"),
    [
        (0, "the samples of a batch, axis 0"),
        (3, r"axis must name each axis once, from -3 to 2, got \[3\]"),
        (-4, "axis must name each axis once"),
    ],
)
def test_an_axis_is_one_of_a_sample(axis, message):
    with pytest.raises(ValueError, match=f"layer 'batch_normalization'.*{message}"):
        layers.BatchNormalization(axis=axis)(np.zeros((2, 3, 4), np.float32))


def test_channels_that_are_open_or_masked_along_another_axis():
    with pytest.raises(ValueError, match="number of channels is open"):
        layers.BatchNormalization(axis=1)(layers.Input((None, 4)))
    layer, x = layers.BatchNormalization(axis=1), np.zeros((2, 3, 4), np.float32)
    assert layer(x, mask=np.ones((2, 3))).shape == x.shape
    with pytest.raises(ValueError, match="with axis 1 it takes no mask in training"):
        layer(x, training=True, mask=np.ones((2, 3)))
