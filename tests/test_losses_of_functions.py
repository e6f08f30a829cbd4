"""Losses made of ops, beside Keras's numbers; their gradients beside differences.

The numbers were computed by Keras 3.15 on PyTorch, ``keras.losses.NAME(**arguments)(y, z[, w])``.
"""

import json

import numpy as np
import pytest

from brasa import Input, Sequential, layers, losses

_RNG = np.random.default_rng(7)
P = _RNG.random((4, 3)).astype(np.float32) * 0.9 + 0.05
ONE = np.eye(3, dtype=np.float32)[[0, 2, 1, 2]]
YES = np.array([[0, 1, 1], [1, 0, 0], [0, 0, 1], [1, 1, 0]], np.float32)
Z = (_RNG.standard_normal((4, 3)) * 2).astype(np.float32)
T = _RNG.standard_normal((4, 3)).astype(np.float32)
WEIGHTS = np.array([0.5, 2, 0, 1], np.float32)

BALANCED = {"apply_class_balancing": True, "gamma": 1.5, "from_logits": True}
SMOOTHED = {"from_logits": True, "gamma": 3.0, "alpha": 0.5, "label_smoothing": 0.2}

# Name, arguments, targets, predictions, the loss, the same with weights (None: it takes none).
CASES = [
    ("MeanAbsolutePercentageError", {}, T, Z, 762.448059, 1206.639893),
    ("MeanSquaredLogarithmicError", {}, T, Z, 0.123666, 0.187839),
    ("LogCosh", {}, T, Z, 1.263708, 1.033785),
    ("CosineSimilarity", {}, T, Z, 0.001793, 0.359934),
    ("Hinge", {}, YES, Z, 1.370509, 0.773523),
    ("Hinge", {}, T, Z, 0.995112, 1.20232),
    ("SquaredHinge", {}, YES, Z, 4.145822, 1.869701),
    ("CategoricalHinge", {}, ONE, Z, 2.032889, 1.865933),
    ("KLDivergence", {}, ONE, P, 0.526958, 0.451208),
    ("Poisson", {}, YES, P, 0.858397, 0.823195),
    ("BinaryFocalCrossentropy", {}, YES, P, 0.349612, 0.424648),
    ("BinaryFocalCrossentropy", {**BALANCED, "label_smoothing": 0.1}, YES, Z, 0.222533, 0.125465),
    ("CategoricalFocalCrossentropy", {}, ONE, P, 0.101637, 0.074344),
    ("CategoricalFocalCrossentropy", SMOOTHED, ONE, Z, 0.307059, 0.507044),
    ("Dice", {}, YES, P, 0.445462, None),
    ("Dice", {"axis": (1,)}, YES, P, 0.482025, 0.546676),
    ("Tversky", {"alpha": 0.3, "beta": 0.7, "axis": (1,)}, YES, P, 0.484793, 0.53827),
    ("BinaryCrossentropy", {"label_smoothing": 0.2}, YES, P, 0.783227, 0.817171),
    ("CategoricalCrossentropy", {"label_smoothing": 0.3, "from_logits": True}, ONE, Z, 1.176067,
     1.478285),
]  # fmt: skip
each_case = pytest.mark.parametrize(
    ("name", "arguments", "y", "z", "value", "weighted"), CASES, ids=[case[0] for case in CASES]
)


@each_case
def test_values_are_those_of_keras(name, arguments, y, z, value, weighted):
    loss = getattr(losses, name)(**arguments)
    twin = losses.get(json.loads(json.dumps(losses.serialize(loss))))
    assert loss(y, z) == pytest.approx(value, rel=1e-4, abs=2e-6) == twin(y, z)
    if weighted is not None:
        assert loss(y, z, WEIGHTS) == pytest.approx(weighted, rel=1e-4)


@pytest.mark.filterwarnings("ignore:compile")
@each_case
def test_plans_have_the_value_and_its_slope(name, arguments, y, z, value, weighted):
    # Predictions that are weights: the gradient by these is the gradient by the predictions.
    model = Sequential([Input((4,)), layers.Dense(3, use_bias=False)])
    loss = getattr(losses, name)(**arguments)
    model.compile("sgd", loss)
    rows, direction = np.eye(4, dtype=np.float32), np.random.default_rng(1).normal(size=(4, 3))
    model.set_weights([z])
    found, (gradient,) = model.compute_gradients(rows, y)
    assert found == pytest.approx(value, rel=1e-4, abs=2e-6)
    step = 1e-3
    ends = [loss(y, (z + sign * step * direction).astype(np.float32)) for sign in (1, -1)]
    # Both ends have float32's rounding: some 1e-7 of the value, by twice the step.
    slack = 4e-7 * max(abs(value), 1) / (2 * step)
    slope = (ends[0] - ends[1]) / (2 * step)
    assert (gradient * direction).sum() == pytest.approx(slope, rel=0.01, abs=slack)


def test_names_and_functions_stand_for_the_classes():
    for name, cls in {"kld": "KLDivergence", "mape": "MeanAbsolutePercentageError"}.items():
        assert type(losses.get(name)) is getattr(losses, cls)
    assert type(losses.get(losses.log_cosh)) is losses.LogCosh
    assert losses.huber(T, Z, 0.5).mean() == pytest.approx(losses.Huber(0.5)(T, Z), rel=1e-6)
    each = losses.binary_crossentropy(YES, P, label_smoothing=0.2)
    assert each.mean() == pytest.approx(0.783227, rel=1e-5)


@pytest.mark.parametrize("name", ["KLDivergence", "BinaryFocalCrossentropy", "Poisson", "Dice"])
def test_certain_predictions_stay_finite(name):
    loss = getattr(losses, name)()
    sure, zero = np.eye(3, dtype=np.float32), np.zeros((3, 3), np.float32)
    assert np.isfinite([loss(sure, sure), loss(sure, zero), loss(zero, zero)]).all()
    assert losses.CosineSimilarity()(sure, zero) == 0


def test_metrics_see_targets_that_are_not_smoothed():
    model = Sequential([Input((3,)), layers.Dense(1, "sigmoid")])
    model.compile("sgd", losses.BinaryCrossentropy(label_smoothing=0.5), metrics=["mae"])
    x, y = np.eye(3, dtype=np.float32), np.array([[0], [1], [1]], np.float32)
    logs = model.evaluate(x, y, verbose=0, return_dict=True)
    assert logs["mae"] == pytest.approx(np.abs(y - model.predict(x, verbose=0)).mean(), rel=1e-6)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: losses.BinaryFocalCrossentropy(gamma=-1),
            ValueError,
            "gamma must be >= 0, got -1",
        ),
        (lambda: losses.Tversky(alpha="x"), TypeError, "Tversky: alpha must be a number"),
        (lambda: losses.Dice(axis=("x",)), TypeError, "Dice: axis must be a whole number"),
        (
            lambda: losses.KLDivergence()([1], [[0.5, 0.5]]),
            ValueError,
            "kl_divergence: y must have",
        ),
        (
            lambda: losses.Dice()(YES, P, WEIGHTS),
            ValueError,
            r"loss 'dice' returned the shape \(\)",
        ),
        (lambda: losses.Poisson(name=3), TypeError, "Poisson: name must be a string"),
    ],
)
def test_bad_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()
