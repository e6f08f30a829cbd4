"""The layout pass: which tensors lie in one place."""

from brasa import ops
from brasa.graph import layout
from brasa.graph.trace import Graph


def test_a_view_lies_where_its_source_does():
    graph = Graph()
    x = graph.external("x", (4, 6))
    first = ops.reshape(x, (24,))
    second = ops.reshape(first, (2, 12))
    y = ops.tanh(second)
    roots = layout.storage_of(graph, {})
    assert roots[first] is roots[second] is roots[x] is x
    assert roots[y] is y
    assert [node.op for node in layout.without_views(graph.nodes)] == ["activation"]


def test_sums_lie_where_their_first_addend_does_and_views_of_them_too():
    graph = Graph()
    a, b = graph.external("a", (3, 4)), graph.external("b", (4, 3))
    p, q, r = (ops.matmul(a, b) for _ in range(3))
    inner = ops.add(p, q)
    outer = ops.add(inner, r)
    flat = ops.reshape(outer, (9,))
    shared = {q: p, inner: p, r: inner, outer: inner}
    graph.nodes[:] = [node for node in graph.nodes if node.op != "add"]
    roots = layout.storage_of(graph, shared)
    assert {roots[s] for s in (p, q, r, inner, outer, flat)} == {p}


def test_every_symbol_of_a_graph_has_a_place():
    graph = Graph()
    x = graph.external("x", (1, 4, 4, 2))
    y, argmax = ops.max_pool2d(x, 2)
    ops.conv2d(y, graph.external("w", (2, 2, 2, 3)))
    roots = layout.storage_of(graph, {})
    assert set(roots) == {x, y, argmax, *graph.sources.values(), graph.nodes[-1].outputs[0]}
    assert all(root is symbol for symbol, root in roots.items())
