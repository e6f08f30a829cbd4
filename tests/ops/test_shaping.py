"""expand_dims, squeeze, stack, subtract and negative, on arrays and inside models."""

import numpy as np
import pytest

from brasa import Input, Model, layers, ops
from brasa.testing.assertions import assert_same_bits

X = np.arange(24, dtype=np.float32).reshape(2, 3, 4) - np.float32(11.5)
COLUMN = np.float32([[1.5], [-2.0], [0.25]])

CASES = {
    "expand": (lambda x: ops.expand_dims(x, 1), X[:, None]),
    "expand behind": (lambda x: ops.expand_dims(x, -1), X[..., None]),
    "expand twice": (lambda x: ops.expand_dims(x, (1, -1)), X[:, None, ..., None]),
    "squeeze": (lambda x: ops.squeeze(ops.expand_dims(x, (1, -1)), -1), X[:, None]),
    "squeeze all": (lambda x: ops.squeeze(ops.expand_dims(x, (1, -1))), X),
    "stack": (lambda x: ops.stack([x, ops.negative(x)], 1), np.stack([X, -X], 1)),
    "stack behind": (lambda x: ops.stack([x, x, x], axis=-1), np.stack([X, X, X], -1)),
    "subtract": (lambda x: ops.subtract(x, ops.scale(x, 3.0)), -2 * X),
    "subtract a number": (lambda x: ops.subtract(x, 3), X - 3),
    "from a number": (lambda x: ops.subtract(3, x), 3 - X),
}


@pytest.mark.parametrize("name", CASES)
def test_as_numpy_on_arrays_and_inside_models(name):
    compute, want = CASES[name]
    assert_same_bits(compute(X), want)
    symbol = Input((3, 4))
    model = Model(symbol, layers.Lambda(compute)(symbol))
    assert_same_bits(model.predict(X), want)
    assert_same_bits(model.predict(X[:1]), want[:1])


def test_operands_are_broadcast():
    assert_same_bits(ops.subtract(X, COLUMN), X - COLUMN)
    assert_same_bits(ops.subtract(COLUMN, X), COLUMN - X)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ops.expand_dims(X, 4), ValueError, r"expand_dims: axis must lie in \[-4, 4\)"),
        (lambda: ops.expand_dims(X, (1, 1)), ValueError, "expand_dims: axis must name each axis"),
        (lambda: ops.expand_dims(X, 1.0), TypeError, "expand_dims: axis must be a whole number"),
        (lambda: ops.squeeze(X, 1), ValueError, r"squeeze: .*got axis 1 of \(2, 3, 4\)"),
        (lambda: ops.stack([]), ValueError, "stack: needs a list of at least 1 input"),
        (lambda: ops.stack([X, X[0]]), ValueError, r"stack: x1 must have the shape of x0, \(2"),
        (lambda: ops.stack([X], axis=5), ValueError, r"stack: axis must lie in \[-4, 4\)"),
        (lambda: ops.subtract(X, "a"), TypeError, "subtract: b"),
    ],
)
def test_bad_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()
