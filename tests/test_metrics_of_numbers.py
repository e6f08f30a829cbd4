"""Metrics of one number for each sample, ``(N,)``, beside Keras: as a column of them."""

import json

import numpy as np
import pytest

from brasa import Sequential, layers, metrics
from tests.with_keras import keras

Y = np.float32([1, 0, 1, 0, 1, 0, 1])
P = np.float32([0.9, 0.8, 0.7, 0.6, 0.1, 0.3, 0.4])
WEIGHTS = np.float32([1, 2, 0, 0.5, 1, 1, 3])
BY_ELEMENT = ["BinaryAccuracy", "Precision", "Recall", "Accuracy", "RootMeanSquaredError"]


def _after(metric, *batches):
    for batch in batches:
        metric.update_state(*batch)
    return float(metric.result())


@pytest.mark.parametrize("name", BY_ELEMENT)
def test_batches_count_by_their_samples(name):
    y, p = (np.round(Y), np.round(P)) if name == "Accuracy" else (Y, P)
    batches = [(y[:5], p[:5]), (y[5:], p[5:])]
    weighted = [(y[:5], p[:5], WEIGHTS[:5]), (y[5:], p[5:], WEIGHTS[5:])]
    for given in (batches, weighted):
        want = _after(getattr(keras().metrics, name)(), *given)
        assert _after(getattr(metrics, name)(), *given) == pytest.approx(want, abs=1e-6)


# Here Keras has the mean of the batches' means, of any size, and passes over the weights.
@pytest.mark.parametrize("name", ["MeanSquaredError", "MeanAbsoluteError", "Hinge", "LogCoshError"])
def test_weights_are_those_of_samples(name):
    make = getattr(metrics, name)
    column = _after(make(), (Y[:, None], P[:, None], WEIGHTS))
    assert _after(make(), (Y, P, WEIGHTS)) == pytest.approx(column, rel=1e-6)
    halves = [(Y[:5], P[:5], WEIGHTS[:5]), (Y[5:], P[5:], WEIGHTS[5:])]
    assert _after(make(), *halves) == pytest.approx(column, rel=1e-6)


def test_example_of_keras():
    recall = metrics.Recall()
    recall.update_state([0, 1, 1, 1], [1, 0, 1, 1], sample_weight=[0, 0, 1, 0])
    assert recall.result() == 1.0


def test_rows_of_vectors_stay_rows():
    assert metrics.CosineSimilarity()([1.0, 1.0], [1.0, 1.0]) == pytest.approx(1.0)


def test_get_without_a_model():
    assert type(metrics.get("mse")) is metrics.MeanSquaredError
    assert type(metrics.get("AUC")) is metrics.AUC
    assert type(metrics.get("accuracy")) is metrics.Accuracy
    assert metrics.get("mae").name == "mae"


@pytest.mark.parametrize("name", ["Mean", "Sum"])
def test_metrics_of_values_are_described(name):
    config = json.loads(json.dumps(metrics.serialize(getattr(metrics, name)(name="seen"))))
    again = metrics.deserialize(config)
    assert (type(again).__name__, again.name) == (name, "seen")


def test_as_in_fit():
    model = Sequential([layers.Dense(1, input_shape=(1,), use_bias=False)])
    model.set_weights([np.ones((1, 1), np.float32)])
    model.compile("sgd", "mse", weighted_metrics=["mae"])
    told = model.evaluate(P[:, None], Y, batch_size=5, sample_weight=WEIGHTS, verbose=0)[1]
    metric = metrics.MeanAbsoluteError()
    assert _after(metric, (Y, P, WEIGHTS)) == pytest.approx(told, rel=1e-5)
