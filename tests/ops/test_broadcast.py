"""Operands of different shapes. Contract: csrc/ops/broadcast.h."""

import numpy as np
import pytest

from brasa import ops
from brasa.testing import cases, reference
from brasa.testing.assertions import (
    assert_close,
    assert_refused,
    assert_same_bits,
    reduction_bound,
)
from brasa.testing.gradcheck import check_gradient


@pytest.mark.parametrize("case", cases.BROADCAST, ids=str)
def test_sums_and_products_round_once_whatever_is_repeated(case, impl):
    a, b = case.operands()
    for left, right in ((a, b), (b, a)):
        assert_same_bits(ops.add(left, right), left + right, "sum")
        assert_same_bits(ops.multiply(left, right), left * right, "product")
    assert_same_bits(ops.multiply(a, b, out=np.empty(case.y, np.float32)), a * b, "out")


@pytest.mark.parametrize("case", cases.BROADCAST, ids=str)
def test_broadcast_to_repeats_every_bit(case, impl):
    for x in case.operands():
        assert_same_bits(ops.broadcast_to(x, case.y), np.array(np.broadcast_to(x, case.y)))


@pytest.mark.parametrize("case", cases.BROADCAST, ids=str)
def test_the_gradient_is_the_sum_over_the_copies(case, impl):
    (a, b), dy = case.operands(), case.dy()
    for x, factor in ((a, b), (b, a), (a, a), (b, b), (a, None), (b, None)):
        operands = dy, x.shape, factor
        sizes = np.abs(dy), x.shape, None if factor is None else np.abs(factor)
        bound = reduction_bound(dy.size // max(x.size, 1), reference.broadcast_backward(*sizes))
        got = ops.broadcast_backward(*operands)
        assert_close(got, reference.broadcast_backward(*operands), bound)


def test_several_terms_are_added_in_their_order(impl, rng):
    shapes = (3, 1, 5), (4, 1), (3, 4, 5), (3, 4, 5), ()
    xs = [rng.normal(size=shape).astype(np.float32) * 10**i for i, shape in enumerate(shapes)]
    want = xs[0] + xs[1] + xs[2] + xs[3] + xs[4]
    assert_same_bits(ops.add(*xs), want)
    assert_same_bits(ops.add(*xs, out=np.empty_like(want)), want)


def test_not_finite_numbers_stay_where_they_are(impl):
    """Rows that end within a vector: an infinite factor must not meet the zeros behind the row."""
    dy = np.ones((3, 5), np.float32)
    factor = np.float32([[np.inf], [1.0], [np.nan]])
    got = ops.broadcast_backward(dy, (3, 1), factor)
    assert_close(got, [[np.inf], [5.0], [np.nan]], 0)
    y = ops.multiply(np.zeros((2, 3), np.float32), factor[:2])
    assert_close(y, [[np.nan] * 3, [0.0] * 3], 0)


def test_gradients_against_differences(rng):
    a = rng.normal(size=(3, 4, 1, 5))
    b = rng.normal(size=(4, 6, 1))
    dy = rng.normal(size=(3, 4, 6, 5))
    for name, slopes in (
        ("add", (None, None)),
        ("multiply", (b, a)),
    ):
        grads = [
            reference.broadcast_backward(dy, x.shape, factor)
            for x, factor in zip((a, b), slopes, strict=True)
        ]
        check_gradient(getattr(reference, name), [a, b], grads, dy, step=0.5)


@pytest.mark.parametrize(
    ("case", "flops"),
    [
        (cases.BroadcastCase((2, 900, 40), (2, 1, 40)), 72_000),
        (cases.BroadcastCase((300, 1), (1, 129)), 38_700),
        (cases.BroadcastCase((9001,), ()), 9001),
        (cases.BroadcastCase((16, 56 * 56, 64), (16, 1, 64)), 3_211_264),
        (cases.BroadcastCase((40_003, 10), (40_003, 1)), 400_030),
        (cases.BroadcastCase((1_000_003,), (1,)), 1_000_003),
    ],
    ids=str,
)
def test_the_number_of_threads_changes_no_bit(case, flops, same_bits_for_all_threads):
    (a, b), dy = case.operands(), case.dy()
    same_bits_for_all_threads(
        lambda: (
            ops.add(a, b),
            ops.multiply(b, a),
            ops.broadcast_to(b, case.y),
            *(ops.broadcast_backward(dy, x.shape, f) for x, f in ((a, b), (b, a), (b, None))),
        ),
        flops,
    )


def ones(*shape):
    return np.ones(shape, np.float32)


REFUSED = [
    ("add", lambda: ops.add(ones(3), ones(4)), ValueError, "a (3,) b (4,) axis -1 3 4 1"),
    ("add", lambda: ops.add(ones(2, 1), ones(1, 3), ones(2)), ValueError, "(2, 3) (2,) axis -1"),
    ("multiply", lambda: ops.multiply(ones(2, 5, 3), ones(4, 3)), ValueError,
     "a (2, 5, 3) b (4, 3) axis -2 5 4"),
    ("multiply", lambda: ops.multiply(ones(3), ones(2, 1), out=ones(3)), ValueError, "(2, 3) (3,)"),
    ("multiply", lambda: ops.multiply(ones(0), ones(2)), ValueError, "(0,) (2,)"),
    ("broadcast_to", lambda: ops.broadcast_to(ones(3), (4,)), ValueError, "x (3,) shape (4,)"),
    ("broadcast_to", lambda: ops.broadcast_to(ones(2, 3), (3,)), ValueError, "x (2, 3) (3,)"),
    ("broadcast_to", lambda: ops.broadcast_to(ones(2, 3), (1, 3)), ValueError, "x (2, 3) (1, 3)"),
    ("broadcast_to", lambda: ops.broadcast_to(ones(3), 3), TypeError, "shape 3"),
    ("broadcast_to", lambda: ops.broadcast_to(ones(3), (2.0, 3)), TypeError, "shape 2.0"),
    ("broadcast_to", lambda: ops.broadcast_to(ones(1), (-2,)), ValueError, "-2"),
    ("broadcast_to", lambda: ops.broadcast_to(ones(1), (1,) * 9), ValueError, "8 axes"),
    ("broadcast_backward", lambda: ops.broadcast_backward(ones(2, 3), (4,)), ValueError, "(4,)"),
    ("broadcast_backward", lambda: ops.broadcast_backward(ones(2, 3), (2, 2, 3)), ValueError,
     "dy (2, 2, 3) (2, 3)"),
    ("broadcast_backward", lambda: ops.broadcast_backward(ones(2, 3), (3,), ones(2)), ValueError,
     "factor (2,) dy (2, 3)"),
    ("broadcast_backward", lambda: ops.broadcast_backward(ones(3), (3,), ones(2, 3)), ValueError,
     "factor (2, 3) dy (3,)"),
    ("broadcast_backward", lambda: ops.broadcast_backward(ones(2, 3), (3,), [1]), TypeError,
     "factor"),
]  # fmt: skip


@pytest.mark.parametrize(("op", "call", "error", "words"), REFUSED)
def test_what_cannot_be_repeated_is_refused(op, call, error, words):
    assert_refused(call, error, op, words)
