"""Elements repeated, apart, less their neighbours, and on diagonals, as NumPy has them."""

import numpy as np
import pytest

from brasa import Input, Model, ops
from brasa.testing.assertions import assert_refused, assert_same_bits
from tests import with_keras
from tests.ops.numpy_twins import assert_in_models, assert_slopes

X = np.cos(np.arange(60, dtype=np.float32) ** 2).reshape(3, 4, 5)
CASES = {
    "repeat": [(2,), (3, 1), (1, 2), (2, -3), ([1, 0, 4, 2], 1), (np.array([0, 0, 1]), 0)],
    "diff": [(), (2,), (0, 1), (3, 1), (1, 0), (4, -1)],
    "diagonal": [(), (1,), (-2,), (3,), (0, 1, 2), (-1, 2, 0), (4, -2, -1), (-3, 1, 2)],
    "trace": [(), (2,), (-1, 1, 2), (1, 2, 0)],
    "flip": [(0,), (-1,), ((0, 2),), ([2, 1, 0],), ()],
    "triu": [(), (1,), (-2,), (9,), (-9,)],
}
ALL = [(op, arguments) for op, some in CASES.items() for arguments in some]


@pytest.mark.parametrize(("op", "arguments"), ALL, ids=str)
def test_as_numpy_with_gradients(op, arguments, rng):
    ours, theirs = getattr(ops, op), getattr(np, op)
    want = np.ascontiguousarray(theirs(X, *arguments))
    got = ours(X, *arguments)
    assert got.shape == want.shape
    if op in ("diff", "trace"):
        np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-6)
    else:
        assert_same_bits(got, want)
    assert_slopes(lambda x: ours(x, *arguments), lambda x: theirs(x, *arguments), [X], rng)


@pytest.mark.parametrize(("op", "arguments"), ALL, ids=str)
def test_as_keras(op, arguments):
    keras = with_keras.keras()
    theirs = [np.array(a) if op == "repeat" and isinstance(a, list) else a for a in arguments]
    want = np.asarray(getattr(keras.ops, op)(X, *theirs))
    np.testing.assert_allclose(getattr(ops, op)(X, *arguments), want, rtol=1e-6, atol=1e-6)


def test_unstack_takes_stacks_apart():
    for axis in range(-3, 3):
        parts = ops.unstack(X, axis=axis)
        assert_same_bits(ops.stack(parts, axis), X)
        assert parts[0].shape == np.take(X, 0, axis).shape
    assert len(ops.unstack(X, 4, 1)) == 4
    x = Input((4, 5))
    first, *_, last = ops.unstack(x, axis=1)
    assert_same_bits(Model(x, [last, first]).predict(X)[0], X[:, 3])


def test_inside_models_and_between_layers():
    for compute in (
        lambda t: ops.repeat(t, 3, 1),
        lambda t: ops.repeat(t, [1, 0, 2, 0, 1], -1),
        lambda t: ops.diff(t, 2, 1),
        lambda t: ops.diagonal(t, 1, 1, 2),
        lambda t: ops.trace(t, -1, 1, 2),
        lambda t: ops.flip(t, (1, 2)),
        lambda t: ops.triu(t, 1),
        lambda t: ops.full_like(t, 2.5) * t,
    ):
        assert_in_models(compute, X)


def test_what_is_off_a_diagonal_may_be_anything():
    x = np.full((3, 4), np.nan, np.float32)
    np.fill_diagonal(x, [1, 2, 3])
    assert ops.diagonal(x).tolist() == [1, 2, 3]
    assert ops.trace(x) == 6
    x = np.where(np.tri(3, 4, -1), np.inf, np.float32(1))
    assert_same_bits(ops.triu(np.float32(x)), np.triu(np.ones((3, 4), np.float32)))


def test_bad_arguments():
    for call, error, op, words in (
        (lambda: ops.repeat(X, 0), ValueError, "repeat", "repeats 0"),
        (lambda: ops.repeat(X, 1.5), TypeError, "repeat", "repeats 1.5"),
        (lambda: ops.repeat(X, 2, 3), ValueError, "repeat", "axis 3"),
        (lambda: ops.repeat(X, [1, 2], 1), ValueError, "repeat", "repeats 4 [1, 2]"),
        (lambda: ops.repeat(X, [0] * 4, 1), ValueError, "repeat", "repeats not all 0"),
        (lambda: ops.repeat(X, [1, 2, 3, -1], 1), ValueError, "repeat", "repeats -1"),
        (lambda: ops.unstack(X, 3, 1), ValueError, "unstack", "num 4 3"),
        (lambda: ops.unstack(X, axis=5), ValueError, "unstack", "axis 5"),
        (lambda: ops.diff(X, 5), ValueError, "diff", "n 5"),
        (lambda: ops.diff(X, -1), ValueError, "diff", "n -1"),
        (lambda: ops.diff(X, 1, 3), ValueError, "diff", "axis 3"),
        (lambda: ops.diagonal(X, 4), ValueError, "diagonal", "offset 4 3 4"),
        (lambda: ops.diagonal(X, 0, 1, -2), ValueError, "diagonal", "axis1 axis2 -2"),
        (lambda: ops.diagonal(X[0, 0]), ValueError, "diagonal", "two axes (5,)"),
        (lambda: ops.trace(X, 0, 0, 4), ValueError, "trace", "axis 4"),
        (lambda: ops.trace(X, 0.5), TypeError, "trace", "offset 0.5"),
        (lambda: ops.flip(X, 3), ValueError, "flip", "axis 3"),
        (lambda: ops.flip(X, ()), ValueError, "flip", "axis ()"),
        (lambda: ops.flip(X, "a"), TypeError, "flip", "axis 'a'"),
        (lambda: ops.triu(X[0, 0]), ValueError, "triu", "rank 2 (5,)"),
    ):
        assert_refused(call, error, op, words)
