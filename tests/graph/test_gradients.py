"""The gradient pass: every rule against differences, and how gradients meet."""

import numpy as np
import pytest

from brasa import ops
from brasa.graph.gradient_rules import RULES
from brasa.graph.gradients import add_gradients
from brasa.graph.trace import Graph
from brasa.testing.assertions import ROUNDING, assert_close
from brasa.testing.gradcheck import check_gradient
from tests.graph.gradient_cases import (
    ALL_AT_ONCE,
    CASES,
    CONSTANTS,
    RANDOM,
    STATE,
    STATISTICS,
    VARIANTS,
)


def recorded(op, variant, shapes):
    """The graph of a case: graph, operands, result, and the values of further sources."""
    graph = Graph()
    operands = [graph.external(f"x{i}", shape) for i, shape in enumerate(shapes)]
    if variant == "frozen":
        statistics = [graph.external(name, (3,)) for name in ("mean", "variance")]
        y = ops.batch_norm(operands[0], None, None, *statistics)
        return graph, operands, y, dict(zip(statistics, STATISTICS, strict=True))
    if op in CONSTANTS:
        constant = graph.external("constant", CONSTANTS[op].shape, CONSTANTS[op].dtype.name)
        both = [constant, *operands] if op == "embedding" else [*operands, constant]
        return graph, operands, graph.add(op, both)[0], {constant: CONSTANTS[op]}
    if op not in RANDOM:
        return graph, operands, CASES[op][variant][0](*operands), {}
    state = graph.external("state", (2,), "int64")
    (y,) = graph.add(op, [operands[0], state], RANDOM[op])
    return graph, operands, y, {state: STATE}


def with_squares(graph, y, target):
    """Append the mean squared error of y; returns the loss and its target's symbol."""
    goal = graph.external("target", y.shape)
    loss, _ = graph.add("loss", [y, None, goal, None], {"kind": "mean_squared_error"})
    return loss, {goal: target}


def test_every_rule_has_a_case_here():
    # That of a loss within a loss is tested in tests/test_own_losses.py.
    assert set(CASES) == set(RULES) - {"loss"}


@pytest.mark.parametrize(("op", "variant"), VARIANTS)
def test_a_rule_gives_the_slopes(op, variant, rng, impl, evaluate):
    shapes = CASES[op][variant][1]
    arrays = [rng.standard_normal(shape).astype(np.float32) for shape in shapes]
    graph, operands, y, constants = recorded(op, variant, shapes)
    target = rng.standard_normal(y.shape).astype(np.float32)
    loss, goals = with_squares(graph, y, target)
    gradients = add_gradients(graph, {loss: 1.0}, operands)
    values = {**dict(zip(operands, arrays, strict=True)), **constants, **goals}
    found = evaluate(graph, values)

    def squares(*moved):
        again, symbols, result, further = recorded(op, variant, shapes)
        sources = {**dict(zip(symbols, moved, strict=True)), **further}
        output = evaluate(again, sources)[result].astype(np.float64)
        return (output - target) ** 2 / output.size

    length = max(int(np.prod(shape)) for shape in shapes)
    slopes = [found[gradient] for gradient in gradients]
    check_gradient(squares, arrays, slopes, length=length, kinks=True)


@pytest.mark.parametrize(
    ("op", "variant", "only"),
    [(op, name, i) for op, name in VARIANTS for i in range(len(CASES[op][name][1]))],
)
def test_a_rule_gives_what_is_needed_alone(op, variant, only, rng, evaluate):
    """Asking for one gradient gives the same values as asking for all, and records no other."""
    shapes = CASES[op][variant][1]
    arrays = [rng.standard_normal(shape).astype(np.float32) for shape in shapes]
    results = []
    counts = []
    for wanted in (slice(None), slice(only, only + 1)):
        graph, operands, y, constants = recorded(op, variant, shapes)
        loss, goals = with_squares(graph, y, np.zeros(y.shape, np.float32))
        gradients = add_gradients(graph, {loss: 1.0}, operands[wanted])
        values = {**dict(zip(operands, arrays, strict=True)), **constants, **goals}
        results.append(evaluate(graph, values)[gradients[only if len(gradients) > 1 else 0]])
        counts.append(len(graph.nodes))
    assert (results[0] == results[1]).all()
    assert counts[1] <= counts[0]
    if len(shapes) > 1 and op not in ALL_AT_ONCE:
        assert counts[1] < counts[0]


def squared(graph, y):
    """A loss: the mean of the squares of y."""
    zeros = graph.external(f"zeros{len(graph.nodes)}", y.shape)
    loss, _ = graph.add("loss", [y, None, zeros, None], {"kind": "mean_squared_error"})
    return loss, {zeros: np.zeros(y.shape, np.float32)}


def test_a_shared_weight_gets_the_sum_of_its_uses(rng, evaluate):
    graph = Graph()
    x, w = graph.external("x", (5, 4)), graph.external("w", (4, 4))
    arrays = {x: rng.standard_normal((5, 4)), w: 0.5 * rng.standard_normal((4, 4))}
    arrays = {symbol: array.astype(np.float32) for symbol, array in arrays.items()}
    y = ops.matmul(ops.matmul(ops.matmul(x, w), w), w)
    loss, zeros = squared(graph, y)
    (gradient,) = add_gradients(graph, {loss: 1.0}, [w])
    assert gradient.node.op == "add"
    assert len(gradient.node.inputs) == 3
    found = evaluate(graph, {**arrays, **zeros})[gradient]
    a, b = (array.astype(np.float64) for array in arrays.values())
    dy = 2 * a @ b @ b @ b / 20
    want = (a @ b @ b).T @ dy + (a @ b).T @ dy @ b.T + a.T @ dy @ b.T @ b.T
    assert_close(found, want, 64 * ROUNDING * np.abs(want).max())


