"""Averages of weights, and the weights: one takes the place of the other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from brasa.arrays import FloatArray
from brasa.optimizers.phase import AVERAGE, Phased
from brasa.parameter import Parameter


class HasAverages(Phased):
    """Base of optimizers: sets weights to their averages, with ``use_ema``."""

    _is_swapped = False

    def finalize_variable_values(self, var_list: Iterable[Any] | None = None) -> None:
        """With ``use_ema``: set weights to their averages. ``fit`` calls it when it ends.

        Args:
            var_list: Weights. Default: all that the optimizer has averages of.

        Raises:
            ValueError: a weight has no average: the optimizer did not train it.

        >>> from brasa import layers, optimizers
        >>> layer = layers.Dense(1, use_bias=False, kernel_initializer="ones")
        >>> layer.build((None, 1))
        >>> optimizer = optimizers.SGD(0.25, use_ema=True, ema_momentum=0.5)
        >>> for _ in range(2):
        ...     optimizer.apply([[[2.0]]], layer.weights)  # 0.5, then 0
        >>> optimizer.finalize_variable_values(layer.weights)
        >>> layer.get_weights()
        [array([[0.25]], dtype=float32)]
        """
        for weight, average in self._averages("finalize_variable_values", var_list):
            if self._is_swapped:  # then the weights are right, and the averages follow
                average[...] = weight.value
            else:
                weight.assign(average)
        self._is_swapped = False

    def swap_averages(self) -> None:
        """With ``use_ema``: have all weights and their averages change places, or back again.

        :class:`~brasa.callbacks.SwapEMAWeights` calls it around evaluations.
        """
        for weight, average in self._averages("swap_averages", None):
            before = weight.numpy()
            weight.assign(average)
            average[...] = before
        self._is_swapped = not self._is_swapped

    @property
    def is_swapped(self) -> bool:
        """Whether weights and averages have changed places."""
        return self._is_swapped

    def _averages(
        self, method: str, weights: Iterable[Any] | None
    ) -> list[tuple[Parameter, FloatArray]]:
        """The weights with their averages, to be written; ValueError for one without."""
        own = f"{type(self).__name__}.{method}"
        if not self.use_ema:
            return []
        known = self.trained()
        chosen = known if weights is None else list(weights)
        for weight in chosen:
            if not isinstance(weight, Parameter):
                raise TypeError(f"{own}: wanted weights of layers, got {type(weight).__name__}")
            if weight not in known:
                raise ValueError(
                    f"{own}: there is no average of {weight.name!r}, which it never saw"
                )
        place = self.buffers.index(AVERAGE)
        return [(weight, self.remembered(weight)[place]) for weight in chosen]
