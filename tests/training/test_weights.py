"""Weights of samples and classes."""

import numpy as np
import pytest

from brasa import Sequential, layers, losses, optimizers
from brasa.testing.assertions import ROUNDING, assert_close, assert_same_bits
from tests.training.conftest import SAMPLES, make, state, train


def linear(units, features, loss, rng):
    """A dense layer alone with its loss, and its weights in float64."""
    model = Sequential([layers.Dense(units, activation="softmax", input_shape=(features,))])
    model.compile(optimizers.SGD(0.5), loss)
    weights = [rng.standard_normal(w.shape).astype(np.float32) for w in model.get_weights()]
    model.set_weights(weights)
    return model, [w.astype(np.float64) for w in weights]


def weighted_step(x, y, weight, kernel, bias, rate):
    """Loss and weights after one step of softmax regression, in float64."""
    z = x @ kernel + bias
    z -= z.max(axis=1, keepdims=True)
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    loss = -(weight * np.log(p[np.arange(len(y)), y])).mean()
    p[np.arange(len(y)), y] -= 1
    dz = p * weight[:, None] / len(y)
    return loss, kernel - rate * x.T @ dz, bias - rate * dz.sum(axis=0)


@pytest.mark.parametrize("one_hot", [False, True])
@pytest.mark.parametrize("by", ["sample", "class"])
def test_weights_scale_losses_and_gradients(by, one_hot, rng):
    x = rng.standard_normal((23, 7)).astype(np.float32)
    y = rng.integers(0, 3, 23)
    kind = losses.CategoricalCrossentropy if one_hot else losses.SparseCategoricalCrossentropy
    model, (kernel, bias) = linear(3, 7, kind(), rng)
    of_class = {0: 0.25, 1: 3.0, 2: 1.0}
    weight = rng.random(23) * 3 if by == "sample" else np.array([of_class[label] for label in y])
    option = {"sample_weight": weight} if by == "sample" else {"class_weight": of_class}
    target = np.eye(3, dtype=np.float32)[y] if one_hot else y
    history = model.fit(x, target, batch_size=23, verbose=0, **option).history
    loss, kernel, bias = weighted_step(x.astype(np.float64), y, weight, kernel, bias, 0.5)
    bound = 64 * ROUNDING
    assert_close(history["loss"][0], loss, bound * loss)
    assert_close(model.get_weights()[0], kernel, bound * np.abs(kernel).max(), "kernel")
    assert_close(model.get_weights()[1], bias, bound * np.abs(bias).max(), "bias")


def test_a_weight_follows_its_sample_through_the_shuffle(samples):
    x, y = samples
    weight = np.linspace(0, 2, SAMPLES).astype(np.float32)
    one, other = make(), make()
    train(one, x, y, sample_weight=weight)
    order = other.engine.epoch_order(SAMPLES, shuffle=True)
    train(other, x[order], y[order], sample_weight=weight[order], shuffle=False)
    assert_same_bits(state(one), state(other))


def test_class_weights_are_for_training_alone(samples):
    """Weights of samples follow them into the validation split; those of classes do not."""
    x, y = samples
    of_class, kept = {0: 9.0, 1: 1.0, 2: 1.0, 3: 0.5}, SAMPLES * 4 // 5
    held = x[kept:], y[kept:]
    split = train(make(), x, y, class_weight=of_class, validation_split=0.2)
    apart = train(make(), x[:kept], y[:kept], class_weight=of_class, validation_data=held)
    assert split == apart


def test_a_sample_of_weight_zero_changes_nothing(samples):
    x, y = samples
    weight = np.ones(SAMPLES)
    weight[7] = 0
    model = make(dropout=0.0)
    want = model.compute_gradients(x, y, weight)
    spoilt = x.copy()
    spoilt[7] *= -3
    assert_same_bits(model.compute_gradients(spoilt, y, weight)[1], want[1])


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"sample_weight": np.ones(3)}, r"sample_weight must have the shape \(50,\), got \(3,\)"),
        ({"sample_weight": -np.ones(SAMPLES)}, "sample_weight must be finite, >= 0"),
        ({"sample_weight": np.full(SAMPLES, np.nan)}, "sample_weight must be finite"),
        ({"sample_weight": np.zeros(SAMPLES)}, "not all zero"),
        ({"class_weight": {"a": 1.0}}, "a key of class_weight must be a number, got 'a'"),
        ({"class_weight": dict.fromkeys(range(4), -1.0)}, "must be finite, >= 0"),
        ({"class_weight": [1.0] * 4}, r"fit: class_weight must be a dictionary .* got \[1.0, 1.0"),
        ({"class_weight": dict.fromkeys(range(4), "a")}, r"class_weight\[0\] must be a number"),
        ({"class_weight": {}, "sample_weight": np.ones(SAMPLES)}, "not both"),
    ],
)
def test_weights_that_make_no_sense_are_refused(option, message, samples):
    model = make()
    before = model.get_weights()
    with pytest.raises((ValueError, TypeError), match=message):
        model.fit(*samples, verbose=0, **option)
    assert_same_bits(model.get_weights(), before)


def test_a_class_without_a_weight_counts_once(samples):
    of_some, of_all = {1: 5.0}, {0: 1.0, 1: 5.0, 2: 1.0, 3: 1.0}
    assert train(make(), *samples, class_weight=of_some) == train(
        make(), *samples, class_weight=of_all
    )


def test_weights_in_a_column(samples):
    weight = np.linspace(0.1, 2, SAMPLES)
    column = train(make(), *samples, sample_weight=weight[:, None])
    assert column == train(make(), *samples, sample_weight=weight)
