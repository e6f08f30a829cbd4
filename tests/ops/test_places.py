"""Where the largest and smallest elements are, as NumPy has it."""

import numpy as np
import pytest

import brasa
from brasa import Input, Model, layers, ops
from brasa.testing.assertions import assert_refused, assert_same_bits
from tests import with_keras

INF, NAN = np.inf, np.nan


def with_ties(rng, shape):
    x = np.round(2 * rng.standard_normal(shape)).astype(np.float32)
    x.reshape(-1)[3::17] = np.resize(np.float32([INF, -INF, NAN, -0.0]), x.reshape(-1)[3::17].size)
    return x


def inside(compute, x):
    tensor = Input(x.shape[1:])
    return Model(tensor, layers.Lambda(compute)(tensor)).predict(x)


@pytest.mark.parametrize("op", ["argmax", "argmin"])
@pytest.mark.parametrize("shape", [(3, 1), (2, 7), (5, 4, 9), (2, 3, 4, 17), (2, 1000)], ids=str)
def test_as_numpy(op, shape, impl, rng):
    ours, theirs = getattr(ops, op), getattr(np, op)
    for x in (with_ties(rng, shape), rng.standard_normal(shape).astype(np.float32)):
        for axis in range(1, len(shape)):
            for keepdims in (False, True):
                want = theirs(x, axis, keepdims=keepdims)
                got = ours(x, axis, keepdims)
                assert got.dtype == np.int32
                np.testing.assert_array_equal(got, want)
                got = inside(lambda t, a=axis, k=keepdims: ours(t, a, k), x)
                assert_same_bits(got, want.astype(np.float32))
                last = axis - len(shape)
                got = inside(lambda t, a=last, k=keepdims: ours(t, a, k), x)
                assert_same_bits(got, want.astype(np.float32), "from the last axis")
        np.testing.assert_array_equal(ours(x), theirs(x))
        np.testing.assert_array_equal(ours(x, 0), theirs(x, 0))
        np.testing.assert_array_equal(ours(x, keepdims=True), theirs(x, keepdims=True))
        flat, _ = brasa.value_and_grad(lambda t: ours(t) + ops.sum(ops.where(t > 9, t, 0) * 0))(x)
        assert flat == theirs(x) or not np.isfinite(x).all()


def test_as_keras(rng):
    keras = with_keras.keras()
    # Adding 0 makes -0 a 0: Keras has it below 0, NumPy and brasa equal to it.
    x = np.round(rng.standard_normal((4, 5, 6))).astype(np.float32) + np.float32(0)
    for op in ("argmax", "argmin"):
        for options in ({"axis": -1}, {"axis": 1, "keepdims": True}, {}):
            want = np.asarray(getattr(keras.ops, op)(x, **options))
            got = getattr(ops, op)(x, **options)
            assert got.shape == want.shape
            np.testing.assert_array_equal(got, want)


def test_whole_numbers_are_compared_as_they_are():
    assert ops.argmax(np.int64([2**53, 2**53 + 1])) == 1
    assert ops.argmin([3, 1, 2]) == 1


def test_one_hot_of_the_largest(rng):
    x = rng.standard_normal((6, 4)).astype(np.float32)
    table = rng.standard_normal((4, 3)).astype(np.float32)
    want = np.float32(x == x.max(-1, keepdims=True))
    assert_same_bits(inside(lambda t: ops.one_hot(ops.argmax(t, -1), 4), x), want)
    got = inside(lambda t: ops.embedding(ops.argmax(t, -1), table), x)
    assert_same_bits(got, table[x.argmax(-1)])
    tensor = Input((4,))
    between = Model(tensor, ops.one_hot(ops.argmax(tensor, axis=-1), 4))
    assert_same_bits(between.predict(x), want)
    looked_up = layers.Embedding(4, 3, weights=[table])(ops.argmax(tensor, axis=-1))
    assert_same_bits(Model(tensor, looked_up).predict(x), table[x.argmax(-1)])
    with pytest.raises(TypeError, match="ids must be int32, got float32"):
        ops.one_hot(ops.relu(tensor), 4)


def test_it_has_no_gradient(rng):
    x = rng.standard_normal((3, 4)).astype(np.float32)
    slopes = brasa.grad(lambda t: ops.sum(t * ops.argmax(t, -1, keepdims=True)))(x)
    want = np.broadcast_to(x.argmax(-1)[:, None], x.shape).astype(np.float32)
    assert_same_bits(slopes, np.ascontiguousarray(want))


@pytest.mark.parametrize("op", ["argmax", "argmin"])
def test_bad_arguments(op):
    def ours(*arguments):
        return getattr(ops, op)(*arguments)

    x = np.ones((2, 3), np.float32)
    assert_refused(lambda: ours(x, 2), ValueError, op, "axis [-2, 2) (2, 3) 2")
    assert_refused(lambda: ours(x, 0.5), TypeError, op, "axis 0.5")
    assert_refused(lambda: ours(x, 0, "yes"), TypeError, op, "keepdims")
    assert_refused(lambda: ours(np.ones((2, 0)), 1), ValueError, op, "axis (2, 0)")
    assert_refused(lambda: ours("a"), TypeError, op, "x must")
    with pytest.raises(ValueError, match=rf"{op}: axis must lie in"):
        inside(lambda t: ours(t, 5), x)
