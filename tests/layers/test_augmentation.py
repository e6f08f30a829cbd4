"""Images shifted, cropped and mirrored in training."""

import numpy as np
import pytest

from brasa import Input, Sequential, layers
from brasa.graph.trace import Graph
from brasa.testing import reference
from brasa.testing.assertions import assert_same_bits

RANDOM = {
    "flip": layers.RandomFlip,
    "crop": lambda **options: layers.RandomCrop(4, 5, **options),
    "translation": lambda **options: layers.RandomTranslation(0.5, 0.3, **options),
}


@pytest.fixture
def images(rng):
    return rng.standard_normal((40, 7, 8, 3)).astype(np.float32)


def recorded(layer, graph, shape=(4, 7, 8, 3)):
    return layer(graph.external("x", shape)).node


# ---- outside of training -------------------------------------------------------------------


def test_flips_and_translations_keep_the_contract(check_layer):
    for layer in (
        layers.RandomFlip("vertical", seed=3),
        layers.RandomTranslation(0.2, (-0.1, 0.3), "constant", fill_value=2, seed=1),
    ):
        x, y = check_layer(layer, (7, 8, 3), output=(7, 8, 3))
        assert y is x


@pytest.mark.parametrize("cls", [layers.CenterCrop, layers.RandomCrop])
@pytest.mark.parametrize(
    ("size", "rows", "columns"),
    [
        ((4, 5), slice(1, 5), slice(1, 6)),  # where it does not divide, one more is left below
        ((7, 8), slice(0, 7), slice(0, 8)),
        ((5, 8), slice(1, 6), slice(0, 8)),
        ((1, 1), slice(3, 4), slice(3, 4)),
    ],
    ids=str,
)
def test_crops_keep_the_contract(check_layer, cls, size, rows, columns):
    x, y = check_layer(cls(*size), (7, 8, 3), output=(*size, 3))
    assert_same_bits(y, np.ascontiguousarray(x[:, rows, columns]))


def test_center_crop_is_the_same_in_training(images):
    layer = layers.CenterCrop(4, 5)
    assert_same_bits(layer(images, training=True), layer(images))


def test_images_of_open_size_are_cropped(images):
    model = Sequential([Input((None, None, 3)), layers.RandomCrop(4, 5), layers.Conv2D(2, 3)])
    assert model.output_shape == (None, 2, 3, 2)
    assert model.predict(images).shape == (40, 2, 3, 2)


# ---- in training ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "attributes"),
    [
        (layers.RandomFlip(), {"size": [7, 8], "flip": "horizontal_and_vertical"}),
        (layers.RandomCrop(4, 6), {"size": [4, 6], "top": [0, 3], "left": [0, 2]}),
        (
            layers.RandomTranslation(0.3, (-0.25, 0.5)),
            {
                "size": [7, 8],
                "top": [-2, 2],
                "left": [-4, 2],
                "fill_mode": "reflect",
                "fill_value": 0.0,
            },
        ),
    ],
    ids=["flip", "crop", "translation"],
)
def test_a_graph_gets_the_op_with_the_models_state(layer, attributes):
    graph = Graph(training=True)
    node = recorded(layer, graph)
    assert node.op == "crop_flip"
    assert node.inputs[1] is graph.sources["random"]
    assert node.attributes == {**attributes, "node": 1}


def test_no_two_random_layers_of_a_model_draw_the_same():
    graph = Graph(training=True)
    made = [make(seed=seed) for make in RANDOM.values() for seed in (None, None, 7, 7)]
    nodes = [recorded(layer, graph) for layer in [*made, layers.Dropout(0.5)]]
    assert len({node.attributes["node"] for node in nodes}) == len(nodes) == 13


def test_what_leaves_no_choice_records_nothing():
    graph = Graph(training=True)
    x = graph.external("x", (2, 7, 8, 3))
    assert layers.RandomCrop(7, 8)(x) is x
    assert layers.RandomTranslation(0.1, 0)(x) is x  # less than a pixel
    assert graph.nodes == []


@pytest.mark.parametrize("make", RANDOM.values(), ids=RANDOM)
def test_on_arrays_every_call_draws_anew_and_a_seed_repeats_them(make, images, check_draws):
    check_draws(make, images)


@pytest.mark.parametrize("mode", ["horizontal", "vertical", "horizontal_and_vertical"])
def test_flips_are_whole_flips(mode, images):
    y = layers.RandomFlip(mode, seed=2)(images, training=True)
    kinds = {"": images, "horizontal": images[:, :, ::-1], "vertical": images[:, ::-1]}
    kinds["horizontal_and_vertical"] = images[:, ::-1, ::-1]
    allowed = [k for k in kinds if k in ("", mode) or mode == "horizontal_and_vertical"]
    same = {k: (y == kinds[k]).all(axis=(1, 2, 3)) for k in allowed}
    assert (sum(hits.astype(int) for hits in same.values()) == 1).all()
    assert all(hits.any() for hits in same.values())


