"""What follows from the weights alone: folded normalization, and when it is computed again."""

import numpy as np
import pytest

import brasa
from brasa import layers, ops
from brasa.graph.constants import constant_first, fold_normalization
from brasa.graph.trace import Graph
from brasa.testing.assertions import assert_same_bits

C, K = 5, 7


def normalized(activation=None, *, dense=False, bias=True):
    """conv2d or matmul, then a normalization: the graph, its data, its weights, its result."""
    graph = Graph()
    x = graph.external("x", (3, C) if dense else (2, 6, 6, C))
    w = graph.external("w", (C, K) if dense else (3, 3, C, K))
    b = graph.external("b", (K,)) if bias else None
    scale = [graph.external(name, (K,)) for name in ("gamma", "beta", "mean", "variance")]
    y = (
        ops.dense(x, w, b, activation=activation)
        if dense
        else ops.conv2d(x, w, b, activation=activation)
    )
    result = ops.batch_norm(y, *scale)
    return graph, x, [s for s in (w, b, *scale) if s is not None], result


def kinds(graph):
    return [node.op for node in graph.nodes]


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dense", [True, False])
def test_the_normalization_goes_into_the_weights(dense, bias, rng, evaluate):
    graph, x, weights, result = normalized(dense=dense, bias=bias)
    values = {s: rng.uniform(0.5, 1.5, s.shape).astype(np.float32) for s in (x, *weights)}
    want = evaluate(graph, values)[result]
    fold_normalization(graph, [result], weights)
    assert kinds(graph) == ["batch_norm_fold", "matmul" if dense else "conv2d"]
    np.testing.assert_allclose(evaluate(graph, values)[result], want, rtol=1e-4, atol=1e-5)


def test_the_normalization_goes_into_weights_under_another_shape(rng, evaluate):
    """A depthwise convolution sees its weights so."""
    graph = Graph()
    x, w = graph.external("x", (2, 5, 5, 3)), graph.external("w", (3, 3, 3, 2))
    scale = [graph.external(name, (6,)) for name in ("gamma", "beta", "mean", "variance")]
    y = ops.conv2d(x, graph.view(w, (3, 3, 1, 6)), groups=3)
    result = ops.batch_norm(y, *scale)
    values = {s: rng.uniform(0.5, 1.5, s.shape).astype(np.float32) for s in (x, w, *scale)}
    want = evaluate(graph, values)[result]
    fold_normalization(graph, [result], [w, *scale])
    assert kinds(graph) == ["reshape", "batch_norm_fold", "conv2d"]
    np.testing.assert_allclose(evaluate(graph, values)[result], want, rtol=1e-4, atol=1e-5)


def test_it_stays_where_the_weights_may_change():
    graph, _, weights, result = normalized()
    fold_normalization(graph, [result], weights[1:])
    assert kinds(graph) == ["conv2d", "batch_norm"]


def test_it_stays_behind_an_activation():
    graph, _, weights, result = normalized("relu")
    fold_normalization(graph, [result], weights)
    assert kinds(graph) == ["conv2d", "batch_norm"]


def test_it_stays_where_the_sum_is_read_elsewhere():
    graph, _, weights, result = normalized()
    between = graph.nodes[0].outputs[0]
    ops.relu(between)
    fold_normalization(graph, [result], weights)
    assert kinds(graph) == ["conv2d", "batch_norm", "activation"]
    graph, _, weights, result = normalized()
    fold_normalization(graph, [result, graph.nodes[0].outputs[0]], weights)
    assert kinds(graph) == ["conv2d", "batch_norm"]


def test_filters_are_packed_once(rng, compiled):
    graph = Graph()
    x, w = graph.external("x", (2, 6, 6, 16)), graph.external("w", (3, 3, 16, 24))
    y = ops.conv2d(x, w, padding=1)
    values = {s: rng.standard_normal(s.shape).astype(np.float32) for s in (x, w)}
    plan, arrays, (result,) = compiled(graph, values, [y], constants=[w])
    assert [node.op for node in graph.nodes] == ["conv2d_pack", "conv2d"]
    plan.run(arrays, version=1)
    want = ops.conv2d(values[x], values[w], padding=1)
    np.testing.assert_allclose(result, want, rtol=1e-4, atol=1e-4)
    arrays["in1"][...] = 0
    plan.run(arrays, version=1)
    np.testing.assert_allclose(result, want, rtol=1e-4, atol=1e-4)
    plan.run(arrays, version=2)
    assert_same_bits(result, np.zeros_like(want))


