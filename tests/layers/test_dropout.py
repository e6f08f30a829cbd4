"""Dropout."""

import numpy as np
import pytest

import brasa
from brasa import layers
from brasa.graph.trace import Graph
from brasa.testing import reference


def ones(count=1000):
    return np.ones((4, count), np.float32)


def recorded(layer, graph, shape=(4, 1000)):
    return layer(graph.external("x", shape)).node


def test_keeps_the_contract(check_layer):
    x, y = check_layer(layers.Dropout(0.5, seed=3), (6, 5), output=(6, 5))
    assert y is x  # outside training


def test_in_training_a_graph_gets_the_op_with_the_models_state():
    graph = Graph(training=True)
    node = recorded(layers.Dropout(0.25), graph)
    state = graph.sources["random"]
    assert (state.shape, state.dtype) == ((2,), "int64")
    assert node.op == "dropout"
    assert node.inputs[1] is state
    assert node.attributes == {"rate": 0.25, "node": 1}


def test_every_layer_of_a_graph_has_its_own_number():
    graph = Graph(training=True)
    drops = [layers.Dropout(0.5), layers.Dropout(0.5), layers.Dropout(0.5, seed=7)]
    drops.append(layers.Dropout(0.5, seed=7))
    numbers = [recorded(layer, graph).attributes["node"] for layer in drops]
    assert len(set(numbers)) == 4
    assert all(0 <= number < 2**32 for number in numbers)


def test_largest_seed_fits_the_op():
    graph = Graph(training=True)
    assert recorded(layers.Dropout(0.5, seed=2**63 - 1), graph).attributes["node"] < 2**32


@pytest.mark.parametrize("kind", [layers.SpatialDropout1D, layers.SpatialDropout2D])
def test_spatial_dropout_takes_whole_channels(kind, check_layer):
    pixels = (6,) if kind is layers.SpatialDropout1D else (3, 2)
    x, y = check_layer(kind(0.5, seed=3), (*pixels, 5), output=(*pixels, 5))
    assert y is x  # outside training
    x = np.full((4, *pixels, 500), np.inf, np.float32)
    x[..., 1:] = 2
    rows = kind(0.75, seed=1)(x, training=True).reshape(4, -1, 500)
    assert (rows[..., 1:] == rows[:, :1, 1:]).all()
    assert set(rows[:, 0, 1:].ravel().tolist()) == {0.0, 8.0}
    assert abs(np.mean(rows[:, 0, 1:] == 0) - 0.75) < 0.05
    with pytest.raises(ValueError, match="expected an input of rank"):
        kind(0.5)(np.ones((2, 5)))


def test_spatial_dropout_in_a_plan(rng):
    x, y = rng.standard_normal((6, 4, 4, 8)).astype("f"), np.zeros((6, 8), np.float32)
    stack = [layers.Conv2D(8, 1), layers.SpatialDropout2D(0.5), layers.GlobalAveragePooling2D()]
    model = brasa.Sequential([brasa.Input((4, 4, 8)), *stack])
    model.compile(brasa.optimizers.SGD(0.0), "mse")
    full = np.square(model.predict(x))
    losses = [model.train_on_batch(x, y) for _ in range(3)]
    assert len(set(losses)) == 3
    assert max(losses) < 4 * full.mean()
    _, gradients = model.compute_gradients(x, y)
    kept = np.square(gradients[0]).sum(axis=(0, 1, 2)) > 0
    assert gradients[1][kept].all()


def test_rate_0_records_nothing():
    graph = Graph(training=True)
    x = graph.external("x", (2, 3))
    assert layers.Dropout(0)(x) is x
    assert graph.nodes == []


def test_training_in_a_plan_uses_the_mask_of_the_contract():
    total = layers.Dense(1, use_bias=False, kernel_initializer="ones")
    model = brasa.Sequential([brasa.Input((50,)), layers.Dropout(0.5), total])
    model.compile(brasa.optimizers.SGD(0.0), "mse")
    x, y = np.ones((8, 50), np.float32), np.zeros((8, 1), np.float32)
    for step in range(2):
        dropped = reference.dropout(x, 0.5, seed=model.engine.seed, step=step, node=1)
        want = (dropped.sum(axis=1) ** 2).mean()  # whole numbers: exact
        assert model.train_on_batch(x, y) == want
    assert model.evaluate(x, y, verbose=0) == 50.0**2


