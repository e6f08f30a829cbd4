"""Layers and models that stand in several places: described once, and made once.

While one description is written or read, all calls of ``serialize`` and ``deserialize``, those in
``get_config`` and ``from_config`` of layers too, share one table of what was met.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from brasa import configurable
from brasa.layers.composed import Composed

_WRITTEN: ContextVar[dict[Any, dict[str, Any]] | None] = ContextVar("written", default=None)
_MADE: ContextVar[dict[Any, Any] | None] = ContextVar("made", default=None)


@contextmanager
def one_description(table: ContextVar[Any]) -> Iterator[Any]:
    """The table of the outermost block; it begins empty there."""
    found = table.get()
    if found is not None:
        yield found
        return
    token = table.set({})
    try:
        yield table.get()
    finally:
        table.reset(token)


def writing() -> Any:
    """The block writes one description."""
    return one_description(_WRITTEN)


def reading() -> Any:
    """The block reads one description."""
    return one_description(_MADE)


def serialize(item: Any) -> dict[str, Any]:
    """Class and arguments of a layer or model; ``shared`` is the number of what occurs twice.

    >>> from brasa import layers
    >>> layers.serialize(layers.ReLU(name="positive"))["config"]["name"]
    'positive'
    """
    with writing() as written:
        first: dict[str, Any] | None = written.get(item)
        if first is None:
            first = written[item] = _described(item)
            return first
        if "shared" not in first:
            first["shared"] = sum("shared" in other for other in written.values())
        return dict(first)


def _described(item: Any) -> dict[str, Any]:
    if not isinstance(item, Composed):
        return configurable.serialize(item)
    config = {k: v for k, v in item.description().items() if k != "own_steps"}  # of a part
    return {"class_name": config["class"], "config": config}  # files know brasa's classes alone


def reads() -> bool:
    """Whether a description is read now."""
    return _MADE.get() is not None


def custom_object(name: str) -> Any:
    """What ``custom_objects`` of the description that is read have under a name; None for none."""
    made = _MADE.get()
    return None if made is None else made.get("custom", {}).get(name)


def made_once(config: Any, make: Any) -> Any:
    """What ``make()`` returns, or what it returned for another mention of the same thing."""
    number = config.get("shared") if isinstance(config, Mapping) else None
    with reading() as made:
        if not isinstance(number, int):
            return make()
        if number not in made:
            made[number] = make()
        return made[number]
