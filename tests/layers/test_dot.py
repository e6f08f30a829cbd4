"""Products of two inputs over an axis of each, and vectors of length 1."""

import numpy as np
import pytest

import brasa
from brasa import Input, Model, layers
from brasa.testing.assertions import assert_close

# Two inputs, axes, and what NumPy's einsum calls it.
CASES = [
    ((4,), (4,), 1, "nd,nd->n"),
    ((4,), (4,), -1, "nd,nd->n"),
    ((5, 4), (3, 4), -1, "nad,nbd->nab"),
    ((5, 4), (4, 3), (2, 1), "nad,ndb->nab"),
    ((4, 5), (4, 3), 1, "nda,ndb->nab"),
    ((4, 5), (3, 4), (1, -1), "nda,nbd->nab"),
    ((4,), (3, 4), (1, 2), "nd,nbd->nb"),
    ((4, 5), (4,), (1, 1), "nda,nd->na"),
    ((2, 4, 3), (5, 4), (2, 2), "nadb,ncd->nabc"),
]


@pytest.mark.parametrize(("first", "second", "axes", "sum_of"), CASES)
@pytest.mark.parametrize("normalize", [False, True])
def test_dot(check_layer, first, second, axes, sum_of, normalize):
    left = sum_of.split("->")[1].replace("n", "")
    extents = dict(zip(sum_of.split(",")[0], (3, *first), strict=True))
    extents |= dict(zip(sum_of.split(",")[1].split("-")[0], (3, *second), strict=True))
    output = tuple(extents[axis] for axis in left) or (1,)
    (x, y), got = check_layer(layers.Dot(axes, normalize), first, second, output=output)
    x, y = x.astype(np.float64), y.astype(np.float64)
    if normalize:
        a, b = axes if isinstance(axes, tuple) else (axes, axes)
        x = x / np.linalg.norm(x, axis=a, keepdims=True)
        y = y / np.linalg.norm(y, axis=b, keepdims=True)
    assert_close(got, np.einsum(sum_of, x, y).reshape(3, *output), 1e-6)


@pytest.mark.parametrize(("first", "second", "axes", "sum_of"), CASES[2:6])
def test_its_gradient_reaches_both_inputs(first, second, axes, sum_of, rng):
    """A model that is a scalar for each pair, against a difference of losses in float64."""
    brasa.set_seed(1)
    inputs = [Input(first), Input(second)]
    moved = [
        layers.Dense(shape[-1], use_bias=False)(x)
        for x, shape in zip(inputs, (first, second), strict=True)
    ]
    model = Model(inputs, layers.Flatten()(layers.dot(moved, axes, normalize=True)))
    model.compile("sgd", "mse")
    x = [rng.standard_normal((3, *shape)) for shape in (first, second)]
    weights = [w.astype(np.float64) for w in model.get_weights()]
    target = np.zeros((3, model.output_shape[1]))

    def loss(weights):
        a, b = axes if isinstance(axes, tuple) else (axes, axes)
        u, v = (value @ w for value, w in zip(x, weights, strict=True))
        u, v = (
            u / np.linalg.norm(u, axis=a, keepdims=True),
            v / np.linalg.norm(v, axis=b, keepdims=True),
        )
        return (np.einsum(sum_of, u, v) ** 2).mean()

    told, gradients = model.compute_gradients(x, target)
    assert told == pytest.approx(loss(weights), rel=1e-5)
    for index, gradient in enumerate(gradients):
        step = 1e-6 * rng.standard_normal(gradient.shape)
        more, less = (
            loss([*weights[:index], w, *weights[index + 1 :]])
            for w in (weights[index] + step, weights[index] - step)
        )
        slope = (more - less) / 2
        assert (gradient * step).sum() == pytest.approx(slope, rel=1e-3, abs=1e-10)


def test_a_zero_has_no_direction():
    zero, unit = np.zeros((1, 3), np.float32), np.float32([[1, 0, 0]])
    assert layers.Dot(1, normalize=True)([zero, unit]).item() == 0
    assert not layers.UnitNormalization()(zero).any()
    x = Input((3,))
    model = Model(x, layers.UnitNormalization()(layers.Dense(3)(x)))
    model.compile("sgd", "mse")
    assert all(np.isfinite(g).all() for g in model.compute_gradients(zero, unit)[1])


@pytest.mark.parametrize(("axis", "axes"), [(-1, -1), (1, 1), ([1, 2], (1, 2))])
def test_unit_normalization(check_layer, axis, axes):
    x, y = check_layer(layers.UnitNormalization(axis), (4, 5), output=(4, 5))
    assert_close(y, x / np.sqrt((x.astype(np.float64) ** 2).sum(axes, keepdims=True)), 1e-6)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: layers.Dot(0), ValueError, "axes that are not the batch"),
        (lambda: layers.Dot((1, 2, 3)), ValueError, "one or two axes"),
        (lambda: layers.Dot("1"), TypeError, "Dot: axes"),
        (lambda: layers.Dot(1)(Input((3,))), ValueError, "a list of 2 inputs"),
        (lambda: layers.Dot(1)([Input((3,)), Input((4,))]), ValueError, "same extents"),
        (lambda: layers.Dot(2)([Input((3,)), Input((3,))]), ValueError, "axis 2 is none of"),
        (lambda: layers.Dot(-2)([Input((3,)), Input((3,))]), ValueError, "beside the batch"),
        (lambda: layers.UnitNormalization("x"), TypeError, "axis"),
    ],
)
def test_bad_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()
