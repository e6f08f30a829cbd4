"""How often layers in use were set otherwise: what plans hold of them may be old by then."""

from __future__ import annotations

from typing import Any

# What a layer may say of itself without another plan: trainable counts from compile() on, and
# whose states a layer holds changes with every sequence.
_NO_SETTINGS = frozenset(
    {"name", "trainable", "built", "named_by_user", "named_by_model", "state_batch"}
)
_PLAIN = (bool, int, float, str, type(None))


class _Count:
    now = 0


def settings() -> int:
    """A number that is another one after a layer in use was set otherwise."""
    return _Count.now


def note_setting(name: str, before: Any, value: Any) -> None:
    """Have plans be made anew after the attribute of a layer became another.

    Attributes with an underscore are a layer's own affair. Called once the attribute is set: plans
    under the new number have then seen it.
    """
    if name.startswith("_") or name in _NO_SETTINGS or before is value:
        return
    if type(before) is type(value) and isinstance(value, _PLAIN) and before == value:
        return
    _Count.now += 1
