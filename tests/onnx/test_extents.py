"""Extents that follow from those of the data, whatever these are."""

import numpy as np
import pytest

from brasa.onnx.writer import Writer

N, T = (2, 3, 5, 2, 2, 2), (1021, 1021, 1021, 2941, 4861, 1022)
HALF = tuple(t // 2 for t in T)


def writer():
    made = Writer()
    made.extents.note("x", (N, T, (4,) * 6))
    return made


def computed(made, name, trace):
    """What the nodes written give for the extents of one trace."""
    shapes = {"x": (N[trace], T[trace], 4), "halves": (N[trace], HALF[trace])}
    values = dict(made.initializers)
    for node in made.nodes:
        given = [values.get(key) for key in node.inputs]
        if node.operator == "Shape":
            span = slice(node.attributes["start"], node.attributes["end"])
            value = np.array(shapes[node.inputs[0]][span])
        elif node.operator == "Concat":
            value = np.concatenate(given)
        else:
            value = {"Mul": np.multiply, "Add": np.add}[node.operator](*given)
        values[node.outputs[0]] = value
    return values[name].tolist()


WANTED = {
    "known": T,
    "multiple": tuple(3 * n for n in N),
    "line": tuple(2 * t - 5 for t in T),
    "product": tuple(n * t for n, t in zip(N, T, strict=True)),
    "product_with_a_line": tuple(t * (2 * t - 1) for t in T),
    "fixed": (7,) * 6,
}


@pytest.mark.parametrize("name", WANTED)
def test_extents_are_computed(name):
    made, extent = writer(), WANTED[name]
    value = made.extents.value(extent)
    assert made.extents.value(extent) == value  # once
    for trace in range(6):
        assert computed(made, value, trace) == [extent[trace]]


def test_whole_shapes():
    made = writer()
    value = made.extents.shape([N, (7,) * 6, tuple(t + 1 for t in T)])
    assert computed(made, value, 3) == [2, 7, 2942]
    assert made.initializers[made.extents.shape([(2,) * 6, (3,) * 6])].tolist() == [2, 3]


def test_twice_a_half_is_not_the_whole():
    """All odd lengths alone would have it be one less."""
    made = writer()
    made.extents.note("halves", (N, HALF))
    twice = tuple(2 * half for half in HALF)
    value = made.extents.value(twice)
    assert [computed(made, value, trace) for trace in (0, 5)] == [[1020], [1022]]


def test_what_follows_from_nothing_is_refused():
    with pytest.raises(ValueError, match="does not follow from those of the data"):
        writer().extents.value((1, 2, 4, 8, 16, 32))
