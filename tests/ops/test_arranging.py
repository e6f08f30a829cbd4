"""Axes and elements in other places, as NumPy has them."""

import numpy as np
import pytest

import brasa
from brasa import Input, Model, layers, ops
from brasa.testing.assertions import assert_refused, assert_same_bits
from tests import with_keras

X = np.arange(48, dtype=np.float32).reshape(2, 3, 8) - 11
CASES = {
    "swapaxes": [(1, 2), (-1, 1), (0, 0), (0, 2)],
    "moveaxis": [(1, 2), (-1, 1), ((1, 2), (2, 1)), (0, -1), ((0, 2), (1, 0))],
    "roll": [(1, 1), (-3, 2), (19, -1), (0, 1), ((1, 2), (1, 2)), (2, (1, 2)), (5,), (-7, 0)],
    "tile": [(2,), ((2, 1),), ((1, 3, 2),), ((2, 2, 1, 1),), (1,)],
}
ALL = [(op, arguments) for op, some in CASES.items() for arguments in some]


@pytest.mark.parametrize(("op", "arguments"), ALL, ids=str)
def test_as_numpy_with_gradients(op, arguments):
    ours, theirs = getattr(ops, op), getattr(np, op)
    want = np.ascontiguousarray(theirs(X, *arguments))
    assert_same_bits(ours(X, *arguments), want)
    factor = np.cos(np.arange(want.size, dtype=np.float32)).reshape(want.shape)
    value, slopes = brasa.value_and_grad(lambda x: ops.sum(ours(x, *arguments) * factor))(X)
    # What moves elements has the gradient of moving their places.
    places = theirs(np.arange(X.size).reshape(X.shape), *arguments).reshape(-1)
    moved = np.zeros(X.size)
    np.add.at(moved, places, factor.reshape(-1))
    np.testing.assert_allclose(slopes, moved.reshape(X.shape), atol=1e-5)
    np.testing.assert_allclose(value, np.sum(want.astype(np.float64) * factor), atol=1e-3)


@pytest.mark.parametrize(("op", "arguments"), [(o, a) for o, a in ALL if 0 not in np.ravel(a[-1])])
def test_as_keras(op, arguments):
    keras = with_keras.keras()
    want = np.asarray(getattr(keras.ops, op)(X, *arguments))
    assert_same_bits(getattr(ops, op)(X, *arguments), want)


def test_inside_models_and_between_layers():
    x = Input((3, 8))
    for compute in (
        lambda t: ops.swapaxes(t, 1, 2),
        lambda t: ops.moveaxis(t, -1, 1),
        lambda t: ops.roll(t, 2, 1),
        lambda t: ops.tile(t, (2, 1)),
    ):
        want = np.ascontiguousarray(compute(X))
        assert_same_bits(Model(x, compute(x)).predict(X), want)
        assert_same_bits(Model(x, layers.Lambda(compute)(x)).predict(X), want)


def test_bad_arguments():
    for call, error, op, words in (
        (lambda: ops.swapaxes(X, 0, 3), ValueError, "swapaxes", "axis 3 (2, 3, 8)"),
        (lambda: ops.swapaxes(X, 0.5, 1), TypeError, "swapaxes", "axis1 0.5"),
        (lambda: ops.moveaxis(X, (0, 1), 2), ValueError, "moveaxis", "source destination"),
        (lambda: ops.moveaxis(X, (0, 0), (1, 2)), ValueError, "moveaxis", "once"),
        (lambda: ops.roll(X, (1, 2), 1), ValueError, "roll", "shift"),
        (lambda: ops.roll(X, 1, 3), ValueError, "roll", "axis 3"),
        (lambda: ops.roll(X, 0.5), TypeError, "roll", "shift 0.5"),
        (lambda: ops.tile(X, 0), ValueError, "tile", "repeats 0"),
        (lambda: ops.tile(X, 1.5), TypeError, "tile", "repeats 1.5"),
    ):
        assert_refused(call, error, op, words)
