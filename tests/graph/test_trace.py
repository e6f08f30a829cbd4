"""Recording: an op on symbols becomes a node, with the shape that csrc/ops infers."""

import numpy as np
import pytest

from brasa import Input, Model, layers, ops
from brasa.graph.symbol import consumers
from brasa.graph.trace import Graph, graph_of
from brasa.initializers import get as initializer
from brasa.parameter import Parameter


def image(graph, name="x", shape=(2, 8, 8, 3)):
    return graph.external(name, shape)


def test_an_op_on_symbols_records_a_node_and_infers_its_shape():
    graph = Graph()
    x, w = image(graph), graph.external("w", (3, 3, 3, 5))
    y = ops.conv2d(x, w, strides=2, padding="same")
    assert (y.shape, y.dtype, y.ndim) == ((2, 4, 4, 5), "float32", 4)
    (node,) = graph.nodes
    assert (node.op, node.name, node.inputs, node.outputs) == (
        "conv2d",
        "conv2d",
        (x, w, None),
        (y,),
    )
    assert node.attributes["strides"] == [2, 2]
    assert y.node is node
    assert y.graph is graph_of([3, y]) is graph


def test_an_op_with_two_results_gives_two_symbols():
    y, argmax = ops.max_pool2d(image(Graph()), 2)
    assert (y.index, argmax.index) == (0, 1)
    assert (argmax.shape, argmax.dtype) == ((2, 4, 4, 3), "int32")


def test_a_source_is_one_symbol_however_often_it_is_asked_for():
    graph = Graph()
    weight = Parameter("layer/w", (3, 2), initializer("zeros"))
    x = graph.external("x", (4, 3))
    first, second = ops.matmul(x, weight), ops.matmul(x, weight)
    assert first.node.inputs[1] is second.node.inputs[1]
    assert first.node.inputs[1].source is weight
    assert graph.external("x", (4, 3)) is x
    assert list(graph.sources) == [x.source, weight]


def test_names_tell_scopes_and_repetitions_apart():
    graph = Graph()
    x = graph.external("x", (4,))
    with graph.scope("a"):
        ops.relu(x)
        with graph.scope("b"):
            ops.relu(x)
        ops.relu(x)
    ops.relu(x)
    names = [node.name for node in graph.nodes]
    assert names == ["a/activation", "a/b/activation", "a/activation_2", "activation"]


def test_a_reshape_is_a_view_and_an_idle_one_is_nothing():
    graph = Graph()
    x = graph.external("x", (4, 6))
    y = ops.reshape(x, (2, -1))
    assert (y.shape, y.node.op) == ((2, 12), "reshape")
    assert ops.reshape(x, (4, -1)) is x
    assert len(graph.nodes) == 1


def test_consumers_lists_readers_in_order():
    graph = Graph()
    x = graph.external("x", (4,))
    y = ops.relu(x)
    ops.add(y, x)
    ops.multiply(y, y)
    _, plus, times = graph.nodes
    readers = consumers(graph.nodes)
    assert readers[y] == [plus, times, times]
    assert readers[x] == [y.node, plus]


def test_dropouts_are_numbered():
    graph = Graph(training=True)
    x = graph.external("x", (4,))
    layer = layers.Dropout(0.5)
    numbers = [layer(x).node.attributes["node"] for _ in range(3)]
    assert len(set(numbers)) == 3


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x, _: ops.dense(x, np.zeros((5, 2), np.float32)), ValueError, "5 input features"),
        (ops.add, ValueError, "different graphs"),
        (lambda x, _: ops.add(x, ops.reshape(x, (12,))), ValueError, "cannot be broadcast"),
        (lambda x, _: ops.relu(x, out=np.zeros((4, 3), np.float32)), ValueError, "out= cannot"),
        (lambda x, _: np.asarray(x), TypeError, "a symbolic tensor has no values"),
        (lambda x, _: np.add(x, 1), TypeError, "Use brasa.ops"),
        (lambda x, _: x.graph.add("no_such_op", [x]), ValueError, "no op named 'no_such_op'"),
        (lambda x, _: x.graph.add("multiply", [x]), ValueError, "takes 2 inputs, got 1"),
        (lambda x, _: x.graph.add("multiply", [x, None]), ValueError, "b is missing"),
    ],
)
def test_what_cannot_be_recorded_is_refused_and_leaves_no_node(call, error, message):
    graph = Graph()
    x, other = graph.external("x", (4, 3)), Graph().external("x", (4, 3))
    with pytest.raises(error, match=message):
        call(x, other)
    assert [node for node in graph.nodes if node.op != "reshape"] == []


def test_a_network_traces_each_call_in_the_scope_of_its_layer():
    x = Input((4,))
    shared = layers.Dense(4, activation="tanh", name="shared")
    model = Model(x, layers.Add()([shared(x), shared(shared(x))]))
    graph = Graph()
    (y,) = model.network.trace(graph, [graph.external("x", (7, 4))])
    assert y.shape == (7, 4)
    assert [node.name for node in graph.nodes if node.op == "matmul"] == [
        "shared/matmul",
        "shared/matmul_2",
        "shared/matmul_3",
    ]
    assert len([key for key in graph.sources if isinstance(key, Parameter)]) == 2


def test_an_error_in_a_network_names_the_layer_and_its_number():
    class Halves(layers.Layer):
        def call(self, x):
            return ops.slice(x, 0, 0, 2)  # fails for batches of 1

    x = Input((4,))
    with pytest.raises(ValueError, match="layer 'halves' for the input"):
        Halves()(x)
    network = Model(x, layers.Dense(2)(layers.Flatten()(x))).network
    graph = Graph()
    with pytest.raises(ValueError, match=r"layer 'dense' \(number 1\).*expects 4 input features"):
        network.trace(graph, [graph.external("x", (7, 5))])
