"""Transposed convolution: Keras's sizes by hand, PyTorch's values, and what is refused."""

import numpy as np
import pytest

from brasa import ops
from brasa.testing import reference
from brasa.testing.assertions import assert_close, assert_refused, assert_same_bits, reduction_bound

# One axis: pixels, taps, stride, dilation, padding, output_padding -> pixels, by Keras's rule.
SIZES = [
    (4, 3, 1, 1, "valid", None, 6),
    (4, 3, 2, 1, "valid", None, 9),
    (4, 2, 3, 1, "valid", None, 12),  # the stride is larger than the window
    (4, 1, 3, 1, "valid", None, 12),
    (4, 3, 2, 1, "valid", 0, 9),
    (4, 3, 2, 1, "valid", 1, 10),
    (4, 2, 3, 1, "valid", 2, 13),
    (4, 3, 1, 2, "valid", None, 8),
    (1, 5, 2, 1, "valid", None, 5),
    (4, 3, 1, 1, "same", None, 4),
    (4, 3, 2, 1, "same", None, 8),
    (4, 4, 2, 1, "same", None, 8),
    (4, 5, 2, 1, "same", None, 8),
    (4, 2, 3, 1, "same", None, 12),
    (5, 1, 4, 1, "same", None, 20),
    (4, 3, 2, 1, "same", 0, 7),
    (4, 3, 2, 1, "same", 1, 8),
    (4, 4, 2, 1, "same", 1, 7),
    (4, 2, 4, 1, "same", 3, 15),
    (4, 3, 1, 3, "same", None, 4),
    (4, 3, 2, 1, 1, None, 7),
    (4, 3, 2, 1, 1, 1, 8),
    (4, 4, 2, 1, 1, None, 8),
    (4, 5, 3, 1, (0, 3), None, 11),
]

# What ends with 1 leaves a filter, an image or a bias of one.
CASES = [
    # N, H, W, C, K, (R, S), and the rest of the window
    (2, 4, 3, 3, 5, (3, 3), {}),
    (1, 7, 7, 16, 8, (4, 4), {"strides": 2, "padding": "same"}),
    (3, 5, 4, 8, 3, (3, 2), {"strides": (2, 3), "padding": "same", "output_padding": (1, 0)}),
    (2, 5, 6, 17, 33, (3, 3), {"padding": "same"}),  # Winograd's window, forward and backward
    (2, 9, 8, 40, 36, (3, 3), {"padding": "same"}),
    (2, 3, 4, 6, 1, (5, 5), {"strides": 2, "padding": "same"}),
    (1, 3, 3, 4, 2, (2, 2), {"strides": 3}),
    (1, 3, 3, 4, 2, (2, 2), {"strides": 3, "output_padding": 2}),
    (1, 4, 5, 9, 7, (3, 2), {"dilation_rate": (2, 3)}),
    (1, 4, 5, 5, 4, (3, 3), {"dilation_rate": 2, "strides": 3, "padding": "same"}),
    (2, 1, 1, 64, 16, (4, 4), {}),  # the first layer of a DCGAN
    (2, 4, 4, 16, 12, (4, 4), {"strides": 2, "padding": 1}),  # its others
    (1, 6, 5, 3, 4, (3, 3), {"strides": 2, "padding": ((1, 0), (2, 1)), "output_padding": 1}),
    (2, 5, 4, 33, 20, (1, 1), {}),
    (1, 5, 4, 3, 2, (1, 1), {"strides": 2}),
    (1, 1, 12, 4, 6, (1, 5), {"strides": (1, 2), "padding": "same"}),
    (0, 3, 3, 4, 2, (3, 3), {"strides": 2}),
]


def operands(rng, case):
    n, h, w, channels, filters, size, _ = case
    shapes = ((n, h, w, channels), (*size, filters, channels), (filters,))
    return tuple(rng.standard_normal(shape).astype(np.float32) for shape in shapes)


def pairs(value):
    return value if isinstance(value, tuple) else (value, value)