def test_filters_that_may_change_are_not(compiled):
    graph = Graph()
    x, w = graph.external("x", (2, 6, 6, 16)), graph.external("w", (3, 3, 16, 24))
    y = ops.conv2d(x, w)
    compiled(graph, {s: np.zeros(s.shape, np.float32) for s in (x, w)}, [y])
    assert [node.op for node in graph.nodes] == ["conv2d"]


def test_constant_nodes_come_first_and_results_outside_do_not():
    graph = Graph()
    x, w = graph.external("x", (2, 2)), graph.external("w", (2, 2))
    ops.relu(x)
    kept = ops.scale(w, 2.0)
    ops.matmul(x, kept)
    ops.tanh(ops.sigmoid(w))
    nodes, early = constant_first(graph.nodes, {w}, set())
    assert early == 3
    assert [n.op for n in nodes] == ["scale", "activation", "activation", "activation", "matmul"]
    _, early = constant_first(graph.nodes, {w}, {kept})
    assert early == 2


# ---- in a model ----------------------------------------------------------------------------


@pytest.fixture
def model():
    network = brasa.Sequential(
        [
            layers.Input((8, 8, 3)),
            layers.Conv2D(20, 3),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Flatten(),
            layers.Dense(4),
        ]
    )
    network.compile(optimizer="sgd", loss="mse")
    return network


def unfolded(network, x):
    for layer in network.layers:
        x = layer(x)
    return x


def changes(network, x, y):
    """Every way in which a weight can change."""
    yield lambda: network.set_weights([w * 1.5 for w in network.get_weights()])
    yield lambda: network.layers[0].set_weights([w * 0.5 for w in network.layers[0].get_weights()])
    yield lambda: network.layers[1].gamma.assign(np.full(20, 3.0))
    yield lambda: network.train_on_batch(x, y)
    yield lambda: network.fit(x, y, epochs=1, verbose=0)


def test_predictions_follow_every_change_of_a_weight(model, rng):
    x = rng.normal(size=(6, 8, 8, 3)).astype(np.float32)
    y = rng.normal(size=(6, 4)).astype(np.float32)
    before = model.predict(x, verbose=0)
    for change in changes(model, x, y):
        change()
        after = model.predict(x, verbose=0)
        assert np.abs(after - before).max() > 1e-3
        np.testing.assert_allclose(after, unfolded(model, x), rtol=1e-3, atol=1e-4)
        assert_same_bits(model.predict(x, verbose=0), after)
        before = after


def test_a_shared_layer_follows_the_other_model(model, rng):
    x = rng.normal(size=(6, 8, 8, 3)).astype(np.float32)
    other = brasa.Sequential([layers.Input((8, 8, 3)), *model.layers[:2], layers.Flatten()])
    other.compile(optimizer="sgd", loss="mse")
    model.predict(x, verbose=0)
    other.train_on_batch(x, rng.normal(size=(6, 720)).astype(np.float32))
    np.testing.assert_allclose(
        model.predict(x, verbose=0), unfolded(model, x), rtol=1e-3, atol=1e-4
    )


class Offset(layers.Layer):
    """x @ w, and beside it a product of weights, which is computed once."""

    def build(self, input_shape):
        self.w = self.add_weight("w", (input_shape[-1], 5))
        self.a, self.b = self.add_weight("a", (1, 3)), self.add_weight("b", (3, 5))

    def call(self, x):
        offset = ops.matmul(ops.add(self.tensor(x, self.a)), self.b)
        return ops.add(offset, ops.matmul(x, self.w))

    @staticmethod
    def tensor(x, weight):
        """A weight among the operands of an op that has no other one."""
        return x.graph.source(weight, weight.shape) if hasattr(x, "graph") else weight.value


def test_what_is_computed_once_is_not_added_to(rng):
    network = brasa.Sequential([layers.Input((7,)), Offset(), layers.Dense(2)])
    x = rng.normal(size=(1, 7)).astype(np.float32)
    w, a, b, kernel, bias = network.get_weights()
    want = (a @ b + x @ w) @ kernel + bias
    for _ in range(3):
        np.testing.assert_allclose(network.predict_on_batch(x), want, rtol=1e-5, atol=1e-6)


def test_values_are_read_only(model):
    with pytest.raises(ValueError, match="read-only"):
        model.layers[1].gamma.value[...] = 1
