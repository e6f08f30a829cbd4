"""relu, leaky_relu, elu, sigmoid, tanh, gelu and silu. Contract: csrc/ops/activation.h."""

import math

import numpy as np
import pytest

from brasa import ops
from brasa.testing import cases, reference
from brasa.testing.assertions import (
    ROUNDING,
    assert_close,
    assert_same_bits,
    reduction_bound,
    ulp_bound,
)
from brasa.testing.gradcheck import check_gradient

# Units in the last place: selections are exact, a product with a rounded slope errs by two
# roundings, and the contract allows 4 for the transcendental ones.
ULPS = {"relu": 0.0, "leaky_relu": 1.5, "elu": 4.0, "sigmoid": 4.0, "tanh": 4.0}
SMOOTH = {"gelu": 8.0, "gelu_tanh": 4.0, "silu": 4.0}  # gradients from x

INF, NAN = np.inf, np.nan
EDGES = [0.0, -0.0, INF, -INF, NAN, 1e38, -1e38, 88.0, -88.0, 104.0, -104.0, 1e-38, -1e-38, 1e-45]
# A run longer than a vector: the same values in its body and in its tail.
EDGES = np.array(3 * EDGES + EDGES[:5], np.float32)


def forward_bound(name, want):
    if name not in SMOOTH:
        return ulp_bound(want, ULPS[name])
    bound = ulp_bound(want, SMOOTH[name])
    return np.maximum(bound, 2.0**-24) if name == "gelu_tanh" else bound


def floats_of_every_size():
    """65,000 float32 of either sign from 2^-126 to 128, evenly spread over the bit patterns."""
    first, last = (np.float32(v).view(np.int32) for v in (2.0**-126, 128.0))
    bits = np.linspace(first, last, 32_500).astype(np.int32)
    positive = bits.view(np.float32)
    return np.concatenate([positive, -positive])


@pytest.mark.parametrize("name", [*ULPS, *SMOOTH])
def test_forward_equals_reference_at_every_length(name, impl):
    for case in cases.FLAT:
        x = case.values(spread=3.0)
        want = getattr(reference, name)(x)
        assert_close(getattr(ops, name)(x), want, forward_bound(name, want), f"length {case}")


@pytest.mark.parametrize("name", [*ULPS, *SMOOTH])
def test_forward_is_accurate_for_floats_of_every_size(name, impl):
    x = floats_of_every_size()
    want = getattr(reference, name)(x)
    assert_close(getattr(ops, name)(x), want, forward_bound(name, want))


@pytest.mark.parametrize("name", [*ULPS, *SMOOTH])
def test_forward_of_infinities_nans_and_tiny_values_is_that_of_the_formula(name, impl):
    want = getattr(reference, name)(EDGES)
    assert_close(getattr(ops, name)(EDGES), want, forward_bound(name, want))


@pytest.mark.parametrize(("name", "low", "high"), [("sigmoid", 0.0, 1.0), ("tanh", -1.0, 1.0)])
def test_saturated_results_are_exact(name, low, high, impl):
    x = np.array(17 * [200.0] + 17 * [-200.0], np.float32)
    assert_same_bits(getattr(ops, name)(x), np.float32(17 * [high] + 17 * [low]))


def backward_bound(name, dy, y):
    """The error of the contract's formula, from the roundings of its three operations."""
    size = np.abs(dy.astype(np.float64))
    if name == "tanh":  # 1 - y^2 cancels: its error is that of 1
        return reduction_bound(1, size)
    if name == "sigmoid":
        return reduction_bound(2, size * y)
    if name == "elu":  # a sum and a product
        return ulp_bound(reference.elu_backward(dy, y), 1.5)
    return ulp_bound(reference.leaky_relu_backward(dy, y), ULPS[name])


@pytest.mark.parametrize("name", ULPS)
def test_backward_equals_reference_at_every_length(name, impl):
    for case in cases.FLAT:
        dy, y = case.values("dy"), getattr(ops, name)(case.values(spread=2.0))
        got, want = (getattr(m, f"{name}_backward")(dy, y) for m in (ops, reference))
        assert_close(got, want, backward_bound(name, dy, y), f"length {case}")


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "elu"])
def test_the_gradient_at_zero_is_that_of_the_negative_side(name, impl):
    y = np.array(9 * [0.0, -0.0], np.float32)
    got = getattr(ops, f"{name}_backward")(np.ones_like(y), y)
    slope = {"relu": 0.0, "leaky_relu": 0.2, "elu": 1.0}[name]
    assert_close(got, np.full(y.shape, slope), ROUNDING)


@pytest.mark.parametrize("name", ULPS)
def test_backward_is_the_slope_of_forward(name, impl, rng):
    x = rng.normal(0, 1.5, (3, 11)).astype(np.float32)
    dy = rng.normal(size=x.shape).astype(np.float32)
    forward, backward = getattr(ops, name), getattr(ops, f"{name}_backward")
    check_gradient(forward, [x], [backward(dy, forward(x))], dy, samples=33, kinks="relu" in name)


def smooth_backward(module, name):
    if name == "gelu_tanh":
        return lambda dy, x: module.gelu_backward(dy, x, approximate=True)
    return getattr(module, f"{name}_backward")


