"""Ops on outputs of layers, as nodes of a model: what ``ops.relu(x)`` and ``x / y`` stand for."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from brasa import ops
from brasa.layers.base import Layer
from brasa.layers.composed_activations import COMPOSED, threshold
from brasa.layers.concatenate import Concatenate
from brasa.layers.merge import any_of_masks
from brasa.layers.tensor import LayerTensor
from brasa.ops.arguments import kind_or_value, whole
from brasa.ops.dispatch import Tensor
from brasa.suggest import find

_ACTIVATIONS: dict[str, Callable[..., Any]] = {**COMPOSED, "threshold": threshold}

# What a model does by itself, of gradients and weights, which are no outputs of layers.
_OF_TRAINING = {"batch_norm_fold", "batch_norm_training", "bias_gradient"}
_OF_TRAINING |= {"clip_norm", "clip_value"}
_OF_TRAINING |= {name for name in ops.__all__ if name.endswith(("_backward", "_step"))}

# Those that leave each step of a sequence in its place, so that a mask goes on.
# fmt: off
_STEPWISE = {
    "abs", "add", "cast", "ceil", "clip", "cos", "cumprod", "cumsum", "divide", "elu", "equal",
    "erf", "exp", "expm1", "exponential", "floor", "full_like", "gelu", "gelu_tanh", "greater",
    "greater_equal", "hard_sigmoid", "hard_silu", "isfinite", "isinf", "isnan", "leaky_relu",
    "less", "less_equal", "log", "log1p", "log_softmax", "logical_and", "logical_not", "logical_or",
    "logical_xor", "maximum", "minimum", "mish", "multiply", "negative", "not_equal", "ones_like",
    "power", "reciprocal", "relu", "relu6", "round", "rsqrt", "scale", "selu", "sigmoid", "sign",
    "silu", "sin", "softmax", "softplus", "softsign", "sqrt", "square", "subtract", "tanh", "where",
    "zeros_like",
}
# fmt: on

# Shapes are traced with a batch of this prime, by which the batch is told from other axes.
_BATCH = 1019


class Operation(Layer):
    """A function of :mod:`brasa.ops` on outputs of layers: ``y = op(**arguments)``.

    Made by ops between ``Input`` and ``Model``, and named after them. The first axis stays the
    batch. Masks go on where each step stays in its place.

    Shapes:
        inputs as many as the arguments name, a list where these are several; y as the op gives it

    Args:
        op: Its name: "ops.concatenate", or "activations.celu".
        arguments: By name: ``{"tensor": 0}`` is the first input, lists may hold some, all else is a
            constant, arrays as lists of numbers. Default: the input is the only argument.
        **options: name, trainable, input_shape.

    Raises:
        ValueError: there is no such op, it is one of training, or the batch does not stay the first
            axis. TypeError: an argument that the op does not take, or that files cannot hold.

    >>> from brasa import Input, Model, layers, ops
    >>> x = Input((4,))
    >>> y = ops.concatenate([ops.square(x), layers.Dense(3)(x)], axis=-1)
    >>> y.shape
    (None, 7)
    >>> y.call.layer.get_config()["arguments"]
    {'xs': [{'tensor': 0}, {'tensor': 1}], 'axis': -1}
    """

    _traced_batch = _BATCH

    def __init__(self, op: str, arguments: Mapping[str, Any] | None = None, **options: Any) -> None:
        self.op = op
        parameters = inspect.signature(_function(op)).parameters
        if arguments is None:
            arguments = {next(iter(parameters)): {"tensor": 0}}
        if not isinstance(arguments, Mapping):
            raise TypeError(f"Operation: arguments must be a dictionary, got {arguments!r}")
        for name in arguments:
            find(f"Operation: argument of {op}", name, parameters)
        self.arguments = {key: _constant(op, key, value) for key, value in arguments.items()}
        self.input_dtype = "int32" if op == "ops.one_hot" else "float32"
        super().__init__(**options)

    @property
    def default_name(self) -> str:
        """The op's."""
        return self.op.rpartition(".")[2]

    def call(self, inputs: Any) -> Any:
        tensors = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
        function = _function(self.op)
        bound = inspect.signature(function).bind_partial()
        bound.arguments.update({k: _filled(v, tensors) for k, v in self.arguments.items()})
        result = function(*bound.args, **bound.kwargs)
        for y in result if isinstance(result, (list, tuple)) else [result]:
            self._require_batch(y, tensors)
        return result

    def _require_batch(self, y: Tensor, tensors: Sequence[Tensor]) -> None:
        shape, batch = tuple(getattr(y, "shape", ())), tensors[0].shape[0]
        if not shape or shape[0] != batch:
            raise ValueError(
                f"{self.op}: the first axis of the result must be the batch, N, as of all outputs "
                f"of layers, got {_shown(shape, batch)} of "
                f"{' and '.join(_shown(x.shape, batch) for x in tensors)}: in the call() of a "
                "layer of your own, what comes between may have other axes"
            )

    @property
    def heeds_masks(self) -> bool:
        """Whether the steps stay where they are, or are joined."""
        return self.op == "ops.concatenate" or self._is_stepwise

    @property
    def _is_stepwise(self) -> bool:
        return self.default_name in _STEPWISE or self.op.startswith("activations.")

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """As of the layers Add and Concatenate; None where steps do not stay in place."""
        if not isinstance(mask, (list, tuple)):
            return mask if self._is_stepwise else None
        if self.op == "ops.concatenate":
            return Concatenate(self.arguments.get("axis", -1)).compute_mask(inputs, mask)
        return any_of_masks(mask) if self._is_stepwise else None

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "op": self.op, "arguments": self.arguments}


