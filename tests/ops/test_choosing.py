"""where and tril, on arrays and inside models, as NumPy has them."""

import numpy as np
import pytest

import brasa
from brasa import Input, Model, layers, ops
from brasa.testing.assertions import assert_same_bits

X = np.arange(40, dtype=np.float32).reshape(2, 4, 5) - np.float32(11.5)
X[0, 1, 3], X[1, 2, 0] = np.inf, np.nan
LOWER = np.tril(np.ones((4, 5), bool))


def seen(x):
    return ops.tril(ops.ones_like(x))


CASES = {
    "tril": (ops.tril, np.tril(X)),
    "a number": (lambda x: ops.where(seen(x), x, -1e9), np.where(LOWER, X, np.float32(-1e9))),
    "infinity": (lambda x: ops.where(seen(x), -np.inf, x), np.where(LOWER, -np.float32(np.inf), X)),
    "numbers": (lambda x: ops.where(seen(x), 1, 2), np.where(LOWER, 1, 2)),
    "two": (lambda x: ops.where(seen(x), x, x * 2), np.where(LOWER, X, 2 * X)),
    "broadcast": (
        lambda x: ops.where(seen(x)[:, :, :1], x, x[:, :, 1:2]),
        np.where(LOWER[:, :1], X, X[..., 1:2]),
    ),
    "nan is true": (lambda x: ops.where(x * 0, 1, 2), np.where(np.isfinite(X), 2, 1)),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_as_numpy_on_arrays_and_inside_models(name):
    compute, want = CASES[name]
    want = np.ascontiguousarray(np.broadcast_to(want, X.shape), np.float32)
    assert_same_bits(compute(X), want)
    symbol = Input((4, 5))
    model = Model(symbol, layers.Lambda(compute)(symbol))
    assert_same_bits(model.predict(X), want)
    assert_same_bits(model.predict(X[:1]), want[:1])


@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (1, 4), (4, 1), (2, 2)])
def test_all_diagonals_with_their_gradients(shape, rng):
    x = rng.standard_normal(shape).astype(np.float32)
    for k in (*range(-6, 7), -(2**70), 2**70):
        near = max(-9, min(k, 9))
        value, slopes = brasa.value_and_grad(lambda t, k=k: ops.tril(t, k))(x)
        assert_same_bits(value, np.tril(x, near), f"k {k}")
        assert_same_bits(slopes, np.tril(np.ones_like(x), near), f"gradient for k {k}")


def test_gradients_go_to_what_was_chosen():
    condition = np.int64([[1, 0, 0], [0, 0, 7]])
    both = brasa.grad(lambda c, a, b: ops.where(c, a, b) * a, argnums=(1, 2))
    a, b = np.float32([2, 3, 4]), np.float32([[5], [6]])
    by_a, by_b = both(condition, a, b)
    assert_same_bits(by_a, np.float32([2 * 2 + 6, 5 + 6, 5 + 2 * 4]))
    assert_same_bits(by_b, np.float32([[7], [5]]))


def test_a_causal_mask_is_a_constant_of_predictions():
    x = Input((8, 8))
    plan = Model(x, layers.Lambda(lambda t: ops.where(seen(t), t, -1e9))(x)).plan(4, "predict")
    every_time = [step["op"] for step in plan._plan.steps()[plan._plan.constant_steps :]]
    assert every_time == ["gate", "add"]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ops.where("a", 1.0, 2.0), TypeError, "where: condition must"),
        (lambda: ops.where([True], "a", 2.0), TypeError, "where: a must"),
        (lambda: ops.where(X, X, X[:, :3]), ValueError, r"where: .*\(2, 4, 5\)"),
        (lambda: ops.tril(X[0, 0]), ValueError, r"tril: x must have rank 2 or more .* got \(5,\)"),
        (lambda: ops.tril(X, 0.5), TypeError, "tril: k must be a whole number"),
    ],
)
def test_bad_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()
