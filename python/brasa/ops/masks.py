"""Which steps of padded sequences count. Contract: csrc/ops/mask.h."""

from __future__ import annotations

from typing import Any

from brasa.graph.symbol import Symbol
from brasa.ops.arguments import number, whole
from brasa.ops.dispatch import Out, Tensor, floats, numbers, optional_floats, run
from brasa.ops.loss_weights import check_weights
from brasa.whole_numbers import as_int32


def mask_of_ids(ids: Any, value: int = 0, *, out: Out = None) -> Tensor:
    """1 where an id is not the padding ``value``, else 0.

    Shapes:
        ids and the result (...)

    >>> from brasa import ops
    >>> ops.mask_of_ids([[5, 2, 0]])
    array([[1., 1., 0.]], dtype=float32)
    """
    op = "mask_of_ids"
    ids = numbers(op, "ids", ids, lambda a: as_int32(op, "ids", a))
    return run(op, [ids], {"value": whole(op, "value", value)}, out)[0]


def mask_of_rows(x: Tensor, value: float = 0.0, *, out: Out = None) -> Tensor:
    """1 where any feature of a step differs from ``value``, else 0.

    Shapes:
        x (..., D), y (...)

    >>> from brasa import ops
    >>> ops.mask_of_rows([[1.0, 0.0], [0.0, 0.0]])
    array([1., 0.], dtype=float32)
    """
    op = "mask_of_rows"
    return run(op, [floats(op, "x", x)], {"value": number(op, "value", value)}, out)[0]


def mask_rows(x: Tensor, mask: Tensor, *, out: Out = None) -> Tensor:
    """Zero the steps that a mask leaves out: ``y[i] = x[i] if mask[i] else 0``.

    Shapes:
        x and y (..., D), mask (...)

    >>> from brasa import ops
    >>> ops.mask_rows([[1.0, 2.0], [3.0, 4.0]], [0.0, 1.0])
    array([[0., 0.],
           [3., 4.]], dtype=float32)
    """
    op = "mask_rows"
    return run(op, [floats(op, "x", x), floats(op, "mask", mask)], out=out)[0]


def mask_weights(mask: Tensor, sample_weight: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Weights that make a mean over all steps one over those that count, and the number of these.

    ``weights = mask * sample_weight * steps / valid``, as in Keras; all 0 where no step counts.

    Shapes:
        mask, sample_weight and the weights (...); the number () in float64

    >>> from brasa import ops
    >>> weights, valid = ops.mask_weights([1.0, 1.0, 0.0, 0.0])
    >>> weights, valid.item()
    (array([2., 2., 0., 0.], dtype=float32), 2.0)
    """
    op = "mask_weights"
    weight = optional_floats(op, "sample_weight", sample_weight)
    if weight is not None and not isinstance(weight, Symbol):
        check_weights(op, weight)
    weights, valid = run(op, [floats(op, "mask", mask), weight])
    return weights, valid
