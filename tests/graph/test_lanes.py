"""The lanes pass: when it acts, when it must not, and that no value changes."""

import numpy as np
import pytest

import brasa
from brasa import _core, layers, ops
from brasa.graph import fuse, lanes
from brasa.graph.gradients import add_gradients
from brasa.graph.trace import Graph
from brasa.testing.assertions import assert_close

FILTERS = {"w1": (5, 5, 1, 6), "b1": (6,), "w2": (3, 3, 6, 16), "b2": (16,)}


def kinds(graph):
    return [node.op for node in graph.nodes]


def values_of(graph, rng):
    return {
        symbol: rng.standard_normal(symbol.shape).astype(np.float32)
        for symbol in graph.sources.values()
    }


def two_layers(batch, pool, activation, strides=1):
    """conv, pool, activation, twice; then what a dense layer would read."""
    graph = Graph()
    w = {name: graph.external(name, shape) for name, shape in FILTERS.items()}
    x = graph.external("x", (batch, 13, 14, 1))
    h = activation(pool(ops.conv2d(x, w["w1"], w["b1"], strides)))
    h = activation(pool(ops.conv2d(h, w["w2"], w["b2"], padding="same")))
    return graph, x, w, ops.reshape(h, (batch, int(np.prod(h.shape[1:]))))


def max_pool(x):
    return ops.max_pool2d(x)[0]


def average_pool(x):
    return ops.average_pool2d(x)


def with_gradients(batch, pool, activation):
    graph, _, w, y = two_layers(batch, pool, activation)
    (loss, _) = graph.add(
        "loss", [y, None, graph.external("t", y.shape), None], {"kind": "mean_squared_error"}
    )
    gradients = add_gradients(graph, {loss: 1.0}, list(w.values()))
    kept = [loss, *gradients]
    fuse.drop_dead(graph, kept)
    fuse.sum_before_unpooling(graph)
    fuse.fuse_epilogues(graph, kept)
    return graph, kept


@pytest.mark.parametrize("pool", [max_pool, average_pool])
@pytest.mark.parametrize("activation", [ops.relu, ops.tanh])
@pytest.mark.parametrize("extra", [0, -1])
def test_no_value_and_no_gradient_changes(pool, activation, extra, impl, rng, evaluate):
    batch = 2 * _core.lanes() + extra
    results, drawn = [], None
    for moved in (False, True):
        graph, kept = with_gradients(batch, pool, activation)
        if moved:
            assert "conv2d" in kinds(graph)
            lanes.use_lanes(graph, kept, _core.lanes())
            assert kinds(graph).count("conv2d_lanes") == 2
        drawn = drawn or [values_of(graph, rng)]
        values = dict(zip(graph.sources.values(), drawn[0].values(), strict=True))
        found = evaluate(graph, values)
        results.append([found[symbol] for symbol in kept])
    for plain, other in zip(*results, strict=True):
        scale = float(np.abs(plain).max())
        assert_close(other, plain, np.full(plain.shape, 2e-5 * scale))


def test_training_of_a_lenet_stays_in_lanes_between_the_borders(impl):
    graph, kept = with_gradients(4 * _core.lanes(), max_pool, ops.relu)
    lanes.use_lanes(graph, kept, _core.lanes())
    found = kinds(graph)
    # In: the images and the gradient of what the dense layer read. Out: what it reads.
    assert found.count("to_lanes") == 2
    assert found.count("from_lanes") == 1
    assert not {"conv2d", "max_pool2d", "activation", "bias_gradient"} & set(found)
    # The convolution's gradients spread out what the pooling's winners get.
    assert "max_pool2d_backward" not in found
    forward = [node for node in graph.nodes if node.op == "conv2d_lanes"]
    assert all(node.attributes["pool"] for node in forward)
    assert all(node.attributes["activation"] == "relu" for node in forward)


def test_a_rising_activation_is_pooled_in_the_store_when_nobody_asks_for_the_winner(impl):
    graph, _, _, y = two_layers(_core.lanes(), lambda h: max_pool(ops.tanh(h)), lambda h: h)
    fuse.fuse_epilogues(graph, [y])
    lanes.use_lanes(graph, [y], _core.lanes())
    assert kinds(graph) == ["to_lanes", "conv2d_lanes", "conv2d_lanes", "from_lanes", "reshape"]


