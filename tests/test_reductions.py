"""What becomes of the losses of rows: sums, means, means by weights, or all of them."""

import json

import numpy as np
import pytest

import brasa
from brasa import Input, Sequential, layers, losses, ops
from brasa.losses.reductions import REDUCTIONS
from tests import with_keras

_RNG = np.random.default_rng(11)
P = (_RNG.random((6, 3)) * 0.9 + 0.05).astype(np.float32)
ONE = np.eye(3, dtype=np.float32)[[0, 2, 1, 2, 0, 0]]
YES = (_RNG.random((6, 3)) > 0.5).astype(np.float32)
Z = (_RNG.standard_normal((6, 3)) * 2).astype(np.float32)
T = _RNG.standard_normal((6, 3)).astype(np.float32)
WEIGHTS = np.array([0.5, 2, 0, 1, 3, 0.25], np.float32)

CASES = [
    ("MeanSquaredError", {}, T, Z),
    ("MeanAbsoluteError", {}, T, Z),
    ("Huber", {"delta": 0.7}, T, Z),
    ("LogCosh", {}, T, Z),
    ("MeanAbsolutePercentageError", {}, T, Z),
    ("MeanSquaredLogarithmicError", {}, YES, P),
    ("CosineSimilarity", {}, T, Z),
    ("Hinge", {}, YES, Z),
    ("SquaredHinge", {}, YES, Z),
    ("CategoricalHinge", {}, ONE, Z),
    ("KLDivergence", {}, ONE, P),
    ("Poisson", {}, YES, P),
    ("BinaryCrossentropy", {"label_smoothing": 0.1}, YES, P),
    ("BinaryCrossentropy", {"from_logits": True}, YES, Z),
    ("CategoricalCrossentropy", {"label_smoothing": 0.1}, ONE, P),
    ("CategoricalCrossentropy", {"from_logits": True}, ONE, Z),
    ("SparseCategoricalCrossentropy", {}, ONE.argmax(-1), P),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, ONE.argmax(-1), Z),
    ("BinaryFocalCrossentropy", {}, YES, P),
    ("CategoricalFocalCrossentropy", {}, ONE, P),
    ("Dice", {"axis": (1,)}, YES, P),
    ("Tversky", {"axis": (1,)}, YES, P),
]
NAMES = [f"{case[0]}{'-'.join(['', *case[1]])}" for case in CASES]
each_case = pytest.mark.parametrize(("name", "arguments", "y", "z"), CASES, ids=NAMES)
each_reduction = pytest.mark.parametrize("reduction", REDUCTIONS, ids=str)


@each_case
@each_reduction
def test_arrays_give_what_keras_gives(name, arguments, y, z, reduction):
    keras = with_keras.keras()
    ours = getattr(losses, name)(**arguments, reduction=reduction)
    theirs = getattr(keras.losses, name)(**arguments, reduction=reduction)
    for weight in (None, WEIGHTS):
        want = np.asarray(theirs(y, z, weight))
        got = ours(y, z, weight)
        assert np.shape(got) == want.shape
        np.testing.assert_allclose(got, want, rtol=2e-4, atol=2e-6)


@each_case
def test_reductions_belong_together(name, arguments, y, z):
    made = {each: getattr(losses, name)(**arguments, reduction=each) for each in REDUCTIONS}
    rows = made["none"](y, z, WEIGHTS)
    assert rows.shape == (6,)
    assert made["sum"](y, z, WEIGHTS) == pytest.approx(rows.sum(), rel=1e-4)
    assert made["mean"](y, z, WEIGHTS) == pytest.approx(rows.mean(), rel=1e-4)
    by_weights = made["mean_with_sample_weight"](y, z, WEIGHTS)
    assert by_weights == pytest.approx(rows.sum() / WEIGHTS.sum(), rel=1e-4)


