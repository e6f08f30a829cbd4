"""Weights of PyTorch's modules, in brasa's order and layout."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Of a module with statistics, a normalization; others have the first two.
_SUFFIXES = ("weight", "bias", "running_mean", "running_var")


def weights_of_modules(
    tensors: Mapping[str, NDArray[Any]], modules: Iterable[str]
) -> list[NDArray[np.float32]]:
    """What ``set_weights`` takes, from the tensors of a ``state_dict``.

    Filters (K, C, R, S) become (R, S, C, K), dense weights (U, D) become (D, U); a normalization
    gives gamma, beta, mean, variance as they are. A dense layer behind a flattened image needs
    more: PyTorch flattens (C, H, W), brasa (H, W, C).

    Args:
        tensors: Arrays by name, as ``read_tensors`` gives them.
        modules: Names of convolutions, dense layers and normalizations, such as "layer1.0.conv1",
            in the order of the model's layers.

    Raises:
        ValueError: a module has no weights among the tensors.

    Example:
        >>> tensors = {"fc.weight": np.ones((10, 64)), "fc.bias": np.zeros(10)}
        >>> [weight.shape for weight in weights_of_modules(tensors, ["fc"])]
        [(64, 10), (10,)]
    """
    weights: list[NDArray[np.float32]] = []
    for module in modules:
        names = [f"{module}.{suffix}" for suffix in _SUFFIXES]
        found = [np.asarray(tensors[name], np.float32) for name in names if name in tensors]
        if not found:
            raise ValueError(f"weights_of_modules: no tensor is named {names[0]!r} or the like")
        # Scale and shift of a normalization over several axes lie as ours do.
        scales = len(found) > 1 and found[0].shape == found[1].shape
        weights += found if scales else [_in_our_layout(array) for array in found]
    return weights


def _in_our_layout(array: NDArray[np.float32]) -> NDArray[np.float32]:
    axes = {2: (1, 0), 4: (2, 3, 1, 0)}.get(array.ndim)
    return array if axes is None else np.transpose(array, axes)
