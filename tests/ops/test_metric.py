"""Accuracy. Contract: csrc/ops/metric.h."""

import numpy as np
import pytest

from brasa import ops
from brasa.testing import cases, reference
from brasa.testing.assertions import ROUNDING, assert_close

NAN = np.nan


@pytest.mark.parametrize("case", cases.ROWS, ids=str)
def test_accuracy_equals_reference(case, impl):
    pred, target = case.probabilities(), case.probabilities("target")
    for labels in (case.labels(), target):
        want = reference.accuracy(pred, labels)
        assert_close(ops.accuracy(pred, labels), want, ROUNDING, f"labels of rank {labels.ndim}")
    want = reference.accuracy(pred, np.round(target), 0.25, binary=True)
    assert_close(ops.accuracy(pred, np.round(target), 0.25, binary=True), want, ROUNDING, "binary")


ROWS = {  # one row, and its argmax
    "ties go to the first class": ([1, 3, 3, 2], 1),
    "all equal": ([0, 0, 0, 0], 0),
    "the last": ([0, 1, 2, 3], 3),
    "a NaN is its row's argmax": ([5, 1, NAN, 9], 2),
    "the first NaN": ([0, NAN, 9, NAN], 1),
    "minus infinity": ([-np.inf, -np.inf, -1, -np.inf], 2),
    "zeros of both signs": ([-0.0, 0.0, -0.0, 0.0], 0),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_row_has_the_argmax_that_the_contract_says(name, impl):
    row, best = ROWS[name]
    for label in range(4):
        got = ops.accuracy(np.float32([row]), np.array([label]))
        assert got == float(label == best), f"label {label}"


def test_a_value_at_the_threshold_is_below_it(impl):
    pred = np.float32([[0.5], [0.75], [0.25]])
    assert ops.accuracy(pred, np.float32([[0], [1], [0]]), binary=True) == 1.0
    assert_close(ops.accuracy(pred, np.float32([[0], [1], [0]]), 0.2, True), 1 / 3, ROUNDING)


def test_a_share_of_many_rows_is_exact(impl):
    pred = np.zeros((100_003, 2), np.float32)
    pred[:50_001, 1] = 1.0
    got = ops.accuracy(pred, np.ones(len(pred), np.int64))
    assert_close(got, 50_001 / 100_003, ROUNDING)


@pytest.mark.parametrize("classes", [3, 10, 40])
def test_top_k_equals_reference(classes, impl, rng):
    pred = rng.integers(0, 7, (200, classes)).astype(np.float32)  # many ties
    labels = rng.integers(0, classes, 200)
    for top in (1, 2, 5, classes):
        want = reference.accuracy(pred, labels, top=top)
        assert_close(ops.accuracy(pred, labels, top=top), want, ROUNDING, f"top {top}")
        one_hot = np.eye(classes, dtype=np.float32)[labels]
        assert_close(ops.accuracy(pred, one_hot, top=top), want, ROUNDING, f"one-hot, top {top}")


TOPS = {  # one row, and how many classes come before each
    "ties": ([1, 3, 3, 2], [3, 0, 1, 2]),
    "NaN before infinity": ([np.inf, NAN, 1, NAN], [2, 0, 3, 1]),
    "minus infinity": ([-np.inf, -1, -np.inf, 0], [2, 1, 3, 0]),
}


@pytest.mark.parametrize("name", TOPS)
def test_classes_come_in_the_order_that_the_contract_says(name, impl):
    row, places = TOPS[name]
    for label, place in enumerate(places):
        for top in range(1, 5):
            got = ops.accuracy(np.float32([row]), np.array([label]), top=top)
            assert got == float(place < top), f"label {label}, top {top}"
