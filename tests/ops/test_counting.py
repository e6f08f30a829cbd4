"""any, all and count_nonzero, as NumPy and Keras have them."""

import numpy as np
import pytest

import brasa
from brasa import Input, Model, layers, ops
from brasa.testing.assertions import assert_refused, assert_same_bits
from tests import with_keras
from tests.ops.numpy_twins import assert_in_models

X = np.float32(np.arange(120).reshape(4, 5, 6) % 7 > 1) * np.float32(0.25)
X[1, 2], X[2, :, 3], X[3, 0, 0], X[0, 1] = 0, 0, np.nan, -2
AXES = [None, 0, 1, -1, (0, 2), [2, 1], (0, 1, 2), ()]


@pytest.mark.parametrize("axis", AXES, ids=str)
@pytest.mark.parametrize("op", ["any", "all", "count_nonzero"])
def test_as_numpy_on_arrays(op, axis):
    axes = tuple(axis) if isinstance(axis, list) else axis
    for x in (X, X > 0, np.int64(4 * np.nan_to_num(X)), X.astype(np.float64)):
        want = getattr(np, op)(x, axes)
        got = getattr(ops, op)(x, axis)
        np.testing.assert_array_equal(got, want)
        assert got.dtype == (np.int32 if op == "count_nonzero" else bool)
        if op != "count_nonzero":
            np.testing.assert_array_equal(
                getattr(ops, op)(x, axis, True), getattr(np, op)(x, axes, keepdims=True)
            )


@pytest.mark.parametrize("op", ["any", "all", "count_nonzero"])
def test_as_keras(op):
    keras = with_keras.keras()
    for axis in (None, 1, (0, 2)):
        want = np.asarray(getattr(keras.ops, op)(X, axis))
        got = getattr(ops, op)(X, axis)
        assert (got.shape, got.dtype) == (want.shape, want.dtype)
        np.testing.assert_array_equal(got, want)


def test_inside_models_and_between_layers(impl):
    for axis in (1, -1, (1, 2)):
        for op in (ops.any, ops.all):
            assert_in_models(lambda t, o=op, a=axis: o(t, a), X)
            assert_in_models(lambda t, o=op, a=axis: o(t > 0, a, keepdims=True), X)
        assert_in_models(lambda t, a=axis: ops.count_nonzero(t, a), X)


def test_of_whole_numbers_in_models():
    ids = np.int32([[1, 0, 2], [0, 0, 0], [3, 1, 1]])
    x = Input((3,), dtype="int32")

    class Lengths(layers.Layer):
        input_dtype = "int32"

        def call(self, ids):
            return ops.one_hot(ops.count_nonzero(ids, 1), 4) * ops.any(ids, 1, keepdims=True)

    want = np.float32([[0, 0, 1, 0], [0, 0, 0, 0], [0, 0, 0, 1]])
    assert_same_bits(Model(x, Lengths()(x)).predict(ids), want)


def test_of_no_elements():
    x = np.ones((2, 0), np.float32)
    assert ops.any(x, 1).tolist() == [False, False]
    assert ops.all(x, 1).tolist() == [True, True]
    assert ops.count_nonzero(x, 1).tolist() == [0, 0]


def test_they_have_no_gradient():
    x = np.float32([[1, 2], [0, 3]])

    def weighed(t):
        return t * ops.all(t, 1, keepdims=True) + ops.count_nonzero(t) * 0

    assert_same_bits(brasa.grad(weighed)(x), np.float32([[1, 1], [0, 0]]))


def test_bad_arguments():
    for op in ("any", "all", "count_nonzero"):
        ours = getattr(ops, op)
        assert_refused(lambda f=ours: f(X, 3), ValueError, op, "axis [-3, 3) (4, 5, 6) 3")
        assert_refused(lambda f=ours: f(X, (0, 0)), ValueError, op, "axis once")
        assert_refused(lambda f=ours: f(X, 0.5), TypeError, op, "axis 0.5")
        assert_refused(lambda f=ours: f("a"), TypeError, op, "x must")
        with pytest.raises(ValueError, match=rf"{op}: axis must lie in"):
            ours(Input((3,)), 4)
    assert_refused(lambda: ops.any(X, 0, "yes"), TypeError, "any", "keepdims")
