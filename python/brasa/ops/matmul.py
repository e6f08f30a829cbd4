"""Matrix products. Contract: csrc/ops/matmul.h."""

from __future__ import annotations

from brasa.ops.activation_attributes import activation_attributes
from brasa.ops.arguments import precision_attributes, truth
from brasa.ops.dispatch import Out, Tensor, floats, optional_floats, run


def matmul(
    a: Tensor,
    b: Tensor,
    transpose_a: bool = False,
    transpose_b: bool = False,
    *,
    precision: str = "float32",
    out: Out = None,
) -> Tensor:
    """``c = op(a) @ op(b)``, where op transposes the last two axes if its flag is set.

    Shapes:
        op(a) (..., m, k), op(b) (k, n) or with the same leading axes (..., k, n), c (..., m, n)

    ``precision`` is one of ``runtime.precisions()``: "bf16" rounds a and b, "bf16x3" is as exact as
    float32; RuntimeError where the machine has neither AMX nor AVX512-BF16.

    >>> from brasa import ops
    >>> ops.matmul([[1.0, 2.0]], [[3.0], [4.0]])
    array([[11.]], dtype=float32)
    """
    attributes = {
        "transpose_a": truth("matmul", "transpose_a", transpose_a),
        "transpose_b": truth("matmul", "transpose_b", transpose_b),
        **precision_attributes("matmul", precision),
    }
    operands = [floats("matmul", "a", a), floats("matmul", "b", b), None]
    return run("matmul", operands, attributes, out)[0]


def dense(
    x: Tensor,
    w: Tensor,
    b: Tensor | None = None,
    activation: str | None = None,
    *,
    precision: str = "float32",
    out: Out = None,
) -> Tensor:
    """Fully connected layer on the last axis: ``y = act(x @ w + b)``.

    Shapes:
        x (..., D), w (D, U), b (U,) or None, y (..., U)

    ``precision`` is that of the product, as for ``matmul``.

    ValueError where w is no matrix, or the shapes do not belong together.

    >>> from brasa import ops
    >>> ops.dense([[1.0, 2.0]], [[1.0], [1.0]], [0.5])
    array([[3.5]], dtype=float32)
    """
    x, w = floats("dense", "x", x), floats("dense", "w", w)
    b = optional_floats("dense", "b", b)
    if len(w.shape) != 2:
        raise ValueError(f"dense: w must have rank 2 (D, U), got {tuple(w.shape)}")
    if len(x.shape) < 1 or x.shape[-1] != w.shape[0]:
        raise ValueError(
            f"dense: w expects {w.shape[0]} input features, x has {tuple(x.shape[-1:])}: "
            f"x {tuple(x.shape)} in (..., D), w {tuple(w.shape)} in (D, U)"
        )
    attributes = activation_attributes("dense", activation)
    attributes |= precision_attributes("dense", precision)
    if len(x.shape) > 1:
        return run("matmul", [x, w, b], attributes, out, caller="dense")[0]
    from brasa.ops.elementwise import reshape

    row = run("matmul", [reshape(x, (1, x.shape[0])), w, b], attributes, caller="dense")[0]
    return reshape(row, (w.shape[1],))


def bias_gradient(dy: Tensor, *, out: Out = None) -> Tensor:
    """``db_j = sum of dy[..., j]`` over all other axes.

    Shapes:
        dy (..., U), db (U,)

    >>> import numpy as np
    >>> from brasa import ops
    >>> ops.bias_gradient(np.array([[1, 2], [3, 4]], np.float32))
    array([4., 6.], dtype=float32)
    """
    return run("bias_gradient", [floats("bias_gradient", "dy", dy)], out=out)[0]


def dense_backward(
    dy: Tensor, x: Tensor, w: Tensor, *, precision: str = "float32"
) -> tuple[Tensor, Tensor, Tensor]:
    """All gradients of ``dense``: ``dx = dy @ w^T``, ``dw = x^T @ dy``, ``db = sum of dy``.

    Shapes:
        dy (..., U), x and dx (..., D), w and dw (D, U), db (U,)

    ValueError where the shapes do not belong together.

    >>> import numpy as np
    >>> from brasa import ops
    >>> dy, x = np.array([[1, 2]], np.float32), np.array([[3]], np.float32)
    >>> dx, dw, db = ops.dense_backward(dy, x, np.array([[1, 10]], np.float32))
    >>> dx, dw
    (array([[21.]], dtype=float32), array([[3., 6.]], dtype=float32))
    """
    from brasa.ops.elementwise import reshape

    op = "dense_backward"
    dy, x, w = floats(op, "dy", dy), floats(op, "x", x), floats(op, "w", w)
    wanted = (*x.shape[:-1], *w.shape[-1:])
    if (
        len(w.shape) != 2
        or not x.shape
        or tuple(dy.shape) != tuple(wanted)
        or x.shape[-1] != w.shape[0]
    ):
        raise ValueError(
            f"{op}: shapes do not belong together: dy {tuple(dy.shape)} in (..., U), "
            f"x {tuple(x.shape)} in (..., D), w {tuple(w.shape)} in (D, U)"
        )
    precision_attributes(op, precision)
    rows = 1
    for extent in x.shape[:-1]:
        rows *= extent
    dy2, x2 = reshape(dy, (rows, w.shape[1])), reshape(x, (rows, w.shape[0]))
    dx = reshape(matmul(dy2, w, transpose_b=True, precision=precision), tuple(x.shape))
    dw = matmul(x2, dy2, transpose_a=True, precision=precision)
    return dx, dw, bias_gradient(dy2)
