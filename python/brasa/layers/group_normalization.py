"""Group normalization."""

from __future__ import annotations

from typing import Any

from brasa import ops
from brasa.layers.arguments import known
from brasa.layers.axes import back, counted, to_the_end
from brasa.layers.sample_normalization import SampleNormalization
from brasa.ops.arguments import whole
from brasa.ops.dispatch import Tensor


class GroupNormalization(SampleNormalization):
    """Normalize each group of channels of each sample, then scale and shift each channel.

    The channels are cut into groups of neighbours. A group has one mean and one variance over its
    channels at all positions of a sample: training and later use compute the same, whatever the
    batch. One group takes all of a sample together; as many as channels are instance
    normalization. A mask goes on; steps that it leaves out count in the statistics, as in Keras.

    Shapes:
        x and y (N, ..., C), or with C at ``axis``; gamma, beta (C,)

    Args:
        groups: How many, a divisor of C. Default 32. -1: each channel is a group of its own.
        axis: The channels: one axis, but not that of the samples. Default the last, -1.
        epsilon: Added to the variance, > 0. Default 1e-3.
        center: Have a beta. Default True.
        scale: Have a gamma. Default True.
        beta_initializer: Default "zeros"; likewise gamma_initializer "ones".
        beta_regularizer: What a large beta adds to the loss: see Dense. Default none; likewise
            gamma_regularizer.
        **options: beta_constraint, gamma_constraint (see :mod:`brasa.constraints`), name,
            trainable, input_shape.

    Raises:
        ValueError: an argument is out of range. TypeError: of another type.

    Source: Wu and He, arXiv:1803.08494; with groups=-1 Ulyanov et al., arXiv:1607.08022.

    >>> from brasa import layers
    >>> layers.GroupNormalization(2, epsilon=1e-9)([[1.0, 3.0, 50.0, 10.0]])
    array([[-1.,  1.,  1., -1.]], dtype=float32)
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(
            epsilon,
            center,
            scale,
            beta_initializer,
            gamma_initializer,
            beta_regularizer,
            gamma_regularizer,
            **options,
        )
        own = "GroupNormalization"
        self.groups, self.axis = whole(own, "groups", groups), whole(own, "axis", axis)
        if self.groups < 1 and self.groups != -1:
            raise ValueError(
                f"{own}: groups must be >= 1, or -1 for as many as channels, got {groups}"
            )

    def build(self, input_shape: Any) -> None:
        if isinstance(input_shape, list) or len(input_shape) < 2:
            raise ValueError("expected an input of rank 2 or more (N, ..., C)")
        (axis,) = counted([self.axis], len(input_shape))
        channels = known("the number of channels", input_shape[axis])
        if channels % self.groups != 0:
            raise ValueError(
                f"{channels} channels cannot be cut into {self.groups} groups of equal size"
            )
        self.add_gamma_and_beta((channels,))

    def call(self, x: Tensor) -> Tensor:
        axes = counted([self.axis], len(x.shape))
        x = to_the_end(x, axes)
        groups = x.shape[-1] if self.groups == -1 else self.groups
        return back(ops.group_norm(x, groups, self.gamma, self.beta, self.epsilon), axes)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "groups": self.groups, "axis": self.axis}
