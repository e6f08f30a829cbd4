"""Element-wise activations. Contract: csrc/ops/activation.h."""

from __future__ import annotations

from typing import Any

from brasa.graph.gradient_rules import SLOPE_NEEDS_X
from brasa.ops.arguments import kind_or_value, number, truth
from brasa.ops.dispatch import Out, Tensor, floats, run
from brasa.ops.softmax import softmax

_NAMES = ("linear", "relu", "leaky_relu", "elu", "sigmoid", "tanh", *SLOPE_NEEDS_X)
_SECOND_NAMES = {"swish": "silu"}

# The float32 numbers above 0 that kernels take neither for 0 nor for infinity.
_SMALLEST, _LARGEST = 2.0**-126, 2.0**128 - 2.0**104


def activation_attributes(
    op: str, name: Any, negative_slope: Any = 0.2, alpha: Any = 1.0
) -> dict[str, Any]:
    """The attributes by which an op applies an activation to its result."""
    if name is None:
        return {}
    if isinstance(name, str):
        name = _SECOND_NAMES.get(name, name)
    if not isinstance(name, str) or name not in _NAMES:
        known = ", ".join(_NAMES)
        raise ValueError(f"{op}: activation must be one of {known}, got {kind_or_value(name)}")
    if name == "linear":
        return {}
    if name == "elu":
        return {"activation": name, "alpha": elu_alpha(op, alpha)}
    if name != "leaky_relu":
        return {"activation": name}
    slope = number(op, "negative_slope", negative_slope)
    if not slope >= 0:
        raise ValueError(f"{op}: negative_slope must be >= 0, got {slope}")
    return {"activation": name, "negative_slope": slope}


def elu_alpha(op: str, value: Any) -> float:
    """The ``alpha`` of an ELU, checked."""
    alpha = number(op, "alpha", value)
    if not _SMALLEST <= alpha <= _LARGEST:
        raise ValueError(f"{op}: alpha must be finite and > 0 (2^-126 at least), got {alpha}")
    return alpha


def _forward(name: str, x: Tensor, out: Out, **options: Any) -> Tensor:
    attributes = activation_attributes(name, name, **options)
    return run("activation", [floats(name, "x", x)], attributes, out, caller=name)[0]


def _backward(
    name: str, dy: Tensor, y: Tensor, out: Out, given: str = "y", **options: Any
) -> Tensor:
    op = f"{name}_backward"
    attributes = activation_attributes(op, name, **options)
    operands = [floats(op, "dy", dy), floats(op, given, y)]
    return run("activation_backward", operands, attributes, out, caller=op)[0]


def linear(x: Tensor) -> Tensor:
    """The identity: ``y = x``.

    Shapes:
        x and y of one shape

    >>> import numpy as np
    >>> from brasa import ops
    >>> ops.linear(np.array([-2.0, 3.0]))
    array([-2.,  3.])
    """
    return x


def relu(x: Tensor, *, out: Out = None) -> Tensor:
    """Rectifier: ``y = max(x, 0)``. NaN passes through.

    Shapes:
        x and y of one shape

    >>> from brasa import ops
    >>> ops.relu([-1.0, 0.0, 2.0])
    array([0., 0., 2.], dtype=float32)
    """
    return _forward("relu", x, out)


def relu_backward(dy: Tensor, y: Tensor, *, out: Out = None) -> Tensor:
    """``dx = dy`` where ``y > 0``, else 0; ``y`` is what ``relu`` returned.

    Shapes:
        dy, y and dx of one shape

    >>> import numpy as np
    >>> from brasa import ops
    >>> y = ops.relu(np.array([-2, 0, 3], np.float32))
    >>> ops.relu_backward(np.ones(3, np.float32), y)
    array([0., 0., 1.], dtype=float32)
    """
    return _backward("relu", dy, y, out)


def leaky_relu(x: Tensor, negative_slope: float = 0.2, *, out: Out = None) -> Tensor:
    """``y = x`` where ``x > 0``, else ``negative_slope * x``; the slope is at least 0.

    Shapes:
        x and y of one shape

    >>> from brasa import ops
    >>> ops.leaky_relu([-2.0, 3.0], negative_slope=0.5)
    array([-1.,  3.], dtype=float32)
    """
    return _forward("leaky_relu", x, out, negative_slope=negative_slope)


def leaky_relu_backward(
    dy: Tensor, y: Tensor, negative_slope: float = 0.2, *, out: Out = None
) -> Tensor:
    """``dx = dy`` where ``y > 0``, else ``negative_slope * dy``.

    Shapes:
        dy, y and dx of one shape

    >>> import numpy as np
    >>> from brasa import ops
    >>> y = ops.leaky_relu(np.array([-2, 3], np.float32), 0.25)
    >>> ops.leaky_relu_backward(np.ones(2, np.float32), y, 0.25)
    array([0.25, 1.  ], dtype=float32)
    """
    return _backward("leaky_relu", dy, y, out, negative_slope=negative_slope)


