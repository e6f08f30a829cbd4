"""Dropout for networks that normalize themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from brasa import ops
from brasa.layers.dropout import Dropout, ones_of
from brasa.ops.dispatch import Tensor

# What SELU tends to on the left: -scale * alpha, the constants of its source.
_DROPPED = -1.0507009873554804934193349852946 * 1.6732632423543772848170429916717


class AlphaDropout(Dropout):
    """Dropout that keeps mean 0 and variance 1, for SELU: ``y = a (x m + d (1 - m)) + b``.

    m is 1 with probability ``1 - rate``, else 0, and d = -1.7581 is what SELU gives far on the
    left; ``a = ((1 - rate) (1 + rate d^2))^(-1/2)`` and ``b = -a d rate``. Outside training
    ``y = x``.

    Shapes:
        x and y of any one shape

    Args:
        rate: Share of the values to set to d, in [0, 1).
        noise_shape: The shape of the mask, as for :class:`Dropout`. Default None: that of x.
        seed: Chooses other masks for this layer, as for :class:`Dropout`.
        **options: name, trainable, input_shape.

    Raises:
        ValueError: rate or seed is out of range, or noise_shape does not fit x. TypeError: it is no
            number, or no tuple of them.

    Source: Klambauer et al., NeurIPS 2017, arXiv:1706.02515.

    >>> import numpy as np
    >>> from brasa import layers
    >>> x = np.zeros((1, 1000), np.float32)
    >>> dropout = layers.AlphaDropout(0.5, seed=1)
    >>> np.unique(dropout(x, training=True)).round(3).astype(str).tolist(), bool(dropout(x).any())
    (['-0.779', '0.779'], False)
    """

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(rate, noise_shape, seed, **options)

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        shape = self._mask_shape(tuple(x.shape))
        if not training or self.rate == 0:
            return x
        kept = self._dropped(ones_of(x, shape))  # 1 / (1 - rate), or 0
        a = ((1 - self.rate) * (1 + self.rate * _DROPPED**2)) ** -0.5
        # a x m + a d (1 - m) + b, with m = (1 - rate) kept and b = -a d rate
        share = a * (1 - self.rate)
        moved = ops.scale(x, share, -share * _DROPPED)
        return ops.scale(ops.multiply(moved, kept), 1.0, a * _DROPPED * (1 - self.rate))
