"""Types of arrays and of tensors. Contract: csrc/ops/cast.h."""

import numpy as np
import pytest

import brasa
from brasa import Input, Model, layers, ops
from brasa.ops.dispatch import run
from brasa.testing.assertions import assert_refused, assert_same_bits

INF, NAN = np.inf, np.nan
LEAST, LARGEST = -(2**31), 2**31 - 1
ENDS = [0.9, -0.9, 2.5, -2.5, 2.0**31, -(2.0**31), 3e38, -3e38, INF, -INF, NAN, 16777216.0, -0.0]
WHOLE = [0, 0, 2, -2, LARGEST, LEAST, LARGEST, LEAST, LARGEST, LEAST, 0, 16777216, 0]


@pytest.mark.parametrize("length", [0, 1, 3, 4, 7, 8, 13, 17, 65, 1000])
def test_fractions_are_dropped(length, impl, rng):
    x = rng.normal(size=length).astype(np.float32) * 1000
    x[: len(ENDS)] = np.float32(ENDS)[:length]
    want = np.trunc(np.where(np.abs(x) < 2.0**31, x, 0)).astype(np.int32)
    want[: len(ENDS)] = np.int32(WHOLE)[:length]
    got = ops.cast(x, "int32")
    assert got.dtype == np.int32
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("length", [0, 1, 5, 16, 33, 1000])
def test_whole_numbers_become_the_next_float(length, impl, rng):
    x = rng.integers(LEAST, LARGEST, length).astype(np.int32)
    assert_same_bits(run("cast_float", [x])[0], x.astype(np.float32))


def test_types_of_arrays():
    assert_same_bits(ops.cast([True, False], "float32"), np.float32([1, 0]))
    assert_same_bits(ops.cast(np.int64([3, -4]), np.float32), np.float32([3, -4]))
    assert_same_bits(ops.cast(np.float64([0.1]), "float32"), np.float32([0.1]))
    np.testing.assert_array_equal(ops.cast([0.0, NAN, -0.0, 2], bool), [False, True, False, True])
    assert ops.cast([True, False], "int32").dtype == np.int32
    assert ops.cast(np.ones((2, 3)), "int32").shape == (2, 3)


def test_inside_models():
    x = Input((4,))
    rows = np.float32([[2.7, -2.7, 0.0, 1e20], [NAN, 0.4, -0.4, -7.0]])
    wanted = {"int32": np.float32([[2, -2, 0, 2**31], [0, 0, 0, -7]]),
              "bool": np.float32([[1, 1, 0, 1], [1, 1, 1, 1]]), "float32": rows}  # fmt: skip
    for kind, want in wanted.items():
        for y in (ops.cast(x, kind), layers.Lambda(lambda t, k=kind: ops.cast(t, k))(x)):
            np.testing.assert_array_equal(Model(x, y).predict(rows), want)
    ids = Input((2,), dtype="int32")
    got = Model(ids, ops.cast(ids, "float32") / 2).predict(np.int32([[3, 4]]))
    assert_same_bits(got, np.float32([[1.5, 2]]))


def test_gradients_pass_to_floats_alone():
    x = np.float32([1.5, -2.5])
    slopes = brasa.grad(lambda t: ops.sum(t * ops.cast(t, "int32") + ops.cast(t, "float32")))(x)
    assert_same_bits(slopes, np.float32([2, -1]))


def test_ids_that_a_model_computes(rng):
    """Whatever they are, no row outside of the table is read."""
    table = rng.standard_normal((3, 2)).astype(np.float32)

    def named(x):
        return ops.embedding(ops.cast(x, "int32"), table)

    def marked(x):
        return ops.one_hot(ops.cast(x, "int32"), 3)

    rows = np.float32([[0.5, 2.0, 1.9], [-4.0, 9.0, 3e38]])
    x = Input((3,))
    got = Model(x, layers.Lambda(named)(x)).predict(rows)
    assert_same_bits(got, table[[[0, 2, 1], [0, 2, 2]]])
    got = Model(x, layers.Lambda(marked)(x)).predict(rows)
    places = np.int64([[0, 2, 1], [-4, 9, 99]])
    assert_same_bits(got, np.float32(places[..., None] == np.arange(3)))
    with pytest.raises(TypeError, match=r"embedding: ids must be int32.*ops\.cast"):
        Model(x, layers.Lambda(lambda t: ops.embedding(t, table))(x))


def test_other_types_are_refused():
    for kind in ("int8", "float64", "word", None, 3.5):
        assert_refused(lambda k=kind: ops.cast([1.0], k), ValueError, "cast", "dtype float32 int32")
    assert_refused(lambda: ops.cast("a", "int32"), TypeError, "cast", "x must")
    assert_refused(
        lambda: ops.cast(np.int64([2**40]), "int32"), (ValueError, IndexError), "cast", "x"
    )
