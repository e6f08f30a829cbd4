"""Lowering: all passes together compute what the graph says, node by node."""

import numpy as np
import pytest

from brasa import ops, runtime
from brasa.graph.gradients import add_gradients
from brasa.graph.trace import Graph
from brasa.testing.assertions import ROUNDING, assert_close, assert_same_bits

WIDTH = 6


def random_graph(random):
    """A random mixture of ops on (5, 6) tensors with few weights, so that they are shared."""
    graph = Graph()
    pool = [graph.external("x0", (5, WIDTH)), graph.external("x1", (5, WIDTH))]
    weights = [graph.external(f"w{i}", (WIDTH, WIDTH)) for i in range(2)]
    biases = [graph.external(f"b{i}", (WIDTH,)) for i in range(2)]
    gates = [graph.external("row", (WIDTH,)), graph.external("column", (5, 1))]

    def pick(choices):
        # The latest ones more often, so that the graph is deep as well as wide.
        return choices[-1 - min(int(random.exponential(2.0)), len(choices) - 1)]

    def dense(x):
        w, b = weights[random.integers(2)], biases[random.integers(2)]
        return ops.dense(x, w, b if random.random() < 0.7 else None)

    def joined(x, y):
        both = ops.concatenate([x, y])
        return ops.slice(both, 1, int(random.integers(0, WIDTH + 1)), WIDTH)

    makers = [
        lambda: dense(pick(pool)),
        lambda: ops.tanh(dense(pick(pool))),
        lambda: ops.relu(pick(pool)),
        lambda: ops.add(pick(pool), pick(pool), pick(pool)),
        lambda: ops.multiply(pick(pool), ops.sigmoid(pick(pool))),
        lambda: ops.scale(pick(pool), 0.5, 0.25),
        lambda: ops.reshape(ops.tanh(ops.reshape(pick(pool), (WIDTH, 5))), (5, WIDTH)),
        lambda: joined(pick(pool), pick(pool)),
        lambda: ops.softmax(pick(pool)),
        lambda: ops.multiply(pick(pool), gates[random.integers(2)]),
        lambda: ops.add(gates[random.integers(2)], pick(pool)),
        lambda: ops.multiply(ops.slice(ops.tanh(pick(pool)), 0, 1, 1), pick(pool)),
    ]
    for _ in range(int(random.integers(4, 25))):
        make = makers[random.integers(len(makers))]
        pool += [make()]
    return graph, pool, [*weights, *biases, *gates, pool[0]]


@pytest.mark.parametrize("seed", range(25))
def test_a_plan_computes_what_its_graph_says(seed, evaluate, compiled):
    """Results and gradients of random graphs: shared weights, branches, views, several losses."""
    random = np.random.default_rng(seed)
    graph, pool, wanted = random_graph(random)
    losses = {}
    for number, y in enumerate((pool[-1], pool[-2])):
        goal = graph.external(f"t{number}", y.shape)
        loss, _ = graph.add("loss", [y, None, goal, None], {"kind": "mean_squared_error"})
        losses[loss] = (1.0, 0.5)[number]
    gradients = [g for g in add_gradients(graph, losses, wanted) if g is not None]
    results = [*losses]
    for symbol in gradients:
        if symbol in results or symbol.node is None or symbol.node.op == "reshape":
            symbol = graph.add("scale", [symbol])[0]  # noqa: PLW2901 (as PlanBuilder does)
        results.append(symbol)
    values = {
        s: (0.5 * random.standard_normal(s.shape)).astype(np.float32)
        for s in graph.sources.values()
    }
    truth = evaluate(graph, values)
    want = [truth[symbol] for symbol in results]
    plan, arrays, outputs = compiled(graph, values, results)
    for _ in range(2):  # the second run finds the arena full of the first one's values
        plan.run(arrays)
        for symbol, got, right in zip(results, outputs, want, strict=True):
            bound = 256 * ROUNDING * max(np.abs(right).max(), 1e-3)
            assert_close(got, right, bound, repr(symbol))


@pytest.mark.parametrize("seed", range(5))
def test_the_number_of_threads_changes_no_bit(seed, compiled, threads):
    runs = []
    for count in (1, 3):
        runtime.set_threads(count)
        random = np.random.default_rng(seed)
        graph, pool, _ = random_graph(random)
        result = graph.add("scale", [pool[-1]], {"factor": 1.0})[0]
        values = {
            s: random.standard_normal(s.shape).astype(np.float32) for s in graph.sources.values()
        }
        plan, arrays, outputs = compiled(graph, values, [result])
        plan.run(arrays)
        runs.append(outputs)
    assert_same_bits(runs[1], runs[0])


