"""What compile() makes of its arguments, and what looks wrong about them."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from brasa import losses as loss_module
from brasa import metrics as metric_module
from brasa import optimizers as optimizer_module
from brasa.graph.recording import recording
from brasa.graph.trace import Graph
from brasa.losses import Loss
from brasa.losses.base import NoLoss
from brasa.metrics import Metric
from brasa.network import Network
from brasa.ops.arguments import finite
from brasa.plan_key import Objective
from brasa.suggest import hint

_CATEGORICAL = (loss_module.CategoricalCrossentropy, loss_module.SparseCategoricalCrossentropy)


def make_objective(
    network: Network,
    optimizer: Any,
    loss: Any,
    loss_weights: Any,
    metrics: Any,
    weighted_metrics: Any = None,
    precision: str = "float32",
    needs_loss: bool = True,
) -> tuple[Objective, list[str]]:
    """The objective, and a sentence for each loss that cannot belong to its output."""
    outputs = network.output_names
    losses = _losses(network, loss, needs_loss)
    weights = [1.0] * len(outputs)
    if loss_weights is not None:
        given = _for_each("loss_weights", loss_weights, outputs)
        weights = [_loss_weight(item) for item in given]
    plain = _metrics(network, losses, "metrics", metrics)
    weighted = _metrics(network, losses, "weighted_metrics", weighted_metrics)
    _tell_apart([*plain, *weighted])
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


def _losses(network: Network, given: Any, needs_loss: bool) -> list[Loss]:
    """The loss of each output; without any, layers or steps must say what training makes small."""
    names = network.output_names
    if network.keys is not None and _is_by_name(given) and set(given) < set(names):
        given = {name: given.get(name) for name in names}  # as Keras: the others have none
    each = _for_each("loss", given, names)
    if any(item is not None for item in each):
        found = [NoLoss() if item is None else loss_module.get(item) for item in each]
        return [_to_make_small(loss) for loss in found]
    if needs_loss and not _adds(network):
        raise ValueError(
            "compile: a loss is needed, such as loss='sparse_categorical_crossentropy', or a layer "
            "that calls add_loss()"
        )
    return [NoLoss() for _ in each]


def _to_make_small(loss: Loss) -> Loss:
    """ValueError for a loss that is not reduced to one number."""
    if loss.reduction in (None, "none"):
        raise ValueError(
            f"compile: loss {loss.name!r} has reduction={loss.reduction!r}, which gives a number "
            "for each sample: training makes one number small: use 'sum_over_batch_size', 'sum' or "
            "'mean_with_sample_weight'"
        )
    return loss


def _adds(network: Network) -> bool:
    """Whether any layer adds to the loss."""
    rows = tuple(symbol.shape[1:] for symbol in network.probe()[0])
    graph = Graph(training=True)
    with recording(graph):
        network.trace(graph, network.sample(graph, rows))
    return bool(graph.added)


def _loss_weight(value: Any) -> float:
    return finite("compile", "loss_weights", value)


def _for_each(name: str, value: Any, outputs: Sequence[str]) -> list[Any]:
    if _is_by_name(value):
        if set(value) != set(outputs):
            raise ValueError(
                f"compile: {name} needs the keys {outputs}, got {list(value)}{hint(value, outputs)}"
            )
        return [value[output] for output in outputs]
    if isinstance(value, (list, tuple)):
        if len(value) != len(outputs):
            raise ValueError(
                f"compile: the model has {len(outputs)} outputs, {name} has {len(value)} entries"
            )
        return list(value)
    return [value] * len(outputs)


def _is_by_name(value: Any) -> bool:
    """Whether it is a dictionary by outputs, rather than one that describes an object."""
    return isinstance(value, Mapping) and "class_name" not in value


def _metrics(network: Network, losses: list[Loss], what: str, given: Any) -> list[list[Metric]]:
    outputs = network.output_names
    if given is None:
        return [[] for _ in outputs]
    shapes = [tuple(extent or 0 for extent in tensor.shape) for tensor in network.outputs]
    each = zip(_metrics_for_each(what, given, outputs), losses, shapes, strict=True)
    found = [
        [metric_module.get(name, loss, shape) for name in names] for names, loss, shape in each
    ]
    for loss, group in zip(losses, found, strict=True):
        _require_classes(loss, group)
    return [list(map(_require_pairs, group)) for group in found]


def _tell_apart(groups: Sequence[list[Metric]]) -> None:
    """Give each place of a metric that keeps its own state one of its own."""
    seen: set[int] = set()
    for group in groups:
        for at, metric in enumerate(group):
            if id(metric) in seen and not metric.in_plan:
                group[at] = copy.deepcopy(metric)
            seen.add(id(metric))


def _require_classes(loss: Loss, metrics: Sequence[Metric]) -> None:
    """ValueError for a metric of classes alone beside a loss that leaves others out."""
    ignored = getattr(loss, "ignore_class", None)
    for metric in metrics:
        if ignored is not None and isinstance(metric, metric_module.SparseCategoricalCrossentropy):
            raise ValueError(
                f"compile: the loss leaves out rows of the class {ignored}, of which metric "
                f"{metric.name!r} knows nothing: the logs have the loss anyway"
            )


def _require_pairs(metric: Metric) -> Metric:
    """TypeError for metrics of values, which have no targets."""
    kinds = (metric_module.Mean, metric_module.Sum)
    if type(metric).update_state in [kind.update_state for kind in kinds]:
        raise TypeError(
            f"compile: metric {metric.name!r} takes values, not y_true and y_pred: give a function "
            "of these, made of brasa.ops, or a Metric with an update_state of them"
        )
    return metric


def _metrics_for_each(what: str, metrics: Any, outputs: Sequence[str]) -> list[list[Any]]:
    if isinstance(metrics, Mapping):
        unknown = set(metrics) - set(outputs)
        if unknown:
            raise ValueError(
                f"compile: {what} names no output: {sorted(unknown)}, the outputs "
                f"are {list(outputs)}{hint(unknown, outputs)}"
            )
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
