"""Losses: their values, what the plan records, and the targets that they refuse."""

import json
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from brasa import losses
from brasa.graph.trace import Graph
from brasa.losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    Huber,
    MeanAbsoluteError,
    MeanSquaredError,
    SparseCategoricalCrossentropy,
)
from brasa.testing import reference

ALL = [
    SparseCategoricalCrossentropy(),
    SparseCategoricalCrossentropy(from_logits=True),
    CategoricalCrossentropy(),
    CategoricalCrossentropy(from_logits=True),
    BinaryCrossentropy(),
    BinaryCrossentropy(from_logits=True),
    MeanSquaredError(),
    MeanAbsoluteError(),
    Huber(),
    Huber(0.25),
]
OF_ERRORS = ALL[6:]
PLAIN = [SparseCategoricalCrossentropy, CategoricalCrossentropy, BinaryCrossentropy]


def probabilities(rng, rows=70, classes=5):
    return reference.softmax(rng.standard_normal((rows, classes)) * 3).astype(np.float32)


def example(rng, loss):
    """Predictions, targets, and what the reference makes of them."""
    p, z = probabilities(rng), (rng.standard_normal((70, 5)) * 3).astype(np.float32)
    labels = rng.integers(5, size=70)
    answers = rng.integers(2, size=(70, 5)).astype(np.float32)
    logits = getattr(loss, "from_logits", False)
    x = z if logits or loss in OF_ERRORS else p
    categorical = reference.softmax_cross_entropy if logits else reference.cross_entropy
    if isinstance(loss, SparseCategoricalCrossentropy):
        return x, labels, lambda w: categorical(x, labels, w)
    if isinstance(loss, CategoricalCrossentropy):
        return x, np.eye(5)[labels], lambda w: categorical(x, labels, w)
    if isinstance(loss, BinaryCrossentropy):
        return x, answers, lambda w: reference.binary_cross_entropy(x, answers, logits, w)
    config = loss.get_config()
    return (
        x,
        answers,
        lambda w: getattr(reference, loss.name)(x, answers, **config, sample_weight=w),
    )


@pytest.mark.parametrize("loss", ALL, ids=repr)
@pytest.mark.parametrize("weighted", [False, True])
def test_value_is_that_of_the_reference(rng, loss, weighted):
    x, y, want = example(rng, loss)
    weight = rng.random(70).astype(np.float32) if weighted else None
    # Each row is off by some roundings, their mean by less.
    assert loss(y, x, weight) == pytest.approx(want(weight)[0], rel=1e-5)


@pytest.mark.parametrize("loss", ALL, ids=repr)
def test_record_adds_the_op(rng, loss):
    x, y, _ = example(rng, loss)
    target = loss.prepare(y, x.shape)
    graph = Graph(training=True)
    predictions = graph.external("p", x.shape)
    symbol = graph.external("y", target.shape, target.dtype.name)
    weight = graph.external("w", (70,))
    value = loss.record(predictions, symbol, weight)
    assert (value.shape, value.dtype, value.index) == ((), "float32", 0)
    sparse = isinstance(loss, SparseCategoricalCrossentropy)
    labels, dense = (symbol, None) if sparse else (None, symbol)
    assert value.node.op == "loss"
    assert value.node.inputs == (predictions, labels, dense, weight)
    delta = {"delta": loss.delta} if isinstance(loss, Huber) else {}
    assert value.node.attributes == {"kind": loss.kind, **delta}
    assert loss.record(predictions, symbol).node.inputs[3] is None


@pytest.mark.parametrize(
    ("loss", "kinds"),
    [
        (SparseCategoricalCrossentropy, ("cross_entropy", "softmax_cross_entropy")),
        (CategoricalCrossentropy, ("cross_entropy", "softmax_cross_entropy")),
        (BinaryCrossentropy, ("binary_cross_entropy", "binary_cross_entropy_logits")),
    ],
)
def test_from_logits_chooses_the_kind(loss, kinds):
    assert (loss().kind, loss(from_logits=True).kind) == kinds