@each_case
@each_reduction
def test_configs_hold_the_reduction(name, arguments, y, z, reduction):
    loss = getattr(losses, name)(**arguments, reduction=reduction, name="mine")
    twin = losses.get(json.loads(json.dumps(losses.serialize(loss))))
    assert (twin.reduction, twin.name) == (reduction, "mine")
    np.testing.assert_array_equal(twin(y, z, WEIGHTS), loss(y, z, WEIGHTS))


def dense(loss, module=brasa, masked=False):
    """A model whose outputs are its inputs' products with one kernel."""
    begin = [module.layers.Masking(0.0)] if masked else []
    shape = (5, 3) if masked else (3,)
    model = module.Sequential([module.Input(shape), *begin, module.layers.Dense(2, use_bias=False)])
    model.set_weights([np.linspace(-1, 1, 6, dtype=np.float32).reshape(3, 2)])
    model.compile(module.optimizers.SGD(0.1), loss)
    return model


@pytest.mark.parametrize("name", ["MeanSquaredError", "LogCosh"])
@pytest.mark.parametrize("reduction", ["sum", "mean", "mean_with_sample_weight"])
@pytest.mark.parametrize("masked", [False, True], ids=["rows", "steps"])
@pytest.mark.parametrize("weighs", [False, True], ids=["alike", "weighted"])
def test_training_is_that_of_keras(name, reduction, masked, weighs):
    keras = with_keras.keras()
    rng = np.random.default_rng(5)
    rows = (6, 5) if masked else (6,)
    x = rng.standard_normal((*rows, 3)).astype(np.float32)
    y = rng.standard_normal((*rows, 2)).astype(np.float32)
    if masked:
        x[rng.random(rows) > 0.6] = 0
    weight = rng.random(rows).astype(np.float32) if weighs else None
    ours = dense(getattr(losses, name)(reduction=reduction), masked=masked)
    theirs = dense(getattr(keras.losses, name)(reduction=reduction), keras, masked)
    for _ in range(2):
        got, want = (model.train_on_batch(x, y, weight) for model in (ours, theirs))
        assert got == pytest.approx(float(np.ravel(want)[0]), rel=1e-4)
    want = np.asarray(theirs.trainable_variables[0].value)
    np.testing.assert_allclose(ours.get_weights()[0], want, rtol=1e-4, atol=1e-5)
    again = ours.evaluate(x, y, batch_size=4, sample_weight=weight, verbose=0)
    wanted = theirs.evaluate(x, y, batch_size=4, sample_weight=weight, verbose=0)
    assert again == pytest.approx(wanted, rel=1e-4)


@pytest.mark.filterwarnings("ignore:compile")
@each_case
@pytest.mark.parametrize("reduction", ["sum", "mean_with_sample_weight"])
def test_plans_have_the_value_of_arrays_and_its_slope(name, arguments, y, z, reduction):
    model = Sequential([Input((6,)), layers.Dense(3, use_bias=False)])
    loss = getattr(losses, name)(**arguments, reduction=reduction)
    model.compile("sgd", loss)
    rows = np.eye(6, dtype=np.float32)
    model.set_weights([z])  # predictions that are weights
    found, (gradient,) = model.compute_gradients(rows, y, WEIGHTS)
    assert found == pytest.approx(loss(y, z, WEIGHTS), rel=1e-4, abs=2e-6)
    model.compile("sgd", getattr(losses, name)(**arguments))
    mean, (slope,) = model.compute_gradients(rows, y, WEIGHTS)
    factor = 6 if reduction == "sum" else 6 / WEIGHTS.sum()
    assert found == pytest.approx(factor * mean, rel=1e-5, abs=2e-6)
    np.testing.assert_allclose(gradient, factor * slope, rtol=1e-5, atol=1e-6)


def test_models_are_saved_with_their_reduction(tmp_path):
    model = dense(losses.Huber(reduction="sum"))
    path = str(tmp_path / "model.brasa")
    model.save(path)
    assert brasa.load_model(path).loss.reduction == "sum"