def size_and_cut(pixels, taps, stride, dilation, padding, more):
    """One axis by Keras's rule: pixels of the output, and the first of the uncut image in it."""
    reach = (taps - 1) * dilation + 1
    whole = (pixels - 1) * stride + reach
    if not isinstance(padding, str):
        before, after = pairs(padding)
        return whole - before - after + (more or 0), before
    if padding == "valid":
        return whole + (max(stride - reach, 0) if more is None else more), 0
    size = pixels * stride if more is None else (pixels - 1) * stride + reach % 2 + more
    return size, max((whole - size) // 2, 0)


def slow(x, w, b, window):
    """The definition, float64: each pixel adds its window to an image that is then cut."""
    x, w = x.astype(np.float64), w.astype(np.float64)
    strides, dilation = pairs(window.get("strides", 1)), pairs(window.get("dilation_rate", 1))
    more, padding = window.get("output_padding"), window.get("padding", "valid")
    axes = []
    for i in range(2):
        side = padding if isinstance(padding, str) else pairs(padding)[i]
        extra = None if more is None else pairs(more)[i]
        axes.append(size_and_cut(x.shape[1 + i], w.shape[i], strides[i], dilation[i], side, extra))
    (rows, top), (columns, left) = axes
    y = np.zeros((x.shape[0], rows, columns, w.shape[2])) + b
    for h, i, r, s in np.ndindex(*x.shape[1:3], *w.shape[:2]):
        p = h * strides[0] + r * dilation[0] - top
        q = i * strides[1] + s * dilation[1] - left
        if 0 <= p < rows and 0 <= q < columns:
            y[:, p, q] += x[:, h, i] @ w[r, s].T
    return y


@pytest.mark.parametrize("row", SIZES, ids=str)
def test_the_size_is_that_of_keras(row):
    pixels, taps, stride, dilation, padding, more, want = row
    x = np.ones((1, pixels, 2, 1), np.float32)
    y = ops.conv2d_transpose(
        x,
        np.ones((taps, 1, 1, 1), np.float32),
        strides=(stride, 1),
        padding=padding if isinstance(padding, str) else (padding, 0),
        output_padding=None if more is None else (more, 0),
        dilation_rate=(dilation, 1),
    )
    assert y.shape == (1, want, 2, 1)


@pytest.mark.parametrize(
    ("window", "want"),
    [
        # x = [1, 10], w = [1, 2, 3]: by hand.
        ({}, [1, 12, 23, 30]),
        ({"strides": (1, 2)}, [1, 2, 13, 20, 30]),
        ({"strides": (1, 4)}, [1, 2, 3, 0, 10, 20, 30, 0]),
        ({"strides": (1, 4), "output_padding": 0}, [1, 2, 3, 0, 10, 20, 30]),
        ({"strides": (1, 2), "padding": "same"}, [1, 2, 13, 20]),
        ({"strides": (1, 2), "padding": "same", "output_padding": 0}, [2, 13, 20]),
        ({"strides": (1, 2), "padding": "same", "output_padding": (0, 1)}, [1, 2, 13, 20]),
        ({"padding": "same"}, [12, 23]),
        ({"dilation_rate": 2}, [1, 10, 2, 20, 3, 30]),
        ({"strides": (1, 2), "padding": (0, 1)}, [2, 13, 20]),
    ],
    ids=str,
)
def test_the_values_are_those_computed_by_hand(window, want, impl):
    x = np.float32([1, 10]).reshape(1, 1, 2, 1)
    w = np.float32([1, 2, 3]).reshape(1, 3, 1, 1)
    assert ops.conv2d_transpose(x, w, **window).ravel().tolist() == want
    assert ops.conv2d_transpose(x, w, [0.5], **window).ravel().tolist() == [v + 0.5 for v in want]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_equals_the_definition(case, impl, rng):
    x, w, b = operands(rng, case)
    y = ops.conv2d_transpose(x, w, b, **case[-1])
    length = int(np.prod(case[5])) * case[3]
    want = slow(x, w, b, case[-1])
    assert y.shape == want.shape
    bound = reduction_bound(length, slow(np.abs(x), np.abs(w), np.abs(b), case[-1]), 4.0)
    assert_close(y, want, bound)


@pytest.mark.parametrize("case", CASES[:4], ids=str)
def test_bias_and_activation_follow_the_product(case, impl, rng):
    x, w, b = operands(rng, case)
    window = case[-1]
    plain = ops.conv2d_transpose(x, w, **window)
    assert_same_bits(ops.conv2d_transpose(x, w, b, **window), plain + b)
    assert_same_bits(ops.conv2d_transpose(x, w, b, **window, activation="tanh"),
                     ops.tanh(plain + b))  # fmt: skip
    assert_same_bits(ops.conv2d_transpose(x, w, **window, activation="relu"), ops.relu(plain))
    for bias, activation in ((None, None), (b, None), (None, "relu"), (b, "sigmoid")):
        out = np.empty_like(plain)
        options = {**window, "activation": activation}
        assert ops.conv2d_transpose(x, w, bias, **options, out=out) is out
        assert_same_bits(out, ops.conv2d_transpose(x, w, bias, **options))


@pytest.mark.parametrize("case", [case for case in CASES if case[0]], ids=str)
def test_equals_pytorch(case, rng):
    """PyTorch cuts both sides alike: what it leaves whole is cut here as `size_and_cut` says."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    x, w, b = operands(rng, case)
    window = case[-1]
    found = ops.conv2d_transpose(x, w, b, **window)
    padding = window.get("padding", "valid")
    whole = torch.nn.functional.conv_transpose2d(
        torch.from_numpy(x).double().permute(0, 3, 1, 2),
        torch.from_numpy(w).double().permute(3, 2, 0, 1),
        stride=window.get("strides", 1),
        padding=padding if isinstance(padding, int) else 0,
        output_padding=0,
        dilation=window.get("dilation_rate", 1),
    )
    whole = whole.permute(0, 2, 3, 1).numpy()
    top = left = 0
    if not isinstance(padding, int):
        cuts = []
        for i in range(2):
            side = padding if isinstance(padding, str) else padding[i]
            more = window.get("output_padding")
            arguments = [pairs(window.get(name, 1))[i] for name in ("strides", "dilation_rate")]
            extra = None if more is None else pairs(more)[i]
            cuts.append(size_and_cut(x.shape[1 + i], w.shape[i], *arguments, side, extra)[1])
        top, left = cuts
    want = np.zeros(found.shape)
    seen = whole[:, top : top + found.shape[1], left : left + found.shape[2]]
    want[:, : seen.shape[1], : seen.shape[2]] = seen
    assert_close(found, want + b, 2e-5 * max(np.abs(want).max(), 1.0))


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_it_is_the_gradient_of_a_convolution_by_its_image(padding, impl, rng):
    x, w, _ = operands(rng, CASES[2])
    window = {"strides": (2, 3), "padding": padding}
    y = ops.conv2d_transpose(x, w, **window)
    assert ops.conv2d(np.zeros_like(y), w, **window).shape == x.shape
    want, _, _ = reference.conv2d_backward(x, np.zeros(y.shape), w, **window)
    assert_close(y, want, reduction_bound(48, 48 * 4.0))


X, W, B = (np.ones(shape, np.float32) for shape in ((2, 4, 3, 5), (3, 3, 2, 5), (2,)))


@pytest.mark.parametrize(
    ("x", "w", "b", "window", "error", "words"),
    [
        (X[0], W, B, {}, ValueError, "x rank 4 (N, H, W, C) (4, 3, 5)"),
        (X, W[0], B, {}, ValueError, "w rank 4 (R, S, K, C) (3, 2, 5)"),
        (X[..., :3], W, B, {}, ValueError, "w expects 5 x has 3 (R, S, K, C)"),
        (X, W, np.ones(5, np.float32), {}, ValueError, "b (2,) (5,)"),
        (X, W, np.ones((1, 2), np.float32), {}, ValueError, "b (2,) (1, 2)"),
        (X[:, :0], W, B, {}, ValueError, "at least one pixel (2, 0, 3, 5)"),
        (X, W[:, :0], B, {}, ValueError, "at least one pixel (3, 0, 2, 5)"),
        (X, W, B, {"strides": 0}, ValueError, "strides >= 1 0"),
        (X, W, B, {"strides": (1, 2, 3)}, ValueError, "strides (1, 2, 3)"),
        (X, W, B, {"strides": 1.5}, TypeError, "strides 1.5"),
        (X, W, B, {"strides": 2**63}, ValueError, "64 bits"),
        (X, W, B, {"strides": 2**40}, (ValueError, MemoryError), ""),
        (X, W, B, {"dilation_rate": (1, 0)}, ValueError, "dilation_rate >= 1 0"),
        (X, W, B, {"padding": "full"}, ValueError, "padding 'full'"),
        (X, W, B, {"padding": -1}, ValueError, "padding -1"),
        (X, W, B, {"padding": (3, 0)}, ValueError, "nothing padding [3, 3]"),
        (X, W, B, {"output_padding": 1}, ValueError, "output_padding below the stride 1 got 1"),
        (X, W, B, {"strides": 2, "output_padding": -1}, ValueError, "output_padding -1"),
        (X, W, B, {"strides": 2, "output_padding": 0.5}, TypeError, "output_padding 0.5"),
        (X, W, B, {"activation": "softmax"}, ValueError, "activation 'softmax'"),
        (X, W, B, {"precision": "half"}, ValueError, "precision 'half'"),
        (X.astype(int), W, B, {}, TypeError, "x int64"),
        (X, W.astype(complex), B, {}, TypeError, "w complex"),
    ],
)  # fmt: skip
def test_refused(x, w, b, window, error, words):
    assert_refused(
        lambda: ops.conv2d_transpose(x, w, b, **window), error, "conv2d_transpose", words
    )


def test_an_output_that_is_too_small_is_refused():
    out = np.empty((2, 6, 5, 3), np.float32)
    assert_refused(
        lambda: ops.conv2d_transpose(X, W, B, out=out), ValueError, "conv2d_transpose", ""
    )
    assert_refused(lambda: ops.conv2d_transpose(X, W, out=out), ValueError, "conv2d_transpose", "")
