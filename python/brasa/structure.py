"""What a model is: layers, weights, and the device on which it lives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from brasa import runtime
from brasa.engine import Engine
from brasa.layers.base import Layer
from brasa.layers.composed import Composed
from brasa.layers.tensor import LayerTensor, Part
from brasa.layers.weighted import assign_weights
from brasa.network import Network
from brasa.ops.arguments import at_least, whole
from brasa.parameter import Parameter
from brasa.plan_key import Objective
from brasa.seed import next_generator
from brasa.store import ParameterStore

if TYPE_CHECKING:
    from typing_extensions import Self

    from brasa.fit import Fit

DEFAULT_BATCH = 32


class Structure(Composed):
    """Base of models, compiled or not. See python/README.md for the classes above it."""

    def _init_state(self, name: str | None) -> None:
        self.name = name or type(self).__name__.lower()
        self._named_by_user = name is not None
        self._part = Part(self.name, type(self).__name__, self)  # what others know of it
        self.stop_training = False
        self.fitting: Fit | None = None  # the call of fit that runs now, for callbacks
        self._device = runtime.current_device()
        self._first_seed = int(next_generator().integers(1 << 62))
        self._engine: Engine | None = None
        self._compile_arguments: dict[str, Any] = {}
        self._is_in_change = False  # while layers are put on and taken off
        self._complaints: list[str] = []  # of the loss, to be told when training begins

    @property
    def engine(self) -> Engine:
        """Buffers and plans; ValueError before the input shape is known."""
        if self._engine is None:
            raise ValueError(
                f"model {self.name!r} does not know its input shape yet: give the first layer "
                "input_shape=..., start with Input(...), or call build, fit or predict"
            )
        return self._engine

    @property
    def network(self) -> Network:
        """The graph of layers."""
        return self.engine.network

    @property
    def store(self) -> ParameterStore:
        """The flat buffers of parameters, gradients and optimizer slots."""
        return self.engine.store

    @property
    def objective(self) -> Objective | None:
        """What compile() decided; None before."""
        return None if self._engine is None else self._engine.objective

    @property
    def layers(self) -> list[Layer]:
        """The layers, each once, in the order in which they run."""
        return list(self.network.layers)

    @property
    def parts(self) -> list[Any]:
        """The layers and models that it was made of; known before the input shape."""
        return self.layers

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer of that name, or at that place in ``layers``; ValueError if there is none."""
        from brasa.suggest import unknown

        layers = self.layers
        if (name is None) == (index is None):
            raise ValueError("get_layer: give either a name or an index")
        if index is not None:
            if not -len(layers) <= whole("get_layer", "index", index) < len(layers):
                raise ValueError(f"get_layer: there are {len(layers)} layers, got index {index}")
            return layers[index]
        assert name is not None
        by_name = {layer.name: layer for layer in layers}
        if name not in by_name:
            raise unknown("layer", name, by_name)
        return by_name[name]

    @property
    def weights(self) -> list[Parameter]:
        """All weights, layer by layer."""
        return self.network.parameters

    @property
    def trainable_weights(self) -> list[Parameter]:
        """The weights that training changes."""
        return self.network.trainable

    @property
    def trainable(self) -> bool:
        """Whether any layer is trainable; setting it sets all layers. Counts from compile() on."""
        return any(layer.trainable for layer in self.parts)

    @trainable.setter
    def trainable(self, value: bool) -> None:
        if not isinstance(value, (bool, np.bool_)):
            raise TypeError(f"model {self.name!r}: trainable must be a bool, got {value!r}")
        for layer in self.parts:
            layer.trainable = bool(value)

    @property
    def inputs(self) -> list[LayerTensor]:
        """The tensors at which the model begins, to make other models of."""
        return list(self.network.inputs)

    @property
    def outputs(self) -> list[LayerTensor]:
        """The tensors at which the model ends, to make other models of."""
        return list(self.network.outputs)

    @property
    def input(self) -> Any:
        """The only input, or the list of them."""
        return one_or_list(self.inputs)

    @property
    def output(self) -> Any:
        """The only output, or the list or dictionary of them."""
        return self.network.arranged(self.outputs)

    @property
    def input_shape(self) -> Any:
        """The shape of the input, with None for the batch; a list for several inputs."""
        return one_or_list([tensor.shape for tensor in self.network.inputs])

    @property
    def output_shape(self) -> Any:
        """The shape of the output, with None for the batch; a list for several outputs."""
        return one_or_list([tensor.shape for tensor in self.network.outputs])

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the output for one of the input: lists of them for several.

        None stands for what is not known, such as the batch.
        """
        wanted = self.network.inputs
        shapes = [tuple(s) for s in (input_shape if len(wanted) > 1 else [input_shape])]
        if len(shapes) != len(wanted) or not all(map(_fits, shapes, wanted)):
            raise ValueError(
                f"model {self.name!r} takes inputs of {self.input_shape}, got {input_shape}"
            )
        batch, rows = shapes[0][0], tuple(shape[1:] for shape in shapes)
        if any(None in row for row in rows):
            return self.network.arranged([(batch, *t.shape[1:]) for t in self.outputs])
        return self.network.arranged([(batch, *row) for row in self.network.output_rows(rows)])

    @property
    def device(self) -> str:
        """Where the model lives: "cpu" or "cuda"."""
        return self._device

    def to(self, device: str) -> Self:
        """Live on another device: weights, optimizer, states and plans. Returns the model.

        RuntimeError says why where "cuda" cannot be used; MemoryError where the weights do not fit.
        """
        name = runtime.check_device(device)
        if self._engine is not None:
            self._engine.move(name)
        self._device = name
        return self

    def reset_states(self) -> None:
        """Have the stateful recurrent layers begin again from zeros."""
        for layer in self.layers:
            if hasattr(layer, "reset_states"):
                layer.reset_states()

    def count_params(self) -> int:
        """The number of elements of all weights."""
        return sum(p.size for p in self.weights)

    def get_weights(self) -> list[NDArray[np.float32]]:
        """Copies of all weights, in Keras's order."""
        return [p.numpy() for p in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Overwrite all weights: ValueError, and none is changed, unless all shapes agree."""
        assign_weights(f"model {self.name!r}", self.weights, weights)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"


def _fits(shape: tuple[int | None, ...], tensor: LayerTensor) -> bool:
    pairs = zip(shape[1:], tensor.shape[1:], strict=False)
    same_rank = len(shape) == len(tensor.shape)
    return same_rank and all(want in (None, extent) for extent, want in pairs)


def one_or_list(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values


def at_least_one(op: str, name: str, value: Any, default: int) -> int:
    return at_least(op, name, default if value is None else value, 1)


def at_least_one_or_none(op: str, name: str, value: Any) -> int | None:
    return None if value is None else at_least_one(op, name, value, 1)
