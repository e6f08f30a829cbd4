"""Images turned and scaled in training."""

import numpy as np
import pytest

import brasa
from brasa import Input, Sequential, layers
from brasa.graph.trace import Graph
from brasa.testing import reference
from brasa.testing.assertions import assert_same_bits

FILLS = ("constant", "nearest", "reflect", "wrap")
WAYS = ("bilinear", "nearest")
RANDOM = {
    "rotation": lambda **options: layers.RandomRotation(0.2, **options),
    "zoom": lambda **options: layers.RandomZoom(0.5, **options),
    "both zooms": lambda **options: layers.RandomZoom(0.5, (0.1, 0.4), **options),
}


@pytest.fixture
def images(rng):
    return rng.standard_normal((6, 7, 8, 3)).astype(np.float32)


def beside_keras(keras, name, images, arguments, **options):
    want = keras("tests.keras_apart.layer_of", name, images, {**arguments, **options})
    got = getattr(layers, name)(**arguments, **options)(images, training=True)
    # Keras's places are float32, of products up to 8: they err by 1e-6, where values differ by 6.
    return got, np.asarray(want)


@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("turns", [0.07, -0.13, 0.31, 0.93])
def test_rotations_are_those_of_keras(turns, fill, images, keras):
    options = {"fill_mode": fill, "fill_value": 0.5}
    got, want = beside_keras(keras, "RandomRotation", images, {"factor": (turns, turns)}, **options)
    np.testing.assert_allclose(got, want, rtol=0, atol=3e-5)
    nearest = {"interpolation": "nearest", **options}
    got, want = beside_keras(keras, "RandomRotation", images, {"factor": (turns, turns)}, **nearest)
    assert_same_bits(got, want)


@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize(
    ("height", "width"), [((0.3, 0.3), None), ((-0.4, -0.4), (0.7, 0.7)), ((0, 0), (1, 1))]
)
def test_zooms_are_those_of_keras(height, width, fill, images, keras):
    arguments = {"height_factor": height, "width_factor": width}
    options = {"fill_mode": fill, "fill_value": 0.5}
    got, want = beside_keras(keras, "RandomZoom", images, arguments, **options)
    np.testing.assert_allclose(got, want, rtol=0, atol=3e-5)


def test_outside_of_training_nothing_is_done(check_layer):
    for make in RANDOM.values():
        x, y = check_layer(make(seed=3), (7, 8, 3), output=(7, 8, 3))
        assert y is x


def test_a_graph_gets_the_op_with_the_models_state():
    graph = Graph(training=True)
    x = graph.external("x", (4, 7, 8, 3))
    node = layers.RandomRotation((-0.1, 0.2), "wrap", "nearest", fill_value=2)(x).node
    assert (node.op, node.inputs[1]) == ("warp2d", graph.sources["random"])
    wanted = {
        "angle_low": -0.1,
        "angle_high": 0.2,
        "fill_mode": "wrap",
        "interpolation": "nearest",
        "fill_value": 2.0,
        "node": 1,
    }
    assert {name: node.attributes[name] for name in wanted} == wanted
    zoom = layers.RandomZoom((-0.5, 0.25))(x).node.attributes
    assert (zoom["height_low"], zoom["height_high"], zoom["one_zoom"]) == (0.5, 1.25, 1)
    assert (zoom["angle_low"], zoom["angle_high"]) == (0, 0)


def test_what_leaves_no_choice_records_nothing():
    graph = Graph(training=True)
    x = graph.external("x", (2, 7, 8, 3))
    assert layers.RandomRotation(0)(x) is x
    assert layers.RandomZoom(0)(x) is layers.RandomZoom(0, (0, 0))(x) is x
    assert graph.nodes == []


@pytest.mark.parametrize("make", RANDOM.values(), ids=RANDOM)
def test_on_arrays_every_call_draws_anew_and_a_seed_repeats_them(make, images, check_draws):
    check_draws(make, images)


