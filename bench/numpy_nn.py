"""A network's layers in NumPy as a lecturer writes them: im2col and matmul, channels last.

The float32 versions are the peer "numpy"; called on float64 they are the reference of the models.
"""

from __future__ import annotations

import numpy as np

from bench.case import Array


def pad_image(x: Array, padding: int) -> Array:
    return np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0))) if padding else x


def im2col(x: Array, R: int, S: int, stride: int, padding: int, dilation: int = 1) -> Array:
    """(N,H,W,C) -> (N,P,Q, R*S*C)"""
    window = ((R - 1) * dilation + 1, (S - 1) * dilation + 1)
    windows = np.lib.stride_tricks.sliding_window_view(pad_image(x, padding), window, axis=(1, 2))
    windows = windows[:, ::stride, ::stride, :, ::dilation, ::dilation]  # (N,P,Q,C,R,S)
    N, P, Q, C = windows.shape[:4]
    return windows.transpose(0, 1, 2, 4, 5, 3).reshape(N, P, Q, R * S * C)


def conv2d(
    x: Array, w: Array, b: Array, stride: int = 1, padding: int = 0, dilation: int = 1
) -> Array:
    R, S, C, K = w.shape
    columns = im2col(x, R, S, stride, padding, dilation)
    return columns @ w.reshape(R * S * C, K) + b


def conv2d_backward_weight(
    dy: Array,
    x: Array,
    w_shape: tuple[int, ...],
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
) -> Array:
    R, S, C, K = w_shape
    columns = im2col(x, R, S, stride, padding, dilation).reshape(-1, R * S * C)
    return (columns.T @ dy.reshape(-1, K)).reshape(w_shape)


def conv2d_backward_data(
    dy: Array,
    w: Array,
    x_shape: tuple[int, ...],
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
) -> Array:
    R, S, C, K = w.shape
    N, H, W, _ = x_shape
    _, P, Q, _ = dy.shape
    columns = (dy.reshape(-1, K) @ w.reshape(-1, K).T).reshape(N, P, Q, R, S, C)
    dx = np.zeros((N, H + 2 * padding, W + 2 * padding, C), dy.dtype)
    for r in range(R):
        for s in range(S):
            top, left = r * dilation, s * dilation
            rows = slice(top, top + stride * (P - 1) + 1, stride)
            dx[:, rows, left : left + stride * (Q - 1) + 1 : stride] += columns[:, :, :, r, s]
    return dx[:, padding : padding + H, padding : padding + W]


def max_pool2x2(x: Array) -> tuple[Array, Array]:
    """The maximum of each 2x2 window, and where it lies in the window (0 to 3)."""
    N, H, W, C = x.shape
    windows = x.reshape(N, H // 2, 2, W // 2, 2, C).transpose(0, 1, 3, 5, 2, 4)
    windows = windows.reshape(N, H // 2, W // 2, C, 4)
    where = windows.argmax(-1)
    return np.take_along_axis(windows, where[..., None], -1)[..., 0], where


def max_pool2x2_backward(dy: Array, where: Array) -> Array:
    N, P, Q, C = dy.shape
    windows = np.zeros((N, P, Q, C, 4), dy.dtype)
    np.put_along_axis(windows, where[..., None], dy[..., None], -1)
    windows = windows.reshape(N, P, Q, C, 2, 2).transpose(0, 1, 4, 2, 5, 3)
    return windows.reshape(N, 2 * P, 2 * Q, C)


def softmax(x: Array) -> Array:
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def softmax_cross_entropy(logits: Array, labels: Array) -> tuple[float, Array]:
    """Mean loss, and its gradient with respect to the logits."""
    rows = np.arange(len(labels))
    shifted = logits - logits.max(-1, keepdims=True)
    e = np.exp(shifted)
    total = e.sum(-1, keepdims=True)
    loss = float((np.log(total[:, 0]) - shifted[rows, labels]).mean())
    gradient = e / total
    gradient[rows, labels] -= 1
    return loss, gradient / len(labels)
