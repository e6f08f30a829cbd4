"""Add and Concatenate."""

import numpy as np
import pytest

from brasa import layers


@pytest.mark.parametrize("count", [2, 3])
def test_add_keeps_the_contract(check_layer, count):
    xs, y = check_layer(layers.Add(), *[(4, 3)] * count, output=(4, 3))
    want = xs[0]
    for x in xs[1:]:
        want = want + x
    np.testing.assert_array_equal(y, want)


@pytest.mark.parametrize(
    ("axis", "shapes", "output"),
    [
        (-1, [(4, 2), (4, 5)], (4, 7)),
        (2, [(4, 2), (4, 5)], (4, 7)),
        (1, [(1, 3), (4, 3), (2, 3)], (7, 3)),
        (-1, [(6,), (1,)], (7,)),
    ],
    ids=str,
)
def test_concatenate_keeps_the_contract(check_layer, axis, shapes, output):
    xs, y = check_layer(layers.Concatenate(axis), *shapes, output=output)
    np.testing.assert_array_equal(y, np.concatenate(xs, axis))


X = np.zeros((2, 3), np.float32)


@pytest.mark.parametrize("merge", [layers.Add, layers.Concatenate])
@pytest.mark.parametrize(
    ("inputs", "error", "message"),
    [
        (X, TypeError, "takes a list of inputs, got one of type ndarray"),
        ([X], ValueError, "needs at least 2 inputs, got 1"),
        ([], ValueError, "needs at least 2 inputs, got 0|takes"),
    ],
    ids=["an array", "one", "none"],
)
def test_wrong_number_of_inputs(merge, inputs, error, message):
    with pytest.raises((error, TypeError), match=message):
        merge()(inputs)


def test_one_tensor():
    with pytest.raises(TypeError, match="Add: takes a list of inputs"):
        layers.Add()(layers.Input((3,)))


def test_shapes_that_differ():
    with pytest.raises(ValueError, match=r"layer 'add'.*same shape"):
        layers.Add()([layers.Input((3,)), layers.Input((4,))])
    with pytest.raises(ValueError, match=r"layer 'concatenate'.*agree off axis"):
        layers.Concatenate()([layers.Input((3, 1)), layers.Input((4, 1))])


@pytest.mark.parametrize("axis", [0, -2])
def test_the_batch_is_no_axis_to_join(axis):
    with pytest.raises(ValueError, match=f"axis {axis} is the batch"):
        layers.Concatenate(axis)([X, X])


@pytest.mark.parametrize(("axis", "error"), [(9, ValueError), (1.0, TypeError), (None, TypeError)])
def test_bad_axis(axis, error):
    with pytest.raises(error, match="axis"):
        layers.Concatenate(axis)([X, X])
