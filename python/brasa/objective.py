"""What compile() makes of its arguments, and what looks wrong about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from brasa import losses as loss_module
from brasa import metrics as metric_module
from brasa import optimizers as optimizer_module
from brasa.losses import Loss
from brasa.metrics import Metric
from brasa.network import Network
from brasa.ops.arguments import finite
from brasa.plan_key import Objective

_CATEGORICAL = (loss_module.CategoricalCrossentropy, loss_module.SparseCategoricalCrossentropy)


def make_objective(
    network: Network,
    optimizer: Any,
    loss: Any,
    loss_weights: Any,
    metrics: Any,
    weighted_metrics: Any = None,
    precision: str = "float32",
) -> tuple[Objective, list[str]]:
    """The objective, and a sentence for each loss that cannot belong to its output."""
    if loss is None:
        raise ValueError(
            "compile: a loss is needed, such as loss='sparse_categorical_crossentropy'"
        )
    outputs = network.output_names
    losses = [loss_module.get(item) for item in _for_each("loss", loss, outputs)]
    weights = [1.0] * len(outputs)
    if loss_weights is not None:
        given = _for_each("loss_weights", loss_weights, outputs)
        weights = [_loss_weight(item) for item in given]
    plain = _metrics(network, losses, "metrics", metrics)
    weighted = _metrics(network, losses, "weighted_metrics", weighted_metrics)
    chosen = optimizer_module.get(optimizer)
    objective = Objective(chosen, losses, weights, plain, weighted, precision)
    endings = _endings(network)
    widths = [tensor.shape[-1] for tensor in network.outputs]
    complaints = [
        complaint
        for output, width, item, ending in zip(outputs, widths, losses, endings, strict=True)
        if (complaint := _complaint(output, width, item, ending))
    ]
    return objective, complaints


def _loss_weight(value: Any) -> float:
    return finite("compile", "loss_weights", value)


def _for_each(name: str, value: Any, outputs: Sequence[str]) -> list[Any]:
    if isinstance(value, Mapping) and "class_name" not in value:
        if set(value) != set(outputs):
            raise ValueError(f"compile: {name} needs the keys {outputs}, got {list(value)}")
        return [value[output] for output in outputs]
    if isinstance(value, (list, tuple)):
        if len(value) != len(outputs):
            raise ValueError(
                f"compile: the model has {len(outputs)} outputs, {name} has {len(value)} entries"
            )
        return list(value)
    return [value] * len(outputs)


def _metrics(network: Network, losses: list[Loss], what: str, given: Any) -> list[list[Metric]]:
    outputs = network.output_names
    if given is None:
        return [[] for _ in outputs]
    shapes = [tuple(extent or 0 for extent in tensor.shape) for tensor in network.outputs]
    each = zip(_metrics_for_each(what, given, outputs), losses, shapes, strict=True)
    return [[metric_module.get(name, loss, shape) for name in names] for names, loss, shape in each]


def _metrics_for_each(what: str, metrics: Any, outputs: Sequence[str]) -> list[list[Any]]:
    if isinstance(metrics, Mapping):
        unknown = set(metrics) - set(outputs)
        if unknown:
            raise ValueError(f"compile: {what} names no output: {sorted(unknown)}")
        return [_as_list(metrics.get(output, [])) for output in outputs]
    items = _as_list(metrics)
    if len(items) == len(outputs) and all(isinstance(item, (list, tuple)) for item in items):
        return [_as_list(item) for item in items]
    return [items for _ in outputs]


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _endings(network: Network) -> list[str]:
    """The activation that each output ends with: "softmax", "sigmoid", ... or "linear"."""
    endings = []
    for symbol in network.probe()[1]:
        node = symbol.node
        while node is not None and node.op == "reshape" and node.inputs[0] is not None:
            node = node.inputs[0].node
        if node is not None and node.op in ("softmax", "log_softmax"):
            endings.append(node.op)
        else:
            attributes = {} if node is None else node.attributes
            endings.append(str(attributes.get("activation", "linear")))
    return endings


def _complaint(output: str, width: int | None, loss: Loss, ending: str) -> str | None:
    """Why this loss cannot belong to an output with this activation, or None."""
    where = f"compile: output {output!r} ends with {ending} activation"
    if isinstance(loss, _CATEGORICAL):
        if width == 1:
            return (
                f"compile: output {output!r} has one unit: a softmax over one class is always "
                "1. Use activation='sigmoid' with loss='binary_crossentropy', or more units"
            )
        if loss.from_logits and ending in ("softmax", "sigmoid"):
            return f"{where}, but {loss.name} has from_logits=True: use one of the two"
        if not loss.from_logits and ending != "softmax":
            return (
                f"{where}, but {loss.name} expects probabilities that sum to 1: use "
                "activation='softmax', or from_logits=True on a linear output"
            )
    if isinstance(loss, loss_module.BinaryCrossentropy):
        if ending == "softmax":
            return (
                f"{where}, but {loss.name} looks at each unit on its own: use activation='sigmoid' "
                "or a categorical loss"
            )
        if loss.from_logits and ending == "sigmoid":
            return f"{where}, but {loss.name} has from_logits=True: use one of the two"
        if not loss.from_logits and ending != "sigmoid":
            return (
                f"{where}, but {loss.name} expects probabilities: use activation='sigmoid', or "
                "from_logits=True on a linear output"
            )
    return None