def test_a_shift_down_is_above_zero_and_one_to_the_right_too():
    x = np.arange(1.0, 10.0, dtype=np.float32).reshape(1, 3, 3, 1)
    down = layers.RandomTranslation((0.3, 0.4), 0, "constant", fill_value=-1)
    assert down(x, training=True)[0, :, 0, 0].tolist() == [-1, 1, 4]
    right = layers.RandomTranslation(0, (0.5, 0.7), "wrap")
    assert right(x, training=True)[0, 0, :, 0].tolist() == [2, 3, 1]


def test_a_share_that_is_a_whole_number_but_for_its_rounding_counts():
    x = np.zeros((500, 1, 100, 1), np.float32)
    x[:, 0, 50] = 1
    y = layers.RandomTranslation(0, (0.28, 0.29), seed=1)(x, training=True)
    assert set(y.argmax(axis=2).ravel().tolist()) == {78, 79}  # 0.29 * 100 < 29


def test_translations_reach_all_shifts_and_no_others(images):
    layer = layers.RandomTranslation(0.5, 0.25, "nearest", seed=4)
    x = np.tile(images[:1], (1000, 1, 1, 1))
    y = layer(x, training=True)
    shifts = {}
    for v in range(-3, 4):  # half of 7 rows
        for h in range(-2, 3):
            arguments = {"top": (-v, -v), "left": (-h, -h), "fill_mode": "nearest"}
            want = reference.crop_flip(x[:1], (7, 8), **arguments)
            shifts[v, h] = (y == want.astype(np.float32)).all(axis=(1, 2, 3)).sum()
    assert sum(shifts.values()) == 1000
    assert min(shifts.values()) > 0


# ---- bad arguments -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: layers.RandomFlip("sideways"), ValueError, "RandomFlip: mode .*'sideways'"),
        (lambda: layers.RandomFlip(seed=-1), ValueError, "RandomFlip: seed must be >= 0"),
        (lambda: layers.RandomFlip(seed=0.5), TypeError, "RandomFlip: seed must be a whole"),
        (lambda: layers.RandomCrop(0, 3), ValueError, "RandomCrop: height must be >= 1, got 0"),
        (lambda: layers.RandomCrop(3, 1.5), TypeError, "RandomCrop: width must be a whole"),
        (lambda: layers.RandomCrop(3), TypeError, "width"),
        (lambda: layers.CenterCrop(3, -1), ValueError, "CenterCrop: width must be >= 1"),
        (
            lambda: layers.CenterCrop(3, 3, data_format="channels_first"),
            ValueError,
            "CenterCrop: data_format must be 'channels_last'",
        ),
        (
            lambda: layers.RandomFlip(data_format="channels_first"),
            ValueError,
            "RandomFlip: data_format must be 'channels_last'",
        ),
        (
            lambda: layers.RandomTranslation(1.5, 0),
            ValueError,
            r"RandomTranslation: height_factor must lie in \[-1, 1\], got 1.5",
        ),
        (lambda: layers.RandomTranslation(0, np.nan), ValueError, "width_factor must lie in"),
        (lambda: layers.RandomTranslation(0, (1, 2, 3)), ValueError, "width_factor .*lower, upper"),
        (lambda: layers.RandomTranslation("a", 0), TypeError, "height_factor must be a number"),
        (lambda: layers.RandomTranslation(0, 0, "edge"), ValueError, "fill_mode .*'edge'"),
        (
            lambda: layers.RandomTranslation(0, 0, fill_value=np.inf),
            ValueError,
            "fill_value must be finite, got inf",
        ),
        (lambda: layers.RandomFlip(modes="vertical"), TypeError, "Did you mean 'mode'"),
    ],
)  # fmt: skip
def test_bad_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("cls", [layers.CenterCrop, layers.RandomCrop])
def test_an_image_that_is_too_small_is_refused(cls, training, images):
    message = rf"{cls.__name__}: images must be at least \(8, 8\).*got \(7, 8\).*ZeroPadding2D"
    with pytest.raises(ValueError, match=message):
        cls(8, 8)(images, training=training)
    with pytest.raises(ValueError, match=message):
        Sequential([Input((7, 8, 3)), cls(8, 8)])


def test_a_shift_between_two_pixels_is_refused(images):
    layer = layers.RandomTranslation((0.1, 0.11), 0)
    with pytest.raises(
        ValueError, match=r"no whole number of pixels .* height_factor, 0.1 and 0.11"
    ):
        layer(images, training=True)


@pytest.mark.parametrize("make", [*RANDOM.values(), lambda: layers.CenterCrop(2, 2)])
def test_what_is_no_image_is_refused(make):
    with pytest.raises(ValueError, match=r"expected images of rank 4 \(N, H, W, C\), got rank 2"):
        make()(np.zeros((3, 4), np.float32))
