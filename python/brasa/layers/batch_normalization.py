"""Batch normalization."""

from __future__ import annotations

from typing import Any

from brasa import initializers, ops, regularizers
from brasa.graph.symbol import Symbol
from brasa.layers.arguments import flag, known
from brasa.layers.axes import back, counted, to_the_end
from brasa.layers.base import Layer
from brasa.layers.running import running
from brasa.ops.arguments import number, whole
from brasa.ops.dispatch import Tensor
from brasa.parameter import Parameter


class BatchNormalization(Layer):
    """Normalize each channel to mean 0 and variance 1, then scale by gamma and shift by beta.

    Training uses the statistics of the batch, and each step of ``fit`` moves the moving ones:
    ``moving = moving * momentum + batch * (1 - momentum)``; so does ``model(x, training=True)`` on
    arrays. Everything else, and a layer with ``trainable=False``, uses the moving statistics. Put
    into a model with ``training=True``, as in pix2pix, it has the batch's in predictions, too,
    which move nothing. Steps that a mask leaves out do not count in
    the batch's statistics, and the mask goes on.

    Shapes:
        x and y (N, ..., C), or with C at ``axis``; gamma, beta, moving_mean, moving_variance (C,)

    Args:
        axis: The channels: one axis, but not that of the samples. Default the last, -1.
        momentum: Share of the moving statistics that a step keeps, in [0, 1]. Default 0.99.
        epsilon: Added to the variance, > 0. Default 1e-3.
        center: Have a beta. Default True.
        scale: Have a gamma. Default True.
        beta_initializer: Default "zeros"; likewise gamma_initializer "ones",
            moving_mean_initializer "zeros", moving_variance_initializer "ones".
        beta_regularizer: What a large beta adds to the loss: see Dense. Default none; likewise
            gamma_regularizer.
        **options: beta_constraint, gamma_constraint (see :mod:`brasa.constraints`), name,
            trainable, input_shape.

    Raises:
        ValueError: an argument is out of range. TypeError: of another type.

    Source: Ioffe and Szegedy, ICML 2015.

    >>> from brasa import layers
    >>> layers.BatchNormalization(epsilon=1e-9)([[1.0], [3.0]], training=True)
    array([[-1.],
           [ 1.]], dtype=float32)
    """

    supports_masking = True
    _constrained = (("gamma_constraint", "gamma"), ("beta_constraint", "beta"))
    gamma: Parameter | None = None
    beta: Parameter | None = None
    moving_mean: Parameter
    moving_variance: Parameter

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        own = "BatchNormalization"
        self.axis = whole(own, "axis", axis)
        self.momentum = number(own, "momentum", momentum)
        self.epsilon = number(own, "epsilon", epsilon)
        if not 0 <= self.momentum <= 1:
            raise ValueError(f"{own}: momentum must be in [0, 1], got {self.momentum}")
        if not self.epsilon > 0:
            raise ValueError(f"{own}: epsilon must be > 0, got {self.epsilon}")
        self.center, self.scale = flag(own, "center", center), flag(own, "scale", scale)
        self.initializers = {
            name: initializers.get(value, f"{own}: {name}_initializer")
            for name, value in (
                ("beta", beta_initializer),
                ("gamma", gamma_initializer),
                ("moving_mean", moving_mean_initializer),
                ("moving_variance", moving_variance_initializer),
            )
        }
        self.beta_regularizer = regularizers.get(beta_regularizer, f"{own}: beta_regularizer")
        self.gamma_regularizer = regularizers.get(gamma_regularizer, f"{own}: gamma_regularizer")

    def build(self, input_shape: Any) -> None:
        if isinstance(input_shape, list) or len(input_shape) < 2:
            raise ValueError("expected an input of rank 2 or more (N, ..., C)")
        (axis,) = counted([self.axis], len(input_shape))
        channels = (known("the number of channels", input_shape[axis]),)
        start = self.initializers
        if self.scale:
            self.gamma = self.add_weight("gamma", channels, start["gamma"], self.gamma_regularizer)
        if self.center:
            self.beta = self.add_weight("beta", channels, start["beta"], self.beta_regularizer)
        self.moving_mean = self.add_weight(
            "moving_mean", channels, start["moving_mean"], trainable=False
        )
        self.moving_variance = self.add_weight(
            "moving_variance", channels, start["moving_variance"], trainable=False
        )

    def call(self, x: Tensor, training: bool = False, mask: Tensor | None = None) -> Tensor:
        axes = counted([self.axis], len(x.shape))
        if mask is not None and training and axes[0] != len(x.shape) - 1:
            raise ValueError(
                f"with axis {self.axis} it takes no mask in training: a mask is for steps, and "
                "statistics that leave steps out for axis -1"
            )
        return back(self._normalized(to_the_end(x, axes), training, mask), axes)

    def _normalized(self, x: Tensor, training: bool, mask: Tensor | None) -> Tensor:
        """What ``call`` gives, for x with the channels last."""
        if not (training and self._moves(x)):
            return ops.batch_norm(
                x, self.gamma, self.beta, self.moving_mean, self.moving_variance, self.epsilon
            )
        if mask is None:
            y, mean, variance = ops.batch_norm_training(x, self.gamma, self.beta, self.epsilon)
        else:
            mean, variance = _moments(x, mask)
            y = ops.batch_norm(x, self.gamma, self.beta, mean, variance, self.epsilon)
        if isinstance(x, Symbol):
            x.graph.move(self.moving_mean, mean, self.momentum)
            x.graph.move(self.moving_variance, variance, self.momentum)
        return y

    def _moves(self, x: Tensor) -> bool:
        """Whether the layer is trained: what was so when compile() was called, counts."""
        if not isinstance(x, Symbol):
            return self.trainable
        own = {p for p in self.parameters if p.trainable}
        if own and x.graph.trainable is not None:
            return bool(own & x.graph.trainable)
        # In a frozen layer all layers are; the first that says so settles it.
        return all(x.graph.is_trained(layer) for layer in running())

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "axis": self.axis,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            **{
                f"{name}_initializer": initializers.serialize(initializer)
                for name, initializer in self.initializers.items()
            },
            "beta_regularizer": regularizers.serialize(self.beta_regularizer),
            "gamma_regularizer": regularizers.serialize(self.gamma_regularizer),
        }


def _moments(x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance of each channel over what the mask counts; 0 where it counts nothing."""
    channels = int(x.shape[-1])
    if tuple(mask.shape) != tuple(x.shape[: min(len(mask.shape), len(x.shape) - 1)]):
        raise ValueError(
            f"BatchNormalization: the mask must say of each step whether it counts, got one of "
            f"{tuple(mask.shape)} for x {tuple(x.shape)}"
        )
    shape = (*mask.shape, *[1] * (len(x.shape) - 1 - len(mask.shape)))  # (N, T) for images, too
    valid = ops.broadcast_to(ops.reshape(mask, shape), tuple(x.shape[:-1]))
    valid = ops.reshape(valid, (-1,))
    rows = ops.reshape(x, (valid.shape[0], channels))
    weights, _ = ops.mask_weights(valid)
    share = ops.reshape(ops.scale(weights, 1 / max(1, rows.shape[0])), (rows.shape[0], 1))

    def averaged(values: Tensor) -> Tensor:
        return ops.reshape(ops.broadcast_backward(values, (1, channels), share), (channels,))

    mean = averaged(ops.mask_rows(rows, valid))
    centered = ops.mask_rows(ops.add_bias(rows, ops.scale(mean, -1.0)), valid)
    return mean, averaged(ops.multiply(centered, centered))
