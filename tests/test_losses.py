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


# What prepare makes of targets.


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "int64", ">i4"])
@pytest.mark.parametrize("shape", [(4,), (4, 1)], ids=str)
def test_class_numbers_become_int32(dtype, shape):
    y = np.array([0, 2, 1, 2], dtype).reshape(shape)
    target = SparseCategoricalCrossentropy().prepare(y, (4, 3))
    assert (target.dtype, target.shape, target.tolist()) == (np.int32, (4,), [0, 2, 1, 2])


def test_class_numbers_of_sequences():
    target = SparseCategoricalCrossentropy().prepare(np.zeros((2, 5), int), (2, 5, 3))
    assert target.shape == (2, 5)


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32", "float64", ">f4"])
def test_dense_targets_become_float32(dtype):
    y = np.array([[0, 1], [1, 0]], dtype)
    for loss in (CategoricalCrossentropy(), BinaryCrossentropy(), *OF_ERRORS):
        target = loss.prepare(y, (2, 2))
        assert (target.dtype, target.tolist()) == (np.float32, [[0, 1], [1, 0]])
        assert target.dtype.isnative


@pytest.mark.parametrize("loss", [BinaryCrossentropy(), *OF_ERRORS], ids=repr)
def test_a_column_may_be_flat(loss):
    assert loss.prepare([0, 1, 1], (3, 1)).tolist() == [[0], [1], [1]]
    assert loss([0, 1], [[0.5], [0.5]]) == loss([[0], [1]], [[0.5], [0.5]])


def test_smoothed_one_hot_rows_are_accepted():
    y = np.full((2, 3), 1 / 3, np.float32)
    np.testing.assert_array_equal(CategoricalCrossentropy().prepare(y, (2, 3)), y)


def test_float32_targets_are_not_copied():
    y = np.zeros((4, 2), np.float32)
    assert np.shares_memory(MeanSquaredError().prepare(y, (4, 2)), y)


def test_sliced_and_read_only_targets():
    y = np.arange(12, dtype=np.float32).reshape(6, 2)[::-2]
    y.flags.writeable = False
    np.testing.assert_array_equal(MeanSquaredError().prepare(y, (3, 2)), y)


SPARSE, ONE_HOT, BINARY = ALL[0], ALL[2], ALL[4]
MSE, MAE, HUBER, _ = OF_ERRORS


