"""The precision pass: which products keep float32, and what a model on such a machine gives."""

import numpy as np
import pytest

from brasa import Sequential, layers, ops, runtime
from brasa.graph.precision import use_precision
from brasa.graph.trace import Graph
from brasa.testing.assertions import assert_same_bits


def convolution(graph, filters=128, size=3, channels=128, **options):
    x = graph.external("x", (4, 16, 16, channels))
    groups = options.get("groups", 1)
    w = graph.external("w", (size, size, channels // groups, filters))
    return ops.conv2d(x, w, padding="same", **options)


def product(graph, m=64, n=64, k=64, **options):
    a, b = graph.external("a", (m, k)), graph.external("b", (k, n))
    return ops.matmul(a, b, **options)


def precision_of(build, asked, by, winograd=True, **options):
    """What the pass makes of one product where ``by`` multiplies in bf16."""
    graph = Graph()
    build(graph, **options)
    use_precision(graph, asked, by, winograd=winograd)
    (node,) = graph.nodes
    return node.attributes.get("precision", "float32")


@pytest.mark.parametrize("by", ["AMX", "AVX512-BF16", "loops"])
def test_large_products_have_it(by):
    for build, options in (
        (product, {}),
        (product, {"m": 32}),
        (convolution, {"size": 1}),
        (convolution, {"strides": 2}),
        (convolution, {"channels": 64, "strides": 2}),
    ):
        assert precision_of(build, "bf16", by, **options) == "bf16"


@pytest.mark.parametrize(
    ("build", "options"),
    [
        (product, {"m": 8}),
        (product, {"n": 10}),
        (product, {"k": 31}),
        (convolution, {"channels": 3, "filters": 64, "size": 7, "strides": 2}),
        (convolution, {"size": 1, "filters": 64}),
        (convolution, {"size": 1, "channels": 64}),
    ],
)
def test_short_products_stay_float32_without_amx(build, options):
    assert precision_of(build, "bf16", "AVX512-BF16", **options) == "float32"
    assert precision_of(build, "bf16", "AMX", **options) == "bf16"


@pytest.mark.parametrize(
    ("asked", "by", "got"),
    [
        ("bf16", "AMX", "bf16"),
        ("bf16x3", "AMX", "float32"),
        ("bf16", "AVX512-BF16", "float32"),
        ("bf16x3", "AVX512-BF16", "float32"),
        ("bf16", "loops", "bf16"),
        ("bf16x3", "loops", "bf16x3"),
        ("float32", "AMX", "float32"),
    ],
)
def test_what_winograd_computes_faster_stays_float32(asked, by, got):
    assert precision_of(convolution, asked, by) == got
    without = precision_of(convolution, asked, by, winograd=False)
    assert without == ("float32" if (asked, by) == ("bf16x3", "AVX512-BF16") else asked)


@pytest.mark.parametrize("options", [{"strides": 2}, {"size": 5}, {"filters": 16}, {"groups": 2}])
def test_other_windows_are_not_winograds(options):
    assert precision_of(convolution, "bf16x3", "AMX", **options) == "bf16x3"


@pytest.mark.parametrize("by", ["AMX", "AVX512-BF16"])
def test_a_layer_that_chose_for_itself_has_its_way(by):
    options = {"m": 2, "precision": "bf16"}
    with runtime.force("ref"):  # which every machine has, and which offers every precision
        assert precision_of(product, "bf16x3", by, **options) == "bf16"


def test_a_model_without_amx_rounds_what_gains_by_it_alone(rng):
    if runtime.products_by() != "AVX512-BF16":
        pytest.skip("for machines with AVX512-BF16 alone")
    x = rng.normal(size=(40, 32)).astype(np.float32)
    model = Sequential([layers.Dense(128, input_shape=(32,)), layers.Dense(10)])
    model.compile("sgd", "mse", precision="bf16")
    w1, b1, w2, b2 = model.get_weights()
    hidden = ops.dense(x, w1, b1, precision="bf16")
    assert_same_bits(model.predict(x, batch_size=40), ops.dense(hidden, w2, b2))
    model.compile("sgd", "mse", precision="bf16x3")
    want = ops.dense(ops.dense(x, w1, b1), w2, b2)
    assert_same_bits(model.predict(x, batch_size=40), want)