def test_on_arrays_the_mean_stays():
    y = layers.Dropout(0.2)(ones(100_000), training=True)
    assert set(np.unique(y).tolist()) == {0.0, 1.25}
    # 400,000 draws: the standard deviation of the mean is 0.5 / sqrt(400,000) = 0.0008.
    assert y.mean() == pytest.approx(1, abs=0.005)


def test_on_arrays_every_call_has_another_mask():
    for layer in (layers.Dropout(0.5), layers.Dropout(0.5, seed=1)):
        first, second = (layer(ones(), training=True) for _ in range(2))
        assert (first != second).any()


def test_seed_repeats_the_masks():
    masks = [layers.Dropout(0.5, seed=1)(ones(), training=True) for _ in range(2)]
    np.testing.assert_array_equal(*masks)
    assert (masks[0] != layers.Dropout(0.5, seed=2)(ones(), training=True)).any()


def test_set_seed_repeats_the_masks():
    masks = []
    for _ in range(2):
        brasa.set_seed(5)
        masks.append(layers.Dropout(0.5)(ones(), training=True))
    np.testing.assert_array_equal(*masks)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((1.5,), ValueError, r"rate must be in \[0, 1\), got 1.5"),
        ((1,), ValueError, "rate must be in"),
        ((-0.1,), ValueError, "rate must be in"),
        ((np.nan,), ValueError, "rate must be in"),
        (("half",), TypeError, "rate must be a number"),
        ((True,), TypeError, "rate must be a number"),
        ((0.5, None, -1), ValueError, "seed must be >= 0"),
        ((0.5, None, 2**63), ValueError, "seed must be >= 0 and below"),
        ((0.5, None, 1.0), TypeError, "seed must be a whole number"),
    ],
    ids=str,
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=f"Dropout: {message}"):
        layers.Dropout(*arguments)


@pytest.mark.parametrize(
    ("noise", "axes"),
    [((None, 1, 3), (1,)), ((1, 1, None), (0, 1)), ((6, 5, 1), (2,)), ((1, 1, 1), (0, 1, 2))],
)
def test_a_mask_of_another_shape(noise, axes):
    """Equal along axes of 1, on arrays and in models, where training goes on with it."""
    x = np.ones((6, 5, 3), np.float32)
    layer = layers.Dropout(0.5, noise, seed=1)
    model = brasa.Sequential([layers.Dropout(0.5, noise, input_shape=(5, 3))])
    trained = brasa.Sequential([layers.Dense(3, input_shape=(5, 3)), layers.Dropout(0.5, noise)])
    seen = set()
    for _ in range(20):
        for y in (layer(x, training=True), model(x, training=True)):
            for axis in axes:
                np.testing.assert_array_equal(y, np.repeat(y.take([0], axis), y.shape[axis], axis))
            seen.add(y.tobytes())
            assert set(np.unique(y)) <= {0.0, 2.0}
    assert len(seen) > 1
    np.testing.assert_array_equal(model.predict(x), x)
    trained.compile("sgd", "mse")
    trained.fit(x, 0 * x, batch_size=4, verbose=0)  # a last batch of 2
    again = layers.Dropout.from_config(layer.get_config())
    assert again.noise_shape == noise


def test_a_mask_of_the_input_is_the_plain_one():
    x = np.ones((4, 5, 3), np.float32)
    plain = layers.Dropout(0.5, seed=2)(x, training=True)
    np.testing.assert_array_equal(layers.Dropout(0.5, (4, 5, 3), 2)(x, training=True), plain)


@pytest.mark.parametrize(
    ("noise", "error", "message"),
    [
        ((None, 1), ValueError, r"each axis of the input \('N', 5, 3\), got \(None, 1\)"),
        ((None, 2, 3), ValueError, "noise_shape must have 1, None"),
        ((None, 0, 3), ValueError, "noise_shape must be >= 1"),
        (3, TypeError, "noise_shape must be a tuple .* got 3: a seed goes by its name"),
        ((None, 1.0, 3), TypeError, "noise_shape must be a whole number"),
    ],
)
def test_shapes_of_masks_that_do_not_fit(noise, error, message):
    with pytest.raises(error, match=message):
        layers.Dropout(0.5, noise)(np.ones((4, 5, 3), np.float32))
