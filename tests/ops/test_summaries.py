"""Variances, lengths, sums of exponentials, and parts of an axis: compositions of other ops."""

import numpy as np
import pytest

import brasa
from brasa import Input, Model, layers, ops
from brasa.testing.assertions import assert_same_bits

AXES = [None, 0, 1, -1, (0, 2), [2, 1]]
INFINITE = np.inf


def logsumexp(x, axis=None, keepdims=False):
    return np.log(np.sum(np.exp(x), axis, keepdims=keepdims))


def lengths(order):
    def norm(x, axis=None, keepdims=False):
        size = np.abs(x)
        if order == 1:
            return size.sum(axis, keepdims=keepdims)
        if order == INFINITE:
            return size.max(axis, keepdims=keepdims)
        return np.sqrt((size**2).sum(axis, keepdims=keepdims))

    return norm


FUNCTIONS = {
    "var": (ops.var, np.var),
    "std": (ops.std, np.std),
    "logsumexp": (ops.logsumexp, logsumexp),
    "norm": (lambda x, axis, keepdims=False: ops.norm(x, None, axis, keepdims), lengths(2)),
    "norm of 1": (lambda x, axis, keepdims=False: ops.norm(x, 1, axis, keepdims), lengths(1)),
    "largest": (
        lambda x, axis, keepdims=False: ops.norm(x, INFINITE, axis, keepdims),
        lengths(INFINITE),
    ),
}


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", AXES, ids=str)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_and_slopes(name, axis, keepdims, rng):
    ours, wanted = FUNCTIONS[name]
    x = rng.standard_normal((3, 4, 5), dtype=np.float32)
    axes = tuple(axis) if isinstance(axis, list) else axis
    y = ours(x, axis, keepdims)
    want = wanted(np.float64(x), axis=axes, keepdims=keepdims)
    assert np.shape(y) == want.shape
    np.testing.assert_allclose(y, want, rtol=2e-6, atol=1e-6)
    value, gradient = brasa.value_and_grad(lambda x: ours(x, axis, keepdims))(x)
    assert_same_bits(np.float32(value), np.float32(y))
    direction, step = rng.standard_normal(x.shape), 1e-6
    ends = [
        wanted(x + sign * step * direction, axis=axes, keepdims=keepdims).sum() for sign in (1, -1)
    ]
    assert (gradient * direction).sum() == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-4)


@pytest.mark.parametrize("summary", [ops.std, ops.norm])
def test_the_slope_where_there_is_no_spread_counts_as_0(summary, rng):
    x = rng.standard_normal((2, 3)).astype(np.float32)
    x[0] = 0
    value, gradient = brasa.value_and_grad(lambda x: summary(x, axis=1))(x)
    assert_same_bits(np.float32(value), summary(x, axis=1))
    assert_same_bits(gradient[0], np.zeros(3, np.float32))
    _, alone = brasa.value_and_grad(lambda x: summary(x, axis=1))(x[1:])
    np.testing.assert_allclose(gradient[1:], alone, rtol=1e-6)


def test_the_spread_beside_a_large_offset_keeps_its_digits(rng):
    x = rng.standard_normal((4, 1000), dtype=np.float32)
    far = x + np.float32(4096)
    np.testing.assert_allclose(ops.var(far, -1), np.var(np.float64(far), -1), rtol=1e-4)


def test_no_exponential_overflows_and_infinities_stay():
    x = np.float32([[1000, 999], [-1000, -1001], [-INFINITE, 0], [-INFINITE, -INFINITE]])
    x = np.concatenate([x, np.float32([[INFINITE, 0], [np.nan, 0]])])
    np.testing.assert_allclose(
        ops.logsumexp(x, axis=1),
        [1000.3133, -999.6867, 0.0, -INFINITE, INFINITE, np.nan],
        rtol=1e-6,
    )


@pytest.mark.parametrize(
    ("parts", "axis"), [(3, 1), (1, 0), ([1, 4], 1), ((2,), -2), (np.array([5]), 1), ([], 0)]
)
def test_split_is_numpys(parts, axis, rng):
    x = rng.standard_normal((2, 6, 3), dtype=np.float32)
    given = list(parts) if isinstance(parts, tuple) else parts
    for ours, want in zip(ops.split(x, parts, axis), np.split(x, given, axis), strict=True):
        assert_same_bits(ours, want)


def test_parts_have_gradients_and_go_between_layers(rng):
    x = rng.standard_normal((3, 4), dtype=np.float32)

    def product(x):
        a, b = ops.split(x, 2, axis=-1)
        return a * b

    _, gradient = brasa.value_and_grad(product)(x)
    assert_same_bits(gradient, x[:, [2, 3, 0, 1]])
    both = Input((6,))
    mean, log_variance = ops.split(layers.Dense(8)(both), 2, axis=-1)
    model = Model(both, ops.concatenate([mean, ops.norm(log_variance, axis=1, keepdims=True)]))
    values = rng.standard_normal((5, 6), dtype=np.float32)
    dense = ops.dense(values, *model.get_weights())
    np.testing.assert_allclose(
        model.predict(values),
        np.concatenate([dense[:, :4], np.linalg.norm(dense[:, 4:], axis=1)[:, None]], 1),
        rtol=1e-5,
        atol=1e-6,
    )


X = np.ones((2, 6), np.float32)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ops.var(X, 2), ValueError, r"var: axis must lie in \[-2, 2\)"),
        (lambda: ops.std(X, (0, 0)), ValueError, "std: axis must name each axis once"),
        (lambda: ops.norm(X, axis=0.5), TypeError, "norm: axis must be a whole number"),
        (lambda: ops.norm(X, 3), ValueError, "norm: ord must be None, 1, 2 or inf, got 3"),
        (lambda: ops.norm(X, "fro"), ValueError, "norm: ord must be None, 1, 2 or inf"),
        (lambda: ops.logsumexp("x"), TypeError, "logsumexp: x must hold real numbers"),
        (lambda: ops.split(X, 4, 1), ValueError, "must divide the 6 entries of axis 1, got 4"),
        (lambda: ops.split(X, 0, 1), ValueError, "must divide the 6 entries of axis 1, got 0"),
        (lambda: ops.split(X, [4, 2], 1), ValueError, r"must rise, between 0 and the 6 entries"),
        (lambda: ops.split(X, [6], 1), ValueError, r"must rise, .* got \[6\]"),
        (lambda: ops.split(X, 2, 2), ValueError, r"split: axis must lie in \[-2, 2\)"),
        (lambda: ops.split(X, 1.5), TypeError, "indices_or_sections must be a whole number"),
    ],
)
def test_what_does_not_fit_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