@pytest.mark.parametrize(
    ("loss", "y", "shape", "error", "message"),
    [
        (SPARSE, [0, 3], (2, 3), IndexError, "row 1 is 3, but there are 3 classes"),
        (SPARSE, [-1, 0], (2, 3), IndexError, "row 0 is -1"),
        (SPARSE, [0, 2**40], (2, 3), IndexError, "row 1 is 1099511627776"),
        (SPARSE, np.array([0, 255], np.uint8), (2, 3), IndexError, "row 1 is 255"),
        (SPARSE, [0.0, 1.0], (2, 3), TypeError, r"float64. Convert it: y.astype\('int32'\)"),
        (SPARSE, [0.0, np.nan], (2, 3), TypeError, "whole numbers, got float64"),
        (SPARSE, [True, False], (2, 3), TypeError, "whole numbers, got bool"),
        (SPARSE, ["a", "b"], (2, 3), TypeError, "real numbers"),
        (SPARSE, [None, 1], (2, 3), TypeError, "real numbers"),
        (SPARSE, None, (2, 3), TypeError, "got None"),
        (SPARSE, [0], (2, 3), ValueError, "y has the length 1, there are 2 predictions"),
        (SPARSE, 1, (2, 3), ValueError, "one row for each sample"),
        (SPARSE, np.eye(3), (3, 3), ValueError, "looks one-hot.*categorical_crossentropy"),
        (SPARSE, np.zeros((2, 2), int), (2, 3), ValueError, r"must have the shape \(2,\)"),
        (SPARSE, [0, 1], (2, 5, 3), ValueError, "Is a Flatten missing"),
        (MSE, [[0], [1]], (2, 5, 3), ValueError, "Is a Flatten missing"),
        (SPARSE, np.zeros(0, int), (0, 3), ValueError, "there are no samples"),
        (SPARSE, [0, 1], (2, 0), ValueError, "at least one class"),
        (SPARSE, [0, 1], (), ValueError, "at least one class"),
        (SPARSE, np.ma.array([0, 1], mask=[0, 1]), (2, 3), TypeError, "masked"),
        (ONE_HOT, [0, 1], (2, 3), ValueError, "class numbers.*sparse_categorical_crossentropy"),
        (ONE_HOT, [[0], [1]], (2, 3), ValueError, "looks like class numbers"),
        (ONE_HOT, np.eye(2), (2, 3), ValueError, r"predictions' shape \(2, 3\), got \(2, 2\)"),
        (ONE_HOT, [[1, 0], [1, 1]], (2, 2), ValueError, "row 1 of y sums to 2.0"),
        (ONE_HOT, [[1, 0], [2, -1]], (2, 2), ValueError, r"y\[1, 1\] is -1.0: .* below 0"),
        (ONE_HOT, [[1, 0], [np.nan, 1]], (2, 2), ValueError, r"y\[1, 0\] is nan"),
        (ONE_HOT, [[1, 0], [0, 0]], (2, 2), ValueError, "row 1 of y sums to 0.0"),
        (ONE_HOT, [[1, 0]], (2, 2), ValueError, "y has the length 1, there are 2"),
        (ONE_HOT, [["1", "0"]], (1, 2), TypeError, "real numbers"),
        (ONE_HOT, [[1], [1, 0]], (2, 2), ValueError, "not a regular array"),
        (BINARY, [[0.0], [1.5]], (2, 1), ValueError, r"y\[1, 0\] is 1.5: .* in \[0, 1\]"),
        (BINARY, [[0.0], [-1]], (2, 1), ValueError, r"y\[1, 0\] is -1.0"),
        (BINARY, [0, 1], (2, 2), ValueError, r"predictions' shape \(2, 2\), got \(2,\)"),
        (MSE, [[0.0], [np.inf]], (2, 1), ValueError, r"y\[1, 0\] is inf: targets must be finite"),
        (MAE, [[0.0], [np.nan]], (2, 1), ValueError, r"y\[1, 0\] is nan: targets must be finite"),
        (MAE, [[0], [1]], (2, 5, 3), ValueError, "Is a Flatten missing"),
        (MAE, [["1"]], (1, 1), TypeError, "real numbers"),
        (HUBER, [[0.0], [-np.inf]], (2, 1), ValueError, r"y\[1, 0\] is -inf: .* must be finite"),
        (HUBER, [0, 1], (2, 2), ValueError, r"predictions' shape \(2, 2\), got \(2,\)"),
        (MSE, [[1e300]], (1, 1), ValueError, "too large for float32"),
        (MSE, [[2**40]], (1, 1), ValueError, "float32 cannot hold exactly"),
        (MSE, [[1j]], (1, 1), TypeError, "complex"),
        (MSE, [0.0, 1.0], (3, 1), ValueError, "y has the length 2, there are 3"),
    ],
)
def test_bad_targets(loss, y, shape, error, message):
    with pytest.raises(error, match=f"{loss.name}: .*{message}"):
        loss.prepare(y, shape)


@pytest.mark.parametrize(
    ("weight", "error"),
    [
        ([1.0, -1.0], ValueError),
        ([1.0, np.nan], ValueError),
        ([0.0, 0.0], ValueError),
        ([1.0], ValueError),
        (["a", "b"], TypeError),
    ],
    ids=str,
)
def test_bad_weights(weight, error):
    with pytest.raises(error, match="sample_weight"):
        MeanSquaredError()([0.0, 1.0], [[0.0], [1.0]], weight)


def test_whole_numbers_are_weights():
    assert MeanSquaredError()([0.0, 0.0], [[1.0], [1.0]], [0, 2]) == 1.0


@pytest.mark.parametrize("loss", PLAIN)
@pytest.mark.parametrize("value", [1, None, "yes"])
def test_from_logits_is_a_bool(loss, value):
    with pytest.raises(TypeError, match=f"{loss.__name__}: from_logits must be a bool"):
        loss(value)


# Names and configs.


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
        (None, TypeError, "loss must be one of the names binary_crossentropy"),
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
