"""Models that are compiled without a loss: what layers add is made small. And what models tell."""

import numpy as np
import pytest

from brasa import Input, Model, Sequential, layers, load_model, ops

X = np.random.default_rng(1).standard_normal((20, 3)).astype(np.float32)


class Rebuilt(layers.Layer):
    """Adds how far its second input is from the first."""

    def call(self, pair):
        x, y = pair
        self.add_loss(ops.mean(ops.square(x - y)))
        return y


def autoencoder(**arguments):
    x = Input((3,))
    model = Model(x, Rebuilt()([x, layers.Dense(3)(layers.Dense(2)(x))]))
    model.compile("sgd", **arguments)
    return model


def test_training_without_targets():
    model = autoencoder()
    twin = Sequential([Input((3,)), layers.Dense(2), layers.Dense(3)])
    twin.compile("sgd", "mse")
    twin.set_weights(model.get_weights())
    how = {"batch_size": 8, "epochs": 2, "verbose": 0, "shuffle": False}
    history = model.fit(X, validation_data=(X, None), **how).history
    same = twin.fit(X, X, validation_data=(X, X), **how).history
    assert list(history) == ["loss", "val_loss"]
    for name, values in history.items():
        assert values == pytest.approx(same[name], rel=1e-5)
    assert model.train_on_batch(X) == pytest.approx(twin.train_on_batch(X, X), rel=1e-5)
    assert model.evaluate(X, verbose=0) == pytest.approx(twin.evaluate(X, X, verbose=0), rel=1e-5)
    assert model.evaluate([(X, None)], verbose=0) == pytest.approx(model.test_on_batch(X))


def test_a_model_without_a_loss_is_loaded_so(tmp_path):
    model = Sequential(
        [Input((3,)), layers.Dense(2), layers.ActivityRegularization(l2=0.1), layers.Flatten()]
    )
    model.compile("sgd")
    model.save(tmp_path / "m.brasa")
    twin = load_model(tmp_path / "m.brasa")
    assert twin.fit(X, verbose=0).history == model.fit(X, verbose=0).history


def test_metrics_beside_it_want_targets():
    model = autoencoder(metrics=["mae"])
    logs = model.evaluate(X, X, verbose=0, return_dict=True)
    assert logs["mae"] == pytest.approx(np.abs(X - model.predict(X, verbose=0)).mean(), rel=1e-5)
    assert list(logs) == ["loss", "mae"] == model.metrics_names
    with pytest.raises(TypeError, match="fit: y must be an array, got None"):
        model.fit(X)
    with pytest.raises(TypeError, match="evaluate: y must be an array, got None"):
        model.evaluate(X)


def test_without_anything_to_make_small_it_is_refused():
    with pytest.raises(ValueError, match=r"a loss is needed, .* or a layer that calls add_loss"):
        Sequential([Input((3,)), layers.Dense(2)]).compile("sgd")


def test_what_models_tell_of_losses_and_metrics():
    model = Sequential([Input((3,)), layers.Dense(2, kernel_regularizer="l2"), layers.Dense(1)])
    assert model.metrics == []
    model.compile("sgd", "mse", metrics=["mae", "auc"])
    kernel = model.get_weights()[0]
    assert model.losses == model.layers[0].losses == [pytest.approx(0.01 * (kernel**2).sum())]
    assert model.layers[1].losses == []
    assert [metric.name for metric in model.metrics] == ["mae", "auc"]
    y = np.zeros((20, 1), np.float32)
    found = model.evaluate(np.zeros_like(X), y, verbose=0)
    assert [metric.result() for metric in model.metrics] == found[1:]
    model.metrics[1].update_state([1.0], [0.5])
    model.reset_metrics()
    assert [metric.result() for metric in model.metrics] == [0, 0]
