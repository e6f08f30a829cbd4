"""Names that users type: finding what they mean, or the nearest thing to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")

# What optimizers were told once.
_RATES = {
    "lr": "it is called learning_rate",
    "decay": "learning_rate=schedules.InverseTimeDecay(rate, decay_steps=1, decay_rate=decay) "
    "does that to the rate, weight_decay= takes from the weights",
}

# More names than anyone reads.
_MANY = 30


def unknown(what: str, name: str, known: Iterable[str]) -> ValueError:
    """The error for a name that is none of ``known``: suggests the nearest, lists them all.

    Of many the three nearest alone, where some are near.

    >>> from brasa.suggest import unknown
    >>> print(unknown("loss", "msee", ["mae", "mse"]))
    loss 'msee' is unknown. Did you mean 'mse'? Known: mae, mse
    """
    import difflib

    names = list(known)
    by_plain = {_plain(entry): entry for entry in names}
    if len(names) > _MANY:
        near = difflib.get_close_matches(_plain(str(name)), by_plain, n=3)
        if near:
            *others, last = (repr(by_plain[key]) for key in near)
            meant = f"{', '.join(others)} or {last}" if others else last
            return ValueError(f"{what} {name!r} is unknown. Did you mean {meant}?")
    near = difflib.get_close_matches(_plain(str(name)), by_plain, n=1)
    hint = f" Did you mean {by_plain[near[0]]!r}?" if near else ""
    return ValueError(f"{what} {name!r} is unknown.{hint} Known: {', '.join(names)}")


def hint(names: Iterable[str], known: Iterable[str]) -> str:
    """What may be meant by the names that are none of ``known``, to end a message with.

    >>> from brasa.suggest import hint
    >>> hint(["scor"], ["score", "kind"])
    ". Did you mean 'score'?"
    """
    import difflib

    by_plain = {_plain(entry): entry for entry in known}
    strange = [name for name in names if name not in by_plain.values()]
    near = [difflib.get_close_matches(_plain(str(name)), by_plain, n=1) for name in strange]
    meant = dict.fromkeys(repr(by_plain[found[0]]) for found in near if found)
    return f". Did you mean {' and '.join(meant)}?" if meant else ""


def check_arguments(cls: type, given: Iterable[str]) -> None:
    """TypeError for arguments that a class of this package does not take: suggests the nearest.

    Python's own names the base class whose constructor refuses what came through ``**options``.
    """
    if not cls.__module__.startswith("brasa."):
        return  # constructors of others may do with **options what they like
    known = _arguments(cls)
    for name in given:
        if name not in known:
            raise no_such_argument(cls, name)


def no_such_argument(cls: type, name: str) -> TypeError:
    """The error for an argument that the class does not take: suggests the nearest."""
    known = _arguments(cls)
    if name in _RATES and "learning_rate" in known:
        return TypeError(f"{cls.__name__}: the argument {name!r} is unknown: {_RATES[name]}")
    return TypeError(str(unknown(f"{cls.__name__}: the argument", name, known)))


@cache
def _arguments(cls: type) -> tuple[str, ...]:
    """The names that the constructor takes, and those before it as long as it passes on."""
    import inspect

    names: dict[str, None] = {}
    for base in cls.__mro__:
        if "__init__" not in base.__dict__:
            continue
        parameters = list(inspect.signature(base.__dict__["__init__"]).parameters.values())[1:]
        names |= {
            p.name: None for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
        }
        if not any(p.kind is p.VAR_KEYWORD for p in parameters):
            break
    constraints = dict(getattr(cls, "_constrained", ()))  # layers take those by **options
    return (*names, *constraints)


def find(what: str, name: Any, table: Mapping[str, T]) -> T:
    """The entry of a table; case and underscores do not count. ValueError for unknown names.

    >>> from brasa.suggest import find
    >>> find("number", "FortyTwo", {"forty_two": 42})
    42
    """
    for key, entry in table.items():
        if isinstance(name, str) and _plain(key) == _plain(name):
            return entry
    raise unknown(what, name, table)


def _plain(name: str) -> str:
    return name.lower().replace("_", "")