def apply(op: str, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> Any:
    """What an op gives for arguments among which are outputs of layers: those of an Operation."""
    if keywords.get("out") is not None:
        raise ValueError(f"{op}: out= cannot be given for outputs of layers")
    bound = inspect.signature(_function(op)).bind(*arguments, **keywords).arguments
    numbers: dict[LayerTensor, int] = {}
    recorded = {key: _recorded(value, numbers) for key, value in bound.items() if key != "out"}
    tensors = list(numbers)
    return Operation(op, recorded)(tensors[0] if len(tensors) == 1 else tensors)


def _function(op: Any) -> Callable[..., Any]:
    """The function of that name; ValueError for those that models use by themselves."""
    if not isinstance(op, str):
        raise TypeError(f"Operation: op must be a name, got {op!r}")
    module, _, name = op.rpartition(".")
    if module == "activations":
        return find("Operation: op", name, _ACTIVATIONS)
    if name in _OF_TRAINING:
        raise ValueError(
            f"{op}: is for gradients and weights in training, not for outputs of layers: compile() "
            "and fit() take such steps, layers have what they need of them"
        )
    known = [f"ops.{one}" for one in ops.__all__ if one not in _OF_TRAINING]
    find("Operation: op", op, dict.fromkeys(known))
    function: Callable[..., Any] = getattr(ops, name)
    return function


def _recorded(value: Any, numbers: dict[LayerTensor, int]) -> Any:
    """An argument with tensors replaced by their numbers."""
    if isinstance(value, LayerTensor):
        return {"tensor": numbers.setdefault(value, len(numbers))}
    if isinstance(value, (list, tuple)):
        return [_recorded(entry, numbers) for entry in value]
    return value


def _constant(op: str, name: str, value: Any) -> Any:
    """An argument as JSON can hold it; TypeError where it cannot."""
    if isinstance(value, (np.generic, np.ndarray)):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [_constant(op, name, entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {"number": str(value)}
    if isinstance(value, Mapping) and value.keys() == {"tensor"}:
        return {"tensor": whole(op, f"the tensor of {name}", value["tensor"])}
    if isinstance(value, Mapping) and value.keys() == {"number"}:
        return {"number": str(float(value["number"]))}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(
        f"{op}: {name} must be an output of a layer or a constant (a number, an array, a text, "
        f"None, or a list of those) beside outputs of layers, got {kind_or_value(value)}: weights "
        "go into a layer of your own, by add_weight() and ops in its call()"
    )


def _filled(value: Any, tensors: Sequence[Tensor]) -> Any:
    """An argument with tensors in place of their numbers."""
    if isinstance(value, list):
        return [_filled(entry, tensors) for entry in value]
    if not isinstance(value, dict):
        return value
    if "number" in value:
        return float(value["number"])
    if not 0 <= value["tensor"] < len(tensors):
        raise ValueError(f"Operation: tensor {value['tensor']} of {len(tensors)} inputs")
    return tensors[value["tensor"]]


def _shown(shape: Sequence[int], batch: int) -> str:
    extents = ["N" if extent == batch else str(extent) for extent in shape]
    return f"({', '.join(extents)})"
