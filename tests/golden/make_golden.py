"""Writes the golden files: what PyTorch computes in float64, rounded to float32.

    python tests/golden/make_golden.py

The operands are float32 and are stored beside the results. Those of LeNet are made by `pattern`,
which test_golden.py imports, so that only results need storing.
"""

from pathlib import Path

import numpy as np

HERE = Path(__file__).parent

LENET_SHAPES = (
    (5, 5, 1, 6), (6,), (5, 5, 6, 16), (16,), (400, 120), (120,), (120, 84), (84,), (84, 10), (10,),
)  # fmt: skip
LENET_BATCH = 5
LENET_LABELS = (3, 1, 4, 1, 9)
LENET_SAMPLE = 7  # of the gradients of the dense layers, every 7th entry is kept


def pattern(shape, seed):
    """Float32 in [-1, 1) from whole-number arithmetic: the same on every machine and NumPy."""
    count = np.arange(int(np.prod(shape)), dtype=np.uint64) + np.uint64(1_000_003 * seed + 1)
    mixed = count * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    top = (mixed >> np.uint64(48)).astype(np.float64)
    return (top / 2**15 - 1).reshape(shape).astype(np.float32)


def lenet_operands():
    """Images, and the weights scaled so that every layer passes a signal on."""
    x = pattern((LENET_BATCH, 32, 32, 1), 100)
    weights = []
    for i, shape in enumerate(LENET_SHAPES):
        fan_in = np.prod(shape[:-1]) if len(shape) > 1 else 100
        weights.append((pattern(shape, i) * np.sqrt(6 / fan_in)).astype(np.float32))
    return x, weights


