"""Models by subclassing: the graph that a model's own ``call`` describes.

``call`` runs on tensors that stand for layers' outputs: the model is then one of layers, as if it
had been written with ``Input``. Where ``call`` needs more, ops or whether this is training, all of
it becomes one layer, whose ``call`` runs whenever a plan is made.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from brasa.engine import Engine
from brasa.fitting import Fitting
from brasa.graph.deferred import NoValuesYetError
from brasa.graph.recording import recording
from brasa.inputs import inputs_like, inputs_of
from brasa.layers.added_losses import noting
from brasa.layers.base import Layer
from brasa.layers.composed import Composed
from brasa.layers.tensor import UNDECIDED, LayerTensor
from brasa.network import Network
from brasa.outputs import arranged, in_order
from brasa.parameter import Parameter
from brasa.structure import one_or_list

_WEIGHTS_ALONE = "ops on weights alone have no values before the model runs"


class Subclassing(Fitting):
    """Base of models: those that are made by subclassing get their graph here."""

    _is_subclassed = False  # its graph is what its own ``call`` does
    _is_bare = False  # neither a call() nor inputs: what it does are steps of its own
    _input_keys: tuple[str, ...] | None = None  # where ``call`` takes a dictionary
    _inputs_again: list[LayerTensor] | None = None  # where it had one before a layer was replaced

    def __getattr__(self, name: str) -> Any:
        if name == "_engine":
            raise RuntimeError(f"{type(self).__name__}: call super().__init__() in __init__ first")
        hint = ": a layer of your own, as an attribute, has it" if name == "add_weight" else ""
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{hint}")

    @property
    def built(self) -> bool:
        """Whether the model has its graph, and so its weights."""
        return self._engine is not None

    def __setattr__(self, name: str, value: Any) -> None:
        """Another layer, as a new head, makes another model: ``call`` runs again before its use."""
        parts = (Layer, Composed)
        built = self._is_subclassed and vars(self).get("_engine") is not None
        if built and (isinstance(value, parts) or isinstance(vars(self).get(name), parts)):
            names = self._input_keys or ["input"] * len(self.inputs)
            pairs = zip(self.inputs, names, strict=True)
            self._inputs_again = [LayerTensor(t.shape, dtype=t.dtype, name=n) for t, n in pairs]
            self._engine = None
        super().__setattr__(name, value)

    @property
    def engine(self) -> Engine:
        """Buffers and plans; ValueError before the input shape is known."""
        self._build_again()
        if self._is_bare:
            raise ValueError(
                f"model {self.name!r} has no graph: {type(self).__name__} defines no call(). Save, "
                "predict and look at its parts"
            )
        return super().engine

    def _build_again(self) -> None:
        if self._engine is None and self._inputs_again is not None:
            self._set_network(network_of(self, self._inputs_again))

    def build(self, input_shape: Any) -> None:
        """Create all weights for an input of this shape, a list of shapes for several inputs.

        The first axis is the batch. Models that were made from inputs have theirs already.
        """
        self._build_again()
        if self._engine is not None or not self._is_subclassed:
            return
        if isinstance(input_shape, Mapping):
            input_shape = self._by_keys(input_shape)
        several = isinstance(input_shape, list)
        shapes = [tuple(shape) for shape in (input_shape if several else [input_shape])]
        inputs = inputs_of(shapes, self._input_keys)
        self._set_network(network_of(self, inputs))

    def _build_like(self, inputs: Sequence[LayerTensor]) -> None:
        """As ``build`` does, in which a subclass may make its layers."""
        self._build_again()
        if self._engine is None and type(self).build is not Subclassing.build:
            self.build(one_or_list([tensor.shape for tensor in inputs]))
        if self._engine is None:
            self._set_network(network_of(self, inputs))

    def _build_from(self, x: Any) -> None:
        if self._engine is None and self._is_subclassed:
            if isinstance(x, Mapping):
                x = [v if hasattr(v, "shape") else np.asarray(v) for v in self._by_keys(x)]
            inputs = inputs_like(x, self._input_keys)
            if inputs is not None:
                self._build_like(inputs)

    def _by_keys(self, x: Mapping[str, Any]) -> list[Any]:
        """The inputs of a dictionary, whose keys those of the first one are from here on."""
        if self._input_keys is None or self._engine is None:
            values, keys = in_order(f"model {self.name!r}: the dictionary of inputs", x)
            self._input_keys = tuple(keys or ())
            return list(values)
        return [x[key] for key in self._input_keys]

    @property
    def parts(self) -> list[Any]:
        """The layers and models that it was made of; known before the input shape."""
        return parts_of(self) if self._is_subclassed or self._is_bare else self.layers

    @property
    def layers(self) -> list[Layer]:
        """The layers, each once, in the order in which they run."""
        if self._is_bare or (
            self._is_subclassed and (self._engine is None or is_whole(self.network))
        ):
            return layers_of(self.parts)
        return super().layers

    def _set_network(self, network: Network) -> None:
        raise NotImplementedError


class Whole(Layer):
    """All that a model's ``call`` does, as one layer. The weights are those of its parts."""

    def __init__(self, model: Subclassing) -> None:
        self.model = model
        self.keys: list[str] | None = None  # of a dictionary that call() returned
        super().__init__(name=model.name)
        self.named_by_user = model._named_by_user

    def call(self, x: Any, training: bool = False) -> Any:
        inputs = x if isinstance(x, (list, tuple)) else [x]
        outputs, self.keys = call_of(self.model, inputs, training)
        return one_or_list(outputs)

    @property
    def default_name(self) -> str:
        """The model's."""
        return self.model.name

    @property
    def heeds_masks(self) -> bool:
        """The parts say so themselves."""
        return True

    @property
    def shown(self) -> list[Layer]:
        """What a summary lists."""
        return self.model.layers

    def get_config(self) -> dict[str, Any]:
        raise ValueError(
            f"model {self.model.name!r}: its call() uses ops, or asks whether this is training, "
            "which files cannot hold: save_weights() and load_weights() work, and so do layers of "
            "your own (layers.Layer) in place of the ops; or get_config(), where the model is no "
            "part of others, with load_model(custom_objects=...)"
        )