def conv(batch, channels, filters, **how):
    graph = Graph()
    x = graph.external("x", (batch, 9, 9, channels))
    w = graph.external("w", (3, 3, channels // how.get("groups", 1), filters))
    y = ops.conv2d(x, w, None, **how)
    return graph, y


@pytest.mark.parametrize(
    ("layer", "chosen"),
    [
        (conv(16, 3, 8), True),
        (conv(8, 15, 32), True),
        (conv(7, 3, 8), False),  # less than one vector of images
        (conv(9, 3, 8), False),  # 16 lanes for 9 images
        (conv(14, 3, 8), True),
        (conv(16, 16, 8), False),
        (conv(16, 3, 33), False),
        (conv(16, 3, 8, strides=2), False),
        (conv(16, 3, 8, dilation_rate=(1, 2)), False),
        (conv(16, 4, 8, groups=2), False),
    ],
)
def test_what_gains_is_chosen_by_shape(layer, chosen):
    graph, _ = layer
    (node,) = graph.nodes
    assert lanes.gains(node, 8) == chosen


@pytest.mark.parametrize(
    ("batch", "most_filters"),
    [(5, 0), (6, 8), (8, 8), (9, 16), (11, 16), (12, 32), (17, 8), (18, 16)],
)
def test_of_16_lanes_fewer_filters_leave_more_empty(batch, most_filters):
    for filters in (8, 16, 32):
        (node,) = conv(batch, 3, filters)[0].nodes
        assert lanes.gains(node, 16) == (filters <= most_filters)


def test_a_convolution_of_gradients_stays_where_it_is():
    """Lanes past the last image hold what an image may hold, and a gradient may not."""
    graph = Graph()
    x, w = graph.external("x", (16, 6, 6, 3)), graph.external("w", (3, 3, 3, 5))
    v = graph.external("v", (3, 3, 4, 5))
    y = ops.conv2d_transpose(ops.tanh(ops.conv2d(x, w)), v)
    loss, _ = graph.add(
        "loss", [y, None, graph.external("t", y.shape), None], {"kind": "mean_squared_error"}
    )
    gradients = add_gradients(graph, {loss: 1.0}, [w, v])
    assert kinds(graph).count("conv2d") == 2
    lanes.use_lanes(graph, [loss, *gradients], 8)
    assert kinds(graph).count("conv2d_lanes") == 1
    assert kinds(graph).count("conv2d") == 1


def test_a_result_that_is_wanted_is_brought_back(impl, rng, evaluate):
    graph, y = conv(2 * _core.lanes(), 3, 8)
    z = ops.relu(y)
    values = values_of(graph, rng)
    want = evaluate(graph, values)
    lanes.use_lanes(graph, [y, z], _core.lanes())
    assert kinds(graph) == ["to_lanes", "conv2d_lanes", "activation", "from_lanes", "from_lanes"]
    got = evaluate(graph, values)
    for symbol in (y, z):
        assert_close(got[symbol], want[symbol], np.full(symbol.shape, 1e-4))


def test_winners_that_somebody_reads_stay_where_they_are(impl, rng, evaluate):
    graph, y = conv(2 * _core.lanes(), 3, 8)
    pooled, argmax = ops.max_pool2d(y)
    values = values_of(graph, rng)
    want = evaluate(graph, values)
    lanes.use_lanes(graph, [pooled, argmax], _core.lanes())
    assert kinds(graph) == ["to_lanes", "conv2d_lanes", "from_lanes", "max_pool2d"]
    np.testing.assert_array_equal(evaluate(graph, values)[argmax], want[argmax])


def test_a_graph_without_few_channels_is_left_alone():
    graph, y = conv(32, 64, 64)
    before = list(graph.nodes)
    lanes.use_lanes(graph, [y], 8)
    assert graph.nodes == before


def test_gradients_of_losses_made_of_ops_stay_gradients(rng):
    """That of a transposed convolution reads gradients: past the last image lanes are not 0."""
    x, nothing = rng.standard_normal((6, 12, 12, 3)), np.zeros((6, 12, 12, 6))

    def gradients(loss):
        brasa.set_seed(0)
        stack = [layers.Conv2DTranspose(filters, 3, padding="same") for filters in (5, 6)]
        model = brasa.Sequential(
            [layers.Conv2D(4, 3, padding="same", input_shape=(12, 12, 3)), *stack]
        )
        model.compile("sgd", loss)
        return model.compute_gradients(x, nothing)[1]

    own = gradients(lambda y, p: ops.mean(ops.square(p), axis=(1, 2, 3)))
    for got, want in zip(own, gradients("mse"), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-6)
