"""What losses make of targets and weights, and which they refuse."""

import numpy as np
import pytest

from brasa.losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    Huber,
    MeanAbsoluteError,
    MeanSquaredError,
    SparseCategoricalCrossentropy,
)

SPARSE, ONE_HOT, BINARY = (
    SparseCategoricalCrossentropy(),
    CategoricalCrossentropy(),
    BinaryCrossentropy(),
)
OF_ERRORS = MSE, MAE, HUBER = MeanSquaredError(), MeanAbsoluteError(), Huber()


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


@pytest.mark.parametrize("loss", [BinaryCrossentropy(), *OF_ERRORS, Huber(0.25)], ids=repr)
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