def is_whole(network: Network) -> bool:
    """Whether the network is one layer that is all of a model."""
    return isinstance(network.layers[0], Whole)


def layers_of(parts: Iterable[Any]) -> list[Layer]:
    """The layers among the parts of a model, and those of the models among them."""
    nested = [[part] if isinstance(part, Layer) else part.layers for part in parts]
    return list(dict.fromkeys(layer for some in nested for layer in some))


def call_of(model: Any, inputs: Sequence[Any], training: Any) -> tuple[list[Any], list[str] | None]:
    """The outputs of ``model.call``, which is told about training if it asks, and their keys."""
    given: Any = arranged(inputs, model._input_keys)
    asks = "training" in inspect.signature(model.call).parameters
    result = model.call(given, training=training) if asks else model.call(given)
    result, keys = in_order(f"model {model.name!r}: the dictionary of call()", result)
    return list(result) if isinstance(result, (list, tuple)) else [result], keys


def network_of(model: Subclassing, inputs: Sequence[LayerTensor]) -> Network:
    """The graph of ``model.call`` on these inputs: of its layers, or of one layer that is all."""
    try:
        with noting() as adding, recording(NoValuesYetError(_WEIGHTS_ALONE)):
            outputs, keys = call_of(model, inputs, UNDECIDED)
        for tensor in outputs:
            if not isinstance(tensor, LayerTensor):
                raise TypeError(
                    f"model {model.name!r}: call() must return outputs of layers, got {tensor!r}"
                )
        network = Network(inputs, outputs, keys)
        with noting() as found:
            network.probe()
        if adding == found:
            return network
        whole = _whole(model, inputs)  # layers that add to the loss, while nothing reads them
    except NoValuesYetError:
        whole = _whole(model, inputs)
    network = Network(inputs, *whole)
    used = {key: None for key in network.probe()[0][0].graph.sources if isinstance(key, Parameter)}
    foreign = [key.name for key in used if key not in network.parameters]
    if foreign:
        warnings.warn(
            f"model {model.name!r}: call() uses weights that are not the model's, neither trained "
            f"nor saved: {foreign}. Layers must be attributes, made in __init__ or build()",
            UserWarning,
            stacklevel=2,
        )
    return network


def _whole(
    model: Subclassing, inputs: Sequence[LayerTensor]
) -> tuple[list[LayerTensor], list[str] | None]:
    layer = Whole(model)
    result = layer(one_or_list(list(inputs)))
    return result if isinstance(result, list) else [result], layer.keys


def parts_of(model: Subclassing) -> list[Any]:
    """The layers and models that are attributes of the model, or stand in lists that are."""
    own = (value for name, value in vars(model).items() if not name.startswith("_"))
    return list(dict.fromkeys(_found(own, {id(model)})))


def _found(values: Iterable[Any], seen: set[int]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, (Layer, Composed)):
            if id(value) not in seen:
                yield value
        elif isinstance(value, (list, tuple, dict)) and id(value) not in seen:
            seen.add(id(value))  # lists may hold themselves
            yield from _found(value.values() if isinstance(value, dict) else value, seen)
