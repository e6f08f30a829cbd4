"""Functions of the user's own in layers: by themselves, and by name in files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from brasa.layers.sharing import custom_object, reads
from brasa.suggest import find

Function = Callable[..., Any]


def function_named(owner: str, name: str, known: Mapping[str, Function]) -> Function:
    """The function of that name: a known one, or of the ``custom_objects`` of what is loaded.

    Raises:
        ValueError: there is none; the message suggests the nearest.
    """
    own = custom_object(name)
    if own is not None and not isinstance(own, type):
        return own  # type: ignore[no-any-return]
    try:
        return find(owner, name, known)
    except ValueError as error:
        text = str(error) if known else f"{owner} {name!r} is unknown"
        hint = f"; a function of your own comes by custom_objects={{{name!r}: ...}}"
        raise ValueError(f"{text}{hint if reads() else ''}") from None


def name_of_function(owner: str, function: Function, known: Mapping[str, Function]) -> str:
    """What files call a function; ValueError where that would not lead back to it."""
    for name, other in known.items():
        if function is other:
            return name
    name = getattr(function, "__name__", "")
    if not name.isidentifier() or name in known:
        raise ValueError(
            f"{owner}: files cannot hold the function {function!r}: one with a name of its own is "
            "given back by custom_objects. save_weights() and load_weights() work"
        )
    return str(name)
