"""Entries by their numbers, as NumPy and Keras have them."""

import numpy as np
import pytest

import brasa
from brasa import Input, Model, layers, ops
from brasa.testing.assertions import assert_refused, assert_same_bits
from tests import with_keras
from tests.ops.numpy_twins import assert_in_models, assert_slopes

X = np.cos(np.arange(60, dtype=np.float32) ** 2).reshape(3, 4, 5)
NUMBERS = [2, 0, [1], [2, 0, -1, 2], [[0, 1], [-2, -3]], [], np.int8([1, 1])]


@pytest.mark.parametrize("axis", [None, 0, 1, 2, -1, -2])
@pytest.mark.parametrize("numbers", NUMBERS, ids=str)
def test_take(numbers, axis, rng):
    keras = with_keras.keras()
    given = np.asarray(numbers, np.int64 if not np.size(numbers) else None)
    want = np.take(X, given, axis)
    assert_same_bits(ops.take(X, given, axis), np.array(want))
    assert_same_bits(np.asarray(keras.ops.take(X, np.int32(given), axis)), want)
    kept = ops.take(np.arange(60).reshape(3, 4, 5), given, axis)
    np.testing.assert_array_equal(kept, np.take(np.arange(60).reshape(3, 4, 5), given, axis))
    assert kept.dtype == np.int64
    if want.size:
        assert_slopes(
            lambda t: ops.take(t, given, axis), lambda t: np.take(t, given, axis), [X], rng
        )
        if axis not in (None, 0):
            assert_in_models(lambda t: ops.take(t, numbers, axis), X)


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_take_along_an_axis(axis, rng):
    keras = with_keras.keras()
    extent = X.shape[axis]
    shape = [*X.shape]
    shape[axis] = 6
    one = [1, 1, 1]
    one[axis] = 3
    for form in (shape, one):
        numbers = rng.integers(-extent, extent, form)
        want = np.take_along_axis(X, numbers, axis)
        assert_same_bits(ops.take_along_axis(X, numbers, axis), want)
        theirs = np.asarray(keras.ops.take_along_axis(X, np.int32(numbers), axis))
        assert_same_bits(theirs, want)
        assert_slopes(
            lambda t, n=numbers: ops.take_along_axis(t, n, axis),
            lambda t, n=numbers: np.take_along_axis(t, n, axis),
            [X],
            rng,
        )
    flat = rng.integers(-60, 60, 7)
    want = np.take_along_axis(X.reshape(-1), flat, 0)
    assert_same_bits(ops.take_along_axis(X, flat, None), want)


def test_numbers_of_an_input_and_computed_ones(impl):
    numbers = np.int32([[0, 3], [2, 2], [1, 0]])
    x, ids = Input((4, 5)), Input((2,), dtype="int32")
    want = np.take_along_axis(X, numbers[..., None], 1)

    class Rows(layers.Layer):
        def call(self, x, ids):
            return ops.take_along_axis(x, ops.reshape(ops.cast(ids, "int32"), (-1, 2, 1)), 1)

    assert_same_bits(Model([x, ids], Rows()(x, ids)).predict([X, numbers]), want)
    best = Model(x, ops.take_along_axis(x, ops.argmax(x, -1, keepdims=True), -1))
    assert_same_bits(best.predict(X), X.max(-1, keepdims=True))
    table = np.arange(12, dtype=np.float32).reshape(4, 3)
    assert_same_bits(Model(ids, ops.take(table, ids, 0)).predict(numbers), table[numbers])
    with pytest.raises(ValueError, match="the first axis of the result must be the batch"):
        ops.take(table, ops.argmax(x, 1), axis=1)


def test_only_what_is_taken_counts():
    x = np.float32([[1, np.nan, np.inf], [np.inf, 2, np.nan]])
    tensor = Input((3,))
    places = ops.argmax(ops.less(tensor, 3.0), -1, keepdims=True)
    got = Model(tensor, ops.take_along_axis(tensor, places, -1)).predict(x)
    assert_same_bits(got, np.float32([[1], [2]]))
    assert_same_bits(Model(tensor, ops.take(tensor, [0], 1)).predict(x), x[:, :1])


def test_computed_numbers_that_name_nothing():
    x, tensor = np.float32([[7, 8, 9]]), Input((3,))
    for number, taken, along in ((-1.0, 7, 9), (5.0, 9, 0), (-9.0, 7, 0)):
        numbers = ops.cast(ops.full_like(tensor, number), "int32")

        class Taken(layers.Layer):
            def call(self, x, numbers):
                whole = ops.cast(numbers, "int32")
                return ops.take(ops.reshape(x, (-1,)), whole)

        got = Model(tensor, Taken()(tensor, numbers)).predict(x)
        assert_same_bits(got, np.full((1, 3), taken, np.float32))
        got = Model(tensor, ops.take_along_axis(tensor, numbers, 1)).predict(x)
        assert_same_bits(got, np.full((1, 3), along, np.float32))


def test_bad_arguments():
    cases = (
        (lambda: ops.take(X, 3, 0), IndexError, "take", "indices [-3, 3) axis 0 3"),
        (lambda: ops.take(X, [0, -61]), IndexError, "take", "indices -61"),
        (lambda: ops.take(X, 0.5, 0), TypeError, "take", "indices whole"),
        (lambda: ops.take(X, [0], 3), ValueError, "take", "axis 3"),
        (lambda: ops.take("a", [0]), TypeError, "take", "x must"),
        (lambda: ops.take_along_axis(X, [[[5]]], 2), IndexError, "take_along_axis", "indices 5"),
        (lambda: ops.take_along_axis(X, [0], 2), ValueError, "take_along_axis", "rank (1,)"),
        (lambda: ops.take_along_axis(X, np.zeros((2, 4, 1), int)), ValueError, "take_along_axis",
         "(3, 4, 5) (2, 4, 1) axis 2"),
        (lambda: ops.take_along_axis(X, [[[0.5]]]), TypeError, "take_along_axis", "indices whole"),
        (lambda: ops.take_along_axis(X, [[[0]]], 3), ValueError, "take_along_axis", "axis 3"),
    )  # fmt: skip
    for call, error, op, words in cases:
        assert_refused(call, error, op, words)
    x = Input((4, 5))
    with pytest.raises(TypeError, match="take: indices must be int32, got float32"):
        ops.take(x, ops.relu(x), 1)
    with pytest.raises(IndexError, match=r"take: indices must lie in \[-4, 4\)"):
        ops.take(x, [4], 1)
    with pytest.raises(IndexError):
        brasa.grad(lambda t: ops.take(t, [3], 0))(X)
