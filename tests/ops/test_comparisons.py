"""Comparisons and conditions, as NumPy has them, on arrays, inside models and between layers."""

import numpy as np
import pytest

import brasa
from brasa import Input, Model, layers, ops
from brasa.ops.dispatch import run
from brasa.testing import cases
from brasa.testing.assertions import assert_refused, assert_same_bits
from tests import with_keras

INF, NAN = np.inf, np.nan
PAIRS = ["equal", "not_equal", "less", "less_equal", "greater", "greater_equal"]
PAIRS += ["logical_and", "logical_or", "logical_xor"]
SINGLES = ["logical_not", "isnan", "isinf", "isfinite"]
SPECIAL = [0.0, -0.0, INF, -INF, NAN, 1.0, -1.0, 3e38, 1.1754944e-38]
# Every special number beside every other.
LEFT = np.repeat(np.float32(SPECIAL), len(SPECIAL)).reshape(len(SPECIAL), -1)
RIGHT = np.ascontiguousarray(LEFT.T)
KERNELS = {"equal": np.equal, "less": np.less, "less_equal": np.less_equal}


@pytest.mark.parametrize("case", cases.BROADCAST, ids=str)
@pytest.mark.parametrize("op", KERNELS)
def test_masks_of_the_kernels(case, op, impl):
    a, b = (np.array(np.round(x), np.float32) for x in case.operands())
    for x in (a, b):
        some = x.reshape(-1)[3::11]
        some[...] = np.resize(np.float32([NAN, INF, -INF, -0.0]), some.size)
    (got,) = run(op, [a, b])
    assert_same_bits(got, np.asarray(KERNELS[op](a, b), np.float32))


@pytest.mark.parametrize("op", KERNELS)
def test_special_numbers(op, impl):
    for width in (1, 3, 4, 5, 9):
        a, b = np.ascontiguousarray(LEFT[:, :width]), np.ascontiguousarray(RIGHT[:, :width])
        assert_same_bits(run(op, [a, b])[0], np.asarray(KERNELS[op](a, b), np.float32))


def inside(compute, *values):
    """What a layer's call gives for rows of arrays, and what a model of ops gives for them."""
    xs = [Input(value.shape[1:]) for value in values]

    class Own(layers.Layer):
        def call(self, *tensors):
            return compute(*tensors)

    rows = list(values) if len(values) > 1 else values[0]
    first = Model(xs if len(xs) > 1 else xs[0], Own()(*xs)).predict(rows)
    between = Model(xs if len(xs) > 1 else xs[0], compute(*xs)).predict(rows)
    assert_same_bits(between, first, "between layers")
    return first


@pytest.mark.parametrize("op", PAIRS)
def test_pairs_are_numpys(op):
    ours, theirs = getattr(ops, op), getattr(np, op)
    for a, b in ((LEFT, RIGHT), (LEFT, RIGHT[:, :1]), (LEFT, 0.0), (1, RIGHT), (LEFT > 0, RIGHT)):
        want = theirs(a, b)
        got = ours(a, b)
        assert got.dtype == bool
        np.testing.assert_array_equal(got, want)
    assert_same_bits(inside(ours, LEFT, RIGHT), theirs(LEFT, RIGHT).astype(np.float32))
    for other in (1.0, INF, RIGHT[:1]):
        want = theirs(LEFT, other).astype(np.float32)
        assert_same_bits(inside(lambda x, o=other: ours(x, o), LEFT), want)
        want = theirs(other, LEFT).astype(np.float32)
        assert_same_bits(inside(lambda x, o=other: ours(o, x), LEFT), want)


@pytest.mark.parametrize("op", SINGLES)
def test_singles_are_numpys(op):
    ours, theirs = getattr(ops, op), getattr(np, op)
    got = ours(LEFT)
    assert got.dtype == bool
    np.testing.assert_array_equal(got, theirs(LEFT))
    np.testing.assert_array_equal(ours([1, 0, 3]), theirs([1, 0, 3]))
    assert_same_bits(inside(ours, LEFT), theirs(LEFT).astype(np.float32))


@pytest.mark.parametrize("op", [*PAIRS, *SINGLES])
def test_as_keras(op):
    keras = with_keras.keras()
    operands = (LEFT,) if op in SINGLES else (LEFT, RIGHT)
    want = np.asarray(getattr(keras.ops, op)(*operands))
    np.testing.assert_array_equal(getattr(ops, op)(*operands), want)
    assert_same_bits(inside(getattr(ops, op), *operands), want.astype(np.float32))


def test_operators_are_the_ops():
    a, b = np.float32([[1, 2, 3]]), np.float32([[3, 2, 1]])

    def compute(x, y):
        return (x < y) + 10 * (x <= y) + 100 * (x > y) + 1000 * (x >= y) + 1e4 * (b[0] > x)

    assert_same_bits(inside(compute, a, b), np.float32([[10011, 1010, 1100]]))


def test_whole_numbers_of_models():
    ids = Input((4,), dtype="int32")
    rows = np.int32([[0, 1, 2, 1], [3, 0, 0, 1]])
    for compute in (
        lambda x: ops.equal(x, 1),
        ops.logical_not,
        lambda x: ops.less(x, np.int32([1, 2, 3, 4])),
        ops.isfinite,
    ):
        want = compute(rows).astype(np.float32)
        assert_same_bits(Model(ids, compute(ids)).predict(rows), want)
        assert_same_bits(Model(ids, layers.Lambda(compute)(ids)).predict(rows), want)


def test_whole_numbers_of_arrays_are_exact():
    large = np.int64([2**53, 2**53 + 1])
    np.testing.assert_array_equal(ops.equal(large, large[::-1]), [False, False])


def test_no_gradient_passes_a_condition():
    x = np.float32([-1.0, 0.5, 2.0])
    slopes = brasa.grad(lambda t: ops.sum(ops.where(t > 0, t * t, 3.0 * t) + ops.isfinite(t)))(x)
    assert_same_bits(slopes, np.float32([3, 1, 4]))
    by_both = brasa.grad(lambda a, b: ops.sum(a * ops.less(a, b)), argnums=(0, 1))
    of_a, of_b = by_both(x, np.float32([0.0, 0.0, 3.0]))
    assert_same_bits(of_a, np.float32([1, 0, 1]))
    assert_same_bits(of_b, np.float32([0, 0, 0]))


def test_empty_operands(impl):
    empty = np.zeros((0, 3), np.float32)
    assert ops.less(empty, 1.0).shape == (0, 3)
    assert run("less", [empty, np.ones(3, np.float32)])[0].shape == (0, 3)


@pytest.mark.parametrize("op", PAIRS)
def test_what_cannot_be_compared_is_refused(op):
    def ours(a, b):
        return getattr(ops, op)(a, b)

    assert_refused(lambda: ours(np.ones(3), np.ones(4)), ValueError, op, "(3,) (4,)")
    assert_refused(lambda: ours("a", 1.0), TypeError, op, "a must")
    assert_refused(lambda: ours(1.0, None), TypeError, op, "b must")
    with pytest.raises(ValueError, match=rf"{op}: a \(3,\) and b \(4,\)"):
        brasa.grad(lambda x: ops.sum(ours(x, np.ones(4, np.float32)) * x))(np.ones(3, np.float32))


@pytest.mark.parametrize("op", SINGLES)
def test_what_is_no_number_is_refused(op):
    assert_refused(lambda: getattr(ops, op)("a"), TypeError, op, "x must")