def test_branches_meet_in_one_sum(rng, evaluate):
    graph = Graph()
    x = graph.external("x", (3, 4))
    y = ops.tanh(x)
    joined = ops.concatenate([ops.multiply(y, y), ops.scale(y, 3.0), y])
    loss, zeros = squared(graph, joined)
    (gradient,) = add_gradients(graph, {loss: 1.0}, [x])
    assert [len(node.inputs) for node in graph.nodes if node.op == "add"] == [4]
    values = rng.standard_normal((3, 4)).astype(np.float32)
    found = evaluate(graph, {x: values, **zeros})[gradient]
    t = np.tanh(values.astype(np.float64))
    want = (4 * t**3 + 18 * t + 2 * t) * (1 - t**2) / 36
    assert_close(found, want, 32 * ROUNDING * np.abs(want).max())


def test_several_losses_are_weighted_and_summed(rng, evaluate):
    graph = Graph()
    x, w, v = (graph.external(name, (4, 4)) for name in "xwv")
    arrays = {s: rng.standard_normal((4, 4)).astype(np.float32) for s in (x, w, v)}
    hidden = ops.matmul(x, w)
    first, zeros = squared(graph, ops.tanh(hidden))
    second, more = squared(graph, ops.matmul(hidden, v))
    sources = {**arrays, **zeros, **more}
    by_w, by_v = add_gradients(graph, {first: 1.0, second: 0.25}, [w, v])
    found = evaluate(graph, sources)
    a, b, c = (array.astype(np.float64) for array in arrays.values())
    t = np.tanh(a @ b)
    dz = 0.25 * 2 * a @ b @ c / 16
    want = a.T @ (2 * t / 16 * (1 - t**2) + dz @ c.T)
    assert_close(found[by_w], want, 64 * ROUNDING * np.abs(want).max(), "dw")
    want = (a @ b).T @ dz
    assert_close(found[by_v], want, 64 * ROUNDING * np.abs(want).max(), "dv")


def test_what_the_loss_does_not_depend_on_has_no_gradient():
    graph = Graph()
    x, idle = graph.external("x", (2, 3)), graph.external("idle", (2, 3))
    ops.tanh(idle)
    loss, _ = squared(graph, ops.tanh(x))
    gradient, nothing = add_gradients(graph, {loss: 1.0}, [x, idle])
    assert gradient is not None
    assert nothing is None


def test_no_node_is_recorded_for_inputs_that_need_no_gradient():
    graph = Graph()
    x, w = graph.external("x", (1, 4, 4, 2)), graph.external("w", (3, 3, 2, 2))
    loss, _ = squared(graph, ops.conv2d(ops.tanh(x), w))
    before = len(graph.nodes)
    add_gradients(graph, {loss: 1.0}, [w])
    assert [node.op for node in graph.nodes[before:]] == ["conv2d_backward_weight"]


def test_a_metric_among_the_nodes_gets_no_gradient(rng, evaluate):
    """A loss op that is not minimised, as the metric "mse" is, leaves the gradients alone."""
    results = []
    values = rng.standard_normal((3, 4)).astype(np.float32)
    for watched in (False, True):
        graph = Graph()
        x = graph.external("x", (3, 4))
        y = ops.tanh(x)
        loss, zeros = squared(graph, y)
        if watched:
            zeros |= squared(graph, y)[1]
        (gradient,) = add_gradients(graph, {loss: 1.0}, [x])
        results.append(evaluate(graph, {x: values, **zeros})[gradient])
    assert (results[0] == results[1]).all()


def test_a_tensor_may_have_more_readers_than_one_add_takes(rng, evaluate):
    graph = Graph()
    x = graph.external("x", (3, 4))
    parts = [ops.scale(x, float(factor)) for factor in range(1, 41)]
    total = parts[0]
    for part in parts[1:]:
        total = ops.add(total, part)
    loss, zeros = squared(graph, total)
    (gradient,) = add_gradients(graph, {loss: 1.0}, [x])
    values = rng.standard_normal((3, 4)).astype(np.float32)
    want = 2 * 820.0**2 * values.astype(np.float64) / 12
    assert_close(
        evaluate(graph, {x: values, **zeros})[gradient], want, 64 * ROUNDING * np.abs(want)
    )


def test_an_op_without_a_gradient_is_named():
    graph = Graph()
    x = graph.external("x", (4, 3))
    with graph.scope("layer"):
        y = ops.bias_gradient(x)
    loss, _ = squared(graph, ops.reshape(y, (1, 3)))
    with pytest.raises(ValueError, match=r"'bias_gradient' \(layer/bias_gradient\) has no grad"):
        add_gradients(graph, {loss: 1.0}, [x])


def test_a_batch_of_transposed_matrices_with_one_b_is_refused():
    graph = Graph()
    a, b = graph.external("a", (2, 4, 3)), graph.external("b", (4, 5))
    loss, _ = squared(graph, ops.reshape(ops.matmul(a, b, transpose_a=True), (6, 5)))
    with pytest.raises(ValueError, match="batch of transposed a with one shared b"):
        add_gradients(graph, {loss: 1.0}, [b])
