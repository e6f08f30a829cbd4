"""Penalties in losses and gradients, and their own arguments."""

import json

import numpy as np
import pytest

from brasa import Input, Model, layers, optimizers, regularizers
from brasa.testing.assertions import assert_same_bits
from tests.penalized import BOTH, X, Y, bare, net, penalties


def test_the_loss_has_the_penalty_wherever_it_is_told(impl):
    model = net(optimizers.SGD(0.0))
    want, _ = penalties(model)
    assert want > 0.1
    plain = bare(model).evaluate(X, Y)
    close = pytest.approx(plain + want, rel=1e-5)
    assert model.evaluate(X, Y) == close
    assert model.evaluate(X, Y, batch_size=3) == close
    assert model.test_on_batch(X, Y) == close
    assert model.train_on_batch(X, Y) == close
    assert model.compute_gradients(X, Y)[0] == close
    history = model.fit(X, Y, batch_size=3, epochs=2, validation_data=(X, Y), verbose=0).history
    assert set(history) == {"loss", "val_loss"}
    assert history["loss"] == [close, close]
    assert history["val_loss"] == [close, close]


def test_each_batch_counts_with_the_weights_it_found():
    """The loss of an epoch is the mean over samples of losses whose penalties fall meanwhile."""
    model, losses = net(optimizers.SGD(0.5)), []
    twin = net(optimizers.SGD(0.5))
    twin.set_weights(model.get_weights())
    for start in (0, 3, 6):
        losses += [model.train_on_batch(X[start : start + 3], Y[start : start + 3])]
    history = twin.fit(X, Y, batch_size=3, shuffle=False, verbose=0).history
    assert history["loss"] == [pytest.approx(np.average(losses, weights=[3, 3, 2]), rel=1e-6)]
    assert_same_bits(twin.get_weights(), model.get_weights())


def test_the_gradients_have_the_slopes(impl):
    model = net("sgd")
    _, slopes = penalties(model)
    _, plain = bare(model).compute_gradients(X, Y)
    _, gradients = model.compute_gradients(X, Y)
    for gradient, part, slope in zip(gradients, plain, slopes, strict=True):
        np.testing.assert_allclose(gradient, part + slope, rtol=1e-5, atol=1e-6)


def test_a_shared_layer_counts_once(impl):
    shared = layers.Dense(5, kernel_regularizer=BOTH)
    x = Input((5,))
    model = Model(x, layers.Add()([shared(x), shared(shared(x))]))
    model.compile("sgd", "mse")
    total, _ = penalties(model)
    plain = Model(x, layers.Add()([shared(x), shared(shared(x))]))
    assert len(model.trainable_weights) == 2
    found = model.evaluate(X, X) - np.mean(np.square(plain.predict(X) - X))
    assert found == pytest.approx(total, rel=1e-4)


def test_frozen_weights_count_nothing():
    model = net("sgd")
    for layer in model.layers:
        layer.trainable = layer.name != "dense"
    model.compile("sgd", "mse")
    total, _ = penalties(model)
    assert model.evaluate(X, Y) == pytest.approx(bare(model).evaluate(X, Y) + total, rel=1e-6)
    for layer in model.layers:
        layer.trainable = False
    model.compile("sgd", "mse")
    assert model.evaluate(X, Y) == bare(model).evaluate(X, Y)


def test_several_outputs_have_the_penalty_in_the_total_alone():
    x = Input((5,))
    first = layers.Dense(3, kernel_regularizer=BOTH, name="first")(x)
    model = Model(x, [first, layers.Dense(3, name="second", bias_regularizer="l2")(x)])
    model.compile("sgd", "mse", loss_weights=[1.0, 0.25], metrics=["mse"])
    total, _ = penalties(model)
    logs = model.evaluate(X, [Y, Y], return_dict=True)
    assert list(logs)[:2] == ["loss", "first_loss"]
    assert not any("penalty" in name for name in logs)
    parts = logs["first_loss"] + 0.25 * logs["second_loss"]
    assert logs["loss"] == pytest.approx(parts + total, rel=1e-6)


def test_a_diagnosis_sees_the_whole_loss_and_gradient():
    model = net("adam")
    loss, gradients = model.compute_gradients(X, Y)
    before = model.get_weights()
    diagnosis = model.diagnose(X, Y)
    assert diagnosis.loss == pytest.approx(loss, rel=1e-6)
    found = [w.gradient for row in diagnosis.rows for w in row.weights]
    want = [np.linalg.norm(g) for g in gradients]
    np.testing.assert_allclose(found, want, rtol=1e-5)
    assert_same_bits(model.get_weights(), before)


@pytest.mark.parametrize("made", [regularizers.L1(0.5), regularizers.L2(0.25), BOTH], ids=repr)
def test_config_survives_json(made):
    twin = regularizers.get(json.loads(json.dumps(regularizers.serialize(made))))
    assert type(twin) is type(made)
    assert twin.get_config() == made.get_config()


def test_names_are_those_of_keras():
    assert repr(regularizers.get("l1")) == "L1(l1=0.01)"
    assert repr(regularizers.get("L2")) == "L2(l2=0.01)"
    assert repr(regularizers.get("l1_l2")) == "L1L2(l1=0.0, l2=0.0)"
    assert regularizers.get(None) is regularizers.serialize(None) is None


class Own(regularizers.Regularizer):
    pass


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: regularizers.L1(-1), ValueError, "L1: l1 must be finite and >= 0, got -1"),
        (lambda: regularizers.L2(np.nan), ValueError, "L2: l2 must be finite and >= 0, got nan"),
        (lambda: regularizers.L1L2(l2=np.inf), ValueError, "L1L2: l2 must be"),
        (lambda: regularizers.L2("much"), TypeError, "L2: l2 must be a number, got 'much'"),
        (lambda: layers.Dense(3, kernel_regularizer="l3"), ValueError,
         "Dense: kernel_regularizer 'l3' is unknown. Known: l1, l2, l1_l2"),
        (lambda: layers.Conv2D(3, 3, bias_regularizer=0.01), TypeError,
         "Conv2D: bias_regularizer must be one of the names l1, l2, l1_l2"),
        (lambda: layers.LSTM(3, recurrent_regularizer=3), TypeError, "LSTM: recurrent_reg"),
        (lambda: layers.Embedding(3, 3, embeddings_regularizer=3), TypeError,
         "Embedding: embeddings_regularizer must"),
        (lambda: layers.BatchNormalization(gamma_regularizer=3), TypeError,
         "BatchNormalization: gamma_regularizer must"),
        (lambda: layers.Dense(3, kernel_regularizer=Own()), TypeError,
         "Dense: kernel_regularizer must be an L1, L2 or L1L2, got Own"),
    ],
)  # fmt: skip
def test_bad_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()