def test_training_in_a_plan_draws_the_transforms_of_the_contract(rng):
    """The loss of a model that sums weighted pixels tells which transforms a step saw."""
    x = rng.standard_normal((6, 8, 8, 3)).astype(np.float32)
    weights = rng.standard_normal((8 * 8 * 3, 1)).astype(np.float32)
    model = Sequential(
        [
            Input((8, 8, 3)),
            layers.RandomRotation((0.05, 0.3), "wrap"),
            layers.RandomZoom(0.5),
            layers.Flatten(),
            layers.Dense(1),
        ]
    )
    model.set_weights([weights, np.zeros(1, np.float32)])
    model.compile(brasa.optimizers.SGD(0.0), "mse")
    for step in range(3):
        numbers = {"seed": model.engine.seed, "step": step}
        seen = reference.warp2d(x, angle=(0.05, 0.3), fill_mode="wrap", node=1, **numbers)
        zoom = {"height": (0.5, 1.5), "width": None, "fill_mode": "reflect"}
        seen = reference.warp2d(seen, **zoom, node=2, **numbers)
        want = ((seen.reshape(6, -1) @ weights) ** 2).mean()
        assert model.train_on_batch(x, np.zeros((6, 1))) == pytest.approx(want, rel=1e-5)
    plain = ((x.reshape(6, -1).astype(np.float64) @ weights) ** 2).mean()
    assert model.evaluate(x, np.zeros((6, 1)), verbose=0) == pytest.approx(plain, rel=1e-5)


def test_gradients_pass_through(images):
    """In a plan: the way of steepest ascent is as steep as its gradient is long."""

    def compiled():
        brasa.set_seed(7)
        model = Sequential(
            [
                Input((7, 8, 3)),
                layers.Conv2D(2, 3, activation="tanh"),
                layers.RandomRotation(0.5),
                layers.RandomZoom((-0.5, 0.5), 0.3),
                layers.Flatten(),
                layers.Dense(1),
            ]
        )
        model.compile("sgd", "mse")
        return model

    model, target = compiled(), np.ones((6, 1), np.float32)
    _, gradients = model.compute_gradients(images, target)
    steepness = np.linalg.norm(gradients[0])
    losses = []
    for way in (1e-2, -1e-2):
        twin = compiled()
        moved = twin.get_weights()
        moved[0] = moved[0] + way * gradients[0] / steepness
        twin.set_weights(moved)
        losses.append(twin.compute_gradients(images, target)[0])
    assert (losses[0] - losses[1]) / 2e-2 == pytest.approx(steepness, rel=0.02)


def test_configs_are_saved(tmp_path):
    made = [make(seed=3, fill_mode="constant", fill_value=2.0) for make in RANDOM.values()]
    model = Sequential([Input((8, 8, 3)), *made])
    model.save(tmp_path / "model.brasa")
    again = brasa.load_model(tmp_path / "model.brasa")
    assert [a.get_config() for a in again.layers] == [a.get_config() for a in model.layers]
    assert again.layers[0].factor == (-0.2, 0.2)
    assert again.layers[1].width_factor is None


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: layers.RandomRotation(1.5),
            ValueError,
            r"RandomRotation: factor must lie in \[-1, 1\], got 1.5",
        ),
        (lambda: layers.RandomRotation((1, 2, 3)), ValueError, "factor .*lower, upper"),
        (lambda: layers.RandomRotation("a"), TypeError, "factor must be a number"),
        (lambda: layers.RandomRotation(np.nan), ValueError, "factor must lie in"),
        (lambda: layers.RandomRotation(0.1, "edge"), ValueError, "fill_mode .*'edge'"),
        (lambda: layers.RandomRotation(0.1, "wrap", "cubic"), ValueError, "interpolation .*'cubic"),
        (lambda: layers.RandomRotation(0.1, seed=-1), ValueError, "seed must be >= 0"),
        (
            lambda: layers.RandomRotation(0.1, fill_value=np.inf),
            ValueError,
            "fill_value must be finite, got inf",
        ),
        (
            lambda: layers.RandomRotation(0.1, data_format="channels_first"),
            ValueError,
            "RandomRotation: data_format must be 'channels_last'",
        ),
        (lambda: layers.RandomZoom(1), ValueError, "RandomZoom: height_factor must be above -1"),
        (lambda: layers.RandomZoom(0, (-1, 0)), ValueError, "width_factor must be above -1"),
        (lambda: layers.RandomZoom((0.1, 1.1)), ValueError, r"height_factor must lie in \[-1, 1\]"),
        (lambda: layers.RandomZoom(0.1, "a"), TypeError, "width_factor must be a number"),
        (
            lambda: layers.RandomZoom(0.1)(np.zeros((3, 4), np.float32)),
            ValueError,
            r"expected images of rank 4 \(N, H, W, C\), got rank 2",
        ),
    ],
)
def test_bad_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()
