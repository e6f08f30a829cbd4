"""Metrics of thresholds, of the largest predictions, of one class, and correlations."""

import json
import re

import numpy as np
import pytest

import brasa
from brasa import Input, Sequential, layers, losses, metrics
from tests import with_keras

_RNG = np.random.default_rng(21)
P = _RNG.random((30, 4)).astype(np.float32)
P[:12] = np.round(P[:12] * 4) / 4  # ties, zeros, ones, and predictions at thresholds
YES = (_RNG.random((30, 4)) > 0.6).astype(np.float32)
WEIGHTS = _RNG.random(30).astype(np.float32)
Z, T = (_RNG.standard_normal((30, 4)).astype(np.float32) for _ in range(2))
ONE = np.eye(4, dtype=np.float32)[_RNG.integers(0, 4, 30)]
WHOLE = _RNG.integers(0, 3, (2, 30, 1)).astype(np.float32)

# Name, arguments, targets, predictions.
CASES = [
    *[
        (name, arguments, YES, P)
        for name in ("Precision", "Recall")
        for arguments in (
            {"thresholds": [0.25, 0.5, 0.9]},
            {"thresholds": [0.4]},
            {"top_k": 1},
            {"top_k": 3},
            {"top_k": 4},
            {"top_k": 2, "thresholds": 0.5},
            {"class_id": 2},
            {"class_id": 0, "thresholds": [0.1, 0.75]},
            {"top_k": 2, "class_id": 1},
        )
    ],
    *[
        (name, arguments, YES, P)
        for name in (
            "SensitivityAtSpecificity",
            "SpecificityAtSensitivity",
            "PrecisionAtRecall",
            "RecallAtPrecision",
        )
        for arguments in (
            {"value": 0.5},
            {"value": 0.0, "num_thresholds": 5},
            {"value": 0.8, "num_thresholds": 1},
            {"value": 1.0},
            {"value": 0.4, "num_thresholds": 2},
            {"value": 0.3, "class_id": 3, "num_thresholds": 50},
        )
    ],
    ("Accuracy", {}, *WHOLE),
    ("PearsonCorrelation", {}, T, Z),
    ("ConcordanceCorrelation", {}, T, Z),
    # Keras's default of whole numbers cuts weights off.
    ("OneHotIoU", {"num_classes": 4, "target_class_ids": [0, 2], "dtype": "float32"}, ONE, P),
]
NAMES = [f"{name}-{arguments}" for name, arguments, *_ in CASES]
each_case = pytest.mark.parametrize(("name", "arguments", "y", "p"), CASES, ids=NAMES)


def made(module, name, arguments):
    """The metric; ``value`` is the first argument."""
    options = dict(arguments)
    first = [options.pop("value")] if "value" in options else []
    return getattr(module.metrics, name)(*first, **options)


@each_case
@pytest.mark.filterwarnings("ignore:Explicitly requested dtype int64")
@pytest.mark.parametrize("weighs", [False, True], ids=["alike", "weighted"])
def test_batches_give_what_keras_gives(name, arguments, y, p, weighs):
    keras = with_keras.keras()
    ours, theirs = (made(module, name, arguments) for module in (brasa, keras))
    for rows in (slice(0, 9), slice(9, 30)):
        for metric in (ours, theirs):
            metric.update_state(y[rows], p[rows], WEIGHTS[rows] if weighs else None)
    want = np.asarray(theirs.result())
    assert np.shape(ours.result()) == want.shape
    np.testing.assert_allclose(ours.result(), want, rtol=1e-5, atol=1e-6)
    assert ours.name == re.sub(r"_\d+$", "", theirs.name)


@each_case
def test_configs_and_plans(name, arguments, y, p):
    metric = made(brasa, name, arguments)
    twin = metrics.get(json.loads(json.dumps(metrics.serialize(metric))), None, ())
    model = Sequential([Input(y.shape[1:]), layers.Identity()])
    model.compile("sgd", "mse", metrics=[metric], weighted_metrics=[twin])
    logs = model.evaluate(p, y, batch_size=7, sample_weight=WEIGHTS, return_dict=True, verbose=0)
    by_hand = [made(brasa, name, arguments) for _ in range(2)]
    by_hand[0].update_state(y, p)
    by_hand[1].update_state(y, p, WEIGHTS)
    for at, one in enumerate(by_hand):
        np.testing.assert_allclose(list(logs.values())[1 + at], one.result(), rtol=1e-5, atol=1e-6)
    metric.reset_state()
    assert np.all(metric.result() == 0)
    assert twin.get_config() == metric.get_config()


