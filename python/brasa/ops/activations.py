"""Element-wise activations whose gradient follows from y. Contract: csrc/ops/activation.h."""

from __future__ import annotations

from brasa.ops.activation_attributes import activated, activation_attributes, activation_gradient
from brasa.ops.dispatch import Out, Tensor, floats, run
from brasa.ops.softmax import softmax


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
    return activated("relu", x, out)


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
    return activation_gradient("relu", dy, y, out)


def leaky_relu(x: Tensor, negative_slope: float = 0.2, *, out: Out = None) -> Tensor:
    """``y = x`` where ``x > 0``, else ``negative_slope * x``; the slope is at least 0.

    Shapes:
        x and y of one shape

    >>> from brasa import ops
    >>> ops.leaky_relu([-2.0, 3.0], negative_slope=0.5)
    array([-1.,  3.], dtype=float32)
    """
    return activated("leaky_relu", x, out, negative_slope=negative_slope)


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
    return activation_gradient("leaky_relu", dy, y, out, negative_slope=negative_slope)


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
    return activated("elu", x, out, alpha=alpha)


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
    return activation_gradient("elu", dy, y, out, alpha=alpha)


def sigmoid(x: Tensor, *, out: Out = None) -> Tensor:
    """Logistic function: ``y = 1 / (1 + exp(-x))``, within 4 ulp.

    Shapes:
        x and y of one shape

    >>> from brasa import ops
    >>> ops.sigmoid([0.0])
    array([0.5], dtype=float32)
    """
    return activated("sigmoid", x, out)


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
    return activation_gradient("sigmoid", dy, y, out)


def tanh(x: Tensor, *, out: Out = None) -> Tensor:
    """Hyperbolic tangent, within 4 ulp.

    Shapes:
        x and y of one shape

    >>> from brasa import ops
    >>> ops.tanh([0.0])
    array([0.], dtype=float32)
    """
    return activated("tanh", x, out)


def tanh_backward(dy: Tensor, y: Tensor, *, out: Out = None) -> Tensor:
    """``dx = dy * (1 - y^2)``; ``y`` is what ``tanh`` returned.

    Shapes:
        dy, y and dx of one shape

    >>> import numpy as np
    >>> from brasa import ops
    >>> ops.tanh_backward(np.ones(2, np.float32), np.array([0, 0.5], np.float32))
    array([1.  , 0.75], dtype=float32)
    """
    return activation_gradient("tanh", dy, y, out)


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
