"""Images shifted, cropped and mirrored in training."""

import numpy as np
import pytest

import brasa
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
def test_on_arrays_every_call_draws_anew_and_a_seed_repeats_them(make, images):
    for options in ({}, {"seed": 1}):
        layer = make(**options)
        assert (layer(images, training=True) != layer(images, training=True)).any()
    assert_same_bits(make(seed=1)(images, training=True), make(seed=1)(images, training=True))
    assert (make(seed=1)(images, training=True) != make(seed=2)(images, training=True)).any()
    drawn = []
    for _ in range(2):
        brasa.set_seed(5)
        drawn.append(make()(images, training=True))
    assert_same_bits(*drawn)


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


# ---- in a model ----------------------------------------------------------------------------


def recipe(*more, seed=None):
    return [
        layers.ZeroPadding2D(2),
        layers.RandomCrop(8, 8, seed),
        layers.RandomFlip("horizontal", seed),
        *more,
    ]


def test_training_in_a_plan_draws_the_windows_of_the_contract(rng):
    """The loss of a model that sums weighted pixels tells which windows a step saw."""
    x = rng.integers(0, 256, (6, 8, 8, 3)).astype(np.uint8)
    weights = rng.integers(-3, 4, (8 * 8 * 3, 1)).astype(np.float32)
    model = Sequential([Input((8, 8, 3)), *recipe(layers.Flatten(), layers.Dense(1))])
    model.set_weights([weights, np.zeros(1, np.float32)])
    model.compile(brasa.optimizers.SGD(0.0), "mse")
    padded = np.pad(x.astype(np.float64), ((0, 0), (2, 2), (2, 2), (0, 0)))
    for step in range(3):
        numbers = {"seed": model.engine.seed, "step": step}
        seen = reference.crop_flip(padded, (8, 8), (0, 4), (0, 4), node=1, **numbers)
        seen = reference.crop_flip(seen, (8, 8), flip="horizontal", node=2, **numbers)
        want = ((seen.reshape(6, -1) @ weights) ** 2).mean()
        assert model.train_on_batch(x, np.zeros((6, 1))) == pytest.approx(want, rel=1e-6)
    plain = ((x.reshape(6, -1).astype(np.float64) @ weights) ** 2).mean()
    assert model.evaluate(x, np.zeros((6, 1)), verbose=0) == pytest.approx(plain, rel=1e-6)
    assert_same_bits(model.predict(x)[:, 0], (x.reshape(6, -1) @ weights)[:, 0])


def network():
    """Weights before the augmentation, so that gradients pass through it, and behind."""
    return Sequential(
        [
            Input((8, 8, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(4, 3, padding="same", activation="relu"),
            *recipe(),
            layers.RandomTranslation(0.2, 0.2),
            layers.Flatten(),
            layers.Dropout(0.2),
            layers.Dense(3, "softmax"),
        ]
    )


def compiled():
    brasa.set_seed(7)
    model = network()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@pytest.fixture
def samples(rng):
    return rng.integers(0, 256, (30, 8, 8, 3)).astype(np.uint8), rng.integers(0, 3, 30)


def test_a_resumed_run_equals_an_uninterrupted_one(samples, tmp_path):
    options = {"batch_size": 8, "verbose": 0}
    whole, first = compiled(), compiled()
    want = whole.fit(*samples, epochs=4, **options).history
    begun = first.fit(*samples, epochs=2, **options).history
    first.save(tmp_path / "model.brasa")
    brasa.set_seed(99)
    again = brasa.load_model(tmp_path / "model.brasa")
    rest = again.fit(*samples, epochs=4, initial_epoch=2, **options).history
    assert {name: begun[name] + rest[name] for name in want} == want
    for a, b in zip(again.get_weights(), whole.get_weights(), strict=True):
        assert_same_bits(a, b)


def test_neither_threads_nor_rerunning_change_a_bit(samples, impl, threads):
    runs = []
    for count in (1, 2, 3):
        brasa.runtime.set_threads(count)
        model = compiled()
        model.fit(*samples, epochs=1, batch_size=8, verbose=0)
        runs.append(model.get_weights())
    assert_same_bits(tuple(runs[1]), tuple(runs[0]))
    assert_same_bits(tuple(runs[2]), tuple(runs[0]))


def test_gradients_pass_through(samples):
    """In a plan: each weight's gradient against differences of the same step's loss."""
    x, y = samples
    model = compiled()
    _, gradients = model.compute_gradients(x, y)
    kernel = model.get_weights()[0]
    for place in ((0, 0, 0, 0), (1, 1, 2, 3), (2, 0, 1, 2)):
        losses = []
        for move in (5e-3, -5e-3):
            moved = model.get_weights()
            moved[0] = kernel.copy()
            moved[0][place] += move
            twin = compiled()
            twin.set_weights(moved)
            losses.append(twin.compute_gradients(x, y)[0])
        slope = (losses[0] - losses[1]) / 1e-2
        assert gradients[0][place] == pytest.approx(slope, rel=0.05, abs=2e-3)


def test_images_cannot_be_learned_by_heart_but_their_classes_can(rng):
    """One bright spot at any place, or two: flips and shifts leave the class what it is."""
    labels = rng.integers(0, 2, 256)
    x = np.zeros((256, 12, 12, 1), np.float32)
    for image, label in zip(x, labels, strict=True):
        for _ in range(1 + label):
            i, j = rng.integers(2, 10, 2)
            image[i - 1 : i + 1, j - 1 : j + 1] = 1
    brasa.set_seed(1)
    model = Sequential(
        [
            Input((12, 12, 1)),
            layers.ZeroPadding2D(2),
            layers.RandomCrop(12, 12),
            layers.RandomFlip(),
            layers.Conv2D(8, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(1, "sigmoid"),
        ]
    )
    model.compile(brasa.optimizers.Adam(0.01), "binary_crossentropy", metrics=["accuracy"])
    losses = model.fit(x, labels, epochs=15, batch_size=32, verbose=0).history["loss"]
    assert losses[-1] < 0.5 * losses[0]
    assert model.evaluate(x, labels, verbose=0)[1] > 0.9


def test_summary_and_configs(tmp_path, capsys):
    model = Sequential([Input((8, 8, 3)), *recipe(seed=3)])
    model.summary()
    text = capsys.readouterr().out
    assert "RandomCrop" in text
    assert "RandomFlip" in text
    model.save(tmp_path / "model.brasa")
    again = brasa.load_model(tmp_path / "model.brasa")
    assert [layer.get_config() for layer in again.layers] == [
        layer.get_config() for layer in model.layers
    ]
    assert (again.layers[1].seed, again.layers[2].mode) == (3, "horizontal")


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
