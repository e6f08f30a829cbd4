"""The global source of randomness: a seed, and how often it was drawn from."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brasa.ops.arguments import whole

# Plans hold the seed in an int64.
_SEEDS = 1 << 63


def check_seed(op: str, value: Any) -> int:
    """A whole number in [0, 2**63); TypeError or ValueError for anything else."""
    seed = whole(op, "seed", value)
    if not 0 <= seed < _SEEDS:
        raise ValueError(f"{op}: seed must be >= 0 and below 2**63, got {seed}")
    return seed


def _started(seed: int) -> tuple[int, Iterator[int]]:
    # Draw 0 belongs to `generator(seed)`, so that no initializer with a seed of its own repeats a
    # global draw.
    return seed, count(1)


# One object holds both, so that threads see either the old pair or the new one.
_source = _started(int.from_bytes(os.urandom(8), "little") % _SEEDS)


def set_seed(seed: int) -> None:
    """Make everything random from here on repeatable: weights, shuffling, dropout, augmentation.

    Without it each process draws a seed from the operating system.

    Args:
        seed: A whole number in [0, 2**63).

    >>> import brasa
    >>> from brasa import initializers
    >>> brasa.set_seed(1)
    >>> first = initializers.get("he_normal")((2, 2))
    >>> brasa.set_seed(1)
    >>> bool((initializers.get("he_normal")((2, 2)) == first).all())
    True
    """
    global _source  # noqa: PLW0603
    _source = _started(check_seed("set_seed", seed))


def current_seed() -> int:
    """The seed in use: that of ``set_seed``, or the operating system's."""
    return _source[0]


def generator(seed: int, draw: int = 0) -> np.random.Generator:
    """Random numbers that depend on (seed, draw) alone, and not on what was drawn before.

    Source: Philox4x64, Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC'11.
    """
    return np.random.Generator(np.random.Philox(key=np.array([seed, draw], np.uint64)))


def next_generator() -> np.random.Generator:
    """Fresh random numbers of the global seed; every call counts one draw."""
    seed, draws = _source
    return generator(seed, next(draws))


def next_numbers() -> NDArray[np.int64]:
    """What a plan takes as seed and step that draws and does not train: each call is a step.

    A generator for each would take longer than a small plan runs.
    """
    seed, draws = _source
    return np.array([_seed_of_plans(seed), next(draws)], np.int64)


@lru_cache(maxsize=16)
def _seed_of_plans(seed: int) -> int:
    return int(generator(seed, (1 << 64) - 1).integers(_SEEDS))
