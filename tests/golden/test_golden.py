"""Results that PyTorch computed in float64, stored in this folder by make_golden.py."""

import runpy
from pathlib import Path

import numpy as np
import pytest

from brasa import ops
from brasa.testing.assertions import ROUNDING, SIGMAS, assert_close, reduction_bound

HERE = Path(__file__).parent
MAKE = runpy.run_path(str(HERE / "make_golden.py"))

CONVOLUTIONS = {
    "plain": {},
    "strided": {"strides": (2, 3), "padding": (2, 1)},
    "dilated": {"dilation_rate": (3, 2), "padding": (1, 2)},
    "grouped": {"groups": 4, "padding": 1},
    "pointwise": {},
}


def load(name):
    with np.load(HERE / f"{name}.npz") as file:
        return {key: file[key] for key in file.files}


def stored(want, bound):
    """`bound`, and the rounding of the stored result."""
    return bound + ROUNDING * np.abs(want)


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_convolution(name, impl):
    g, window = load(f"conv2d_{name}"), CONVOLUTIONS[name]
    # All operands lie in [-1, 1): a sum of n products has absolute values of n at most.
    length = g["w"][..., 0].size
    y = ops.conv2d(g["x"], g["w"], g["b"], **window)
    assert_close(y, g["y"], stored(g["y"], reduction_bound(length, length + 1)), "y")
    lengths = {"dx": g["w"][0, 0, 0].size * g["w"][:, :, 0, 0].size, "dw": g["dy"][..., 0].size}
    lengths["db"] = lengths["dw"]
    got = ops.conv2d_backward(g["dy"], g["x"], g["w"], **window)
    for found, (key, n) in zip(got, lengths.items(), strict=True):
        assert_close(found, g[key], stored(g[key], reduction_bound(n, n)), key)


def test_max_pooling(impl):
    g = load("max_pool2d")
    y, argmax = ops.max_pool2d(g["x"], 3, 2, 1)
    assert_close(y, g["y"], 0)
    dx = ops.max_pool2d_backward(g["dy"], argmax, g["x"].shape, 3, 2, 1)
    assert_close(dx, g["dx"], stored(g["dx"], reduction_bound(4, 4)))


def test_average_pooling(impl):
    g = load("average_pool2d")
    assert_close(ops.average_pool2d(g["x"], 3, 2, 1), g["y"], reduction_bound(9, 1))
    dx = ops.average_pool2d_backward(g["dy"], g["x"].shape, 3, 2, 1)
    assert_close(dx, g["dx"], reduction_bound(4, 1))


BACKWARD = {
    "gelu": ops.gelu_backward,
    "gelu_tanh": lambda dy, x: ops.gelu_backward(dy, x, approximate=True),
    "silu": ops.silu_backward,
}


@pytest.mark.parametrize(
    "name", ["relu", "leaky_relu", "elu", "sigmoid", "tanh", "softmax", *BACKWARD]
)
def test_activation(name, impl):
    g = load("activation")
    y = getattr(ops, name)(g["x"])
    least = 2.0**-4 if name == "gelu_tanh" else 2.0**-126  # below it 2^-24 is allowed
    assert_close(y, g[f"{name}_y"], 16 * ROUNDING * np.maximum(np.abs(g[f"{name}_y"]), least))
    of_x = BACKWARD.get(name)
    dx = of_x(g["dy"], g["x"]) if of_x else getattr(ops, f"{name}_backward")(g["dy"], y)
    assert_close(dx, g[f"{name}_dx"], 16 * ROUNDING * np.abs(g["dy"]).max())


def test_losses(impl):
    g = load("loss")
    calls = {
        "softmax_cross_entropy": lambda: ops.softmax_cross_entropy(g["z"], g["labels"]),
        "binary_cross_entropy": lambda: ops.binary_cross_entropy(g["z"], g["target"], True),
        "mean_squared_error": lambda: ops.mean_squared_error(g["z"], g["target"]),
    }
    for name, call in calls.items():
        loss, gradient = call()
        assert_close(loss, g[name], 16 * ROUNDING * np.abs(g[name]), name)
        assert_close(gradient, g[f"{name}_d"], 16 * ROUNDING * np.abs(g["z"]).max(), name)


