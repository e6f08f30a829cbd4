"""Layer normalization. Contract: csrc/ops/layer_norm.h."""

import numpy as np
import pytest

from brasa import ops
from brasa.testing import reference
from brasa.testing.assertions import ROUNDING, assert_close, assert_same_bits
from brasa.testing.gradcheck import check_gradient

SHAPES = [(1, 1), (3, 1), (1, 3), (7, 5), (17, 16), (33, 65), (2, 5, 256), (3, 2100), (70, 10)]
INF, NAN = np.inf, np.nan


def operands(rng, shape, axes=1, offset=0.0):
    x = (rng.normal(size=shape) + offset).astype(np.float32)
    gamma, beta = rng.normal(size=(2, *shape[len(shape) - axes :])).astype(np.float32)
    return x, gamma, beta


def bound_of_h(x, epsilon=1e-3, axes=1):
    """The contract's: (k + 4) u (1 + |h| + |h_0|)."""
    h = np.abs(reference.layer_norm(x, epsilon=epsilon, axes=axes))
    rows = h.reshape(*h.shape[: h.ndim - axes], -1)
    columns = rows.shape[-1]
    first = rows[..., 0].reshape(*rows.shape[:-1], *[1] * axes)
    additions = min(columns, 80 + columns / 512)
    return (additions + 4) * ROUNDING * (1 + h + first)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_equals_the_definition(shape, impl, rng):
    for offset in (0.0, 1e3):
        x, gamma, beta = operands(rng, shape, offset=offset)
        want = reference.layer_norm(x, gamma, beta)
        bound = bound_of_h(x) * np.abs(gamma) + 2 * ROUNDING * (np.abs(want) + np.abs(beta))
        assert_close(ops.layer_norm(x, gamma, beta), want, bound, f"offset {offset}")


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_backward_equals_the_definition(shape, impl, rng):
    x, gamma, _ = operands(rng, shape)
    dy = rng.normal(size=shape).astype(np.float32)
    got = ops.layer_norm_backward(dy, x, gamma)
    wanted = reference.layer_norm_backward(dy, x, gamma)
    # Sums of terms with the error of h, and rounded as sums of that length are.
    lengths = (x.shape[-1], *[x.size // x.shape[-1]] * 2)
    for part, want, length in zip(got, wanted, lengths, strict=True):
        scale = np.abs(want).max() + np.abs(dy).max()
        assert_close(part, want, 40 * (8 + np.sqrt(length)) * ROUNDING * scale)


@pytest.mark.parametrize(("shape", "axes"), [((4, 7), 1), ((3, 2, 5), 1), ((3, 2, 5), 2)])
def test_backward_is_the_slope_of_forward(shape, axes, impl, rng):
    x, gamma, beta = operands(rng, shape, axes)
    axis = tuple(range(-axes, 0))
    dy = rng.normal(size=shape).astype(np.float32)
    grads = ops.layer_norm_backward(dy, x, gamma, axis=axis)

    def forward(*values):
        return ops.layer_norm(*values, axis=axis)

    check_gradient(forward, [x, gamma, beta], list(grads), dy, samples=20, length=x.size)


def test_gamma_and_beta_may_be_left_out(impl, rng):
    x, gamma, beta = operands(rng, (9, 35))
    dy, ones = x[::-1].copy(), np.ones_like(gamma)
    assert_same_bits(ops.layer_norm(x), ops.layer_norm(x, ones, np.zeros_like(beta)))
    for got, want in zip(
        ops.layer_norm_backward(dy, x), ops.layer_norm_backward(dy, x, ones), strict=True
    ):
        assert_same_bits(got, want)


@pytest.mark.parametrize("axis", [(-2, -1), [2, 3], (-1, 2)])
def test_several_axes_are_one_row(axis, impl, rng):
    x, gamma, beta = operands(rng, (2, 3, 5, 7), axes=2)
    flat = [a.reshape(*a.shape[:-2], -1) for a in (x, gamma, beta)]
    got = ops.layer_norm(x, gamma, beta, axis=axis)
    assert_same_bits(got, ops.layer_norm(*flat).reshape(x.shape))
    gradients = ops.layer_norm_backward(x, x, gamma, axis=axis)
    assert [g.shape for g in gradients] == [x.shape, gamma.shape, gamma.shape]


@pytest.mark.parametrize("columns", [1, 5, 40, 3000])
def test_equal_elements_give_beta(columns, impl, rng):
    _, gamma, beta = operands(rng, (1, columns))
    for value in (0.0, -3.7, 1e9, 3e38):
        x = np.full((3, columns), value, np.float32)
        assert_same_bits(ops.layer_norm(x, gamma, beta), np.tile(beta, (3, 1)))
        if columns == 1:
            assert not ops.layer_norm_backward(np.tile(beta, (3, 1)), x, gamma)[0].any()


def test_an_offset_costs_no_digits(impl, rng):
    x = (1e6 + rng.normal(size=(5, 300))).astype(np.float32)
    want = reference.layer_norm(x, epsilon=1e-5)
    assert_close(ops.layer_norm(x, epsilon=1e-5), want, bound_of_h(x, 1e-5))
    centred = (x - np.float32(1e6)).astype(np.float32)
    for got, of_centred in zip(
        ops.layer_norm_backward(centred, x), ops.layer_norm_backward(centred, centred), strict=True
    ):
        np.testing.assert_allclose(got, of_centred, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("special", [NAN, INF, -INF, 1e30])
def test_what_is_not_finite_stays_in_its_row(special, impl, rng):
    x, gamma, beta = operands(rng, (40, 37))
    plain, plain_dx = ops.layer_norm(x, gamma, beta), ops.layer_norm_backward(x, x, gamma)[0]
    x[19, 36] = x[3, 0] = special
    hit = np.isin(np.arange(40), (3, 19))
    y = ops.layer_norm(x, gamma, beta)
    dx, dgamma, dbeta = ops.layer_norm_backward(np.nan_to_num(x, posinf=1, neginf=1), x, gamma)
    assert np.isnan(y[hit]).all()
    assert np.isnan(dx[hit]).all()
    assert np.isnan(dgamma).all()
    assert np.isfinite(dbeta).all()
    assert_same_bits(y[~hit], plain[~hit])
    assert_same_bits(dx[~hit], plain_dx[~hit])


def test_no_rows(impl):
    x, gamma = np.zeros((0, 3), np.float32), np.ones(3, np.float32)
    assert ops.layer_norm(x, gamma, gamma).shape == (0, 3)
    dx, dgamma, dbeta = ops.layer_norm_backward(x, x, gamma)
    assert dx.shape == (0, 3)
    assert not dgamma.any()
    assert not dbeta.any()


BAD = [
    (lambda x, c: ops.layer_norm(x[:, :0]), ValueError, "at least one feature"),
    (lambda x, c: ops.layer_norm(np.float32(1)), ValueError, "x must have rank 1 or more"),
    (lambda x, c: ops.layer_norm(x, c[:2]), ValueError, "gamma must have the shape"),
    (lambda x, c: ops.layer_norm(x, c, c[:2]), ValueError, "beta must have the shape"),
    (lambda x, c: ops.layer_norm(x, c, axis=(0, 1)), ValueError, "gamma must have the shape"),
    (lambda x, c: ops.layer_norm(x, epsilon=0.0), ValueError, "epsilon must be > 0"),
    (lambda x, c: ops.layer_norm(x, epsilon=1e-50), ValueError, "epsilon must be > 0"),
    (lambda x, c: ops.layer_norm(x, epsilon=NAN), ValueError, "epsilon must be > 0"),
    (lambda x, c: ops.layer_norm(x, epsilon="a"), TypeError, "epsilon"),
    (lambda x, c: ops.layer_norm(x, axis=0), ValueError, "axis must be the last axis, -1, or sev"),
    (lambda x, c: ops.layer_norm(x, axis=(1, -1)), ValueError, "axis must be the last"),
    (lambda x, c: ops.layer_norm(x, axis=()), ValueError, "axis must be the last"),
    (lambda x, c: ops.layer_norm(x, axis=2), ValueError, "axis must be the last"),
    (lambda x, c: ops.layer_norm(x, axis=1.0), TypeError, "axis must be a whole number"),
    (lambda x, c: ops.layer_norm_backward(x[:1], x), ValueError, "dy must have the shape"),
]


@pytest.mark.parametrize(("call", "error", "message"), BAD)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call(np.zeros((2, 3), np.float32), np.zeros(3, np.float32))
