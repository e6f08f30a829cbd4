"""The largest elements, and all in order, as NumPy and Keras have them."""

import numpy as np
import pytest

import brasa
from brasa import Input, Model, layers, ops
from brasa.testing.assertions import assert_refused, assert_same_bits
from tests import with_keras
from tests.ops.numpy_twins import assert_in_models, assert_slopes

INF, NAN = np.inf, np.nan
SHAPES = [(3, 1), (2, 2), (4, 9), (2, 5, 17), (3, 4, 2)]


def with_ties(rng, shape):
    x = np.round(2 * rng.standard_normal(shape)).astype(np.float32) + np.float32(0)
    x.reshape(-1)[3::7] = np.resize(np.float32([INF, -INF, NAN, -INF]), x.reshape(-1)[3::7].size)
    return x


def inside(compute, x):
    tensor = Input(x.shape[1:])
    return Model(tensor, layers.Lambda(compute)(tensor)).predict(x)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_sort_and_argsort(shape, impl, rng):
    keras = with_keras.keras()
    for x in (with_ties(rng, shape), rng.standard_normal(shape).astype(np.float32)):
        for axis in (*range(1, len(shape)), -1):
            order = np.argsort(x, axis, kind="stable").astype(np.int32)
            assert_same_bits(ops.argsort(x, axis), order)
            np.testing.assert_array_equal(keras.ops.argsort(x, axis), order)
            assert_same_bits(inside(lambda t, a=axis: ops.argsort(t, a), x), np.float32(order))
            want = np.take_along_axis(x, order, axis)
            np.testing.assert_array_equal(ops.sort(x, axis), want)
            np.testing.assert_array_equal(keras.ops.sort(x, axis), want)
            np.testing.assert_array_equal(inside(lambda t, a=axis: ops.sort(t, a), x), want)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_top_k(shape, impl, rng):
    keras = with_keras.keras()
    n = shape[-1]
    for x in (with_ties(rng, shape), rng.standard_normal(shape).astype(np.float32)):
        for k in {1, (n + 1) // 2, n}:
            values, places = ops.top_k(x, k)
            want_values, want_places = map(np.asarray, keras.ops.top_k(x, k))
            assert_same_bits(places, want_places)
            np.testing.assert_array_equal(values, want_values)
            found = inside(lambda t, k=k: ops.concatenate([*ops.top_k(t, k)]), x)
            np.testing.assert_array_equal(found[..., :k], values)
            np.testing.assert_array_equal(found[..., k:], places)


def test_gradients_go_to_where_elements_come_from(rng):
    x = rng.permutation(60).astype(np.float32).reshape(3, 4, 5)
    for axis in (0, 1, 2):
        assert_slopes(lambda t, a=axis: ops.sort(t, a), lambda t, a=axis: np.sort(t, a), [x], rng)
    assert_slopes(lambda t: ops.top_k(t, 2)[0], lambda t: np.sort(t, -1)[..., :-3:-1], [x], rng)
    ties = np.float32([[2, 7, 7, 1]])
    weights = np.float32([[1, 10]])
    slopes = brasa.grad(lambda t: ops.top_k(t, 2)[0] * weights)(ties)
    assert_same_bits(slopes, np.float32([[0, 1, 10, 0]]))
    slopes = brasa.grad(lambda t: ops.sort(t) * np.float32([1, 2, 3, 4]))(ties)
    assert_same_bits(slopes, np.float32([[2, 3, 4, 1]]))
    none = brasa.grad(lambda t: t * ops.argsort(t))(ties)
    assert_same_bits(none, np.float32([[3, 0, 1, 2]]))


def test_between_layers(rng):
    x = rng.standard_normal((6, 3, 8)).astype(np.float32)
    assert_in_models(lambda t: ops.sort(t, 1), x)
    assert_in_models(ops.argsort, x)
    assert_in_models(lambda t: ops.top_k(t, 3)[0], x)
    tensor = Input((3, 8))
    values, places = ops.top_k(tensor, 2)
    both = Model(tensor, [ops.take_along_axis(tensor, places, -1), ops.one_hot(places, 8), values])
    taken, hot, largest = both.predict(x)
    assert_same_bits(taken, largest)
    assert_same_bits(hot.argmax(-1).astype(np.int32), ops.top_k(x, 2)[1])


def test_arrays_of_whole_numbers_keep_their_type():
    x = np.int64([3, 2**53 + 1, 2**53])
    assert ops.sort(x).tolist() == [3, 2**53, 2**53 + 1]
    assert ops.top_k(x, 1)[0].dtype == np.int64
    assert ops.argsort([True, False]).tolist() == [1, 0]
    assert ops.sort(np.ones((2, 0), np.float32)).shape == (2, 0)


def test_bad_arguments():
    x = np.ones((2, 3), np.float32)
    for call, error, op, words in (
        (lambda: ops.top_k(x, 4), ValueError, "top_k", "k 3 (2, 3) 4"),
        (lambda: ops.top_k(x, 0), ValueError, "top_k", "k 0"),
        (lambda: ops.top_k(x, 1.5), TypeError, "top_k", "k 1.5"),
        (lambda: ops.top_k(x, 1, "yes"), TypeError, "top_k", "sorted"),
        (lambda: ops.top_k(np.ones((2, 0)), 1), ValueError, "top_k", "k 0"),
        (lambda: ops.top_k(3.0, 1), ValueError, "top_k", "axis"),
        (lambda: ops.sort(x, 2), ValueError, "sort", "axis [-2, 2) (2, 3) 2"),
        (lambda: ops.sort("a"), TypeError, "sort", "x must"),
        (lambda: ops.argsort(x, 0.5), TypeError, "argsort", "axis 0.5"),
        (lambda: ops.argsort(np.float32(3)), ValueError, "argsort", "axis"),
    ):
        assert_refused(call, error, op, words)
    with pytest.raises(ValueError, match="top_k: k must be at most 3"):
        ops.top_k(Input((3,)), 4)
