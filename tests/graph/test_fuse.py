"""The fuse passes over activations, biases and dead nodes: when they act, when they must not."""

import numpy as np
import pytest

from brasa import ops
from brasa.graph import fuse
from brasa.graph.gradients import add_gradients
from brasa.graph.trace import Graph
from brasa.testing.assertions import ROUNDING, assert_close, assert_same_bits
from tests.graph.recording import kinds, loss_of, normal

# ---- activations ---------------------------------------------------------------------------


def producers(graph):
    """The ops that can apply an activation, on fresh operands."""
    x, w = graph.external("x", (2, 6, 6, 3)), graph.external("w", (3, 3, 3, 4))
    a, b, bias = (graph.external(*o) for o in (("a", (5, 4)), ("b", (4, 7)), ("bias", (7,))))
    return {
        "conv2d": ops.conv2d(x, w, padding="same"),
        "matmul": ops.dense(a, b, bias),
        "add_bias": ops.add_bias(graph.external("c", (5, 7)), bias),
    }


@pytest.mark.parametrize("op", ["add_bias", "conv2d", "matmul"])
@pytest.mark.parametrize(
    "activation", ["relu", "leaky_relu", "elu", "sigmoid", "tanh", "gelu", "gelu_tanh", "silu"]
)
def test_an_activation_moves_into_what_it_follows(op, activation, rng, impl, evaluate):
    graph = Graph()
    y = getattr(ops, activation)(producers(graph)[op])
    fuse.drop_dead(graph, [y])
    values = normal(rng, *graph.sources.values())
    want = evaluate(graph, values)[y]
    fuse.fuse_epilogues(graph, [y])
    assert kinds(graph) == [op]
    assert y.node is graph.nodes[0]
    assert y.node.outputs == (y,)
    assert y.node.attributes["activation"] == activation
    assert_close(evaluate(graph, values)[y], want, 4 * ROUNDING * np.abs(want).max())


@pytest.mark.parametrize("op", ["add_bias", "conv2d", "matmul"])
@pytest.mark.parametrize("inside", [False, True], ids=["behind", "inside"])
def test_an_activation_whose_gradient_comes_from_x_stays_behind_in_training(op, inside):
    graph = Graph()
    y = ops.gelu(producers(graph)[op])
    fuse.drop_dead(graph, [y])
    if inside:  # as ops.conv2d(..., activation="gelu") records it
        fuse.fuse_epilogues(graph, [y])
    loss, slope = loss_of(graph, y, graph.external("t", y.shape), "mean_squared_error")
    x = graph.nodes[0].inputs[0]
    (dx,) = add_gradients(graph, {loss: 1.0}, [x])
    fuse.drop_dead(graph, [loss, dx])
    fuse.fuse_epilogues(graph, [loss, dx])
    assert kinds(graph)[:2] == [op, "activation"]
    (backward,) = [node for node in graph.nodes if node.op == "activation_backward"]
    assert backward.inputs == (slope, graph.nodes[0].outputs[0])


def test_the_slope_goes_with_its_activation():
    graph = Graph()
    y = ops.leaky_relu(producers(graph)["matmul"], 0.125)
    fuse.fuse_epilogues(graph, [y])
    assert y.node.attributes["negative_slope"] == 0.125


def test_an_activation_stays_where_its_input_is_read_twice_or_kept():
    for kept in (False, True):
        graph = Graph()
        z = producers(graph)["matmul"]
        y = ops.relu(z)
        wanted = [y, z] if kept else [y, ops.tanh(z)]
        fuse.drop_dead(graph, wanted)
        before = kinds(graph)
        fuse.fuse_epilogues(graph, wanted)
        assert kinds(graph) == before


def test_softmax_and_second_activations_stay():
    graph = Graph()
    made = producers(graph)
    wanted = [ops.softmax(made["matmul"]), ops.tanh(ops.relu(made["conv2d"]))]
    fuse.drop_dead(graph, wanted)
    fuse.fuse_epilogues(graph, wanted)
    assert sorted(kinds(graph)) == ["activation", "conv2d", "matmul", "softmax"]
    assert wanted[1].node.op == "activation"


# ---- biases --------------------------------------------------------------------------------


def transposed(graph):
    """A transposed convolution in its two steps: what is before the bias, and after it."""
    x, w = graph.external("x", (2, 3, 3, 4)), graph.external("w", (3, 3, 5, 4))
    y = ops.conv2d_transpose(x, w, graph.external("b", (5,)), 2)
    return y.node.inputs[0], y


def test_a_bias_is_added_where_the_product_lies(rng, impl, evaluate):
    graph = Graph()
    product, y = transposed(graph)
    values = normal(rng, *graph.sources.values())
    want = evaluate(graph, values)[y]
    shared = fuse.bias_in_place(graph, [y], [])
    assert shared == {y: product}
    assert_same_bits(evaluate(graph, values, shared)[y], want)


def test_a_bias_gets_a_place_of_its_own_where_the_product_is_needed():
    def read_twice(graph, product, y):
        return [y, ops.tanh(product)], []

    def wanted(graph, product, y):
        return [y, product], []

    def constant(graph, product, y):  # kept from run to run, while the bias may change
        x, w, _ = graph.sources.values()
        return [y], [x, w]

    for build in (read_twice, wanted, constant):
        graph = Graph()
        kept, constants = build(graph, *transposed(graph))
        assert fuse.bias_in_place(graph, kept, constants) == {}, build.__name__


def test_a_bias_on_a_view_or_on_a_source_gets_a_place_of_its_own():
    graph = Graph()
    a, b = graph.external("a", (3, 4)), graph.external("b", (4,))
    flat = ops.reshape(ops.tanh(a), (1, 3, 4))
    assert fuse.bias_in_place(graph, [ops.add_bias(a, b), ops.add_bias(flat, b)], []) == {}


# ---- dead nodes ----------------------------------------------------------------------------


def test_what_nobody_wants_is_dropped():
    graph = Graph()
    x = graph.external("x", (1, 4, 4, 2))
    pooled, _ = ops.max_pool2d(x, 2)
    ops.tanh(ops.relu(x))
    wanted = ops.scale(pooled, 2.0)
    ops.relu(wanted)
    fuse.drop_dead(graph, [wanted])
    assert kinds(graph) == ["max_pool2d", "scale"]
    fuse.drop_dead(graph, [])
    assert graph.nodes == []
