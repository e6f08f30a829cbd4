"""A single call of an op on arrays: the short way, the long way, what each call looks up anew."""

import numpy as np
import pytest

from brasa import _core, ops, runtime
from brasa.ops import dispatch
from brasa.parameter import Parameter
from brasa.testing.assertions import assert_refused, assert_same_bits


@pytest.fixture
def no_long_way(monkeypatch):
    def refuse(op, *_):
        raise AssertionError(f"{op}: plain arrays went the long way")

    monkeypatch.setattr(dispatch, "_run", refuse)


def floats(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


A, B, X, Y = floats(3, 5), floats(5, 4), floats(16), floats(16, seed=1)
IMAGES, FILTERS, BIAS = floats(1, 8, 8, 4), floats(3, 3, 4, 8), floats(8)
SEQUENCE = [floats(2, 3, 4), floats(4, 20), floats(5, 20), floats(20), floats(2, 5), floats(2, 5)]
LABELS = np.array([0, 4, 2], np.int32)

# What is called, and an array for its result where it has one that may be given.
CALLS = {
    "matmul": (lambda **out: ops.matmul(A, B, **out), (3, 4)),
    "dense": (lambda **out: ops.dense(A, B, B[0], "relu", **out), (3, 4)),
    "add": (lambda **out: ops.add(X, Y, **out), (16,)),
    "relu": (lambda **out: ops.relu(X, **out), (16,)),
    "conv2d": (lambda **out: ops.conv2d(IMAGES, FILTERS, BIAS, 2, "same", **out), (1, 4, 4, 8)),
    "softmax_cross_entropy": (
        lambda **out: ops.softmax_cross_entropy(A, LABELS, **out)[1],
        (3, 5),
    ),
    "lstm": (lambda: ops.lstm(*SEQUENCE)[0], None),
}


@pytest.mark.parametrize("name", CALLS)
def test_plain_arrays_take_the_short_way(no_long_way, name):
    call, shape = CALLS[name]
    want = call()
    assert want.dtype == np.float32
    if shape is not None:
        out = np.full(shape, np.nan, np.float32)
        assert call(out=out) is out
        assert_same_bits(out, want)


def test_what_is_refused_on_the_short_way_names_the_function_that_was_called(no_long_way):
    assert_refused(lambda: ops.dense(A, B, BIAS), ValueError, "dense", "bias (4,) (8,)")
    assert_refused(lambda: ops.add(X, A), ValueError, "add", "(16,) (3, 5)")
    assert_refused(lambda: ops.relu(X, out=A), ValueError, "relu", "shape (16,) (3, 5)")


def parameter(array):
    return Parameter("w", array.shape, lambda shape: array)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(parameter, id="parameter"),
        pytest.param(lambda x: x.astype(np.float64), id="float64"),
        pytest.param(lambda x: x.astype(">f4"), id="big-endian"),
        pytest.param(lambda x: np.repeat(x, 2)[::2], id="strided"),
        pytest.param(lambda x: x.tolist(), id="list"),
        pytest.param(lambda x: x.view(type("Subclass", (np.ndarray,), {})), id="subclass"),
    ],
)
def test_the_rest_takes_the_long_way_to_the_same_bits(other):
    assert not _core.is_exact(other(Y))
    assert_same_bits(ops.add(X, other(Y)), ops.add(X, Y))


def test_an_output_may_touch_an_input_but_not_overlap_it():
    shared = np.arange(12, dtype=np.float32)
    before, x, after = shared[:4], shared[4:8], shared[8:]
    for out in (before, after):
        assert _core.run_exact("activation", [x], {"activation": "relu"}, out)[0] is out
        assert_same_bits(out, x)
    for first in (1, 3, 4, 5, 7):
        out = shared[first : first + 4]
        assert _core.run_exact("activation", [x], {"activation": "relu"}, out) is None
        assert_refused(lambda out=out: ops.relu(x, out=out), ValueError, "relu", "out overlap")
    assert ops.relu(shared[4:4], out=shared[5:5]).size == 0


def test_each_call_sees_its_own_attributes_and_shapes(no_long_way):
    square = floats(4, 4, seed=2)
    for _ in range(2):
        for transposed in (False, True):
            want = A[:, :4] @ (square.T if transposed else square)
            got = ops.matmul(A[:, :4].copy(), square, transpose_b=transposed)
            np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)
        for factor in (2.0, -3.0):
            assert_same_bits(ops.scale(X, factor), np.float32(factor) * X)
        for rows in (1, 16, 3):
            assert_same_bits(ops.add(X[:rows], Y[:rows]), X[:rows] + Y[:rows])
        for strides, extent in ((1, 6), (2, 3), ((3, 1), (2, 6))):
            got = ops.conv2d(IMAGES, FILTERS, strides=strides)
            assert got.shape[1:3] == ((extent,) * 2 if isinstance(extent, int) else extent)


def test_each_call_sees_the_table_of_kernels_in_use(monkeypatch, no_long_way):
    monkeypatch.delenv("BRASA_IMPL", raising=False)
    ops.relu(X)
    monkeypatch.setenv("BRASA_IMPL", "none_of_them")
    with pytest.raises(RuntimeError, match="BRASA_IMPL=none_of_them"):
        ops.relu(X)
    with runtime.force("ref"):
        ops.relu(X)
    monkeypatch.delenv("BRASA_IMPL")
    ops.relu(X)


def test_each_call_sees_whether_winograd_may_be_used(no_long_way):
    x, w = floats(1, 16, 16, 32), floats(3, 3, 32, 32)
    chosen = _core.winograd()
    results = {}
    try:
        for choice in ("never", "always", "never", "always"):
            _core.set_winograd(choice)
            y = ops.conv2d(x, w)
            assert_same_bits(y, results.setdefault(choice, y))
    finally:
        _core.set_winograd(chosen)
    assert (results["never"] != results["always"]).any()


def test_each_call_sees_the_number_of_threads(no_long_way):
    # In so large a product every thread of a team packs its own part: the scratch grows with them.
    a, b = floats(300, 300), floats(300, 300, seed=1)
    one = None
    for threads in (1, 3, 2, 1):
        runtime.set_threads(threads)
        try:
            y = ops.matmul(a, b)
        finally:
            runtime.set_threads(0)
        one = y if one is None else one
        assert_same_bits(y, one)


@pytest.mark.parametrize("number", [1 << 63, -(1 << 63) - 1, 1 << 80])
def test_numbers_beyond_64_bits_are_refused(number):
    words = f"does not fit into 64 bits, got {number}"
    assert_refused(lambda: ops.slice(X, 0, number, 1), ValueError, "slice", f"start {words}")
    strides = (1, number)
    assert_refused(
        lambda: ops.conv2d(IMAGES, FILTERS, strides=strides), ValueError, "conv2d", "64 bits"
    )
