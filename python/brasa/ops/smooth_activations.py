"""Element-wise activations whose gradient needs x. Contract: csrc/ops/activation.h."""

from __future__ import annotations

from typing import Any

from brasa.ops.activation_attributes import activated, activation_gradient
from brasa.ops.arguments import truth
from brasa.ops.dispatch import Out, Tensor


def gelu(x: Tensor, approximate: bool = False, *, out: Out = None) -> Tensor:
    """Gaussian error linear unit: ``y = x * Phi(x)``, ``Phi(x) = (1 + erf(x / sqrt(2))) / 2``.

    Within 8 ulp, where ``x`` is far below 0 too. ``approximate=True`` takes ``x * sigmoid(v)``,
    ``v = sqrt(8 / pi) * (x + 0.044715 * x^3)``, the same as the form with tanh, within 4 ulp or
    2^-24: ``gelu_tanh``. NaN passes through, -inf gives 0. Source: Hendrycks, Gimpel,
    2016, arXiv:1606.08415.

    Raises:
        TypeError: ``approximate`` is neither True nor False.

    Shapes:
        x and y of one shape

    >>> from brasa import ops
    >>> ops.gelu([-1.0, 0.0, 3.0]).round(4)
    array([-0.1587,  0.    ,  2.996 ], dtype=float32)
    >>> ops.gelu([-1.0, 0.0, 3.0], approximate=True).round(4)
    array([-0.1588,  0.    ,  2.9964], dtype=float32)
    """
    return activated(_gelu_form("gelu", approximate), x, out)


def gelu_backward(dy: Tensor, x: Tensor, approximate: bool = False, *, out: Out = None) -> Tensor:
    """``dx = dy * (Phi(x) + x * Phi'(x))``; unlike others it takes the ``x`` that ``gelu`` took.

    Source: Hendrycks & Gimpel, arXiv:1606.08415.

    Shapes:
        dy, x and dx of one shape

    >>> import numpy as np
    >>> from brasa import ops
    >>> ops.gelu_backward(np.ones(3, np.float32), np.array([-9, 0, 9], np.float32)).round(4) + 0
    array([0. ,  0.5,  1. ], dtype=float32)
    """
    return activation_gradient(_gelu_form("gelu_backward", approximate), dy, x, out, given="x")


def gelu_tanh(x: Tensor, *, out: Out = None) -> Tensor:
    """``gelu(x, approximate=True)``, under a name that ``activation=`` arguments take.

    Shapes:
        x and y of one shape

    >>> from brasa import ops
    >>> ops.gelu_tanh([-1.0, 0.0, 3.0]).round(4)
    array([-0.1588,  0.    ,  2.9964], dtype=float32)
    """
    return activated("gelu_tanh", x, out)


def _gelu_form(op: str, approximate: Any) -> str:
    return "gelu_tanh" if truth(op, "approximate", approximate) else "gelu"


def silu(x: Tensor, *, out: Out = None) -> Tensor:
    """``y = x * sigmoid(x)``, within 4 ulp; ``swish`` is its second name.

    NaN passes through, -inf gives 0. Source: Hendrycks, Gimpel, 2016, arXiv:1606.08415.

    Shapes:
        x and y of one shape

    >>> from brasa import ops
    >>> ops.silu([-1.0, 0.0, 3.0]).round(4)
    array([-0.2689,  0.    ,  2.8577], dtype=float32)
    """
    return activated("silu", x, out)


def silu_backward(dy: Tensor, x: Tensor, *, out: Out = None) -> Tensor:
    """``dx = dy * s * (1 + x * (1 - s))``, ``s = sigmoid(x)``; takes ``x``, not ``y``.

    Shapes:
        dy, x and dx of one shape

    >>> import numpy as np
    >>> from brasa import ops
    >>> ops.silu_backward(np.ones(3, np.float32), np.array([-99, 0, 99], np.float32)).round(4) + 0
    array([0. ,  0.5,  1. ], dtype=float32)
    """
    return activation_gradient("silu", dy, x, out, given="x")


swish = silu
