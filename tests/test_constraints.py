"""Constraints of weights: what they compute, when they hold, and what becomes of them in files."""

import copy
import json

import numpy as np
import pytest

import brasa
from brasa import (
    FormatError,
    Input,
    Sequential,
    constraints,
    layers,
    load_model,
    losses,
    models,
    ops,
    optimizers,
    runtime,
)
from brasa.layers import deserialize, serialize
from brasa.testing.assertions import assert_same_bits


class Clipped(constraints.Constraint):
    def __init__(self, limit=0.01):
        self.limit = limit

    def __call__(self, w):
        return ops.clip(w, -self.limit, self.limit)

    def get_config(self):
        return {"limit": self.limit}


class FirstRow(constraints.Constraint):
    """All rows like the first: the first axis of a weight is no batch."""

    def __call__(self, w):
        return ops.broadcast_to(w[0], w.shape)


def norms(w, axis):
    return np.sqrt(np.sum(np.square(w.astype(np.float64)), axis, keepdims=True))


def max_norm(w, limit, axis):
    n = norms(w, axis)
    return w * np.clip(n, 0, limit) / (n + 1e-7)


def min_max_norm(w, low, high, rate, axis):
    n = norms(w, axis)
    return w * (rate * np.clip(n, low, high) + (1 - rate) * n) / (n + 1e-7)


VALUES = {
    "non_neg": (constraints.NonNeg(), lambda w: np.maximum(w, 0)),
    "max_norm": (constraints.MaxNorm(1.5), lambda w: max_norm(w, 1.5, 0)),
    "filters": (constraints.MaxNorm(3, (0, 1, 2)), lambda w: max_norm(w, 3, (0, 1, 2))),
    "unit_norm": (constraints.UnitNorm(-1), lambda w: w / (norms(w, -1) + 1e-7)),
    "min_max": (
        constraints.MinMaxNorm(1.2, 1.8, 0.3, [0, 2]),
        lambda w: min_max_norm(w, 1.2, 1.8, 0.3, (0, 2)),
    ),
    "strict": (constraints.MinMaxNorm(0.5, 1.0), lambda w: min_max_norm(w, 0.5, 1, 1, 0)),
}


@pytest.mark.parametrize("name", VALUES)
def test_values_are_those_of_the_definition(name, rng, impl):
    constraint, want = VALUES[name]
    w = rng.standard_normal((3, 2, 4, 5)).astype(np.float32)
    np.testing.assert_allclose(constraint(w), want(w), rtol=2e-6, atol=1e-7)
    zeros = np.zeros_like(w)
    assert not constraint(zeros).any()  # and no division by 0
    twin = constraints.get(json.loads(json.dumps(constraints.serialize(constraint))))
    assert type(twin) is type(constraint)
    assert twin.get_config() == constraint.get_config()


SHAPE = (8, 8, 3)


def network(constrained=True):
    """Convolutions whose filters plans pack, a normalization that predictions fold into one."""
    brasa.set_seed(5)
    cases = [
        {
            "kernel_constraint": constraints.MaxNorm(0.4, (0, 1, 2)),
            "bias_constraint": "non_neg",
        },
        {"gamma_constraint": "unit_norm", "beta_constraint": Clipped()},
        {"kernel_constraint": FirstRow()},
        {"kernel_constraint": constraints.MinMaxNorm(0.5, 0.9, 0.7, 1)},
    ]
    conv, norm, wide, last = cases if constrained else [{}] * 4
    stack = [
        Input(SHAPE),
        layers.Conv2D(16, 3, activation="relu", **conv),
        layers.Conv2D(16, 3, **conv),
        layers.BatchNormalization(**norm),
        layers.Flatten(),
        layers.Dense(9, "tanh", **wide),
        layers.Dense(4, **last),
    ]
    return Sequential(stack)


OPTIMIZERS = {
    "sgd": lambda: optimizers.SGD(0.2, momentum=0.9),
    "adamw": lambda: optimizers.AdamW(0.02, clipnorm=0.5),
}


@pytest.fixture
def data(rng):
    x = rng.standard_normal((8, *SHAPE)).astype(np.float32)
    return x, rng.standard_normal((8, 4)).astype(np.float32)


