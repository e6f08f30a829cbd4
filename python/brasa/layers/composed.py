"""What models are to layers, which know none of their classes."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from brasa.layers.added_losses import AddsLosses
from brasa.parameter import HasWeights


class Composed(AddsLosses, HasWeights):
    """What is made of layers, and none itself: models."""

    name: str

    @abstractmethod
    def __call__(self, x: Any, training: bool | None = None) -> Any:
        """Apply it, as a layer is."""

    @abstractmethod
    def description(self) -> dict[str, Any]:
        """What files hold of it but the weights; ``class`` is its name in ``MODELS``."""

    @classmethod
    @abstractmethod
    def from_config(cls, config: Any, custom_objects: Any = None) -> Composed:
        """What ``description`` said, with fresh weights."""

    @property
    @abstractmethod
    def parts(self) -> list[Any]:
        """The layers and models that it was made of; known before the input shape."""


# The classes of models, by their names in files: they enter themselves, as layers know none.
MODELS: dict[str, type[Composed]] = {}
