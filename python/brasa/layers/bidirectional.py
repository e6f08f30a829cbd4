"""A recurrent layer in both directions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from brasa import ops
from brasa.layers.added_losses import add_activity
from brasa.layers.initial_states import TakesStates, check_states, parted
from brasa.layers.over_time import OverTime
from brasa.layers.sharing import serialize
from brasa.ops.dispatch import Tensor
from brasa.parameter import Parameter
from brasa.suggest import find

_MERGES: dict[str, Callable[[Tensor, Tensor], Any]] = {
    "concat": lambda a, b: ops.concatenate([a, b]),
    "sum": ops.add,
    "mul": ops.multiply,
    "ave": lambda a, b: ops.scale(ops.add(a, b), 0.5),
}


class Bidirectional(TakesStates):
    """A recurrent layer that reads the sequence, and another one that reads it from its end.

    Shapes:
        x (N, T, D), or a list of it and the first states of both layers; y as the layer has it,
        with 2 units for "concat". Output t of both directions belongs to step t; those of masked
        steps are 0.

    Args:
        layer: A recurrent layer: what reads forwards.
        merge_mode: "concat" (default), "sum", "mul", "ave", or None for a list of both outputs.
        backward_layer: What reads backwards. Default: a second layer like the first.
        **options: name, trainable, input_shape.

    Raises:
        TypeError: ``layer`` is no recurrent layer. ValueError: the layers do not fit each other.

    Source: Schuster and Paliwal, IEEE Trans. Signal Processing 45(11), 1997; Keras's names.

    >>> import numpy as np
    >>> from brasa import layers
    >>> layers.Bidirectional(layers.LSTM(16))(np.zeros((2, 7, 3), np.float32)).shape
    (2, 32)
    """

    supports_masking = True

    def __init__(
        self,
        layer: OverTime,
        merge_mode: str | None = "concat",
        backward_layer: OverTime | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.merge_mode = merge_mode
        _merge(merge_mode)
        self.forward_layer = _recurrent("layer", layer)
        self.given = backward_layer is not None
        self.backward_layer = (
            _mirrored(layer)
            if backward_layer is None
            else _recurrent("backward_layer", backward_layer)
        )
        one, other = self.forward_layer, self.backward_layer
        if one.go_backwards == other.go_backwards:
            raise ValueError("Bidirectional: one layer must go backwards and the other forwards")
        for name in ("return_sequences", "return_state", "stateful"):
            if getattr(one, name) != getattr(other, name):
                raise ValueError(f"Bidirectional: both layers must have the same {name}")

    @property
    def both(self) -> tuple[OverTime, OverTime]:
        """The layer that reads forwards, and the one that reads backwards."""
        return self.forward_layer, self.backward_layer

    @property
    def trainable_weights(self) -> list[Parameter]:
        """Those of both layers, unless the wrapper is frozen."""
        return [p for layer in self.both for p in layer.trainable_weights if self.trainable]

    @property
    def non_trainable_weights(self) -> list[Parameter]:
        """All others."""
        chosen = self.trainable_weights
        return [p for p in self.parameters if p not in chosen]

    @property
    def state_count(self) -> int:
        """How many states both layers have."""
        return self.forward_layer.state_count + self.backward_layer.state_count

    def build(self, input_shape: Any) -> None:
        if isinstance(input_shape, list):
            check_states(self, len(input_shape) - 1)
            input_shape = input_shape[0]
        for layer, prefix in zip(self.both, ("forward", "backward"), strict=True):
            layer.ensure_built(input_shape)
            for parameter in layer.parameters:
                own = layer.name_of(parameter).rpartition("/")[2]
                self._name_inner(parameter, layer, f"{prefix}_{layer.name}/{own}")
        self.parameters = [p for layer in self.both for p in layer.parameters]

    def call(self, x: Any, training: bool = False, mask: Any = None) -> Any:
        x, first, mask = parted(x, mask)
        if first:
            check_states(self, len(first))
        half = self.forward_layer.state_count if first else 0
        outputs, states = [], []
        for layer, own in zip(self.both, (first[:half], first[half:]), strict=True):
            y, last = layer.run(x, own, mask, training)
            if layer.return_sequences and mask is not None:
                y = ops.mask_rows(y, mask)
            outputs.append(layer.outcome(y, last, mask))
            add_activity(layer, [outputs[-1], *(last if layer.return_state else [])])
            states += last
        y = _merge(self.merge_mode)(*outputs)
        if not self.forward_layer.return_state:
            return y
        return [*(y if isinstance(y, list) else [y]), *states]

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        mask = mask[0] if isinstance(mask, (list, tuple)) else mask
        mask = mask if self.forward_layer.return_sequences else None
        outputs = [mask] if self.merge_mode is not None else [mask, mask]
        if self.forward_layer.return_state:
            outputs += [None] * self.state_count
        return outputs[0] if len(outputs) == 1 else outputs

    def reset_states(self) -> None:
        """Begin both directions again from zeros."""
        for layer in self.both:
            layer.reset_states()

    def reset_state(self) -> None:
        """The same, as Keras 3 calls it."""
        self.reset_states()

    def get_config(self) -> dict[str, Any]:
        config: dict[str, Any] = {
            **super().get_config(),
            "layer": serialize(self.forward_layer),
            "merge_mode": self.merge_mode,
        }
        if self.given:
            config["backward_layer"] = serialize(self.backward_layer)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Bidirectional:
        """The layer that ``get_config`` described; those inside may be made already."""
        from brasa.layers import deserialize

        made: dict[str, Any] = {
            name: deserialize(config[name]) if isinstance(config[name], Mapping) else config[name]
            for name in ("layer", "backward_layer")
            if name in config
        }
        return cls(**{**config, **made})


def _both(a: Tensor, b: Tensor) -> list[Tensor]:
    return [a, b]


def _merge(mode: Any) -> Callable[[Tensor, Tensor], Any]:
    if mode is None:
        return _both
    if not isinstance(mode, str):
        raise TypeError(f"Bidirectional: merge_mode must be a name or None, got {mode!r}")
    return find("Bidirectional: merge_mode", mode, _MERGES)


def _recurrent(name: str, layer: Any) -> OverTime:
    if not isinstance(layer, OverTime):
        raise TypeError(f"Bidirectional: {name} must be a recurrent layer, got {layer!r}")
    return layer


def _mirrored(layer: Any) -> OverTime:
    config = _recurrent("layer", layer).config_of_another()
    config["go_backwards"] = not layer.go_backwards
    config |= layer._constraints()  # as they are: classes of users have no name here
    made = type(layer).from_config(config)
    assert isinstance(made, OverTime)
    return made
