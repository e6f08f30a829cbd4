"""How many plans are kept: data of ever new shapes make ever new ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

K = TypeVar("K")
P = TypeVar("P")

# So many are kept in any case, beyond them the latest, up to a number and to their bytes in all.
_FEW_PLANS, _MOST_PLANS, _MOST_BYTES = 8, 512, 1 << 30


def forget_the_oldest(plans: dict[K, P], bytes_of: Callable[[P], int]) -> list[P]:
    """Take out those that are too many, the first that were made, and return them."""
    total = sum(map(bytes_of, list(plans.values())))  # other threads may add some
    forgotten: list[P] = []
    for key in list(plans):
        if len(plans) <= _FEW_PLANS or (len(plans) <= _MOST_PLANS and total <= _MOST_BYTES):
            break
        oldest = plans.pop(key, None)  # None: another thread forgot it meanwhile
        if oldest is not None:
            forgotten.append(oldest)
            total -= bytes_of(oldest)
    return forgotten
