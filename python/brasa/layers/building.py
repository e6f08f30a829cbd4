"""Weights made once, from the shape of the first input."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from brasa.graph.recording import recording
from brasa.layers.positional import built
from brasa.layers.unmade import UNMADE
from brasa.parameter import Parameter


class BuiltOnce:
    """Base of layers: calls their ``build`` where it was not yet."""

    name: str = UNMADE
    built: bool = UNMADE
    parameters: list[Parameter] = UNMADE

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "build" in cls.__dict__:
            cls.build = _built_once(cls.build)  # type: ignore[method-assign]

    def build(self, input_shape: Any) -> None:
        """Create the weights. ``input_shape`` has None for the batch; a list for several inputs."""

    def ensure_built(self, input_shape: Any) -> None:
        """Build once; errors say which layer and which shape."""
        if self.built:
            return
        try:
            with recording(None):  # what build computes are values
                built(self.build, input_shape)
        except ValueError as error:
            self.built = False
            self.parameters.clear()
            raise ValueError(f"layer {self.name!r} for the input {input_shape}: {error}") from None
        self.built = True


def _built_once(build: Callable[..., None]) -> Callable[..., None]:
    """Users may call ``build``, too: the layer must not make its weights a second time."""

    @wraps(build)
    def run(self: BuiltOnce, *args: Any, **options: Any) -> None:
        if not self.built:
            build(self, *args, **options)
            self.built = True

    return run
