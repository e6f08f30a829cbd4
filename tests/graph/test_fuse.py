"""The fuse passes: when they act, when they must not, and that no value changes."""

import numpy as np
import pytest

from brasa import ops
from brasa.graph import fuse
from brasa.graph.gradients import add_gradients
from brasa.graph.trace import Graph
from brasa.testing.assertions import ROUNDING, SIGMAS, assert_close, assert_same_bits


def kinds(graph):
    return [node.op for node in graph.nodes]


def normal(rng, *symbols):
    return {s: rng.standard_normal(s.shape).astype(np.float32) for s in symbols}


def loss_of(graph, predictions, target, kind):
    labels, dense = (target, None) if target.dtype == "int32" else (None, target)
    return graph.add("loss", [predictions, labels, dense, None], {"kind": kind})


# ---- losses --------------------------------------------------------------------------------

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
        lambda g, z, y, t: loss_of(g, ops.softmax(z), y, "softmax_cross_entropy"),
        lambda g, z, y, t: loss_of(g, ops.scale(ops.softmax(z), 0.5), y, "cross_entropy"),
        lambda g, z, y, t: loss_of(g, z, t, "binary_cross_entropy"),
    ],
    ids=["tanh", "softmax+bce", "sigmoid+ce", "mse", "from logits", "not directly", "input"],
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
    (share,) = graph.add("accuracy", [loss.node.inputs[0], labels, None, None], {})
    values = {**normal(rng, z), labels: targets_for(labels, rng)}
    want = evaluate(graph, values)[share]
    fuse.fuse_accuracies(graph)
    assert share.node.inputs[0] is z
    assert_same_bits(evaluate(graph, values)[share], want)


def test_a_binary_accuracy_keeps_its_probabilities():
    graph = Graph()
    z, t = graph.external("z", (4, 3)), graph.external("t", (4, 3))
    p = ops.softmax(z)
    (share,) = graph.add("accuracy", [p, None, t, None], {"binary": True, "threshold": 0.5})
    fuse.fuse_accuracies(graph)
    assert share.node.inputs[0] is p


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
@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "sigmoid", "tanh"])
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


# ---- pooling -------------------------------------------------------------------------------

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


def averaged(x):
    return ops.average_pool2d(ops.relu(x), 2)


@pytest.mark.parametrize("build", [behind_tanh, averaged, read_twice])
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


# ---- sums of gradients ---------------------------------------------------------------------


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
