"""Arrays made of a shape, on their own and beside tensors, as Keras has them."""

import numpy as np
import pytest

from brasa import ops
from brasa.testing.assertions import assert_refused, assert_same_bits
from tests import with_keras
from tests.ops.numpy_twins import assert_in_models

CALLS = [
    ("zeros", ((2, 3),)),
    ("zeros", ((), "int32")),
    ("zeros", ((0, 2), "bool")),
    ("ones", ((2, 3),)),
    ("ones", ([2], "int32")),
    ("full", ((2, 3), 1.5)),
    ("full", ((2, 3), np.float32([1.0, 2.0, 3.0]))),
    ("full", ((2,), 7, "int32")),
    ("arange", (4,)),
    ("arange", (1, 8, 3)),
    ("arange", (5, 1, -2)),
    ("arange", (3.0,)),
    ("arange", (0, 1, 0.25)),
    ("arange", (4, None, 1, "float32")),
    ("linspace", (0.0, 1.0, 5)),
    ("linspace", (2, -3, 4, False)),
    ("linspace", (0, 1, 1)),
    ("eye", (3,)),
    ("eye", (2, 4, 1)),
    ("eye", (4, 2, -3)),
    ("eye", (2, 2, 5)),
    ("identity", (3,)),
    ("identity", (2, "int32")),
]


@pytest.mark.parametrize(("name", "arguments"), CALLS, ids=str)
def test_as_keras(name, arguments):
    keras = with_keras.keras()
    want = np.asarray(getattr(keras.ops, name)(*arguments))
    got = getattr(ops, name)(*arguments)
    if name == "full" and len(arguments) == 2:
        want = want.astype(np.float32)  # Keras takes the type of the numbers
    assert (got.shape, got.dtype) == (want.shape, want.dtype)
    np.testing.assert_allclose(got, want, rtol=1e-6)


def test_beside_tensors(rng):
    x = rng.standard_normal((4, 3)).astype(np.float32)
    for compute in (
        lambda t: t + ops.arange(3, dtype="float32"),
        lambda t: t * ops.full((3,), 2.0) - ops.ones((1, 3)),
        lambda t: ops.matmul(t, ops.eye(3, 5, 1)),
        lambda t: ops.maximum(t, ops.zeros(3)) + ops.linspace(0, 1, 3),
    ):
        assert_in_models(compute, x)
    assert_same_bits(ops.full_like(x, -1), np.full_like(x, -1))


def test_bad_arguments():
    for call, error, op, words in (
        (lambda: ops.zeros((2, -1)), ValueError, "zeros", "shape -1"),
        (lambda: ops.zeros((2, 0.5)), TypeError, "zeros", "shape 0.5"),
        (lambda: ops.zeros((None, 2)), TypeError, "zeros", "shape None"),
        (lambda: ops.ones(2, "float16"), ValueError, "ones", "dtype float16"),
        (lambda: ops.full((2,), "a"), TypeError, "full", "fill_value 'a'"),
        (lambda: ops.full((2,), [1, 2, 3]), ValueError, "full", "fill_value (3,) (2,)"),
        (lambda: ops.full_like([1.0], "a"), TypeError, "full_like", "fill_value 'a'"),
        (lambda: ops.arange(0, 3, 0), ValueError, "arange", "step 0"),
        (lambda: ops.arange(float("nan")), ValueError, "arange", "stop nan"),
        (lambda: ops.arange("3"), TypeError, "arange", "stop '3'"),
        (lambda: ops.linspace(0, 1, -1), ValueError, "linspace", "num -1"),
        (lambda: ops.linspace(0, float("inf")), ValueError, "linspace", "stop inf"),
        (lambda: ops.linspace(0, 1, 3, "yes"), TypeError, "linspace", "endpoint"),
        (lambda: ops.eye(-1), ValueError, "eye", "N -1"),
        (lambda: ops.eye(2, 1.5), TypeError, "eye", "M 1.5"),
        (lambda: ops.eye(2, k=0.5), TypeError, "eye", "k 0.5"),
        (lambda: ops.identity(None), TypeError, "identity", "n None"),
    ):
        assert_refused(call, error, op, words)