def constrain(model, like):
    """Do by hand after a step what the plan of ``like`` does in it."""
    for weight, other in zip(model.weights, like.weights, strict=True):
        if other.constraint is not None and other.trainable:
            weight.assign(other.constraint(weight.numpy()))


@pytest.mark.parametrize("precision", ["float32", "bf16"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_step_ends_with_them(name, precision, data):
    if precision not in runtime.precisions():
        pytest.skip(f"no {precision} here")
    model, twin = network(), network(constrained=False)
    twin.set_weights(model.get_weights())
    for one in (model, twin):
        one.compile(OPTIMIZERS[name](), "mse", precision=precision)
    before = model.predict(data[0])  # has packed the filters of now
    for _ in range(3):
        assert model.train_on_batch(*data) == twin.train_on_batch(*data)
        free = twin.get_weights()
        constrain(twin, model)
        assert_same_bits(model.get_weights(), twin.get_weights())
        after = model.predict(data[0])
        assert_same_bits(after, twin.predict(data[0]))
        assert np.abs(after - before).max() > 1e-3
    moved = [np.abs(a - b).max() for a, b in zip(free, twin.get_weights(), strict=True)]
    assert sum(m > 0 for m in moved) > 5
    kernel = model.layers[1].kernel.numpy()
    assert norms(kernel, (0, 1, 2)).max() <= 0.4 * (1 + 1e-6)
    assert model.layers[0].bias.numpy().min() >= 0
    assert np.ptp(model.layers[4].kernel.numpy(), axis=0).max() == 0


def test_fit_gives_the_same_bits_on_any_number_of_threads(data):
    found = []
    for threads in (1, 2):
        runtime.set_threads(threads)
        model = network()
        model.compile("adam", "mse")
        model.fit(*data, batch_size=3, epochs=2, verbose=0)
        found.append(model.get_weights())
    assert_same_bits(*found)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_loop_of_ones_own_has_them_too(name, data):
    want, own = network(), network()
    want.compile(OPTIMIZERS[name](), "mse")
    optimizer, loss = OPTIMIZERS[name](), losses.MeanSquaredError()
    step = brasa.value_and_grad(lambda x, y: loss(y, own(x, training=True)), weights=own)
    for _ in range(2):
        want.train_on_batch(*data)
        _, gradients = step(*data)
        optimizer.apply_gradients(zip(gradients, own.trainable_weights, strict=True))
        assert_same_bits(own.get_weights(), want.get_weights())
        assert_same_bits(own.predict(data[0]), want.predict(data[0]))


def test_frozen_weights_stay(data):
    model = network()
    model.layers[0].trainable = False
    model.compile("sgd", "mse")
    before = model.layers[0].get_weights()
    model.train_on_batch(*data)
    assert_same_bits(model.layers[0].get_weights(), before)


def test_files_and_copies_keep_them(data, tmp_path):
    model, path = network(), tmp_path / "model.brasa"
    own = {"Clipped": Clipped, "FirstRow": FirstRow}
    model.compile(optimizers.SGD(0.1, momentum=0.9), "mse")
    model.train_on_batch(*data)
    model.save(path)
    twins = [load_model(path, custom_objects=own), copy.deepcopy(model)]
    model.train_on_batch(*data)
    for twin in twins:
        twin.train_on_batch(*data)
        assert_same_bits(twin.get_weights(), model.get_weights())
    fresh = [models.clone_model(model), models.model_from_json(model.to_json(), own)]
    for twin in fresh:
        for a, b in zip(twin.weights, model.weights, strict=True):
            assert repr(a.constraint) == repr(b.constraint)
    with pytest.raises(FormatError, match=r"(Clipped|FirstRow).*custom_objects"):
        load_model(path)


def test_a_mirrored_layer_has_those_of_the_user_too():
    both = layers.Bidirectional(layers.LSTM(3, recurrent_constraint=Clipped(0.5)))
    twin = deserialize(json.loads(json.dumps(serialize(both))), {"Clipped": Clipped})
    for made in (both, twin):
        made.build((None, 4, 2))
        kernels = [made.forward_layer.recurrent_kernel, made.backward_layer.recurrent_kernel]
        assert [repr(kernel.constraint) for kernel in kernels] == ["Clipped(limit=0.5)"] * 2


def test_a_layer_of_ones_own_gives_them_to_its_weights():
    class Scaled(layers.Layer):
        def build(self, input_shape):
            self.factor = self.add_weight("factor", (), "ones", constraint="non_neg")

        def call(self, x):
            return x * self.factor

    model = Sequential([Input((2,)), Scaled()])
    model.compile(optimizers.SGD(10.0), "mse")
    model.train_on_batch(np.ones((2, 2), np.float32), -np.ones((2, 2), np.float32))
    assert model.get_weights() == [0.0]


def test_names_are_those_of_keras():
    assert repr(constraints.get("max_norm")) == "MaxNorm(max_value=2.0, axis=0)"
    assert repr(constraints.get("UnitNorm")) == "UnitNorm(axis=0)"
    assert repr(constraints.get("non_neg")) == "NonNeg()"
    want = "MinMaxNorm(min_value=0.0, max_value=1.0, rate=1.0, axis=0)"
    assert repr(constraints.get("min_max_norm")) == want
    assert constraints.max_norm is constraints.MaxNorm
    assert constraints.get(None) is constraints.serialize(None) is None
    assert_same_bits(constraints.Constraint()(np.ones(2)), np.ones(2))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: constraints.MaxNorm(-1), ValueError, "MaxNorm: max_value must be finite and >= 0"),
        (lambda: constraints.MaxNorm(np.nan), ValueError, "MaxNorm: max_value must be finite"),
        (lambda: constraints.MaxNorm("much"), TypeError, "MaxNorm: max_value must be a number"),
        (lambda: constraints.MaxNorm(axis=0.5), TypeError, "MaxNorm: axis"),
        (lambda: constraints.UnitNorm(axis=[0, "x"]), TypeError, "UnitNorm: axis"),
        (lambda: constraints.MinMaxNorm(2, 1), ValueError, "max_value must be >= min_value 2.0"),
        (lambda: constraints.MinMaxNorm(rate=1.5), ValueError, "MinMaxNorm: rate must be from 0 "),
        (lambda: layers.Dense(3, kernel_constraint="maxnrm"), ValueError,
         "Dense: kernel_constraint 'maxnrm' is unknown. Did you mean 'max_norm'"),
        (lambda: layers.Dense(3, bias_constraint=0.01), TypeError,
         "Dense: bias_constraint must be one of the names max_norm, min_max_norm, non_neg"),
        (lambda: layers.Dense(3, kernel_constrain="unit_norm"), TypeError,
         "Dense: the argument 'kernel_constrain' is unknown. Did you mean 'kernel_constraint'"),
        (lambda: layers.ReLU(kernel_constraint="unit_norm"), TypeError, "kernel_constraint"),
        (lambda: layers.Layer().add_weight("w", (2,), constraint=3), TypeError,
         "add_weight: constraint must be one of the names"),
    ],
)  # fmt: skip
def test_bad_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()


class Summed(constraints.Constraint):
    def __call__(self, w):
        return ops.sum(w)


class Nothing(constraints.Constraint):
    def __call__(self, w):
        return None


@pytest.mark.parametrize(
    ("constraint", "error", "message"),
    [
        (constraints.MaxNorm(axis=2), ValueError, "MaxNorm.* cannot be computed: .*axis"),
        (Summed(), ValueError, r"must keep the shape \(2, 3\), and returns one of \(\)"),
        (Nothing(), TypeError, "must return a tensor, got NoneType"),
    ],
)
def test_a_constraint_that_does_not_fit_changes_nothing(constraint, error, message):
    model = Sequential([Input((2,)), layers.Dense(3, kernel_constraint=constraint)])
    model.compile("sgd", "mse")
    before = model.get_weights()
    zeros = np.zeros((4, 3), np.float32)
    with pytest.raises(error, match=f"weight 'dense/kernel': the constraint .*{message}"):
        model.train_on_batch(np.ones((4, 2), np.float32), zeros)
    with pytest.raises(error, match=message):
        optimizers.SGD(1.0).apply([np.ones((2, 3), np.float32)], [model.layers[0].kernel])
    assert_same_bits(model.get_weights(), before)