def test_results_that_nobody_reads_are_left_out(rng, compiled):
    """The places of a pooling are not written in a prediction, nor the gradient in a test."""
    graph = Graph()
    x = graph.external("x", (2, 8, 8, 4))
    y, _ = ops.max_pool2d(x, 2)
    plan, arrays, (result,) = compiled(graph, {x: rng.standard_normal(x.shape)}, [y])
    arrays["in0"] = arrays["in0"].astype(np.float32)
    (step,) = plan._plan.steps()
    assert step["bytes"] == 4 * (2 * 8 * 8 * 4 + 2 * 4 * 4 * 4)
    plan.run(arrays)
    assert_same_bits(result, ops.max_pool2d(arrays["in0"], 2)[0])


RECURRENT = {  # op -> shapes of w, u and b
    "gru": ((4, 15), (5, 15), (2, 15)),
    "lstm": ((4, 20), (5, 20), (20,)),
    "simple_rnn": ((4, 5), (5, 5), (5,)),
}


@pytest.mark.parametrize("op", RECURRENT)
def test_a_recurrent_op_leaves_out_what_nobody_reads(op, rng, compiled):
    """A prediction keeps the last state alone; training by one weight makes one gradient."""
    shapes = [(2, 3, 4), *RECURRENT[op]]
    for wanted in range(-1, 4):
        graph = Graph()
        operands = [graph.external(f"in{i}", shape) for i, shape in enumerate(shapes)]
        values = {s: rng.standard_normal(s.shape).astype(np.float32) for s in operands}
        results = getattr(ops, op)(*operands)
        eager = getattr(ops, op)(*values.values())
        if wanted < 0:
            plan, arrays, (found,) = compiled(graph, values, [results[1]])
            want = eager[1]
        else:
            zeros = graph.external("zeros", (2, 5))
            values[zeros] = np.zeros((2, 5), np.float32)
            loss, _ = graph.add(
                "loss", [results[1], None, zeros, None], {"kind": "mean_squared_error"}
            )
            (gradient,) = add_gradients(graph, {loss: 1.0}, [operands[wanted]])
            plan, arrays, (found,) = compiled(graph, values, [gradient])
            slopes = [None, eager[1] / 5, *[None] * (len(eager) - 3)]
            x, w, u = list(values.values())[:3]
            backward = getattr(ops, f"{op}_backward")
            want = backward(*slopes, eager[-1], x, w, u)[wanted]
        if wanted < 0:
            (step,) = plan._plan.steps()
            assert step["bytes"] == sum(array.nbytes for array in (*values.values(), found))
        plan.run(arrays)
        assert_close(found, want, 4 * ROUNDING * np.abs(want).max())


def test_a_plan_needs_no_buffer_for_sources_and_results(compiled):
    graph = Graph()
    x = graph.external("x", (64, 64))
    y = ops.tanh(x)
    plan, _, _ = compiled(graph, {x: np.zeros((64, 64), np.float32)}, [y])
    assert plan.buffer_count == plan.arena_bytes == plan.lower_bound == 0
    assert [segment.name for segment in plan.segments] == ["in0", "out0"]
    assert [segment.bytes for segment in plan.segments] == [4 * 64 * 64] * 2


def test_describe_lists_the_steps_and_the_memory(compiled):
    graph = Graph()
    x, w = graph.external("x", (8, 6)), graph.external("w", (6, 4))
    with graph.scope("dense"):
        y = ops.relu(ops.dense(x, w))
    z = ops.scale(ops.tanh(y), 2.0)
    values = {s: np.zeros(s.shape, np.float32) for s in (x, w)}
    plan, _, _ = compiled(graph, values, [z])
    lines = plan.describe().splitlines()
    assert lines[0].split() == ["step", "op", "threads", "bytes", "flops"]
    assert [line.split()[:2] for line in lines[1:-1]] == [
        ["dense/matmul", "matmul"],
        ["activation", "activation"],
        ["scale", "scale"],
    ]
    assert lines[1].split()[3:] == ["416", "384"]
    assert lines[-1].startswith("3 steps, 2 buffers, arena 256 bytes (scratch 0; ")
    assert all(line == line.rstrip() for line in lines)


def test_profile_gives_the_median_seconds_of_each_step(compiled):
    graph = Graph()
    x = graph.external("x", (200, 200))
    y = ops.scale(ops.tanh(ops.matmul(x, x)), 2.0)
    values = {x: np.ones((200, 200), np.float32)}
    plan, arrays, (result,) = compiled(graph, values, [y])
    steps = plan.profile(arrays, repeats=3)
    assert [step["op"] for step in steps] == ["matmul", "scale"]
    assert all(0 < step["seconds"] < 10 for step in steps)
    assert_close(result, np.full((200, 200), 2.0), 4 * ROUNDING)
