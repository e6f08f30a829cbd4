"""Names that users type: finding what they mean, or the nearest thing to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

T = TypeVar("T")


def unknown(what: str, name: str, known: Iterable[str]) -> ValueError:
    """The error for a name that is none of ``known``: suggests the nearest, lists them all.

    >>> from brasa.suggest import unknown
    >>> print(unknown("loss", "msee", ["mae", "mse"]))
    loss 'msee' is unknown. Did you mean 'mse'? Known: mae, mse
    """
    import difflib

    names = list(known)
    by_plain = {_plain(entry): entry for entry in names}
    near = difflib.get_close_matches(_plain(name), by_plain, n=1)
    hint = f" Did you mean {by_plain[near[0]]!r}?" if near else ""
    return ValueError(f"{what} {name!r} is unknown.{hint} Known: {', '.join(names)}")


def find(what: str, name: str, table: Mapping[str, T]) -> T:
    """The entry of a table; case and underscores do not count. ValueError for unknown names.

    >>> from brasa.suggest import find
    >>> find("number", "FortyTwo", {"forty_two": 42})
    42
    """
    for key, entry in table.items():
        if _plain(key) == _plain(name):
            return entry
    raise unknown(what, name, table)


def _plain(name: str) -> str:
    return name.lower().replace("_", "")
