"""Layers that join several inputs."""

import numpy as np
import pytest

import brasa
from brasa import Model, layers, ops
from tests.differences import slope


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


@pytest.mark.parametrize("count", [2, 3])
def test_average_keeps_the_contract(check_layer, count):
    xs, y = check_layer(layers.Average(), *[(4, 3)] * count, output=(4, 3))
    np.testing.assert_allclose(y, np.mean(xs, axis=0), rtol=1e-6, atol=1e-7)


def test_subtract_keeps_the_contract(check_layer):
    (a, b), y = check_layer(layers.Subtract(), (4, 3), (4, 3), output=(4, 3))
    np.testing.assert_array_equal(y, a - b)


# Axes that are missing are those after the batch, as in Keras.
UNEQUAL = [
    [(4, 5, 3), (1, 1, 3)],
    [(1, 1, 3), (4, 5, 3)],
    [(4, 1, 3), (1, 5, 1)],
    [(1, 1), (6, 1)],
    [(4, 5, 3), (3,)],
    [(2,), (3, 2)],
]
JOINS = {
    layers.Add: np.add,
    layers.Average: lambda a, b: (a + b) * np.float32(0.5),
    layers.Maximum: np.maximum,
    layers.Minimum: np.minimum,
    layers.Multiply: np.multiply,
    layers.Subtract: np.subtract,
}


@pytest.mark.parametrize("shapes", UNEQUAL, ids=str)
@pytest.mark.parametrize("merge", JOINS, ids=lambda merge: merge.__name__)
def test_extents_of_one_are_repeated(check_layer, merge, shapes):
    rank = max(map(len, shapes))
    full = [(*[1] * (rank - len(shape)), *shape) for shape in shapes]
    (a, b), y = check_layer(merge(), *shapes, output=np.broadcast_shapes(*full))
    a, b = (x.reshape(len(x), *shape) for x, shape in zip((a, b), full, strict=True))
    np.testing.assert_array_equal(y, JOINS[merge](a, b))


@pytest.mark.parametrize("shapes", [[(4, 3), (4, 3)], [(7, 3), (7, 1), (1, 3)]], ids=str)
def test_multiply_keeps_the_contract(check_layer, shapes):
    xs, y = check_layer(layers.Multiply(), *shapes, output=np.broadcast_shapes(*shapes))
    np.testing.assert_array_equal(y, np.prod(np.broadcast_arrays(*xs), axis=0))


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_the_largest_and_the_smallest_of_three(check_layer, name):
    xs, y = check_layer(layers.LAYERS[name.capitalize()](), (4, 3), (4, 3), (1, 3), output=(4, 3))
    join = getattr(np, name)
    np.testing.assert_array_equal(y, join(join(xs[0], xs[1]), xs[2]))


def test_multiply_does_not_fit():
    for first, second in (((3,), (4,)), ((3, 2), (3,))):
        with pytest.raises(ValueError, match=r"layer 'multiply'.*one shape, but for extents of 1"):
            layers.Multiply()([layers.Input(first), layers.Input(second)])
    with pytest.raises(ValueError, match=r"Multiply: the inputs must .* \(2, 3\) and \(1, 3\)"):
        layers.Multiply()([X, X[:1]])
    with pytest.raises(ValueError, match=r"Add: the inputs must .* \(2, 3\) and \(\)"):
        layers.Add()([X, X[0, 0]])
    with pytest.raises(ValueError, match="Subtract: needs 2 inputs, got 3"):
        layers.Subtract()([X, X, X])


def test_gates_of_channels_learn(rng):
    """Squeeze and excitation: its gradients against central differences."""
    x = layers.Input((4, 4, 3))
    gate = layers.GlobalAveragePooling2D()(x)
    gate = layers.Dense(3, "sigmoid")(gate)
    y = layers.Multiply()([x, layers.Reshape((1, 1, 3))(gate)])
    model = Model(x, layers.Flatten()(layers.UpSampling2D((2, 3))(y)))
    model.compile("sgd", "mse")
    images = rng.standard_normal((5, 4, 4, 3)).astype(np.float32)
    target = rng.standard_normal((5, 8 * 12 * 3)).astype(np.float32)
    _, gradients = model.compute_gradients(images, target)

    def loss():
        return np.mean((model.predict(images).astype(np.float64) - target) ** 2)

    for place, gradient in enumerate(gradients):
        direction = rng.standard_normal(gradient.shape).astype(np.float32)
        want = slope(model, loss, place, direction)
        assert np.sum(gradient * direction) == pytest.approx(want, rel=1e-2, abs=1e-5)


@pytest.mark.parametrize(
    "merge",
    [
        layers.Add,
        layers.Average,
        layers.Concatenate,
        layers.Maximum,
        layers.Multiply,
        layers.Subtract,
    ],
)
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
    with pytest.raises(ValueError, match=r"layer 'add'.*one shape"):
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


# Four steps: both inputs count, only the first, only the second, none.
A, B = np.float32([[[2], [3], [5], [7]]]), np.float32([[[11], [-13], [-17], [19]]])
MASKS = np.float32([[1, 1, 0, 0]]), np.float32([[1, 0, 1, 0]])
MASKED = [
    # The kind, which masks there are, what Keras gives, and its gradients.
    (layers.Multiply, (1, 1), [22, 3, -17, 0], [11, 1, 0, 0], [2, 0, 1, 0]),
    (layers.Multiply, (1, 0), [22, -39, -17, 19], [11, -13, 0, 0], [2, 3, 1, 1]),
    (layers.Multiply, (0, 0), [22, -39, -85, 133], [11, -13, -17, 19], [2, 3, 5, 7]),
    (layers.Maximum, (1, 1), [11, 3, -17, 7], [0, 1, 0, 1], [1, 0, 1, 0]),
    (layers.Maximum, (0, 1), [11, 3, 5, 7], [0, 1, 1, 1], [1, 0, 0, 0]),
    (layers.Minimum, (1, 1), [2, 3, -17, 7], [1, 1, 0, 1], [0, 0, 1, 0]),
    (layers.Minimum, (1, 0), [2, -13, -17, 19], [1, 0, 0, 0], [0, 1, 1, 1]),
]


@pytest.mark.parametrize(("kind", "which", "want", "slopes_a", "slopes_b"), MASKED, ids=str)
def test_steps_that_a_mask_leaves_out_have_no_say(kind, which, want, slopes_a, slopes_b):
    masks = [m if there else None for m, there in zip(MASKS, which, strict=True)]
    y = kind()([A, B], mask=masks if any(which) else None)
    np.testing.assert_array_equal(y[0, :, 0], np.float32(want))

    def total(a, b):
        return ops.sum(kind()([a, b], mask=masks if any(which) else None))

    da, db = brasa.grad(total, argnums=(0, 1))(A, B)
    np.testing.assert_array_equal(da[0, :, 0], np.float32(slopes_a))
    np.testing.assert_array_equal(db[0, :, 0], np.float32(slopes_b))