def elu(x: Tensor, alpha: float = 1.0, *, out: Out = None) -> Tensor:
    """Exponential linear unit: ``y = x`` where ``x > 0``, else ``alpha * (exp(x) - 1)``.

    Within 4 ulp, near 0 too. NaN passes through, -inf gives ``-alpha``. Source:
    Clevert, Unterthiner, Hochreiter, ICLR 2016, arXiv:1511.07289.

    Raises:
        ValueError: ``alpha`` is not finite and above 0. TypeError: it is no number.

    Shapes:
        x and y of one shape

    >>> from brasa import ops
    >>> ops.elu([-1.0, 0.0, 3.0], alpha=2.0)
    array([-1.2642411,  0.       ,  3.       ], dtype=float32)
    """
    return _forward("elu", x, out, alpha=alpha)


def elu_backward(dy: Tensor, y: Tensor, alpha: float = 1.0, *, out: Out = None) -> Tensor:
    """``dx = dy`` where ``y > 0``, else ``dy * (y + alpha)``; ``y`` is what ``elu`` returned.

    So at ``y == 0`` it is that of the negative side, ``alpha * dy``.

    Shapes:
        dy, y and dx of one shape

    >>> import numpy as np
    >>> from brasa import ops
    >>> y = ops.elu(np.array([-20, 0, 3], np.float32))
    >>> ops.elu_backward(np.ones(3, np.float32), y).round(4)
    array([0., 1., 1.], dtype=float32)
    """
    return _backward("elu", dy, y, out, alpha=alpha)


def sigmoid(x: Tensor, *, out: Out = None) -> Tensor:
    """Logistic function: ``y = 1 / (1 + exp(-x))``, within 4 ulp.

    Shapes:
        x and y of one shape

    >>> from brasa import ops
    >>> ops.sigmoid([0.0])
    array([0.5], dtype=float32)
    """
    return _forward("sigmoid", x, out)


def sigmoid_backward(dy: Tensor, y: Tensor, *, out: Out = None) -> Tensor:
    """``dx = dy * y * (1 - y)``; ``y`` is what ``sigmoid`` returned.

    Shapes:
        dy, y and dx of one shape

    >>> import numpy as np
    >>> from brasa import ops
    >>> y = ops.sigmoid(np.zeros(1, np.float32))
    >>> ops.sigmoid_backward(np.ones(1, np.float32), y)
    array([0.25], dtype=float32)
    """
    return _backward("sigmoid", dy, y, out)


def tanh(x: Tensor, *, out: Out = None) -> Tensor:
    """Hyperbolic tangent, within 4 ulp.

    Shapes:
        x and y of one shape

    >>> from brasa import ops
    >>> ops.tanh([0.0])
    array([0.], dtype=float32)
    """
    return _forward("tanh", x, out)


def tanh_backward(dy: Tensor, y: Tensor, *, out: Out = None) -> Tensor:
    """``dx = dy * (1 - y^2)``; ``y`` is what ``tanh`` returned.

    Shapes:
        dy, y and dx of one shape

    >>> import numpy as np
    >>> from brasa import ops
    >>> ops.tanh_backward(np.ones(2, np.float32), np.array([0, 0.5], np.float32))
    array([1.  , 0.75], dtype=float32)
    """
    return _backward("tanh", dy, y, out)


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
    return _forward(_gelu_form("gelu", approximate), x, out)


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
    return _backward(_gelu_form("gelu_backward", approximate), dy, x, out, given="x")


def gelu_tanh(x: Tensor, *, out: Out = None) -> Tensor:
    """``gelu(x, approximate=True)``, under a name that ``activation=`` arguments take.

    Shapes:
        x and y of one shape

    >>> from brasa import ops
    >>> ops.gelu_tanh([-1.0, 0.0, 3.0]).round(4)
    array([-0.1588,  0.    ,  2.9964], dtype=float32)
    """
    return _forward("gelu_tanh", x, out)


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
    return _forward("silu", x, out)


def silu_backward(dy: Tensor, x: Tensor, *, out: Out = None) -> Tensor:
    """``dx = dy * s * (1 + x * (1 - s))``, ``s = sigmoid(x)``; takes ``x``, not ``y``.

    Shapes:
        dy, x and dx of one shape

    >>> import numpy as np
    >>> from brasa import ops
    >>> ops.silu_backward(np.ones(3, np.float32), np.array([-99, 0, 99], np.float32)).round(4) + 0
    array([0. ,  0.5,  1. ], dtype=float32)
    """
    return _backward("silu", dy, x, out, given="x")


swish = silu


def activation(
    x: Tensor, name: str | None, negative_slope: float = 0.2, alpha: float = 1.0
) -> Tensor:
    """Apply an activation by name.

    linear, relu, leaky_relu, elu, sigmoid, tanh, gelu, gelu_tanh, silu (or swish) or softmax.

    Shapes:
        x and y of one shape; softmax is over the last axis

    >>> import numpy as np
    >>> from brasa import ops
    >>> x = np.array([-2, 0, 3], np.float32)
    >>> ops.activation(x, "leaky_relu", negative_slope=0.5)
    array([-1.,  0.,  3.], dtype=float32)
    """
    if isinstance(name, str) and name == "softmax":
        return softmax(x)
    attributes = activation_attributes("activation", name, negative_slope, alpha)
    return run("activation", [floats("activation", "x", x)], attributes)[0] if attributes else x