def main():
    import torch

    functional = torch.nn.functional

    def leaf(x):
        return torch.tensor(np.asarray(x, np.float64), requires_grad=True)

    def double(x):
        return torch.tensor(np.asarray(x, np.float64))

    def save(name, **arrays):
        rounded = {}
        for key, value in arrays.items():
            array = value.detach().numpy() if torch.is_tensor(value) else np.asarray(value)
            rounded[key] = array if array.dtype.kind in "iu" else array.astype(np.float32)
        np.savez_compressed(HERE / f"{name}.npz", **rounded)

    def convolve(x, w, b, strides=1, padding=0, dilation=1, groups=1):
        y = functional.conv2d(
            x.permute(0, 3, 1, 2), w.permute(3, 2, 0, 1), b, strides, padding, dilation, groups
        )
        return y.permute(0, 2, 3, 1)

    def pool(x, size, strides, padding=0, kind=functional.max_pool2d, **options):
        y = kind(x.permute(0, 3, 1, 2), size, strides, padding, **options)
        return y.permute(0, 2, 3, 1)

    # Convolutions: strides, padding, dilation, groups.
    options = {
        "plain": ((3, 9, 8, 5), (3, 3, 5, 6), {}),
        "strided": ((2, 11, 10, 3), (5, 3, 3, 16), {"strides": (2, 3), "padding": (2, 1)}),
        "dilated": ((2, 9, 9, 8), (2, 3, 8, 9), {"dilation": (3, 2), "padding": (1, 2)}),
        "grouped": ((2, 7, 6, 12), (3, 3, 3, 8), {"groups": 4, "padding": (1, 1)}),
        "pointwise": ((2, 4, 5, 20), (1, 1, 20, 17), {}),
    }
    for i, (name, (x_shape, w_shape, window)) in enumerate(options.items()):
        x, w, b = (
            leaf(pattern(s, 10 * i + j)) for j, s in enumerate((x_shape, w_shape, w_shape[3:]))
        )
        y = convolve(x, w, b, **window)
        dy = pattern(y.shape, 10 * i + 3)
        y.backward(double(dy))
        save(f"conv2d_{name}", x=x, w=w, b=b, dy=dy, y=y, dx=x.grad, dw=w.grad, db=b.grad)

    # Poolings, with overlap and padding.
    x = leaf(pattern((2, 9, 8, 5), 60))
    y = pool(x, 3, 2, 1)
    dy = pattern(y.shape, 61)
    y.backward(double(dy))
    save("max_pool2d", x=x, dy=dy, y=y, dx=x.grad)
    x = leaf(pattern((2, 9, 8, 5), 60))
    y = pool(x, 3, 2, 1, functional.avg_pool2d, count_include_pad=False)
    y.backward(double(dy))
    save("average_pool2d", x=x, dy=dy, y=y, dx=x.grad)

    # Activations and softmax.
    x = leaf(4 * pattern((4, 37), 70))
    dy = pattern(x.shape, 71)
    results = {"x": x, "dy": dy}
    for name, fn in {
        "relu": torch.relu,
        "leaky_relu": lambda x: functional.leaky_relu(x, 0.2),
        "elu": functional.elu,
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "gelu": functional.gelu,
        "gelu_tanh": lambda x: functional.gelu(x, approximate="tanh"),
        "silu": functional.silu,
        "softmax": lambda x: functional.softmax(x, -1),
    }.items():
        x.grad = None
        y = fn(x)
        y.backward(double(dy))
        results |= {f"{name}_y": y, f"{name}_dx": x.grad.clone()}
    save("activation", **results)

    # Losses.
    z = leaf(5 * pattern((6, 11), 80))
    labels = np.array([0, 10, 3, 3, 7, 1], np.int32)
    target = np.abs(pattern(z.shape, 81))
    results = {"z": z, "labels": labels, "target": target}
    for name, fn in {
        "softmax_cross_entropy": lambda z: functional.cross_entropy(z, torch.tensor(labels).long()),
        "binary_cross_entropy": lambda z: functional.binary_cross_entropy_with_logits(
            z, double(target)
        ),
        "mean_squared_error": lambda z: functional.mse_loss(z, double(target)),
    }.items():
        z.grad = None
        loss = fn(z)
        loss.backward()
        results |= {name: loss, f"{name}_d": z.grad.clone()}
    save("loss", **results)

    # Optimizers: weights after each of six steps.
    gradients = pattern((6, 33), 90)
    start = pattern((33,), 91)
    results = {"start": start, "gradients": gradients}
    for name, make in {
        "sgd": lambda p: torch.optim.SGD([p], 0.05),
        "momentum": lambda p: torch.optim.SGD([p], 0.05, 0.9),
        "nesterov": lambda p: torch.optim.SGD([p], 0.05, 0.9, nesterov=True),
        # Keras adds epsilon to the root before the correction, PyTorch after it: alike at 1e-30.
        "adam": lambda p: torch.optim.Adam([p], 0.01, (0.8, 0.95), 1e-30),
        "amsgrad": lambda p: torch.optim.Adam([p], 0.01, (0.8, 0.95), 1e-30, amsgrad=True),
    }.items():
        p = torch.nn.Parameter(double(start))
        optimizer, walk = make(p), []
        for g in gradients:
            p.grad = double(g)
            optimizer.step()
            walk.append(p.detach().numpy().copy())
        results[name] = np.array(walk)
    save("optimizer", **results)

    # One training step of LeNet-5.
    x, weights = lenet_operands()
    leaves = [leaf(w) for w in weights]
    w1, b1, w2, b2, w3, b3, w4, b4, w5, b5 = leaves
    y = pool(torch.relu(convolve(double(x), w1, b1)), 2, 2)
    y = pool(torch.relu(convolve(y, w2, b2)), 2, 2).reshape(LENET_BATCH, -1)
    y = torch.relu(y @ w3 + b3)
    y = torch.relu(y @ w4 + b4)
    logits = y @ w5 + b5
    loss = functional.cross_entropy(logits, torch.tensor(LENET_LABELS))
    loss.backward()
    results = {"logits": logits, "loss": loss}
    for i, tensor in enumerate(leaves):
        gradient = tensor.grad.reshape(-1)
        results[f"gradient{i}"] = gradient[:: LENET_SAMPLE if gradient.numel() > 4000 else 1]
    save("lenet", **results)


if __name__ == "__main__":
    main()
