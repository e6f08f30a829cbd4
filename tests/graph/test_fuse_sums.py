"""Sums of gradients that become additions in place."""

import numpy as np
import pytest

from brasa import ops
from brasa.graph import fuse
from brasa.graph.gradients import add_gradients
from brasa.graph.trace import Graph
from brasa.testing.assertions import ROUNDING, assert_close, assert_same_bits
from tests.graph.recording import kinds, loss_of, normal


def with_shared_weights(graph):
    """A loss after two convolutions and two products that share weights; what is wanted."""
    x = graph.external("x", (2, 5, 5, 3))
    w, b = graph.external("w", (3, 3, 3, 3)), graph.external("b", (3,))
    u = graph.external("u", (75, 75))
    y = ops.conv2d(ops.tanh(ops.conv2d(x, w, b, padding="same")), w, b, padding="same")
    rows = ops.tanh(ops.matmul(ops.reshape(y, (2, 75)), u))
    z = ops.matmul(rows, u)
    loss, _ = loss_of(graph, z, graph.external("t", (2, 75)), "mean_squared_error")
    return loss, [w, b, u]


def test_sums_of_gradients_become_additions_in_place(rng, impl, evaluate):
    graph = Graph()
    loss, wanted = with_shared_weights(graph)
    gradients = add_gradients(graph, {loss: 1.0}, wanted)
    values = normal(rng, *graph.sources.values())
    found = evaluate(graph, values)
    want = [found[gradient] for gradient in gradients]
    assert kinds(graph).count("add") == 3
    shared = fuse.fuse_sums(graph, gradients, [])
    assert "add" not in kinds(graph)
    assert sum("accumulate" in node.attributes for node in graph.nodes) == 3
    for gradient in gradients:
        first, second = gradient.node.inputs
        assert shared[gradient] is first
        assert shared[second] is first
    found = evaluate(graph, values, shared)
    for name, gradient, truth in zip("wbu", gradients, want, strict=True):
        assert_close(found[gradient], truth, 64 * ROUNDING * np.abs(truth).max(), name)


def test_a_data_gradient_meets_in_place_as_well(rng, evaluate):
    graph = Graph()
    x = graph.external("x", (1, 5, 5, 2))
    w, v = graph.external("w", (3, 3, 2, 2)), graph.external("v", (1, 1, 2, 2))
    h = ops.tanh(x)
    y = ops.add(ops.conv2d(h, w, padding="same"), ops.conv2d(h, v))
    loss, _ = loss_of(graph, y, graph.external("t", y.shape), "mean_squared_error")
    (dx,) = add_gradients(graph, {loss: 1.0}, [x])
    values = normal(rng, *graph.sources.values())
    want = evaluate(graph, values)[dx]
    shared = fuse.fuse_sums(graph, [dx], [])
    assert kinds(graph).count("add") == 1  # that of the forward pass
    assert_close(evaluate(graph, values, shared)[dx], want, 16 * ROUNDING * np.abs(want).max())


def test_gradients_of_what_is_repeated_meet_in_place(rng, impl, evaluate):
    graph = Graph()
    x, gate = graph.external("x", (3, 40, 5)), graph.external("gate", (3, 1, 5))
    y = ops.multiply(ops.tanh(ops.multiply(x, gate)), gate)
    loss, _ = loss_of(graph, y, graph.external("t", y.shape), "mean_squared_error")
    (slope,) = add_gradients(graph, {loss: 1.0}, [gate])
    assert [producer.node.op for producer in slope.node.inputs] == ["broadcast_backward"] * 2
    values = normal(rng, *graph.sources.values())
    want = evaluate(graph, values)[slope]
    shared = fuse.fuse_sums(graph, [slope], [])
    assert "add" not in kinds(graph)
    assert sum("accumulate" in node.attributes for node in graph.nodes) == 1
    assert_close(evaluate(graph, values, shared)[slope], want, 64 * ROUNDING * np.abs(want).max())


def small(graph):
    """Two products of one shape, which can be added up in place."""
    a, b = graph.external("a", (3, 4)), graph.external("b", (4, 3))
    return ops.matmul(a, b), ops.matmul(b, a, transpose_a=True, transpose_b=True)


@pytest.mark.parametrize(
    "build",
    [
        lambda p, q: ([ops.add(p, p)], []),
        lambda p, q: ([ops.add(p, ops.tanh(q))], []),
        lambda p, q: ([ops.add(p, q)], [p]),
        lambda p, q: ([ops.add(p, q)], [q]),
        lambda p, q: ([ops.add(p, q), ops.tanh(p)], []),
        lambda p, q: ([ops.add(p, q), ops.tanh(q)], []),
        lambda p, q: ([ops.add(p, q), ops.multiply(p, q)], []),
        lambda p, q: ([ops.add(ops.reshape(p, (1, 9)), ops.reshape(q, (1, 9)))], []),
        lambda p, q: ([ops.add(p.graph.external("x", (3, 3)), q)], []),
    ],
    ids=["same twice", "tanh", "first kept", "second kept", "first read", "second read",
         "both read", "view", "source"],
)  # fmt: skip
def test_a_sum_that_cannot_be_made_in_place_stays(build, rng, evaluate):
    graph = Graph()
    results, kept = build(*small(graph))
    values = normal(rng, *graph.sources.values())
    found = evaluate(graph, values)
    want = [found[symbol] for symbol in results]
    shared = fuse.fuse_sums(graph, [*results, *kept], [])
    assert shared == {}
    found = evaluate(graph, values, shared)
    assert_same_bits([found[symbol] for symbol in results], want)


def test_sums_of_sums_share_one_place(rng, evaluate):
    graph = Graph()
    p, q = small(graph)
    r = ops.matmul(p, p.graph.external("s", (3, 3)))  # reads p, which so cannot be added into
    t, u = small(graph)
    total = ops.add(ops.add(t, u), ops.matmul(r, q))
    values = normal(rng, *graph.sources.values())
    want = evaluate(graph, values)[total]
    shared = fuse.fuse_sums(graph, [total], [])
    found = evaluate(graph, values, shared)[total]
    assert_close(found, want, 16 * ROUNDING * np.abs(want).max())