def test_worked_numbers():
    y, p = [0, 0, 1, 1], [0.0, 0.5, 0.3, 0.9]
    assert metrics.Precision(thresholds=[0.4, 0.95])(y, p).tolist() == [0.5, 0]
    assert metrics.Recall(thresholds=[0.2, 0.8])(y, p).tolist() == [1, 0.5]
    assert metrics.Recall(class_id=1)([[1, 0], [0, 1], [0, 1]], [[1.0, 0], [0, 1], [0, 0]]) == 0.5
    # All alike: the first two are the largest two, and neither is a one.
    assert metrics.Precision(top_k=2)([0, 0, 1, 1], [1.0, 1, 1, 1]) == 0
    assert metrics.Recall(top_k=3)([[0, 0, 1, 1]], [[1.0, 1, 1, 1]]) == 0.5
    assert metrics.RecallAtPrecision(0.8)(y, p) == 0.5
    assert metrics.PrecisionAtRecall(1.0)(y, p) == pytest.approx(2 / 3)
    assert metrics.SensitivityAtSpecificity(1.0)(y, p) == 0.5
    assert metrics.SpecificityAtSensitivity(1.0)(y, p) == 0.5
    assert metrics.SpecificityAtSensitivity(1.0)(y, p, [1, 3, 1, 1]) == 0.25
    assert metrics.Accuracy()([[1], [2]], [[1.0], [3.0]]) == 0.5
    assert metrics.PearsonCorrelation()([[1, 2, 3]], [[30.0, 20, 10]]) == pytest.approx(-1)
    assert np.isnan(metrics.PearsonCorrelation()([[1, 2, 3]], [[2.0, 2, 2]]))
    assert metrics.ConcordanceCorrelation()([[1, 2, 3]], [[2.0, 2, 2]]) == 0


@pytest.mark.parametrize("name", ["Sensitivity", "Specificity", "Precision", "Recall"])
@pytest.mark.parametrize("only", [0, 1])
def test_one_class_and_no_sample(name, only):
    keras = with_keras.keras()
    full = {"Sensitivity": "SensitivityAtSpecificity", "Specificity": "SpecificityAtSensitivity",
            "Precision": "PrecisionAtRecall", "Recall": "RecallAtPrecision"}[name]  # fmt: skip
    y, p = np.full(8, only, np.float32), np.linspace(0, 1, 8, dtype=np.float32)
    ours, theirs = (getattr(each.metrics, full)(0.5) for each in (brasa, keras))
    assert ours.result() == 0
    with pytest.raises(ValueError, match="there are no samples"):
        ours.update_state(y[:0], p[:0])
    for metric in (ours, theirs):
        metric.update_state(y, p)
    assert ours.result() == pytest.approx(float(theirs.result()), rel=1e-6)


def test_a_prediction_that_is_no_number_stays_visible():
    metric = metrics.RecallAtPrecision(0.5)
    metric.update_state([0, 1], [0.1, np.nan])
    metric.update_state([0, 1], [0.1, 0.9])
    assert np.isnan(metric.result())


@pytest.mark.parametrize("axis", [0, 1, -2, (0, 1), (1, 2)])
@pytest.mark.parametrize("name", ["pearson_correlation", "concordance_correlation"])
def test_correlations_along_axes(name, axis):
    keras = with_keras.keras()
    y, z = T.reshape(6, 5, 4), Z.reshape(6, 5, 4)
    want = np.asarray(getattr(keras.metrics, name)(y, z, axis=axis))
    np.testing.assert_allclose(getattr(metrics, name)(y, z, axis=axis), want, rtol=1e-4, atol=1e-5)
    cls = "".join(part.title() for part in name.split("_"))
    assert getattr(metrics, cls)(axis=axis)(y, z) == pytest.approx(want.mean(), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "y", "p"),
    [
        ("binary_accuracy", YES, P),
        ("binary_accuracy", YES[:, 0], P[:, 0]),
        ("categorical_accuracy", ONE, P),
        ("sparse_categorical_accuracy", ONE.argmax(-1), P),
        ("top_k_categorical_accuracy", ONE, Z),
        ("sparse_top_k_categorical_accuracy", ONE.argmax(-1), Z),
        ("mean_squared_error", T, Z),
        ("kl_divergence", ONE, P),
        ("huber", T, Z),
    ],
)
def test_functions_are_those_of_keras(name, y, p):
    keras = with_keras.keras()
    options = {"k": 2} if "top_k" in name else {}
    want = np.asarray(getattr(keras.metrics, name)(y, p, **options))
    got = getattr(metrics, name)(y, p, **options)
    assert got.shape == want.shape
    np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-6)


def test_functions_and_names_are_metrics(tmp_path):
    functions = [metrics.categorical_accuracy, metrics.top_k_categorical_accuracy]
    functions += [losses.mean_absolute_error, metrics.log_cosh, metrics.pearson_correlation]
    logs = []
    for given in (functions, [function.__name__ for function in functions]):
        model = Sequential([Input((4,)), layers.Softmax()])
        model.compile("sgd", "categorical_crossentropy", metrics=given)
        logs.append(model.evaluate(Z, ONE, return_dict=True, verbose=0))
    assert logs[0] == logs[1]
    assert list(logs[0]) == ["loss", *(function.__name__ for function in functions)]
    path = str(tmp_path / "model.brasa")
    model.save(path)
    assert brasa.load_model(path).evaluate(Z, ONE, return_dict=True, verbose=0) == logs[0]


