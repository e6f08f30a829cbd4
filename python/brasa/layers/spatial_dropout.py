"""Dropout of whole channels."""

from __future__ import annotations

from typing import Any, ClassVar

from brasa import ops
from brasa.layers.arguments import check_data_format, one_input
from brasa.layers.dropout import Dropout, ones_of_features
from brasa.ops.dispatch import Tensor


class _SpatialDropout(Dropout):
    rank: ClassVar[int]
    layout: ClassVar[str]

    def __init__(self, rate: float, seed: int | None = None, **options: Any) -> None:
        super().__init__(rate, seed=seed, **options)

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        if len(one_input(type(self).__name__, x).shape) != self.rank:
            raise ValueError(
                f"{type(self).__name__}: expected an input of rank {self.rank} {self.layout}, "
                f"got {tuple(x.shape)}"
            )
        if not training or self.rate == 0 or 0 in x.shape:
            return x
        kept = super().call(ones_of_features(x), training=True)
        between = (1,) * (self.rank - 2)
        return ops.multiply(x, ops.reshape(kept, (x.shape[0], *between, x.shape[-1])))


class SpatialDropout1D(_SpatialDropout):
    """Dropout of whole features: what is zeroed at one step of a sequence is zeroed at all.

    ``y[n, :, c] = x[n, :, c] / (1 - rate)`` with probability ``1 - rate``, else 0; outside training
    ``y = x``.

    Shapes:
        x and y (N, T, C)

    Args:
        rate: Share of the features to zero, in [0, 1).
        seed: As for :class:`Dropout`.
        **options: name, trainable, input_shape.

    Raises:
        ValueError: rate or seed is out of range, or x has another rank. TypeError: it is no number.

    Source: Tompson et al., CVPR 2015, arXiv:1411.4280.

    >>> import numpy as np
    >>> from brasa import layers
    >>> y = layers.SpatialDropout1D(0.5, seed=1)(np.ones((1, 2, 1000)), training=True)
    >>> bool((y[:, 0] == y[:, 1]).all()), sorted(set(y.ravel().tolist()))
    (True, [0.0, 2.0])
    """

    rank, layout = 3, "(N, T, C)"


class SpatialDropout2D(_SpatialDropout):
    """Dropout of whole channels of images: neighbours tell too much of a pixel that was zeroed.

    ``y[n, :, :, c] = x[n, :, :, c] / (1 - rate)`` with probability ``1 - rate``, else 0; outside
    training ``y = x``.

    Shapes:
        x and y (N, H, W, C)

    Args:
        rate: Share of the channels to zero, in [0, 1).
        data_format: None or "channels_last".
        seed: As for :class:`Dropout`.
        **options: name, trainable, input_shape.

    Raises:
        ValueError: an argument is out of range, or x has another rank. TypeError: it is no number.

    Source: Tompson et al., CVPR 2015, arXiv:1411.4280.

    >>> import numpy as np
    >>> from brasa import layers
    >>> y = layers.SpatialDropout2D(0.5, seed=1)(np.ones((1, 2, 2, 1000)), training=True)
    >>> bool((y == y[:, :1, :1]).all()), sorted(set(y.ravel().tolist()))
    (True, [0.0, 2.0])
    """

    rank, layout = 4, "(N, H, W, C)"

    def __init__(
        self,
        rate: float,
        data_format: str | None = None,
        seed: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(rate, seed=seed, **options)
        check_data_format("SpatialDropout2D", data_format)
