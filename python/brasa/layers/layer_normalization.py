"""Layer normalization."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from brasa import ops
from brasa.layers.arguments import known
from brasa.layers.axes import back, counted, to_the_end
from brasa.layers.sample_normalization import SampleNormalization
from brasa.ops.arguments import whole
from brasa.ops.dispatch import Tensor


class LayerNormalization(SampleNormalization):
    """Normalize the features of each sample to mean 0 and variance 1, then scale and shift them.

    Samples, and steps of a sequence, have statistics of their own: training and later use compute
    the same, whatever the batch, even a batch of one.

    Shapes:
        x and y (N, ..., C); gamma, beta (C,), or the extents of all axes of ``axis`` in
        the order of x

    Args:
        axis: The features: one axis or several, such as ``[1, -1]``, but not that of the samples.
            Default the last, -1.
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

    Source: Ba, Kiros and Hinton, arXiv:1607.06450.

    >>> from brasa import layers
    >>> layers.LayerNormalization(epsilon=1e-9)([[1.0, 3.0], [50.0, 10.0]])
    array([[-1.,  1.],
           [ 1., -1.]], dtype=float32)
    """

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
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
        own = "LayerNormalization"
        self.axis = (
            [whole(own, "axis", entry) for entry in axis]
            if isinstance(axis, (list, tuple))
            else whole(own, "axis", axis)
        )

    def build(self, input_shape: Any) -> None:
        if isinstance(input_shape, list) or len(input_shape) < 2:
            raise ValueError("expected an input of rank 2 or more (N, ..., C)")
        rank = len(input_shape)
        shape = tuple(
            known(f"the extent of axis {axis - rank}", input_shape[axis])
            for axis in self._axes(rank)
        )
        self.add_gamma_and_beta(shape)

    def call(self, x: Tensor) -> Tensor:
        axes = self._axes(len(x.shape))
        x, features = to_the_end(x, axes), list(range(-len(axes), 0))
        return back(ops.layer_norm(x, self.gamma, self.beta, self.epsilon, features), axes)

    def _axes(self, rank: int) -> tuple[int, ...]:
        return counted(self.axis if isinstance(self.axis, list) else [self.axis], rank)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}
