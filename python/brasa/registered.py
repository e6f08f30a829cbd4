"""Classes and functions of the user's own that files may name without ``custom_objects``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

T = TypeVar("T")

_REGISTERED: dict[str, Any] = {}
_IN_SCOPE: ContextVar[Mapping[str, Any] | None] = ContextVar("custom_objects", default=None)


def register_keras_serializable(
    package: str = "Custom", name: str | None = None
) -> Callable[[T], T]:
    """A decorator: files that hold this class or function are loaded without ``custom_objects``.

    Files know them by their own names, and brasa's classes come first. A name is registered again
    where its module is run again, as in a notebook.

    Args:
        package: Whose it is, "Custom" by default.
        name: What it is registered as. Default: its own name.

    Raises:
        TypeError: it is no class or function, or a class without ``get_config``. ValueError:
            another package has registered the name.

    >>> from brasa import layers, utils
    >>> @utils.register_keras_serializable(package="mine")
    ... class Halved(layers.Layer):
    ...     def call(self, x):
    ...         return 0.5 * x
    >>> layers.deserialize({"class_name": "Halved", "config": {"name": "h"}})
    <Halved 'h'>
    >>> utils.get_registered_name(Halved)
    'mine>Halved'
    """
    given: Any
    for what, given in (("package", package), ("name", name)):
        if not isinstance(given, (str, type(None))) or given == "":
            raise TypeError(
                f"register_keras_serializable: {what} must be a name, got {given!r}: it is called "
                "with brackets, @register_keras_serializable()"
            )

    def register(item: Any) -> Any:
        own = getattr(item, "__name__", None)
        if own is None or not callable(item):
            raise TypeError(
                f"register_keras_serializable: wanted a class or a function, got {item!r}"
            )
        if isinstance(item, type) and not hasattr(item, "get_config"):
            raise TypeError(f"register_keras_serializable: {own} needs a get_config()")
        key = f"{package}>{own if name is None else name}"
        for other, known in _REGISTERED.items():
            if other != key and _named(other, known) == own and known is not item:
                raise ValueError(
                    f"register_keras_serializable: files know classes by their names, and {own!r} "
                    f"is registered as {other!r}: give the class another name"
                )
        _REGISTERED[key] = item
        return item

    return register


def get_custom_objects() -> dict[str, Any]:
    """All that is registered, by name: what is put in counts, too."""
    return _REGISTERED


def get_registered_name(item: Any) -> str:
    """The name that a class or function was registered as; its own where it was not."""
    found = next((key for key, known in _REGISTERED.items() if known is item), None)
    return str(item.__name__) if found is None else found


def get_registered_object(name: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """What a name stands for: in a scope, registered, or in ``custom_objects``; None for none."""
    places = (in_scope(None), _REGISTERED, custom_objects or {})
    return next((place[name] for place in places if name in place), None)


@contextmanager
def custom_object_scope(*objects: Mapping[str, Any]) -> Iterator[None]:
    """In the block these are known by their names, as if ``custom_objects`` had them.

    Raises:
        TypeError: one is no dictionary.

    >>> from brasa import layers, utils
    >>> class Third(layers.Layer):
    ...     pass
    >>> with utils.custom_object_scope({"Third": Third}):
    ...     layers.deserialize({"class_name": "Third", "config": {"name": "t"}})
    <Third 't'>
    """
    for given in objects:
        if not isinstance(given, Mapping):
            raise TypeError(f"custom_object_scope: wanted a dictionary by name, got {given!r}")
    inside = in_scope(None)
    for given in objects:
        inside |= given
    token = _IN_SCOPE.set(inside)
    try:
        yield
    finally:
        _IN_SCOPE.reset(token)


CustomObjectScope = custom_object_scope


def by_name() -> dict[str, Any]:
    """What is registered, by the names that files have."""
    return {_named(key, item): item for key, item in _REGISTERED.items()}


def in_scope(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """``custom_objects``, and those of the scopes around the call."""
    return {**(_IN_SCOPE.get() or {}), **(given or {})}


def _named(key: str, item: Any) -> str:
    return str(getattr(item, "__name__", key)) if ">" in key else key