@pytest.mark.parametrize("name", ["sgd", "momentum", "nesterov", "adam", "amsgrad"])
def test_optimizer(name, impl):
    g = load("optimizer")
    p = g["start"].copy()
    m, v, v_hat = (np.zeros(33, np.float32) for _ in range(3))
    for step, (gradient, want) in enumerate(zip(g["gradients"], g[name], strict=True), 1):
        if name in ("adam", "amsgrad"):
            slot = {"v_hat": v_hat} if name == "amsgrad" else {}
            ops.adam_step(p, gradient, m, v, step, 0.01, 0.8, 0.95, 1e-30, **slot)
        else:
            momentum = 0.0 if name == "sgd" else 0.9
            ops.sgd_step(p, gradient, v, 0.05, momentum, name == "nesterov")
        # Weights below 2 are rounded a few times at each step.
        assert_close(p, want, 8 * step * ROUNDING * 2, f"{name} at step {step}")


def lenet_step(x, weights, labels):
    """Loss, logits and gradients of LeNet-5, op by op."""
    w1, b1, w2, b2, w3, b3, w4, b4, w5, b5 = weights
    c1 = ops.conv2d(x, w1, b1, activation="relu")
    p1, at1 = ops.max_pool2d(c1)
    c2 = ops.conv2d(p1, w2, b2, activation="relu")
    p2, at2 = ops.max_pool2d(c2)
    flat = ops.reshape(p2, (len(x), -1))
    d1 = ops.dense(flat, w3, b3, "relu")
    d2 = ops.dense(d1, w4, b4, "relu")
    logits = ops.dense(d2, w5, b5)
    loss, dy = ops.softmax_cross_entropy(logits, labels)

    dy, dw5, db5 = ops.dense_backward(dy, d2, w5)
    dy, dw4, db4 = ops.dense_backward(ops.relu_backward(dy, d2), d1, w4)
    dy, dw3, db3 = ops.dense_backward(ops.relu_backward(dy, d1), flat, w3)
    dy = ops.max_pool2d_backward(ops.reshape(dy, p2.shape), at2, c2.shape)
    dy, dw2, db2 = ops.conv2d_backward(ops.relu_backward(dy, c2), p1, w2)
    dy = ops.max_pool2d_backward(dy, at1, c1.shape)
    _, dw1, db1 = ops.conv2d_backward(ops.relu_backward(dy, c1), x, w1)
    return loss, logits, [dw1, db1, dw2, db2, dw3, db3, dw4, db4, dw5, db5]


def test_a_training_step_of_lenet(impl):
    g = load("lenet")
    x, weights = MAKE["lenet_operands"]()
    loss, logits, gradients = lenet_step(x, weights, np.array(MAKE["LENET_LABELS"]))
    # On its way through the layers a value is the sum of 25, 150, 400, 120 and 84 products, and on
    # the way back as many: relative errors that grow with the roots of these.
    path = 2 * np.sqrt([25.0, 150.0, 400.0, 120.0, 84.0]).sum()
    relative = SIGMAS * ROUNDING * path
    assert_close(logits, g["logits"], relative * np.abs(g["logits"]).max(), "logits")
    assert_close(loss, g["loss"], relative * g["loss"], "loss")
    for i, gradient in enumerate(gradients):
        found = gradient.reshape(-1)
        found = found[:: MAKE["LENET_SAMPLE"] if found.size > 4000 else 1]
        want = g[f"gradient{i}"]
        assert_close(found, want, relative * np.abs(want).max(), f"gradient {i}")


def test_the_golden_files_stay_small():
    assert sum(file.stat().st_size for file in HERE.glob("*.npz")) < 300_000
