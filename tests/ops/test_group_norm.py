"""Group normalization. Contract: csrc/ops/group_norm.h."""

import numpy as np
import pytest

from brasa import ops
from brasa.testing import reference
from brasa.testing.assertions import ROUNDING, assert_close, assert_same_bits
from brasa.testing.gradcheck import check_gradient

# Every rank, one group, a group for each channel, 1x1 images, several chunks of positions.
CASES = [
    ((3, 1), 1),
    ((5, 6), 3),
    ((2, 1, 1, 8), 4),
    ((2, 3, 8), 8),
    ((2, 9, 8, 24), 1),
    ((3, 12, 11, 35), 7),
    ((1, 20, 20, 66), 33),
    ((2, 3, 5, 7, 10), 5),
]
NAN = np.nan


def operands(rng, shape, offset=0.0):
    x = (rng.normal(size=shape) + offset).astype(np.float32)
    gamma, beta = rng.normal(size=(2, shape[-1])).astype(np.float32)
    return x, gamma, beta


def bound_of_h(x, groups, epsilon=1e-3):
    """The contract's: (k + 8) u (1 + |h| + |h_0|)."""
    h = np.abs(reference.group_norm(x, groups, epsilon=epsilon))
    first = h.reshape(x.shape[0], -1, x.shape[-1])[:, 0, :: x.shape[-1] // groups]
    first = np.repeat(first, x.shape[-1] // groups, axis=-1)
    first = first.reshape(x.shape[0], *[1] * (x.ndim - 2), x.shape[-1])
    positions = x[0, ..., 0].size
    return (min(positions, 127) + 8) * ROUNDING * (1 + h + first)


@pytest.mark.parametrize(("shape", "groups"), CASES, ids=str)
def test_equals_the_definition(shape, groups, impl, rng):
    for offset in (0.0, 1e3):
        x, gamma, beta = operands(rng, shape, offset)
        want = reference.group_norm(x, groups, gamma, beta)
        bound = bound_of_h(x, groups) * np.abs(gamma) + 2 * ROUNDING * (np.abs(want) + np.abs(beta))
        assert_close(ops.group_norm(x, groups, gamma, beta), want, bound, f"offset {offset}")


@pytest.mark.parametrize(("shape", "groups"), CASES, ids=str)
def test_backward_equals_the_definition(shape, groups, impl, rng):
    x, gamma, _ = operands(rng, shape)
    dy = rng.normal(size=shape).astype(np.float32)
    got = ops.group_norm_backward(dy, x, groups, gamma)
    wanted = reference.group_norm_backward(dy, x, groups, gamma)
    # Sums of terms with the error of h, and rounded as sums of that length are.
    lengths = (x[0].size // groups, *[x.size // x.shape[-1]] * 2)
    for part, want, length in zip(got, wanted, lengths, strict=True):
        scale = np.abs(want).max() + np.abs(dy).max()
        assert_close(part, want, 40 * (8 + np.sqrt(length)) * ROUNDING * scale)


@pytest.mark.parametrize(("shape", "groups"), [((4, 6), 2), ((2, 3, 2, 4), 2), ((2, 5, 3), 3)])
def test_backward_is_the_slope_of_forward(shape, groups, impl, rng):
    x, gamma, beta = operands(rng, shape)
    dy = rng.normal(size=shape).astype(np.float32)
    grads = ops.group_norm_backward(dy, x, groups, gamma)

    def forward(x, gamma, beta):
        return ops.group_norm(x, groups, gamma, beta)

    check_gradient(forward, [x, gamma, beta], list(grads), dy, samples=20, length=x.size)


@pytest.mark.parametrize(("shape", "groups"), CASES[3:], ids=str)
def test_equals_pytorch(shape, groups, impl, rng):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    x, gamma, beta = operands(rng, shape)
    dy = rng.normal(size=shape).astype(np.float32)
    leaves = [torch.tensor(v.astype(np.float64), requires_grad=True) for v in (x, gamma, beta)]
    y = torch.nn.functional.group_norm(leaves[0].movedim(-1, 1), groups, *leaves[1:], eps=1e-3)
    y.movedim(1, -1).backward(torch.tensor(dy.astype(np.float64)))
    assert_close(ops.group_norm(x, groups, gamma, beta), y.detach().movedim(1, -1).numpy(), 2e-5)
    got = ops.group_norm_backward(dy, x, groups, gamma)
    for part, leaf in zip(got, leaves, strict=True):
        want = leaf.grad.numpy()
        assert_close(part, want, 2e-5 * (1 + np.abs(want).max()))


def test_gamma_and_beta_may_be_left_out(impl, rng):
    x, gamma, beta = operands(rng, (3, 9, 12))
    dy, ones = x[::-1].copy(), np.ones_like(gamma)
    assert_same_bits(ops.group_norm(x, 4), ops.group_norm(x, 4, ones, np.zeros_like(beta)))
    for got, want in zip(
        ops.group_norm_backward(dy, x, 4), ops.group_norm_backward(dy, x, 4, ones), strict=True
    ):
        assert_same_bits(got, want)


def test_equal_elements_give_beta(impl, rng):
    for channels, groups in ((1, 1), (40, 5)):
        _, gamma, beta = operands(rng, (1, channels))
        for value in (0.0, -3.7, 1e9, 3e38):
            x = np.full((3, 70, channels), value, np.float32)
            want = np.broadcast_to(beta, x.shape)
            assert_same_bits(ops.group_norm(x, groups, gamma, beta), want)


def test_a_group_of_one_element_has_no_slope(impl, rng):
    x, gamma, _ = operands(rng, (4, 1, 5))
    assert not ops.group_norm_backward(x, 3 * x, 5, gamma)[0].any()


def test_an_offset_costs_no_digits(impl, rng):
    x = (1e6 + rng.normal(size=(2, 300, 6))).astype(np.float32)
    want = reference.group_norm(x, 2, epsilon=1e-5)
    assert_close(ops.group_norm(x, 2, epsilon=1e-5), want, bound_of_h(x, 2, 1e-5))
    centred = (x - np.float32(1e6)).astype(np.float32)
    for got, of_centred in zip(
        ops.group_norm_backward(centred, x, 2),
        ops.group_norm_backward(centred, centred, 2),
        strict=True,
    ):
        np.testing.assert_allclose(got, of_centred, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("special", [NAN, np.inf, -np.inf, 1e30])
def test_what_is_not_finite_stays_in_its_group(special, impl, rng):
    x, gamma, beta = operands(rng, (3, 70, 21))
    plain, plain_dx = ops.group_norm(x, 7, gamma, beta), ops.group_norm_backward(x, x, 7, gamma)[0]
    x[0, 0, 3] = x[2, 69, 17] = special
    hit = np.zeros(x.shape, bool)
    hit[0, :, 3:6] = hit[2, :, 15:18] = True
    y = ops.group_norm(x, 7, gamma, beta)
    dy = np.nan_to_num(x, posinf=1, neginf=1)
    dx, dgamma, dbeta = ops.group_norm_backward(dy, x, 7, gamma)
    assert np.array_equal(np.isnan(y), hit)
    assert np.array_equal(np.isnan(dx), hit)
    assert np.array_equal(np.isnan(dgamma), hit.any((0, 1)))
    assert np.isfinite(dbeta).all()
    assert_same_bits(y[~hit], plain[~hit])
    assert_same_bits(dx[~hit], plain_dx[~hit])


@pytest.mark.parametrize("shape", [(0, 2, 2, 6), (2, 0, 2, 6)])
def test_no_elements(shape, impl):
    x, gamma = np.zeros(shape, np.float32), np.ones(6, np.float32)
    assert ops.group_norm(x, 3, gamma, gamma).shape == shape
    dx, dgamma, dbeta = ops.group_norm_backward(x, x, 3, gamma)
    assert dx.shape == shape
    assert not dgamma.any()
    assert not dbeta.any()


BAD = [
    (lambda x, c: ops.group_norm(x[..., :0], 1), ValueError, "at least one channel"),
    (lambda x, c: ops.group_norm(c, 1), ValueError, "x must have rank 2 or more"),
    (lambda x, c: ops.group_norm(x, 4), ValueError, "6 channels cannot be cut into 4 groups"),
    (lambda x, c: ops.group_norm(x, 12), ValueError, "6 channels cannot be cut into 12 groups"),
    (lambda x, c: ops.group_norm(x, 0), ValueError, "groups must be >= 1, got 0"),
    (lambda x, c: ops.group_norm(x, -1), ValueError, "groups must be >= 1, got -1"),
    (lambda x, c: ops.group_norm(x, 2.0), TypeError, "groups must be a whole number"),
    (lambda x, c: ops.group_norm(x, True), TypeError, "groups must be a whole number"),
    (lambda x, c: ops.group_norm(x, 3, c[:3]), ValueError, "gamma must have the shape"),
    (lambda x, c: ops.group_norm(x, 3, c, c[:1]), ValueError, "beta must have the shape"),
    (lambda x, c: ops.group_norm(x, 3, epsilon=0.0), ValueError, "epsilon must be > 0"),
    (lambda x, c: ops.group_norm(x, 3, epsilon=1e-50), ValueError, "epsilon must be > 0"),
    (lambda x, c: ops.group_norm(x, 3, epsilon=NAN), ValueError, "epsilon must be > 0"),
    (lambda x, c: ops.group_norm(x, 3, epsilon="a"), TypeError, "epsilon"),
    (lambda x, c: ops.group_norm_backward(x[:1], x, 3), ValueError, "dy must have the shape"),
]


@pytest.mark.parametrize(("call", "error", "message"), BAD)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call(np.zeros((2, 3, 6), np.float32), np.zeros(6, np.float32))
