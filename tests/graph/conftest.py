"""What the tests of the passes share: graphs run node by node, as the passes must leave them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from brasa.graph.lower import Place, Segment, compile_graph
from brasa.graph.memory import bytes_of
from brasa.ops.dispatch import run


def evaluate_graph(graph, values, shared=None):
    """The value of every symbol, node by node; `values` are those of the sources.

    `shared` is what fuse_sums returned: an op that accumulates adds into what it shares.
    """
    values, shared = dict(values), shared or {}

    def place(symbol):
        while symbol in shared:
            symbol = shared[symbol]
        return symbol

    for node in graph.nodes:
        operands = [None if symbol is None else values[place(symbol)] for symbol in node.inputs]
        attributes = dict(node.attributes)
        if node.op == "reshape":
            results = [operands[0].reshape(attributes["shape"])]
        elif attributes.pop("accumulate", False):
            (result,) = run(node.op, operands, attributes)
            results = [values[place(node.outputs[0])] + result]
        else:
            results = run(node.op, operands, attributes)
        for symbol, result in zip(node.outputs, results, strict=True):
            values[place(symbol)] = result
    return {symbol: values[place(symbol)] for symbol in (*values, *shared)}


@pytest.fixture
def evaluate() -> Callable[..., Any]:
    """`evaluate(graph, values, shared=None)`: the value of every symbol."""
    return evaluate_graph


def compile_for(graph, values, wanted, constants=()):
    """The plan that computes `wanted`, the arrays to run it on, and the results among them.

    All passes run on the graph, which is changed.
    """
    places, segments, arrays, results = {}, [], {}, []
    for number, (symbol, array) in enumerate(values.items()):
        name = f"in{number}"
        segments.append(Segment(name, bytes_of(symbol)))
        places[symbol] = Place(name)
        arrays[name] = np.ascontiguousarray(array)
    for number, symbol in enumerate(wanted):
        name = f"out{number}"
        segments.append(Segment(name, bytes_of(symbol)))
        places[symbol] = Place(name)
        arrays[name] = np.full(symbol.shape, np.nan, symbol.dtype)
        results.append(arrays[name])
    plan = compile_graph(graph, places, segments, list(wanted), constants)
    return plan, arrays, results


@pytest.fixture
def compiled() -> Callable[..., Any]:
    """`compiled(graph, values, wanted, constants=())`: plan, arrays to run it on, results."""
    return compile_for