@pytest.mark.parametrize("loss", PLAIN)
@pytest.mark.parametrize("value", [1, None, "yes"])
def test_from_logits_is_a_bool(loss, value):
    with pytest.raises(TypeError, match=f"{loss.__name__}: from_logits must be a bool"):
        loss(value)


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        ("huber", Huber),
        ("Huber", Huber),
        ("mae", MeanAbsoluteError),
        ("MAE", MeanAbsoluteError),
        ("mean_absolute_error", MeanAbsoluteError),
        ("MeanAbsoluteError", MeanAbsoluteError),
        ("mse", MeanSquaredError),
        ("MSE", MeanSquaredError),
        ("mean_squared_error", MeanSquaredError),
        ("MeanSquaredError", MeanSquaredError),
        ("sparse_categorical_crossentropy", SparseCategoricalCrossentropy),
        ("categorical_crossentropy", CategoricalCrossentropy),
        ("binary_crossentropy", BinaryCrossentropy),
    ],
)
def test_get_by_name(name, cls):
    assert type(losses.get(name)) is cls
    assert losses.get(name).name in losses.LOSSES


@pytest.mark.parametrize("loss", ALL, ids=repr)
def test_config_survives_json(loss):
    twin = losses.get(json.loads(json.dumps(losses.serialize(loss))))
    assert type(twin) is type(loss)
    assert twin.kind == loss.kind
    assert twin.attributes == loss.attributes
    assert losses.get(loss) is loss


@pytest.mark.parametrize(
    ("identifier", "error", "message"),
    [
        ("sparse_categorical_crossentrop", ValueError, "mean 'sparse_categorical_crossentropy'"),
        ("crossentropy", ValueError, "loss 'crossentropy' is unknown"),
        ({"class_name": "Loss"}, ValueError, "loss 'Loss' is unknown"),
        (None, TypeError, "loss must be one of the names bce, binary"),
        (SimpleNamespace(), TypeError, "instance or config of Loss"),
    ],
    ids=str,
)
def test_unknown_identifiers(identifier, error, message):
    with pytest.raises(error, match=message):
        losses.get(identifier)


@pytest.mark.parametrize("loss", OF_ERRORS, ids=repr)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shape", [(6, 1), (6, 4), (6, 5, 3)], ids=str)
def test_losses_of_errors_are_those_of_pytorch(loss, weighted, shape, rng):
    torch = pytest.importorskip("torch")
    functions = torch.nn.functional
    of_elements = {
        "huber": partial(functions.huber_loss, **loss.get_config()),
        "mean_absolute_error": functions.l1_loss,
        "mean_squared_error": functions.mse_loss,
    }[loss.name]
    p, y = (rng.standard_normal(shape).astype(np.float32) for _ in range(2))
    weight = rng.random(shape[:-1]).astype(np.float32) if weighted else None
    rows = of_elements(torch.tensor(p), torch.tensor(y), reduction="none").mean(-1)
    expected = (rows if weight is None else rows * torch.tensor(weight)).mean().item()
    assert loss(y, p, weight) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
def test_label_smoothing_is_that_of_pytorch(smoothing, rng):
    torch = pytest.importorskip("torch")
    logits = rng.standard_normal((6, 4)).astype(np.float32)
    labels = rng.integers(0, 4, 6)
    loss = CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing)
    expected = torch.nn.functional.cross_entropy(
        torch.tensor(logits), torch.tensor(labels), label_smoothing=smoothing
    ).item()
    assert loss(np.eye(4)[labels], logits) == pytest.approx(expected, rel=1e-5)


def test_label_smoothing_of_yes_or_no():
    loss = BinaryCrossentropy(label_smoothing=0.2)
    expected = -(0.9 * np.log(0.8) + 0.1 * np.log(0.2))
    assert loss([1.0], [[0.8]]) == pytest.approx(expected, rel=1e-5)
    again = losses.get(losses.serialize(loss))
    assert again.label_smoothing == 0.2


@pytest.mark.parametrize(
    ("value", "error"), [(1.0, ValueError), (-0.1, ValueError), ("a", TypeError)]
)
def test_a_bad_label_smoothing_is_refused(value, error):
    with pytest.raises(error, match="label_smoothing must be"):
        CategoricalCrossentropy(label_smoothing=value)
