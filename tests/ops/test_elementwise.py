"""Sums, products, joins and slices. Contract: csrc/ops/elementwise.h."""

import numpy as np
import pytest

import brasa
from brasa import ops
from brasa.testing import cases
from brasa.testing.assertions import assert_close, assert_same_bits


@pytest.mark.parametrize("count", [1, 2, 3, 16])
def test_add_sums_in_the_order_given_at_every_length(count, impl):
    for case in cases.FLAT:
        xs = [case.values(f"x{i}", 10.0**i) for i in range(count)]
        want = xs[0]
        for x in xs[1:]:
            want = want + x  # float32: the same roundings
        assert_same_bits(ops.add(*xs), want, f"length {case}")


@pytest.mark.parametrize("columns", [1, 3, 8, 10, 16, 63, 65, 130])
@pytest.mark.parametrize("rows", [(), (1,), (5, 7), (1003,)])
def test_add_bias_rounds_once_in_rows_of_every_length(columns, rows, impl, rng):
    x = rng.normal(size=(*rows, columns)).astype(np.float32)
    b = rng.normal(size=columns).astype(np.float32)
    assert_same_bits(ops.add_bias(x, b), x + b)
    for name in ("relu", "leaky_relu", "elu", "sigmoid", "tanh", "gelu", "gelu_tanh", "silu"):
        assert_same_bits(ops.add_bias(x, b, name), getattr(ops, name)(x + b), name)
    assert_same_bits(ops.add_bias(x, b, out=np.empty_like(x)), x + b)


def test_multiply_and_scale_round_once_at_every_length(impl):
    for case in cases.FLAT:
        a, b = case.values("a"), case.values("b", 100.0)
        assert_same_bits(ops.multiply(a, b), a * b, f"product of length {case}")
        assert_same_bits(ops.scale(a, 0.1), a * np.float32(0.1), f"multiple of length {case}")


def test_not_finite_values_follow_ieee(impl):
    a = np.float32([np.inf, np.inf, np.nan, -0.0, 3e38])
    b = np.float32([-np.inf, 0.0, 1.0, -0.0, 3e38])
    assert_close(ops.add(a, b), [np.nan, np.inf, np.nan, -0.0, np.inf], 0)
    assert_close(ops.multiply(a, b), [-np.inf, np.nan, np.nan, 0.0, np.inf], 0)


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2, -3])
@pytest.mark.parametrize("extents", [(1,), (3, 1), (2, 5, 4), (17, 16, 0)])
def test_concatenate_joins_along_any_axis(axis, extents, impl, rng):
    shapes = [[3, 4, 5] for _ in extents]
    for shape, extent in zip(shapes, extents, strict=True):
        shape[axis] = extent
    xs = [rng.normal(size=shape).astype(np.float32) for shape in shapes]
    assert_same_bits(ops.concatenate(xs, axis), np.concatenate(xs, axis))


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
@pytest.mark.parametrize(("before", "after"), [(0, 0), (1, 0), (0, 2), (3, 1)])
def test_pad_puts_zeros_around_any_axis(axis, before, after, impl, rng):
    x = rng.normal(size=(5, 4, 3)).astype(np.float32)
    edges = [(0, 0)] * 3
    edges[axis] = (before, after)
    assert_same_bits(ops.pad(x, axis, before, after), np.pad(x, edges))


@pytest.mark.parametrize("shape", [(5,), (2, 3, 4), (3, 1, 2), (2, 0, 3)])
def test_flip_turns_any_axis_round(shape, impl, rng):
    x = rng.normal(size=shape).astype(np.float32)
    for axis in range(-len(shape), len(shape)):
        assert_same_bits(ops.flip(x, axis), np.flip(x, axis))


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
@pytest.mark.parametrize(("start", "length"), [(0, 5), (0, 1), (4, 1), (1, 3), (2, 0)])
def test_slice_takes_a_run_of_any_axis(axis, start, length, impl, rng):
    x = rng.normal(size=(5, 5, 5)).astype(np.float32)
    want = x.take(range(start, start + length), axis)
    assert_same_bits(ops.slice(x, axis, start, length), want)


@pytest.mark.parametrize("shape", [(24,), (2, -1), (-1, 4, 3), (1, 2, 3, 4), (24, 1)])
def test_reshape_keeps_the_elements(shape, impl, rng):
    x = rng.normal(size=(2, 3, 4)).astype(np.float32)
    assert_same_bits(ops.reshape(x, shape), x.reshape(shape))


@pytest.mark.parametrize("count", [16, 17, 32, 33, 300])
def test_any_number_is_joined(count, impl, rng):
    x = rng.standard_normal((3, count, 2)).astype(np.float32)
    parts = [np.ascontiguousarray(x[:, i]) for i in range(count)]
    assert_same_bits(ops.stack(parts, 1), x)
    assert_same_bits(ops.concatenate(parts), x.reshape(3, -1))
    slopes = brasa.grad(lambda t: ops.concatenate([t * float(i) for i in range(count)], 0))(x[:, 0])
    assert_same_bits(slopes, np.full((3, 2), count * (count - 1) / 2, np.float32))
    if count > 16:
        with pytest.raises(ValueError, match=r"concatenate: shapes must agree .*\(1, 2\), x16"):
            ops.concatenate([*parts[:16], parts[0][:1]])
        with pytest.raises(ValueError, match=r"concatenate: axis must lie in"):
            ops.concatenate(parts, 2)
