"""Activation functions that are made of several ops: beside Keras, in layers and in files."""

import numpy as np
import pytest

import brasa
from brasa import Input, Sequential, activations, layers
from brasa.layers.composed_activations import COMPOSED
from brasa.testing.assertions import assert_same_bits
from tests import with_keras

CASES = [
    *[(name, {}) for name in COMPOSED],
    ("celu", {"alpha": 0.3}),
    ("glu", {"axis": 1}),
    ("hard_shrink", {"threshold": 1.25}),
    ("hard_shrink", {"threshold": 0.0}),
    ("soft_shrink", {"threshold": 0.0}),
    ("soft_shrink", {"threshold": 2.0}),
    ("squareplus", {"b": 0.5}),
    ("threshold", {"threshold": 0.5, "default_value": -3.0}),
    ("threshold", {"threshold": -1.0, "default_value": 0.0}),
]
each_case = pytest.mark.parametrize(("name", "options"), CASES, ids=str)

# Kinks and thresholds themselves, numbers near them, and far ones.
EDGES = np.float32(
    [-30, -2, -1.25, -1, -0.5, -1e-30, 0, 1e-40, 1e-6, 0.5, 0.50000006, 1, 1.25, 2, 30, 300]
).reshape(2, 4, 2)


@each_case
def test_values_are_those_of_keras(name, options, rng):
    keras = with_keras.keras()
    x = np.concatenate([EDGES, (3 * rng.standard_normal((5, 4, 2))).astype(np.float32)])
    want = np.asarray(getattr(keras.activations, name)(x, **options))
    got = getattr(activations, name)(x, **options)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, want, rtol=3e-6, atol=3e-7)


@each_case
def test_gradients_are_those_of_keras(name, options, rng):
    keras, jax = with_keras.keras(), pytest.importorskip("jax")
    x = (3 * rng.standard_normal((6, 4, 2))).astype(np.float32)  # kinks have no chance to be met

    def of(module, total):
        function = getattr(module.activations, name)
        return lambda x: total(function(x, **options) * function(x, **options))

    want = np.asarray(jax.grad(of(keras, keras.ops.sum))(x))
    got = brasa.grad(of(brasa, brasa.ops.sum))(x)
    np.testing.assert_allclose(got, want, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("name", COMPOSED)
def test_layers_keep_the_contract(check_layer, name):
    output = (4, 1) if name == "glu" else (4, 2)
    x, y = check_layer(layers.Activation(name), (4, 2), output=output)
    np.testing.assert_allclose(y, COMPOSED[name](x), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", COMPOSED)
def test_models_are_saved_with_the_name(name, tmp_path, rng):
    model = Sequential([Input((3,)), layers.Dense(4, activation=getattr(activations, name))])
    path = str(tmp_path / "model.brasa")
    model.save(path)
    twin = brasa.load_model(path)
    assert twin.layers[-1].get_config()["activation"] == name
    x = rng.standard_normal((5, 3)).astype(np.float32)
    assert_same_bits(model.predict(x, verbose=0), twin.predict(x, verbose=0))
    assert activations.get(name) is activations.deserialize(name) is COMPOSED[name]
    assert activations.serialize(COMPOSED[name]) == name


def test_numbers_that_are_none_stay_visible():
    x = np.float32([[np.nan, 1.0]])
    for name in COMPOSED:
        assert np.isnan(COMPOSED[name](x)).any(), name
    assert np.isnan(activations.threshold(x, 0.0, 1.0)[0, 0])


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda x: activations.celu(x, 0), ValueError, "celu: alpha must be > 0, got 0"),
        (lambda x: activations.celu(x, "a"), TypeError, "celu: alpha must be a number"),
        (activations.glu, ValueError, r"glu: axis 1 of \(2, 3\) must have an even"),
        (lambda x: activations.glu(x, 2), ValueError, r"glu: axis must lie in \[-2, 2\), got 2"),
        (lambda x: activations.hard_shrink(x, -1), ValueError, "threshold must be >= 0, got -1"),
        (lambda x: activations.soft_shrink(x, -1), ValueError, "threshold must be >= 0, got -1"),
        (lambda x: activations.squareplus(x, -1), ValueError, "squareplus: b must be >= 0, got -1"),
        (
            lambda x: activations.threshold(x, np.nan, 0),
            ValueError,
            "threshold: threshold must be finite",
        ),
        (lambda x: activations.hard_tanh("x"), TypeError, "hard_tanh: x"),
    ],
)
def test_what_cannot_be_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make(np.ones((2, 3), np.float32))


RECURRENT = pytest.mark.parametrize("kind", ["SimpleRNN", "LSTM", "GRU"])


def recurrent_of(module, kind, name):
    gates = {} if kind == "SimpleRNN" else {"recurrent_activation": name}
    return getattr(module.layers, kind)(4, activation=name, return_sequences=True, **gates)


@RECURRENT
@pytest.mark.parametrize("name", [name for name in COMPOSED if name != "glu"])
def test_recurrent_layers_are_those_of_keras(kind, name, rng):
    keras, jax = with_keras.keras(), pytest.importorskip("jax")
    x = rng.standard_normal((2, 3, 3)).astype(np.float32)
    own, theirs = recurrent_of(brasa, kind, name), recurrent_of(keras, kind, name)
    own(x), theirs(x)
    theirs.set_weights(own.get_weights())
    np.testing.assert_allclose(own(x), np.asarray(theirs(x)), rtol=2e-5, atol=2e-6)
    want = np.asarray(jax.grad(lambda x: keras.ops.sum(theirs(x)))(x))
    got = brasa.grad(lambda x: brasa.ops.sum(own(x)))(x)
    np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5)


@RECURRENT
def test_recurrent_layers_in_files(kind, tmp_path, rng):
    x = rng.standard_normal((2, 3, 3)).astype(np.float32)
    model = Sequential([Input((3, 3)), recurrent_of(brasa, kind, "squareplus")])
    model.compile("sgd", "mse")
    model.fit(x, np.zeros((2, 3, 4), np.float32), verbose=0)
    model.save(tmp_path / "model.brasa")
    assert_same_bits(brasa.load_model(tmp_path / "model.brasa").predict(x), model.predict(x))


@RECURRENT
@pytest.mark.parametrize("name", ["glu", activations.glu])
def test_glu_would_halve_states(kind, name):
    with pytest.raises(ValueError, match=f"{kind}: activation must be one of elu, .* got .*glu"):
        getattr(layers, kind)(4, activation=name)