def test_losses_of_rows_in_functions_of_ones_own():
    rows = losses.MeanSquaredError(reduction="none")

    def worst(y_true, y_pred):
        return ops.max(rows(y_true, y_pred))

    model = dense(worst)
    x, y = np.eye(3, dtype=np.float32), np.zeros((3, 2), np.float32)
    want = np.square(model.get_weights()[0]).mean(axis=1).max()
    assert model.evaluate(x, y, verbose=0) == pytest.approx(want, rel=1e-6)
    assert model.compute_gradients(x, y)[0] == pytest.approx(want, rel=1e-6)


@pytest.mark.parametrize("reduction", REDUCTIONS, ids=str)
def test_functions_of_tensors_without_values(reduction):
    loss = losses.SparseCategoricalCrossentropy(from_logits=True, reduction=reduction)
    classes = ONE.argmax(-1).astype(np.int32)

    def total(z, y, weight):
        return ops.sum(loss(y, z, weight))

    powers = np.exp(Z - Z.max(axis=1, keepdims=True))
    slope = (powers / powers.sum(axis=1, keepdims=True) - ONE) * WEIGHTS[:, None]
    count = {"mean": 6, "sum_over_batch_size": 6, "mean_with_sample_weight": WEIGHTS.sum()}
    got = brasa.grad(total)(Z, classes, WEIGHTS)
    np.testing.assert_allclose(got, slope / count.get(reduction, 1), rtol=1e-5, atol=1e-6)


class Squares(losses.Loss):
    def call(self, y_true, y_pred):
        return ops.mean(ops.square(y_true - y_pred), axis=-1)


def test_losses_of_ones_own_are_reduced():
    made = {each: Squares(reduction=each) for each in REDUCTIONS}
    want = np.square(T - Z).mean(-1)
    np.testing.assert_allclose(made["none"](T, Z), want, rtol=1e-5)
    assert made["sum"](T, Z) == pytest.approx(want.sum(), rel=1e-5)
    by_weights = made["mean_with_sample_weight"](T, Z, WEIGHTS)
    assert by_weights == pytest.approx((want * WEIGHTS).sum() / WEIGHTS.sum(), rel=1e-5)
    assert Squares.from_config(made["sum"].get_config()).reduction == "sum"
    assert Squares().get_config() == {}


def test_a_batch_without_weight_costs_nothing():
    model = dense(losses.MeanSquaredError(reduction="mean_with_sample_weight"))
    x, y = np.ones((4, 3), np.float32), np.ones((4, 2), np.float32)
    before = model.get_weights()[0]
    weight = np.array([0, 0, 1, 1], np.float32)
    # Two batches, of which the first weighs nothing.
    assert np.isfinite(model.evaluate(x, y, batch_size=2, sample_weight=weight, verbose=0))
    model.fit(x, y, batch_size=2, sample_weight=weight, shuffle=False, verbose=0)
    after = model.get_weights()[0]
    assert np.isfinite(after).all()
    assert not np.array_equal(before, after)


@pytest.mark.parametrize("reduction", ["none", None])
@pytest.mark.parametrize("loss", [losses.MeanSquaredError, losses.LogCosh, Squares])
def test_compile_wants_one_number(loss, reduction):
    with pytest.raises(ValueError, match=f"has reduction={reduction!r}, which gives a number for"):
        dense(loss(reduction=reduction))


@pytest.mark.parametrize("loss", [losses.MeanSquaredError, losses.Dice, losses.Loss])
def test_what_cannot_be_is_refused(loss):
    name = loss.__name__
    for value in ("total", 3, ["sum"]):
        with pytest.raises(ValueError, match=f"{name}: reduction must be one of"):
            loss(reduction=value)
    with pytest.raises(ValueError, match=f"{name}: dtype must be 'float32'"):
        loss(dtype="float64")
    with pytest.raises(TypeError, match=f"{name}: name must be a string, got 3"):
        loss(name=3)
    assert loss(dtype="float32").reduction == "sum_over_batch_size"
