"""Activations that no product applies to its sums by itself. Contract: csrc/ops/unary.h."""

from __future__ import annotations

from brasa.ops.activations import elu
from brasa.ops.dispatch import Out, Tensor, floats
from brasa.ops.elementwise import scale
from brasa.ops.unary import exp, unary

exponential = exp

# So that outputs keep mean 0 and variance 1: Klambauer et al., equation 14.
_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805


def hard_sigmoid(x: Tensor, *, out: Out = None) -> Tensor:
    """``y = min(max(x + 3, 0), 6) / 6``: a sigmoid of three straight lines, within 4 ulp.

    The slope is 1/6 where ``0 < y < 1``, else 0, at both ends too. NaN passes through.

    Shapes:
        x and y (...)

    >>> from brasa import ops
    >>> ops.hard_sigmoid([-4.0, 0.0, 1.5])
    array([0.  , 0.5 , 0.75], dtype=float32)
    """
    return unary("hard_sigmoid", x, out)


def hard_silu(x: Tensor, *, out: Out = None) -> Tensor:
    """``y = x * hard_sigmoid(x)``, within 4 ulp; ``hard_swish`` is its second name.

    The slope is ``(2 x + 3) / 6`` between -3 and 3, 0 below and 1 above. NaN passes through, -inf
    gives 0. Source: Howard et al., ICCV 2019, arXiv:1905.02244.

    Shapes:
        x and y (...)

    >>> from brasa import ops
    >>> ops.hard_silu([-4.0, 1.5, 5.0])
    array([-0.   ,  1.125,  5.   ], dtype=float32)
    """
    return unary("hard_silu", x, out)


hard_swish = hard_silu


def mish(x: Tensor, *, out: Out = None) -> Tensor:
    """``y = x * tanh(softplus(x))``, within 4 ulp or 2^-119.

    NaN passes through, -inf gives 0. Source: Misra, BMVC 2020, arXiv:1908.08681.

    Shapes:
        x and y (...)

    >>> from brasa import ops
    >>> ops.mish([-1.0, 0.0, 3.0]).round(4)
    array([-0.3034,  0.    ,  2.9865], dtype=float32)
    """
    return unary("mish", x, out)


def relu6(x: Tensor, *, out: Out = None) -> Tensor:
    """``y = min(max(x, 0), 6)``. The slope is 1 where ``0 < y < 6``, else 0. NaN passes through.

    Shapes:
        x and y (...)

    >>> from brasa import ops
    >>> ops.relu6([-1.0, 2.0, 8.0])
    array([0., 2., 6.], dtype=float32)
    """
    return unary("relu6", x, out)


def selu(x: Tensor, *, out: Out = None) -> Tensor:
    """Scaled exponential linear unit: ``y = 1.0507 * elu(x, alpha=1.67326)``.

    With weights of variance 1 / n (``lecun_normal``) it keeps means near 0 and variances near 1,
    from layer to layer. Source: Klambauer et al., NeurIPS 2017, arXiv:1706.02515.

    Shapes:
        x and y (...)

    >>> from brasa import ops
    >>> ops.selu([-1.0, 0.0, 3.0]).round(4)
    array([-1.1113,  0.    ,  3.1521], dtype=float32)
    """
    return scale(elu(floats("selu", "x", x), _SELU_ALPHA), _SELU_SCALE, out=out)


def softplus(x: Tensor, *, out: Out = None) -> Tensor:
    """``y = ln(1 + exp(x))``, within 4 ulp: nothing overflows above 0, nothing is lost below.

    The slope is ``sigmoid(x)``. NaN passes through. Source: Dugas et al., NIPS 2000.

    Shapes:
        x and y (...)

    >>> from brasa import ops
    >>> ops.softplus([-50.0, 0.0, 1000.0])
    array([1.9287499e-22, 6.9314718e-01, 1.0000000e+03], dtype=float32)
    """
    return unary("softplus", x, out)


def softsign(x: Tensor, *, out: Out = None) -> Tensor:
    """``y = x / (1 + |x|)``, within 2 ulp: +-1 at +-inf. The slope is ``1 / (1 + |x|)^2``.

    Shapes:
        x and y (...)

    >>> from brasa import ops
    >>> ops.softsign([-3.0, 0.0, 1.0])
    array([-0.75,  0.  ,  0.5 ], dtype=float32)
    """
    return unary("softsign", x, out)
