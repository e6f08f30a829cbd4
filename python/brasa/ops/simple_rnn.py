"""A plain recurrent layer over whole sequences. Contract: csrc/ops/simple_rnn.h."""

from __future__ import annotations

from typing import Any

from brasa.ops.activation_attributes import activation_attributes
from brasa.ops.dispatch import Out, Tensor, run
from brasa.ops.recurrent import backward_operands, forward_operands, steps


def simple_rnn(
    x: Tensor,
    w: Tensor,
    u: Tensor,
    b: Tensor | None,
    h0: Tensor | None = None,
    activation: str | None = "tanh",
    *,
    mask: Any = None,
    go_backwards: bool = False,
    training: bool = True,
    out: Out = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """``y, h, saved``: every output, the last state, and what ``simple_rnn_backward`` needs.

    ``h = activation(x[:, t] @ w + h @ u + b)``, which is ``y[:, t]``.

    Shapes:
        x (N, T, D), w (D, U), u (U, U), b (U,), h0 and h (N, U), y (N, T, U)

    ``mask``, ``go_backwards`` and ``training`` mean what they mean in ``lstm``; ``b`` and ``h0``
    None stand for zeros.

    Source: Elman, Cognitive Science 14(2), 1990.

    >>> import numpy as np
    >>> from brasa import ops
    >>> x, one = np.array([[[1.0], [2.0], [3.0]]]), np.ones((1, 1))
    >>> ops.simple_rnn(x, one, one, None, activation="relu")[0].ravel()
    array([1., 3., 6.], dtype=float32)
    """
    op = "simple_rnn"
    operands = forward_operands(op, [("x", x), ("w", w), ("u", u)], [b, h0], mask)
    attributes = steps(op, go_backwards, training) | activation_attributes(op, activation)
    y, h, saved = run(op, operands, attributes, out)
    return y, h, saved


def simple_rnn_backward(
    dy: Tensor | None,
    dh: Tensor | None,
    saved: Tensor,
    x: Tensor,
    w: Tensor,
    u: Tensor,
    activation: str | None = "tanh",
    *,
    mask: Any = None,
    go_backwards: bool = False,
    out: Out = None,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """``dx, dw, du, db, dh0`` of ``simple_rnn``, from the gradients of ``y`` and of the last ``h``.

    ``dy`` and ``dh`` may be None for zeros. ``saved`` comes from a call of ``simple_rnn`` on the
    same operands under the same table of kernels.

    Shapes:
        dy (N, T, U), dh and dh0 (N, U), x and dx (N, T, D), w and dw (D, U), u and du (U, U),
        db (U,)

    A state that only adds up has the same slope at every step:

    >>> import numpy as np
    >>> from brasa import ops
    >>> x, one = np.ones((1, 3, 1), np.float32), np.ones((1, 1), np.float32)
    >>> y, h, saved = ops.simple_rnn(x, one, one, None, activation=None)
    >>> dx, *_ = ops.simple_rnn_backward(None, one, saved, x, one, one, activation=None)
    >>> h.item(), dx.ravel()
    (3.0, array([1., 1., 1.], dtype=float32))
    """
    op = "simple_rnn_backward"
    needed = [("saved", saved), ("x", x), ("w", w), ("u", u)]
    operands = backward_operands(op, [("dy", dy), ("dh", dh)], needed, mask)
    attributes = steps(op, go_backwards) | activation_attributes(op, activation)
    dx, dw, du, db, dh0 = run(op, operands, attributes, out)
    return dx, dw, du, db, dh0
