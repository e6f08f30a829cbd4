"""Activations after the pooling, and biases summed before it."""

import numpy as np
import pytest

from brasa import ops
from brasa.graph import fuse
from brasa.graph.gradients import add_gradients
from brasa.graph.trace import Graph
from brasa.testing.assertions import ROUNDING, SIGMAS, assert_close, assert_same_bits
from tests.graph.recording import kinds, loss_of, normal

WINDOWS = [(2, None, "valid"), (3, 2, "same"), (2, 1, 1), (3, 3, ((1, 0), (0, 1)))]


@pytest.mark.parametrize("window", WINDOWS, ids=str)
@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
@pytest.mark.parametrize("ties", [False, True])
def test_pooling_first_changes_no_value(window, activation, ties, rng, impl, evaluate):
    x0 = rng.integers(-2, 2, (2, 7, 6, 3)) if ties else rng.standard_normal((2, 7, 6, 3))
    results = []
    for swapped in (False, True):
        graph = Graph()
        x = graph.external("x", (2, 7, 6, 3))
        y = ops.max_pool2d(getattr(ops, activation)(x), *window)[0]
        target = graph.external("t", y.shape)
        loss, _ = loss_of(graph, y, target, "mean_squared_error")
        if swapped:
            fuse.pool_first(graph)
            assert kinds(graph) == ["max_pool2d", "activation", "loss"]
        (dx,) = add_gradients(graph, {loss: 1.0}, [x])
        goal = np.ones(y.shape, np.float32)
        found = evaluate(graph, {x: x0.astype(np.float32), target: goal})
        results.append((found[y], found[loss], found[dx]))
    if activation == "relu":
        assert_same_bits(results[1], results[0])
    else:  # where windows overlap, a sum is multiplied by the slope in place of its terms
        assert_same_bits(results[1][:2], results[0][:2])
        assert_close(results[1][2], results[0][2], 4 * ROUNDING * np.abs(results[0][2]).max())


def test_pooling_passes_several_activations_and_poolings():
    graph = Graph()
    x = graph.external("x", (1, 8, 8, 2))
    y = ops.max_pool2d(ops.max_pool2d(ops.relu(x), 2)[0], 2)[0]
    fuse.pool_first(graph)
    assert kinds(graph) == ["max_pool2d", "max_pool2d", "activation"]
    assert y.node is graph.nodes[-1]


def read_twice(x):
    y = ops.relu(x)
    return ops.max_pool2d(y, 2), ops.scale(y, 2.0)


def behind_tanh(x):
    """It may round two values to one."""
    return ops.max_pool2d(ops.tanh(x), 2)


def behind_elu(x):
    """Likewise."""
    return ops.max_pool2d(ops.elu(x), 2)


def averaged(x):
    return ops.average_pool2d(ops.relu(x), 2)


@pytest.mark.parametrize("build", [behind_tanh, behind_elu, averaged, read_twice])
def test_what_must_come_before_the_pooling_stays(build):
    graph = Graph()
    build(graph.external("x", (1, 8, 8, 2)))
    before = kinds(graph)
    fuse.pool_first(graph)
    assert kinds(graph) == before


@pytest.mark.parametrize("window", WINDOWS, ids=str)
@pytest.mark.parametrize("pool", [ops.max_pool2d_backward, ops.average_pool2d_backward])
def test_a_bias_gradient_is_summed_before_the_pooling_spreads_it(pool, window, rng, impl, evaluate):
    graph = Graph()
    shape = (2, 7, 6, 3)
    y, argmax = ops.max_pool2d(graph.external("x", shape), *window)
    dy = graph.external("dy", y.shape)
    operands = (dy, argmax, shape) if pool is ops.max_pool2d_backward else (dy, shape)
    db = ops.bias_gradient(pool(*operands, *window))
    values = normal(rng, *graph.sources.values())
    want = evaluate(graph, values)[db]
    fuse.sum_before_unpooling(graph)
    assert db.node.inputs == (dy,)
    fuse.drop_dead(graph, [db])
    assert kinds(graph) == ["bias_gradient"]
    size = np.abs(values[dy].astype(np.float64)).sum(axis=(0, 1, 2))
    bound = SIGMAS * ROUNDING * 9 * size
    assert_close(evaluate(graph, values)[db], want, bound)