def test_the_accuracy_of_a_name_and_of_the_class():
    model = Sequential([Input((4,)), layers.Softmax()])
    model.compile("sgd", "categorical_crossentropy", metrics=["accuracy", metrics.Accuracy()])
    logs = model.evaluate(Z, ONE, return_dict=True, verbose=0)
    assert logs["accuracy"] == pytest.approx((Z.argmax(-1) == ONE.argmax(-1)).mean())
    assert logs["accuracy_1"] == 0  # no probability is 0 or 1


def test_masked_steps_do_not_count():
    x = _RNG.random((5, 6, 3)).astype(np.float32)
    x[1, 4:] = x[3, :2] = 0
    y = (_RNG.random((5, 6, 3)) > 0.5).astype(np.float32)
    model = Sequential([Input((6, 3)), layers.Masking()])
    model.compile("sgd", "mse", metrics=[metrics.Recall(top_k=1), metrics.PrecisionAtRecall(0.5)])
    found = model.evaluate(x, y, verbose=0)[1:]
    there = x.any(axis=-1)
    for value, metric in zip(found, model.metrics[-2:], strict=True):
        metric.reset_state()
        assert value == pytest.approx(metric(y[there], x[there]), rel=1e-6)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: metrics.Precision(top_k=0), ValueError, "Precision: top_k must be >= 1, got 0"),
        (lambda: metrics.Recall(top_k=1.5), TypeError, "Recall: top_k must be a whole number"),
        (lambda: metrics.Recall(class_id=-1), ValueError, "Recall: class_id must be >= 0, got -1"),
        (lambda: metrics.Recall(thresholds=[]), ValueError, "Recall: thresholds must be a number"),
        (lambda: metrics.Recall(top_k=9)(YES, P), ValueError, "top_k is 9, but y_pred has"),
        (lambda: metrics.Recall(class_id=4)(YES, P), ValueError, "class_id 4 is none of the cl"),
        (
            lambda: metrics.PrecisionAtRecall(0.5, class_id=4)(YES, P),
            ValueError,
            "class_id 4 is none of the cl",
        ),
        (
            lambda: metrics.PrecisionAtRecall(1.5),
            ValueError,
            r"PrecisionAtRecall: recall must be in \[0, 1\], got 1.5",
        ),
        (
            lambda: metrics.SensitivityAtSpecificity("x"),
            TypeError,
            "SensitivityAtSpecificity: specificity must be a number",
        ),
        (
            lambda: metrics.RecallAtPrecision(0.5, num_thresholds=0),
            ValueError,
            "num_thresholds must be >= 1, got 0",
        ),
        (lambda: metrics.RecallAtPrecision(0.5)(YES, Z), ValueError, "wanted are probabilities"),
        (lambda: metrics.RecallAtPrecision(0.5)(YES[:3], P), ValueError, "y has the length 3"),
        (lambda: metrics.PearsonCorrelation(axis=0.5), TypeError, "axis must be a whole number"),
        (lambda: metrics.top_k_categorical_accuracy(ONE, P, 0), ValueError, "k must be 1 or more"),
        (lambda: metrics.binary_accuracy(YES, P, "x"), TypeError, "threshold must be a number"),
        (
            lambda: metrics.sparse_categorical_accuracy([9], P[:1]),
            IndexError,
            "sparse_categorical_accuracy",
        ),
    ],
)
def test_what_cannot_be_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(
    ("metric", "wanted"),
    [
        ("Accuracy", 0.5),
        ("BinaryAccuracy", 0.5),
        ("Precision", 2 / 3),
        ("Recall", 2 / 3),
        ("FalsePositives", 1.0),
        ("MeanSquaredError", 0.5),
        ("AUC", 1 / 3),
    ],
)
def test_decisions_are_whole_numbers_or_booleans_too(metric, wanted):
    y, decided = [0, 1, 1, 1], np.array([1, 0, 1, 1])
    for predictions in (decided, decided.tolist(), decided != 0, decided.astype(np.float64)):
        assert getattr(metrics, metric)()(y, predictions) == pytest.approx(wanted, abs=1e-6)
    assert metrics.Accuracy().in_plan
    with pytest.raises(ValueError, match="float32 cannot hold exactly"):
        getattr(metrics, metric)()(y, decided * (1 << 25))
    with pytest.raises(TypeError, match="numbers"):
        getattr(metrics, metric)()(y, np.array(["a", "b", "a", "b"]))


def test_decisions_give_what_keras_gives():
    keras = with_keras.keras()
    y, decided = np.array([0, 1, 1, 1, 0]), np.array([1, 0, 1, 1, 0])
    for name in ("Accuracy", "Precision", "Recall", "FalseNegatives", "MeanAbsoluteError", "AUC"):
        theirs = getattr(keras.metrics, name)()
        theirs.update_state(y, decided)
        ours = getattr(metrics, name)()(y, decided)
        assert ours == pytest.approx(float(theirs.result()), abs=1e-6), name
