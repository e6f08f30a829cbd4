"""Rows of a table by their numbers. Contract: csrc/ops/embedding.h."""

import numpy as np
import pytest

from brasa import ops
from brasa.testing import reference
from brasa.testing.assertions import assert_close, assert_refused, assert_same_bits
from brasa.testing.gradcheck import check_gradient

TABLE = np.arange(12, dtype=np.float32).reshape(4, 3)
INTEGERS = ("int8", "uint8", "int16", "int32", "int64", "uint64", ">i4")


@pytest.mark.parametrize("shape", [(), (0,), (7,), (3, 5), (2, 0, 4), (2, 3, 4)], ids=str)
@pytest.mark.parametrize("columns", [1, 3, 8, 17, 64])
def test_equals_the_reference_for_ids_of_every_rank(shape, columns, impl, rng):
    table = rng.standard_normal((11, columns)).astype(np.float32)
    ids = rng.integers(0, 11, shape)
    dy = rng.standard_normal((*shape, columns)).astype(np.float32)
    assert_same_bits(ops.embedding(ids, table), table[ids], "y")
    sizes = reference.embedding_backward(np.abs(dy), ids, 11)
    bound = 2.0**-24 * max(1, np.size(ids)) * sizes
    got = ops.embedding_backward(dy, ids, 11)
    assert_close(got, reference.embedding_backward(dy, ids, 11), bound, "dtable")
    assert_same_bits(ops.one_hot(ids, 11), np.eye(11, dtype=np.float32)[ids], "one_hot")


@pytest.mark.parametrize(
    ("vocabulary", "columns", "count"),
    [(1, 1, 100_000), (65, 64, 20_000), (65, 3, 30_011), (1000, 48, 20_000), (5000, 100, 3000)],
)
def test_long_sums_equal_the_reference(vocabulary, columns, count, impl, rng):
    if impl == "ref" and vocabulary * columns * count > 1 << 27:
        pytest.skip("the plain loops would take seconds")
    ids = (vocabulary * rng.random(count) ** 3).astype(np.int64)  # few ids are most of them
    dy = rng.standard_normal((count, columns)).astype(np.float32)
    terms = np.bincount(ids, minlength=vocabulary)[:, None]
    sizes = reference.embedding_backward(np.abs(dy), ids, vocabulary)
    bound = 2.0**-24 * np.minimum(terms + 1, 6 * np.sqrt(terms + 1)) * sizes
    got = ops.embedding_backward(dy, ids, vocabulary)
    assert_close(got, reference.embedding_backward(dy, ids, vocabulary), bound)


def test_the_gradient_is_the_slope(impl, rng):
    ids = np.array([[0, 2], [2, 2]])
    table = rng.standard_normal((4, 5)).astype(np.float32)
    dy = rng.standard_normal((2, 2, 5)).astype(np.float32)
    gradient = ops.embedding_backward(dy, ids, 4)
    check_gradient(lambda t: ops.embedding(ids, t), [table], [gradient], dy, step=0.5, length=3)
    assert (gradient[[1, 3]] == 0).all(), "no id names these rows"


@pytest.mark.parametrize("dtype", INTEGERS)
def test_every_kind_of_whole_number_names_rows(dtype, impl):
    ids = np.array([3, 0, 1], dtype)
    assert_same_bits(ops.embedding(ids, TABLE), TABLE[[3, 0, 1]])
    assert_same_bits(ops.embedding(ids[::-1], TABLE), TABLE[[1, 0, 3]])


def test_values_are_copied_bit_by_bit(impl):
    table = np.float32([[np.nan, np.inf, -0.0], [1e-42, -np.inf, 3e38]])
    assert_same_bits(ops.embedding([1, 0, 1], table), table[[1, 0, 1]])


def test_out_is_written(impl):
    out = np.full((2, 3), np.nan, np.float32)
    assert ops.embedding([1, 2], TABLE, out=out) is out
    assert_same_bits(out, TABLE[[1, 2]])
    out = np.full((4, 3), np.nan, np.float32)
    ops.embedding_backward(np.ones((1, 3), np.float32), [2], 4, out=out)
    assert_same_bits(out, np.float32([[0] * 3, [0] * 3, [1] * 3, [0] * 3]))


DY = np.ones((2, 3), np.float32)
REFUSED = [
    ("embedding", "id == rows", lambda: ops.embedding([0, 4], TABLE), IndexError, "ids[1] 4 rows"),
    ("embedding", "id -1", lambda: ops.embedding([[0, -1]], TABLE), IndexError, "ids[0, 1] -1"),
    ("embedding", "id 2**40", lambda: ops.embedding([2**40], TABLE), IndexError, "ids[0]"),
    ("embedding", "float ids", lambda: ops.embedding([0.0], TABLE), TypeError, "ids float64"),
    ("embedding", "bool ids", lambda: ops.embedding([True], TABLE), TypeError, "ids bool"),
    ("embedding", "ids None", lambda: ops.embedding(None, TABLE), TypeError, "ids None"),
    ("embedding", "flat table", lambda: ops.embedding([0], TABLE[0]), ValueError, "table rank 2"),
    ("embedding", "integer table", lambda: ops.embedding([0], TABLE.astype(int)), TypeError,
     "table int64"),
    ("embedding", "no rows", lambda: ops.embedding([0], TABLE[:0]), IndexError, "ids 0 rows"),
    ("embedding", "no rows, no ids", lambda: ops.embedding(np.zeros(0, int), TABLE[:0]), ValueError,
     "rows of table 0"),
    ("embedding", "no columns", lambda: ops.embedding([0], TABLE[:, :0]), ValueError, "column"),
    ("embedding_backward", "dy of other rows", lambda: ops.embedding_backward(DY, [0], 4),
     ValueError, "dy (1, 3) (2, 3)"),
    ("embedding_backward", "id == vocabulary", lambda: ops.embedding_backward(DY, [0, 4], 4),
     IndexError, "ids[1] 4 vocabulary"),
    ("embedding_backward", "vocabulary 0", lambda: ops.embedding_backward(DY[:0], [], 0),
     (TypeError, ValueError), ""),
    ("embedding_backward", "vocabulary 2.0", lambda: ops.embedding_backward(DY, [0, 1], 2.0),
     TypeError, "vocabulary 2.0"),
    ("embedding_backward", "vocabulary 2**62", lambda: ops.embedding_backward(DY, [0, 1], 2**62),
     ValueError, "vocabulary"),
    ("embedding_backward", "vocabulary 2**31", lambda: ops.embedding_backward(
        np.ones((2, 1 << 12), np.float32), [0, 1], 2**31), MemoryError, "bytes"),
    ("one_hot", "id == depth", lambda: ops.one_hot([3], 3), IndexError, "ids[0] 3 depth"),
    ("one_hot", "depth 0", lambda: ops.one_hot(np.zeros(0, int), 0), ValueError, "depth 0"),
    ("one_hot", "depth -1", lambda: ops.one_hot(np.zeros(0, int), -1), ValueError, "depth -1"),
    ("one_hot", "depth 2.5", lambda: ops.one_hot([0], 2.5), TypeError, "depth 2.5"),
    ("one_hot", "too deep", lambda: ops.one_hot(np.zeros(1 << 16, int), 2**31), MemoryError, ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("op", "what", "call", "error", "words"), REFUSED, ids=[f"{r[0]}: {r[1]}" for r in REFUSED]
)
def test_refused(op, what, call, error, words):
    assert_refused(call, error, op, words)
