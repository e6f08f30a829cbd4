"""Batch normalization. Contract: csrc/ops/batch_norm.h."""

from functools import partial

import numpy as np
import pytest

from brasa import ops
from brasa.testing.assertions import assert_same_bits
from brasa.testing.gradcheck import check_gradient

SHAPES = [(1, 3), (2, 1), (7, 5), (64, 8), (65, 9), (300, 17), (2, 5, 3, 33), (40, 10, 10, 4)]


def definition(x, gamma, beta, epsilon=1e-3):
    x = x.astype(np.float64)
    axes = tuple(range(x.ndim - 1))
    mean, variance = x.mean(axes), x.var(axes)
    return (x - mean) / np.sqrt(variance + epsilon) * gamma + beta, mean, variance


def operands(rng, shape, offset=0.0):
    x = (rng.normal(size=shape) + offset).astype(np.float32)
    gamma, beta = rng.normal(size=(2, shape[-1])).astype(np.float32)
    return x, gamma, beta


@pytest.mark.parametrize("offset", [0.0, 1e4])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_training_equals_the_definition(shape, offset, impl, rng):
    x, gamma, beta = operands(rng, shape, offset)
    y, mean, variance = ops.batch_norm_training(x, gamma, beta)
    want_y, want_mean, want_variance = definition(x, gamma, beta)
    # y takes the mean's rounding, relative to a deviation of at least sqrt(epsilon).
    rounding = 2e-5 + 2.0**-24 * offset / np.sqrt(want_variance + 1e-3) * np.abs(gamma) * 2
    np.testing.assert_allclose(mean, want_mean, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(variance, want_variance, rtol=1e-5, atol=1e-9)
    assert (np.abs(y - want_y) <= rounding + 2e-5 * np.abs(want_y)).all()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_inference_equals_the_definition(shape, impl, rng):
    x, gamma, beta = operands(rng, shape)
    mean, variance = beta * 0.5, gamma**2
    want = (x.astype(np.float64) - mean) / np.sqrt(variance + 0.01) * gamma + beta
    got = ops.batch_norm(x, gamma, beta, mean, variance, 0.01)
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)


def test_gamma_and_beta_may_be_left_out(impl, rng):
    x, gamma, beta = operands(rng, (9, 5))
    ones, zeros = np.ones_like(gamma), np.zeros_like(beta)
    for got, want in zip(
        ops.batch_norm_training(x), ops.batch_norm_training(x, ones, zeros), strict=True
    ):
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("shape", [(7, 5), (2, 3, 3, 9)], ids=str)
def test_backward_is_the_slope_of_forward(shape, impl, rng):
    x, gamma, beta = operands(rng, shape)
    dy = rng.normal(size=shape).astype(np.float32)
    _, mean, variance = ops.batch_norm_training(x, gamma, beta)
    grads = ops.batch_norm_backward(dy, x, gamma, mean, variance)

    def forward(*values):
        return ops.batch_norm_training(*values)[0]

    check_gradient(forward, [x, gamma, beta], list(grads), dy, samples=20, length=x.size)


@pytest.mark.parametrize(
    "activation", ["relu", "leaky_relu", "elu", "sigmoid", "tanh", "gelu", "silu"]
)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_an_activation_equals_the_two_one_by_one(shape, activation, impl, rng):
    x, gamma, beta = operands(rng, shape)
    dy = rng.normal(size=shape).astype(np.float32)
    z, mean, variance = ops.batch_norm_training(x, gamma, beta)
    y = ops.activation(z, activation)
    of = z if activation in ("gelu", "silu") else y
    dz = getattr(ops, f"{activation}_backward")(dy, of)
    training = ops.batch_norm_training(x, gamma, beta, activation=activation)[0]
    inference = ops.batch_norm(x, gamma, beta, mean, variance, activation=activation)
    backward = partial(ops.batch_norm_backward, x=x, gamma=gamma, mean=mean, variance=variance)
    got = backward(dy, beta=beta, activation=activation)
    want = backward(dz)
    for one, other in ((training, y), (inference, y), *zip(got, want, strict=True)):
        if activation == "relu" and impl != "ref":  # which rounds only once
            assert_same_bits(one, other)
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5 * np.abs(other).max())


@pytest.mark.parametrize("bias", [True, False])
def test_folded_weights_do_the_work_of_the_normalization(bias, impl, rng):
    x = rng.normal(size=(9, 5)).astype(np.float32)
    w = rng.normal(size=(5, 17)).astype(np.float32)
    b = rng.normal(size=17).astype(np.float32) if bias else None
    gamma, beta, mean = rng.normal(size=(3, 17)).astype(np.float32)
    variance = rng.uniform(0.1, 2, 17).astype(np.float32)
    y = ops.matmul(x, w) + (0 if b is None else b)
    want = ops.batch_norm(y, gamma, beta, mean, variance, 1e-5)
    folded_w, folded_b = ops.batch_norm_fold(w, b, gamma, beta, mean, variance, 1e-5)
    np.testing.assert_allclose(ops.matmul(x, folded_w) + folded_b, want, rtol=1e-4, atol=1e-4)


def test_one_row_gives_beta(impl, rng):
    x, gamma, beta = operands(rng, (1, 9))
    np.testing.assert_array_equal(ops.batch_norm_training(x, gamma, beta)[0][0], beta)


def test_bad_input(impl):
    x, c = np.zeros((2, 3), np.float32), np.zeros(3, np.float32)
    with pytest.raises(ValueError, match="empty batch"):
        ops.batch_norm_training(x[:0])
    assert ops.batch_norm(x[:0], None, None, c, c).shape == (0, 3)
    with pytest.raises(ValueError, match="rank 2"):
        ops.batch_norm_training(c)
    with pytest.raises(ValueError, match="gamma must have the shape"):
        ops.batch_norm_training(x, c[:2])
    with pytest.raises(ValueError, match="epsilon"):
        ops.batch_norm_training(x, epsilon=0.0)
