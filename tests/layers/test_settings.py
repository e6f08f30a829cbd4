"""What a layer in use is set to counts from the next step on, as if it had been made so."""

import numpy as np
import pytest

import brasa
from brasa import Input, Model, Sequential, layers
from brasa.callbacks import LambdaCallback
from brasa.graph.settings import settings


def data(rows=8, columns=5):
    return np.random.default_rng(1).normal(size=(rows, columns)).astype(np.float32)


def compiled(*parts):
    model = Sequential([Input((5,)), *parts])
    model.compile("sgd", "mse")
    return model


CASES = [
    (lambda: layers.Dropout(0.5, seed=1), "rate", 0.25),
    (lambda: layers.AlphaDropout(0.5, seed=1), "rate", 0.25),
    (lambda: layers.GaussianDropout(0.5, seed=1), "rate", 0.25),
    (lambda: layers.GaussianNoise(0.5, seed=1), "stddev", 2.0),
    (layers.BatchNormalization, "epsilon", 0.5),
    (layers.LayerNormalization, "epsilon", 0.5),
    (lambda: layers.GroupNormalization(groups=1), "epsilon", 0.5),
    (lambda: layers.LeakyReLU(0.1), "negative_slope", 0.5),
]


def numbers_of(make, x, then=None, seen=False):
    """Gradients, a step, and a test after it; what is set then, is after a look at each if seen."""
    brasa.set_seed(3)
    layer = make()
    model = compiled(layer, layers.Dense(1, kernel_initializer="ones"))
    y = x[:, :1]
    if seen:
        model.compute_gradients(x, y)
        model.test_on_batch(x, y)
        model.predict(x, verbose=0)
        step = model.get_weights()
        model.train_on_batch(x, y)
        model.set_weights(step)
        model.optimizer.iterations = 0
    if then is not None:
        setattr(layer, *then)
    _, gradients = model.compute_gradients(x, y)
    trained, tested = model.train_on_batch(x, y), model.test_on_batch(x, y)
    return [trained, tested, model.predict(x, verbose=0).tolist(), gradients[-2].tolist()]


@pytest.mark.parametrize(("make", "name", "value"), CASES)
def test_steps_take_what_a_layer_was_set_to(make, name, value):
    x = data()
    at_first = numbers_of(make, x, then=(name, value))
    assert numbers_of(make, x, then=(name, value), seen=True) == at_first
    assert numbers_of(make, x) != at_first


def test_momentum_counts_from_the_next_step_of_fit_on():
    x, seen = data(), []
    layer = layers.BatchNormalization(momentum=1.0)
    model = compiled(layer)

    def freeze_after_two(batch, logs):
        seen.append(layer.moving_mean.numpy().copy())
        layer.momentum = 0.5 if batch == 1 else layer.momentum

    hook = LambdaCallback(on_train_batch_end=freeze_after_two)
    model.fit(x, x, batch_size=2, shuffle=False, verbose=0, callbacks=[hook])
    assert not seen[1].any()
    np.testing.assert_allclose(seen[2], x[4:6].mean(0) / 2, rtol=1e-5)


def test_functions_and_calls_as_in_training_take_it():
    x = np.ones((4, 5), np.float32)
    layer = layers.Dropout(0.5)
    model = Sequential([Input((5,)), layer])
    function = brasa.value_and_grad(lambda x: model(x, training=True))
    function(x), model(x, training=True)
    layer.rate = 0.0
    assert np.array_equal(function(x)[0], x)
    assert np.array_equal(model(x, training=True), x)


def test_layers_of_ones_own_take_it_inside_others_too():
    class Scaled(layers.Layer):
        factor = 2.0

        def call(self, x):
            self.seen = x.shape  # what call() notes is no setting
            return self.factor * x

    inner = Scaled()
    start = Input((5,))
    model = Model(start, Sequential([Input((5,)), inner])(start))
    x = data()
    np.testing.assert_array_equal(model.predict(x, verbose=0), 2 * x)
    inner.factor = 3.0
    np.testing.assert_array_equal(model.predict(x, verbose=0), 3 * x)


def test_nothing_is_made_anew_without_a_change():
    x, layer = data(), layers.Dropout(0.5)
    model = compiled(layer)
    model.predict(x, verbose=0)
    plans = list(model.engine._plans.values())
    layer.rate, layer.name, layer.trainable = 0.5, "other", False
    layer(x, training=True)
    model.predict(x, verbose=0)
    assert [id(p) for p in model.engine._plans.values()] == [id(p) for p in plans]
    layer.rate = 0.25
    model.predict(x, verbose=0)
    assert len(model.engine._plans) == 1
    assert next(iter(model.engine._plans.values())) not in plans
    assert all(step.plan not in plans for step in model.engine.steps.values())


def test_what_a_step_does_by_itself_is_no_setting(rng):
    """Else every plan would be made anew for it: at each new sequence of a stateful model."""
    model = Sequential(
        [
            layers.Bidirectional(layers.LSTM(4, return_sequences=True, stateful=True)),
            layers.BatchNormalization(),
            layers.Dropout(0.3),
            layers.GRU(3, stateful=True),
            layers.Dense(2),
        ]
    )
    model.compile("adam", "mse")
    x, y = rng.normal(size=(4, 5, 3)), rng.normal(size=(4, 2))
    model.fit(x, y, batch_size=4, epochs=1, verbose=0)
    before = settings()
    for _ in range(2):
        model.reset_states()
        model.fit(x, y, batch_size=4, epochs=1, verbose=0)
        model.predict(x, batch_size=4, verbose=0)
        model.predict_on_batch(x.astype(np.float32))
    assert settings() == before
