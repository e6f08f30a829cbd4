"""What a layer was first applied to, and what came out: the way to inner tensors of a model."""

from __future__ import annotations

from typing import Any

from brasa.layers.tensor import LayerCall


class FirstUse:
    """Base of layers: remembers the first call on outputs of other layers."""

    name: str
    _first_call: LayerCall | None

    @property
    def input(self) -> Any:
        """What the layer was first applied to: a tensor, or a list of them."""
        return self._first_use.inputs

    @property
    def output(self) -> Any:
        """What came out when it was first applied: ``Model(model.inputs, layer.output)``."""
        outputs = self._first_use.outputs
        return outputs[0] if len(outputs) == 1 else list(outputs)

    @property
    def _first_use(self) -> LayerCall:
        if self._first_call is None:
            raise AttributeError(f"layer {self.name!r} was not applied to a tensor yet")
        return self._first_call

    def __getstate__(self) -> dict[str, Any]:
        """What a copy begins with: everything but the model that the layer was put in first."""
        return {**vars(self), "_first_call": None}
