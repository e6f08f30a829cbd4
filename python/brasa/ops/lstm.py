"""Long short-term memory over whole sequences. Contract: csrc/ops/lstm.h."""

from __future__ import annotations

from typing import Any

from brasa.ops.dispatch import Out, Tensor, run
from brasa.ops.recurrent import backward_operands, forward_operands, steps


def lstm(
    x: Tensor,
    w: Tensor,
    u: Tensor,
    b: Tensor | None,
    h0: Tensor | None = None,
    c0: Tensor | None = None,
    *,
    mask: Any = None,
    go_backwards: bool = False,
    training: bool = True,
    out: Out = None,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """``y, h, c, saved``: every output, the last state, and what ``lstm_backward`` needs.

    ``i, f, g, o = x[:, t] @ w + h @ u + b``, then ``c = sigmoid(f) * c + sigmoid(i) * tanh(g)`` and
    ``h = sigmoid(o) * tanh(c)``, which is ``y[:, t]``.

    Shapes:
        x (N, T, D), w (D, 4U), u (U, 4U), b (4U,), h0 and c0 (N, U), y (N, T, U), h and c (N, U)

    Args:
        x: The sequences.
        w: Weights of the inputs, gates in the order i, f, g, o.
        u: Weights of the state, likewise.
        b: Bias. None stands for zeros, as for ``h0`` and ``c0``.
        h0: State before the first step.
        c0: Cell before the first step.
        mask: (N, T), where 0 or False skips a step: the state stays, and ``y`` repeats it.
        go_backwards: Read the steps from the last to the first. ``y[:, t]`` still belongs to
            ``x[:, t]``: the last state is ``y[:, 0]``.
        training: False leaves ``saved`` empty, which is faster.
        out: Arrays to write into.

    Source: Hochreiter and Schmidhuber, Neural Computation 9(8), 1997.

    >>> import numpy as np
    >>> from brasa import ops
    >>> x, w, u = np.ones((1, 3, 2)), np.zeros((2, 4)), np.zeros((1, 4))
    >>> y, h, c, saved = ops.lstm(x, w, u, [0.0, 0.0, 20.0, 20.0])
    >>> c.item(), y.shape
    (0.875, (1, 3, 1))
    """
    operands = forward_operands("lstm", [("x", x), ("w", w), ("u", u)], [b, h0, c0], mask)
    y, h, c, saved = run("lstm", operands, steps("lstm", go_backwards, training), out)
    return y, h, c, saved


def lstm_backward(
    dy: Tensor | None,
    dh: Tensor | None,
    dc: Tensor | None,
    saved: Tensor,
    x: Tensor,
    w: Tensor,
    u: Tensor,
    *,
    mask: Any = None,
    go_backwards: bool = False,
    out: Out = None,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """``dx, dw, du, db, dh0, dc0`` of ``lstm``, from the gradients of ``y``, ``h`` and ``c``.

    ``dy``, ``dh`` and ``dc`` may be None for zeros. ``saved`` comes from a call of ``lstm`` on the
    same operands under the same table of kernels; it holds ``h0`` and ``c0``, not the mask.

    Shapes:
        dy (N, T, U), dh, dc, dh0 and dc0 (N, U), x and dx (N, T, D), w and dw (D, 4U),
        u and du (U, 4U), db (4U,)

    With the forget gate open, the cell's gradient comes through all steps as it is:

    >>> import numpy as np
    >>> from brasa import ops
    >>> x, w, u = np.ones((1, 3, 2)), np.zeros((2, 4)), np.zeros((1, 4))
    >>> *_, saved = ops.lstm(x, w, u, [0.0, 20.0, 0.0, 0.0])
    >>> *_, dc0 = ops.lstm_backward(None, None, np.ones((1, 1)), saved, x, w, u)
    >>> dc0
    array([[1.]], dtype=float32)
    """
    op = "lstm_backward"
    slopes = [("dy", dy), ("dh", dh), ("dc", dc)]
    operands = backward_operands(op, slopes, [("saved", saved), ("x", x), ("w", w), ("u", u)], mask)
    dx, dw, du, db, dh0, dc0 = run(op, operands, steps(op, go_backwards), out)
    return dx, dw, du, db, dh0, dc0
