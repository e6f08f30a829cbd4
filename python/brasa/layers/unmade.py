"""What is asked of a layer whose constructor left out the base class's."""

from __future__ import annotations

from typing import Any


class _Unmade:
    """An attribute that ``Layer.__init__`` sets: its absence says what was forgotten."""

    def __get__(self, layer: object, cls: type) -> Any:
        if layer is None:
            return self
        raise RuntimeError(f"{cls.__name__}: call super().__init__() in __init__ first")


UNMADE: Any = _Unmade()
