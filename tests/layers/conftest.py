"""The contract that every layer keeps, checked in one call."""

import json

import numpy as np
import pytest

import brasa
from brasa import layers
from brasa.graph.trace import Graph
from brasa.ops.dispatch import run
from brasa.parameter import Parameter
from brasa.testing.assertions import assert_same_bits

BATCH = 3


def run_graph(symbol, values):
    """What a recorded symbol stands for, node by node; `values` holds the sources by symbol."""
    values = dict(values)
    for node in symbol.graph.nodes:
        for source in node.inputs:
            if source is not None and isinstance(source.source, Parameter):
                values[source] = source.source.value
            elif source is not None and source.source == "zero":
                values[source] = np.zeros(source.shape, np.float32)
        inputs = [None if source is None else values[source] for source in node.inputs]
        if node.op == "reshape":
            results = [inputs[0].reshape(node.attributes["shape"])]
        else:
            results = run(node.op, inputs, node.attributes)
        values.update(zip(node.outputs, results, strict=True))
    return values[symbol]


def record(layer, x, *, training=False):
    """What the layer gives inside a graph that is fed with x."""
    graph = Graph(training=training)
    arrays = x if isinstance(x, list) else [x]
    symbols = [
        graph.external(f"x{i}", array.shape, array.dtype.name) for i, array in enumerate(arrays)
    ]
    result = layer(symbols if isinstance(x, list) else symbols[0])
    return result, dict(zip(symbols, arrays, strict=True))


@pytest.fixture
def check_layer(rng):
    """A function that checks what holds for every layer and returns (x, y) of one call.

    Weights come in the given order and shapes; arrays, an empty batch, symbols and the shape rule
    agree; the config survives JSON and makes a layer that computes the same bits. With `below` the
    inputs are whole numbers in [0, below).
    """

    def check(layer, *inputs, output, weights=(), below=None):
        several = len(inputs) > 1
        arrays = [rng.standard_normal((BATCH, *shape)).astype(np.float32) for shape in inputs]
        if below is not None:
            arrays = [rng.integers(0, below, array.shape).astype(np.int32) for array in arrays]
        before = [array.copy() for array in arrays]
        tensors = [layers.Input(shape, dtype=layer.input_dtype) for shape in inputs]
        x, tensor = (arrays, tensors) if several else (arrays[0], tensors[0])

        connected = layer(tensor)
        assert connected.shape == (None, *output)
        assert connected.call.layer is layer
        shapes = [(None, *shape) for shape in inputs]
        assert layer.compute_output_shape(shapes if several else shapes[0]) == (None, *output)
        found = [(p.name.removeprefix(f"{layer.name}/"), p.shape) for p in layer.weights]
        assert found == list(weights)
        assert layer.count_params() == sum(int(np.prod(shape)) for _, shape in weights)

        y = layer(x)
        assert (y.shape, y.dtype) == ((BATCH, *output), np.float32)
        assert np.isfinite(y).all()
        empty = [array[:0] for array in arrays]
        assert layer(empty if several else empty[0]).shape == (0, *output)
        symbol, values = record(layer, x)
        assert_same_bits(run_graph(symbol, values), y, "from symbols")
        assert_same_bits(arrays, before, "inputs")

        config = json.loads(json.dumps(layers.serialize(layer)))
        twin = layers.deserialize(config)
        assert type(twin) is type(layer)
        assert json.loads(json.dumps(layers.serialize(twin))) == config
        twin(tensor)
        twin.set_weights(layer.get_weights())
        assert_same_bits(twin(x), y, "from the config")
        return x, y

    return check


@pytest.fixture
def check_draws():
    """A function that checks of a random layer on arrays: each call draws anew, seeds repeat it."""

    def drawn(layer, x):
        return layer(x, training=True)

    def check(make, x):
        for options in ({}, {"seed": 1}):
            layer = make(**options)
            assert (drawn(layer, x) != drawn(layer, x)).any()
        assert_same_bits(drawn(make(seed=1), x), drawn(make(seed=1), x))
        assert (drawn(make(seed=1), x) != drawn(make(seed=2), x)).any()
        of_the_global_seed = []
        for _ in range(2):
            brasa.set_seed(5)
            of_the_global_seed.append(drawn(make(), x))
        assert_same_bits(*of_the_global_seed)

    return check