@pytest.mark.parametrize("name", SMOOTH)
def test_backward_from_x_equals_reference(name, impl):
    for x in (floats_of_every_size(), EDGES, *(case.values(spread=2.0) for case in cases.FLAT)):
        dy = np.cos(np.arange(x.size, dtype=np.float32)).reshape(x.shape)
        got, want = (smooth_backward(module, name)(dy, x) for module in (ops, reference))
        assert_close(
            got, want, 4 * 2.0**-24 * np.abs(dy) + ulp_bound(want, 1.0), f"length {x.size}"
        )


@pytest.mark.parametrize("name", SMOOTH)
def test_backward_from_x_is_the_slope_of_forward(name, impl, rng):
    x = rng.normal(0, 1.5, (3, 11)).astype(np.float32)
    dy = rng.normal(size=x.shape).astype(np.float32)
    dx = smooth_backward(ops, name)(dy, x)
    check_gradient(getattr(ops, name), [x], [dx], dy, samples=33)


def test_gelu_and_silu_keep_their_tails(impl):
    """There 1 + erf and 1 + tanh would leave nothing."""
    x = -np.linspace(0.5, 13, 2001).astype(np.float32)
    want = np.array([v * math.erfc(-v / math.sqrt(2)) / 2 for v in x.tolist()])
    assert_close(ops.gelu(x), want, ulp_bound(want, 8.0))
    x = -np.linspace(0.5, 91, 2001).astype(np.float32)
    want = np.array([v / (1 + math.exp(-v)) for v in x.tolist()])
    assert_close(ops.silu(x), want, ulp_bound(want, 4.0))


def test_gelu_takes_its_form(impl):
    x = floats_of_every_size()
    assert_same_bits(ops.gelu(x, approximate=True), ops.gelu_tanh(x))
    assert_same_bits(ops.activation(x, "gelu_tanh"), ops.gelu_tanh(x))
    difference = np.abs(ops.gelu(x).astype(np.float64) - ops.gelu_tanh(x)).max()
    assert 1e-4 < difference < 5e-4


@pytest.mark.parametrize("name", SMOOTH)
def test_infinities_give_the_limits(name, impl):
    x = np.array(9 * [-INF, INF], np.float32)
    assert_close(getattr(ops, name)(x), 9 * [0.0, INF], 0)
    assert_close(smooth_backward(ops, name)(np.ones_like(x), x), 9 * [0.0, 1.0], 0)


def test_leaky_relu_takes_its_slope(impl):
    x, dy = np.float32([-2.0, 3.0]), np.float32([1.0, 1.0])
    assert_same_bits(ops.leaky_relu(x, negative_slope=0.125), np.float32([-0.25, 3.0]))
    y = ops.leaky_relu(x, 0.0)
    assert_close(y, [0.0, 3.0], 0)
    assert_same_bits(ops.leaky_relu_backward(dy, x, negative_slope=0.125), np.float32([0.125, 1]))


def test_elu_takes_its_alpha(impl):
    x = floats_of_every_size()
    for alpha in (0.125, 0.3, 1.7, 30.0):
        want = reference.elu(x, float(np.float32(alpha)))
        assert_close(ops.elu(x, alpha), want, ulp_bound(want, 4.0), f"alpha {alpha}")
        assert_same_bits(ops.activation(x, "elu", alpha=alpha), ops.elu(x, alpha))
    dy, y = np.float32([2.0, 2.0, 2.0, 2.0]), np.float32([3.0, 0.0, -0.125, -0.5])
    assert_same_bits(ops.elu_backward(dy, y, alpha=0.5), np.float32([2.0, 1.0, 0.75, 0.0]))


def test_elu_keeps_every_bit_near_zero(impl):
    """Where exp(x) - 1 = x + x^2 / 2 + ... rounds to x, and just before."""
    x = -np.geomspace(2.0**-125, 2.0**-6, 4001).astype(np.float32)
    want = reference.elu(x)
    assert_close(ops.elu(x), want, ulp_bound(want, 1.5))
    tiny = x[x > -(2.0**-26)]
    assert_same_bits(ops.elu(tiny), tiny)


@pytest.mark.parametrize("alpha", [0.3, 1.0, 1.7, 1e-30, 1e30])
def test_elu_falls_no_lower_than_minus_alpha(alpha, impl):
    """So y + alpha, the slope, is at least 0."""
    x = np.concatenate([np.float32([np.inf, -np.inf, -1e30]), floats_of_every_size()])
    y, a = ops.elu(x, alpha), np.float32(alpha)
    assert y.min() == -a
    assert y[0] == np.inf
    assert (y[x < -88] == -a).all()
    assert (ops.elu_backward(np.ones_like(y), y, alpha) >= 0).all()


@pytest.mark.parametrize("shape", [(), (5,), (2, 0, 3), (2, 3, 4), (1, 2, 3, 4, 5)])
def test_any_shape_is_kept(shape, impl):
    x = np.ones(shape, np.float32)
    assert ops.relu(x).shape == shape
    assert ops.tanh_backward(x, x).shape == shape
