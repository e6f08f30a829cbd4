"""Metrics: their values, what the plan records, and which one "accuracy" is."""

import json

import numpy as np
import pytest

from brasa import Input, Sequential, losses, metrics
from brasa.graph.trace import Graph
from brasa.layers import Dense, Embedding
from brasa.metrics import (
    BinaryAccuracy,
    CategoricalAccuracy,
    MeanAbsoluteError,
    MeanSquaredError,
    Precision,
    Recall,
    RootMeanSquaredError,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
)
from brasa.testing import reference

SPARSE = losses.get("sparse_categorical_crossentropy")
ONE_HOT = losses.get("categorical_crossentropy")
BINARY = losses.get("binary_crossentropy")
MSE = losses.get("mse")


def test_sparse_categorical_accuracy(rng):
    p, y = rng.random((70, 5), dtype=np.float32), rng.integers(5, size=70)
    want = pytest.approx(reference.accuracy(p, y), rel=1e-6)
    assert SparseCategoricalAccuracy()(y, p) == want
    assert SparseCategoricalAccuracy()(y[:, None], p) == want
    assert CategoricalAccuracy()(np.eye(5)[y], p) == want


@pytest.mark.parametrize("threshold", [0.5, 0.2, 0.0])
@pytest.mark.parametrize("width", [1, 3])
def test_binary_accuracy(rng, threshold, width):
    p = rng.standard_normal((70, width)).astype(np.float32)
    y = rng.integers(2, size=(70, width))
    want = reference.accuracy(p, y, threshold, binary=True)
    assert BinaryAccuracy(threshold=threshold)(y, p) == pytest.approx(want, rel=1e-6)


@pytest.mark.parametrize("k", [1, 3, 9])
def test_top_k_accuracy(rng, k):
    p, y = rng.random((70, 9), dtype=np.float32), rng.integers(9, size=70)
    want = pytest.approx(reference.accuracy(p, y, top=k), rel=1e-6)
    assert SparseTopKCategoricalAccuracy(k)(y, p) == want
    assert TopKCategoricalAccuracy(k)(np.eye(9)[y], p) == want


def test_root_mean_squared_error_of_plain_numbers_weighs_them_alike():
    metric = RootMeanSquaredError()
    metric.update_state([0.0, 0.0, 0.0], [1.0, 1.0, 1.0])
    metric.update_state([0.0], [5.0])
    assert metric.result() == pytest.approx(7**0.5)


@pytest.mark.parametrize("threshold", [0.5, 0.2, 2.0])
def test_precision_and_recall(rng, threshold):
    p, y = rng.random((70, 3), dtype=np.float32), rng.integers(2, size=(70, 3))
    hits = ((p > threshold) & (y == 1)).sum()
    yes = (p > threshold).sum()
    assert Precision(threshold)(y, p) == pytest.approx(hits / max(yes, 1), rel=1e-6)
    assert Recall(threshold)(y, p) == pytest.approx(hits / y.sum(), rel=1e-6)


def test_precision_of_an_epoch_is_that_of_all_its_elements(rng):
    # Few ones in most batches: the mean of the batches' values is another number.
    x, y = rng.standard_normal((50, 3)).astype(np.float32), rng.random((50, 1)) < 0.1
    model = Sequential([Input((3,)), Dense(1, activation="sigmoid")])
    model.compile("sgd", "binary_crossentropy", metrics=["precision", Recall(0.25), "accuracy"])
    logs = model.evaluate(x, y.astype(np.float32), batch_size=7, verbose=0, return_dict=True)
    p = model.predict(x, verbose=0)
    assert logs["precision"] == pytest.approx((y & (p > 0.5)).sum() / (p > 0.5).sum(), rel=1e-6)
    assert logs["recall"] == pytest.approx((y & (p > 0.25)).sum() / y.sum(), rel=1e-6)
    assert logs["accuracy"] == pytest.approx(((p > 0.5) == y).mean(), rel=1e-6)


