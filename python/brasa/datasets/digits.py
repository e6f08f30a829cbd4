"""The 1,797 handwritten digits of 8x8 pixels that come with the package: no download."""

from pathlib import Path

import numpy as np

from .idx import read_idx
from .splits import TrainTest

_FOLDER = Path(__file__).parent / "digits_data"


def load_digits(test_fraction: float = 0.2, seed: int = 0) -> TrainTest:
    """The UCI 8x8 digits, split at random with the same share of every class in both parts.

    A class of n images gives ``round(n * test_fraction)`` of them to the test part, at least 1 and
    at most n - 1. The split depends on the two arguments alone; both parts keep the original order.

    Shapes:
        x uint8 (N, 8, 8, 1) with values 0..16, y uint8 (N,) with values 0..9; 1,797 rows in all

    Args:
        test_fraction: Share of the test part, between 0 and 1.
        seed: Which random split, an integer of 0 to 2**32 - 1.

    Raises:
        TypeError: seed is not an integer, or test_fraction not a number.
        ValueError: test_fraction or seed is out of range.

    Source: E. Alpaydin and C. Kaynak, UCI Machine Learning Repository, 1998, CC BY 4.0; see
    ``digits_data/SOURCE.md``.

    Example:
        >>> (x, y), (x_test, y_test) = load_digits()
        >>> x.shape, x_test.shape, int(x.max())
        ((1438, 8, 8, 1), (359, 8, 8, 1), 16)
    """
    if isinstance(test_fraction, bool) or not isinstance(test_fraction, (int, float, np.number)):
        kind = type(test_fraction).__name__
        raise TypeError(f"load_digits: test_fraction must be a number, got {kind}")
    if not 0 < test_fraction < 1:
        raise ValueError(
            f"load_digits: test_fraction must lie between 0 and 1, exclusive, got {test_fraction}"
        )
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
        raise TypeError(f"load_digits: seed must be an integer, got {type(seed).__name__}")
    if not 0 <= seed < 2**32:
        raise ValueError(f"load_digits: seed must be in 0..2**32-1, got {seed}")

    x = read_idx(_FOLDER / "images-idx3-ubyte.gz", 3, "load_digits")[..., np.newaxis]
    y = read_idx(_FOLDER / "labels-idx1-ubyte.gz", 1, "load_digits")
    # RandomState, because NumPy promises that its stream never changes.
    random = np.random.RandomState(int(seed))
    is_test = np.zeros(len(y), bool)
    for digit in range(10):
        rows = random.permutation(np.flatnonzero(y == digit))
        count = min(max(round(len(rows) * float(test_fraction)), 1), len(rows) - 1)
        is_test[rows[:count]] = True
    return (x[~is_test], y[~is_test]), (x[is_test], y[is_test])
