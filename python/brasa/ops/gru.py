"""Gated recurrent units over whole sequences. Contract: csrc/ops/gru.h."""

from __future__ import annotations

from typing import Any

from brasa.ops.dispatch import Out, Tensor, run
from brasa.ops.recurrent import backward_operands, flag, forward_operands, steps


def gru(
    x: Tensor,
    w: Tensor,
    u: Tensor,
    b: Tensor | None,
    h0: Tensor | None = None,
    reset_after: bool = True,
    *,
    mask: Any = None,
    go_backwards: bool = False,
    training: bool = True,
    out: Out = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """``y, h, saved``: every output, the last state, and what ``gru_backward`` needs.

    ``z = sigmoid(x[:, t] @ wz + h @ uz + bz)``, ``r`` likewise,
    ``g = tanh(x[:, t] @ wg + bg + r * (h @ ug + cg))``, then ``h = z * h + (1 - z) * g``, which is
    ``y[:, t]``. Without ``reset_after``, ``g = tanh(x[:, t] @ wg + bg + (r * h) @ ug)``.

    Shapes:
        x (N, T, D), w (D, 3U) and u (U, 3U) with the gates in the order z, r, g, h0 and h (N, U),
        y (N, T, U); b (2, 3U), of the inputs and of the state, or (3U,) without ``reset_after``

    ``mask``, ``go_backwards`` and ``training`` mean what they mean in ``lstm``; ``b`` and ``h0``
    None stand for zeros.

    Source: Cho et al., EMNLP 2014.

    >>> import numpy as np
    >>> from brasa import ops
    >>> x, w, u = np.ones((1, 2, 1)), np.zeros((1, 3)), np.zeros((1, 3))
    >>> ops.gru(x, w, u, None, [[8.0]])[0].ravel()
    array([4., 2.], dtype=float32)
    """
    operands = forward_operands("gru", [("x", x), ("w", w), ("u", u)], [b, h0], mask)
    attributes = steps("gru", go_backwards, training) | flag("gru", "reset_after", reset_after)
    y, h, saved = run("gru", operands, attributes, out)
    return y, h, saved


def gru_backward(
    dy: Tensor | None,
    dh: Tensor | None,
    saved: Tensor,
    x: Tensor,
    w: Tensor,
    u: Tensor,
    reset_after: bool = True,
    *,
    mask: Any = None,
    go_backwards: bool = False,
    out: Out = None,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """``dx, dw, du, db, dh0`` of ``gru``, from the gradients of ``y`` and of the last ``h``.

    ``dy`` and ``dh`` may be None for zeros. ``saved`` comes from a call of ``gru`` on the same
    operands under the same table of kernels.

    Shapes:
        dy (N, T, U), dh and dh0 (N, U), x and dx (N, T, D), w and dw (D, 3U), u and du (U, 3U),
        db (2, 3U) with ``reset_after``, else (3U,)

    With the update gate open, the state's gradient comes through all steps as it is:

    >>> import numpy as np
    >>> from brasa import ops
    >>> x, w, u = np.ones((1, 3, 2)), np.zeros((2, 3)), np.zeros((1, 3))
    >>> *_, saved = ops.gru(x, w, u, [20.0, 0.0, 0.0], reset_after=False)
    >>> *_, dh0 = ops.gru_backward(None, np.ones((1, 1)), saved, x, w, u, reset_after=False)
    >>> dh0
    array([[1.]], dtype=float32)
    """
    op = "gru_backward"
    needed = [("saved", saved), ("x", x), ("w", w), ("u", u)]
    operands = backward_operands(op, [("dy", dy), ("dh", dh)], needed, mask)
    attributes = steps(op, go_backwards) | flag(op, "reset_after", reset_after)
    dx, dw, du, db, dh0 = run(op, operands, attributes, out)
    return dx, dw, du, db, dh0