def test_precision_and_recall_leave_out_masked_steps(rng):
    x, y = rng.integers(0, 5, (20, 6)), rng.integers(2, size=(20, 6, 1))
    model = Sequential([Input((6,)), Embedding(5, 4, mask_zero=True), Dense(1, "sigmoid")])
    model.compile("sgd", "binary_crossentropy", metrics=["precision", "recall"])
    logs = model.evaluate(x, y.astype(np.float32), batch_size=8, verbose=0, return_dict=True)
    yes, one, there = model.predict(x, verbose=0) > 0.5, y == 1, (x != 0)[..., None]
    assert logs["precision"] == pytest.approx((yes & one & there).sum() / (yes & there).sum())
    assert logs["recall"] == pytest.approx((yes & one & there).sum() / (one & there).sum())


@pytest.mark.parametrize("metric", [MeanAbsoluteError(), MeanSquaredError()], ids=repr)
def test_errors(metric, rng):
    p, y = (rng.standard_normal((70, 3)).astype(np.float32) for _ in range(2))
    want = getattr(reference, metric.name)(p, y)[0]
    assert metric(y, p) == pytest.approx(want, rel=1e-6)


def test_ties_go_to_the_first_class():
    assert SparseCategoricalAccuracy()([0, 1], [[0.5, 0.5], [0.5, 0.5]]) == 0.5


@pytest.mark.parametrize(
    ("metric", "dtype", "op", "attributes"),
    [
        (SparseCategoricalAccuracy(), "int32", "accuracy", {}),
        (SparseCategoricalAccuracy(), "float32", "accuracy", {}),
        (CategoricalAccuracy(), "float32", "accuracy", {}),
        (CategoricalAccuracy(), "int32", "accuracy", {}),
        (BinaryAccuracy(), "float32", "accuracy", {"binary": True, "threshold": 0.5}),
        (SparseTopKCategoricalAccuracy(), "int32", "accuracy", {"top": 5}),
        (TopKCategoricalAccuracy(2), "float32", "accuracy", {"top": 2}),
        (MeanAbsoluteError(), "float32", "loss", {"kind": "mean_absolute_error"}),
        (MeanAbsoluteError("mae"), "float32", "loss", {"kind": "mean_absolute_error"}),
        (MeanSquaredError(), "float32", "loss", {"kind": "mean_squared_error"}),
    ],
    ids=str,
)
def test_record_adds_the_op(metric, dtype, op, attributes):
    graph = Graph()
    predictions = graph.external("p", (6, 3))
    target = graph.external("y", (6,) if dtype == "int32" else (6, 3), dtype)
    value = metric.record(predictions, target)
    assert (value.shape, value.dtype, value.index) == ((), "float32", 0)
    operands = (target, None) if dtype == "int32" else (None, target)
    assert value.node.op == op
    assert value.node.inputs[:3] == (predictions, *operands)
    assert value.node.attributes == attributes


@pytest.mark.parametrize(
    "metric",
    [BinaryAccuracy(), MeanAbsoluteError(), MeanSquaredError("mse"), Precision(), Recall()],
    ids=repr,
)
def test_class_numbers_are_no_numbers_to_compare(metric):
    graph = Graph()
    predictions, target = graph.external("p", (6, 3)), graph.external("y", (6,), "int32")
    with pytest.raises(ValueError, match=f"metric '{metric.name}' .* use 'accuracy'"):
        metric.record(predictions, target)


