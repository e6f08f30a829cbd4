"""Losses and accuracies that take logits in place of probabilities."""

import numpy as np
import pytest

from brasa import ops
from brasa.graph import fuse
from brasa.graph.gradients import add_gradients
from brasa.graph.trace import Graph
from brasa.testing.assertions import ROUNDING, assert_close, assert_same_bits
from tests.graph.recording import kinds, loss_of, normal

LOSSES = {
    "softmax": (ops.softmax, "cross_entropy", "softmax_cross_entropy"),
    "sigmoid": (ops.sigmoid, "binary_cross_entropy", "binary_cross_entropy_logits"),
}


def probabilistic(name, shape=(4, 3)):
    """Logits, probabilities, and their loss against labels or rows of numbers."""
    graph = Graph()
    z = graph.external("z", shape)
    target = graph.external("t", shape[:-1] if name == "softmax" else shape,
                            "int32" if name == "softmax" else "float32")  # fmt: skip
    p = LOSSES[name][0](z)
    loss, _ = loss_of(graph, p, target, LOSSES[name][1])
    return graph, z, p, target, loss


def targets_for(symbol, rng):
    if symbol.dtype == "int32":
        return rng.integers(0, 3, symbol.shape).astype(np.int32)
    return rng.random(symbol.shape).astype(np.float32)


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_takes_the_logits_of_the_probabilities(name, rng, impl, evaluate):
    results = []
    drawn = None
    for fused in (False, True):
        graph, z, _, target, loss = probabilistic(name)
        if fused:
            fuse.fuse_losses(graph)
            assert loss.node.attributes["kind"] == LOSSES[name][2]
            assert loss.node.inputs[0] is z
        (dz,) = add_gradients(graph, {loss: 1.0}, [z])
        fuse.drop_dead(graph, [loss, dz])
        if fused:
            assert kinds(graph) == ["loss"]
        drawn = drawn or (normal(rng, z)[z], targets_for(target, rng))
        found = evaluate(graph, {z: drawn[0], target: drawn[1]})
        results.append((found[loss], found[dz]))
    for got, want in zip(results[1], results[0], strict=True):
        assert_close(got, want, 16 * ROUNDING * max(1, np.abs(want).max()))


@pytest.mark.parametrize("name", LOSSES)
def test_the_fused_loss_is_exact_where_probabilities_round(name, evaluate):
    graph, z, _, target, loss = probabilistic(name, (1, 3))
    fuse.fuse_losses(graph)
    (dz,) = add_gradients(graph, {loss: 1.0}, [z])
    logits = np.array([[300, -300, 0]], np.float32)
    wrong = np.array([1], np.int32) if name == "softmax" else np.array([[0, 1, 0]], np.float32)
    found = evaluate(graph, {z: logits, target: wrong})
    assert_close(found[loss], 600 if name == "softmax" else (600 + np.log(2)) / 3, 1e-4)
    want = [[1, -1, 0]] if name == "softmax" else np.array([[1, -1, 0.5]]) / 3
    assert_close(found[dz], want, ROUNDING)


def test_probabilities_that_are_read_elsewhere_are_still_made():
    graph, _, p, _, loss = probabilistic("softmax")
    watched = ops.scale(p, 2.0)
    fuse.fuse_losses(graph)
    fuse.drop_dead(graph, [loss, watched])
    assert kinds(graph) == ["softmax", "loss", "scale"]


@pytest.mark.parametrize(
    "build",
    [
        lambda g, z, y, t: loss_of(g, ops.tanh(z), t, "binary_cross_entropy"),
        lambda g, z, y, t: loss_of(g, ops.softmax(z), t, "binary_cross_entropy"),
        lambda g, z, y, t: loss_of(g, ops.sigmoid(z), y, "cross_entropy"),
        lambda g, z, y, t: loss_of(g, ops.softmax(z), t, "mean_squared_error"),
        lambda g, z, y, t: loss_of(g, ops.sigmoid(z), t, "mean_absolute_error"),
        lambda g, z, y, t: loss_of(g, ops.sigmoid(z), t, "huber"),
        lambda g, z, y, t: loss_of(g, ops.softmax(z), y, "softmax_cross_entropy"),
        lambda g, z, y, t: loss_of(g, ops.scale(ops.softmax(z), 0.5), y, "cross_entropy"),
        lambda g, z, y, t: loss_of(g, z, t, "binary_cross_entropy"),
    ],
    ids=[
        "tanh",
        "softmax+bce",
        "sigmoid+ce",
        "mse",
        "mae",
        "huber",
        "from logits",
        "not directly",
        "input",
    ],
)
def test_what_does_not_belong_together_is_left_alone(build):
    graph = Graph()
    z = graph.external("z", (4, 3))
    loss, _ = build(graph, z, graph.external("y", (4,), "int32"), graph.external("t", (4, 3)))
    inputs, kind = loss.node.inputs, loss.node.attributes["kind"]
    fuse.fuse_losses(graph)
    assert loss.node.inputs == inputs
    assert loss.node.attributes["kind"] == kind


def test_accuracy_looks_at_the_logits(rng, evaluate):
    graph, z, _, labels, loss = probabilistic("softmax", (50, 3))
    share, _ = graph.add("accuracy", [loss.node.inputs[0], labels, None, None], {})
    values = {**normal(rng, z), labels: targets_for(labels, rng)}
    want = evaluate(graph, values)[share]
    fuse.fuse_accuracies(graph)
    assert share.node.inputs[0] is z
    assert_same_bits(evaluate(graph, values)[share], want)


def test_a_binary_accuracy_keeps_its_probabilities():
    graph = Graph()
    z, t = graph.external("z", (4, 3)), graph.external("t", (4, 3))
    p = ops.softmax(z)
    share, _ = graph.add("accuracy", [p, None, t, None], {"binary": True, "threshold": 0.5})
    fuse.fuse_accuracies(graph)
    assert share.node.inputs[0] is p