@pytest.mark.parametrize("name", ["accuracy", "acc"])
@pytest.mark.parametrize(
    ("loss", "shape", "cls"),
    [
        (SPARSE, (None, 10), SparseCategoricalAccuracy),
        (SPARSE, (None, 7, 10), SparseCategoricalAccuracy),
        (ONE_HOT, (None, 10), CategoricalAccuracy),
        (BINARY, (None, 1), BinaryAccuracy),
        (BINARY, (None, 3), CategoricalAccuracy),
        (MSE, (None, 1), BinaryAccuracy),
        (MSE, (None, 2), CategoricalAccuracy),
    ],
    ids=str,
)
def test_accuracy_is_chosen_as_in_keras(name, loss, shape, cls):
    metric = metrics.get(name, loss, shape)
    assert type(metric) is cls
    assert metric.name == name


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        ("sparse_categorical_accuracy", SparseCategoricalAccuracy),
        ("categorical_accuracy", CategoricalAccuracy),
        ("binary_accuracy", BinaryAccuracy),
        ("precision", Precision),
        ("recall", Recall),
        ("sparse_top_k_categorical_accuracy", SparseTopKCategoricalAccuracy),
        ("top_k_categorical_accuracy", TopKCategoricalAccuracy),
        ("mae", MeanAbsoluteError),
        ("mean_absolute_error", MeanAbsoluteError),
        ("mse", MeanSquaredError),
        ("mean_squared_error", MeanSquaredError),
    ],
)
def test_get_by_name_is_called_by_it(name, cls):
    metric = metrics.get(name, MSE, (None, 1))
    assert type(metric) is cls
    assert metric.name == name


def test_instances_keep_their_name():
    metric = BinaryAccuracy(name="right", threshold=0.3)
    assert metrics.get(metric, MSE, (None, 1)) is metric
    assert metric.name == "right"
    assert BinaryAccuracy().name == "binary_accuracy"


@pytest.mark.parametrize(
    "metric",
    [
        SparseCategoricalAccuracy("accuracy"),
        CategoricalAccuracy(),
        BinaryAccuracy("acc", 0.25),
        Precision(0.25),
        Recall(name="found"),
        SparseTopKCategoricalAccuracy(3),
        TopKCategoricalAccuracy(name="top5"),
        MeanAbsoluteError("mae"),
        MeanSquaredError("mse"),
    ],
    ids=repr,
)
def test_config_survives_json(metric):
    config = json.loads(json.dumps(metrics.serialize(metric)))
    twin = metrics.get(config, SPARSE, (None, 1))
    assert type(twin) is type(metric)
    assert twin.get_config() == metric.get_config()


@pytest.mark.parametrize(
    ("identifier", "error", "message"),
    [
        ("acuracy", ValueError, "metric 'acuracy' is unknown. Did you mean 'accuracy'"),
        ("f1", ValueError, "Known: accuracy, acc, auc"),
        ({"class_name": "Accurate"}, ValueError, "metric 'Accurate' is unknown"),
        (None, TypeError, "metric must be one of the names accuracy, acc"),
        (3, TypeError, "instance or config of Metric"),
    ],
    ids=str,
)
def test_unknown_identifiers(identifier, error, message):
    with pytest.raises(error, match=message):
        metrics.get(identifier, SPARSE, (None, 10))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: BinaryAccuracy(0.5), TypeError, "BinaryAccuracy: name must be a string"),
        (lambda: BinaryAccuracy(threshold=np.nan), ValueError, "threshold must be finite"),
        (lambda: Precision(["x", 0.2]), TypeError, "Precision: thresholds must be a number"),
        (lambda: Recall(np.inf), ValueError, "Recall: thresholds must be finite"),
        (lambda: TopKCategoricalAccuracy(0), ValueError, "k must be 1 or more, got 0"),
        (lambda: SparseTopKCategoricalAccuracy("5"), TypeError, "k must be a whole number"),
        (lambda: BinaryAccuracy(threshold="x"), TypeError, "threshold must be a number"),
        (lambda: SparseCategoricalAccuracy()([3], [[0.1, 0.9]]), IndexError, "row 0 is 3"),
        (lambda: SparseCategoricalAccuracy()([1.0], [[0.1, 0.9]]), TypeError, "whole numbers"),
        (lambda: CategoricalAccuracy()([1], [[0.1, 0.9]]), ValueError, "predictions' shape"),
        (lambda: BinaryAccuracy()([1, 1], [[0.9]]), ValueError, "y has the length 2, there are 1"),
        (lambda: MeanAbsoluteError()([1.0], [[1.0, 2.0]]), ValueError, "predictions' shape"),
        (lambda: MeanSquaredError()([], np.zeros((0, 1), np.float32)), ValueError, "no samples"),
    ],
)
def test_bad_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()
