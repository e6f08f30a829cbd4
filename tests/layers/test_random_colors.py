"""Images brighter or darker, with more contrast or less, in training."""

import numpy as np
import pytest

import brasa
from brasa import Input, Sequential, layers

MAKERS = {
    "contrast": lambda **options: layers.RandomContrast(0.3, **options),
    "brightness": lambda **options: layers.RandomBrightness(0.3, **options),
}


@pytest.fixture
def images(rng):
    return rng.uniform(0, 255, (40, 5, 6, 3)).astype(np.float32)


def contrasts(x, y):
    """The factor of each image and channel, where nothing was clipped."""
    x, y = (a - a.mean(axis=(1, 2), keepdims=True) for a in (x.astype(np.float64), y))
    return (x * y).sum(axis=(1, 2)) / (x * x).sum(axis=(1, 2))


def test_outside_of_training_nothing_is_done(check_layer):
    for make in MAKERS.values():
        x, y = check_layer(make(seed=3), (7, 8, 3), output=(7, 8, 3))
        assert y is x


def test_brightness_is_that_of_keras(images, keras):
    for factor in (0.25, -0.6, 1.0):
        for value_range in ((0, 255), (-50, 200)):
            options = {"factor": (factor, factor), "value_range": value_range}
            want = keras("tests.keras_apart.layer_of", "RandomBrightness", images, options)
            got = layers.RandomBrightness(**options)(images, training=True)
            np.testing.assert_allclose(got, want, rtol=0, atol=1e-4)


def test_contrast_is_that_of_keras_with_the_same_factors(images, keras):
    wide = {"factor": (0.9, 0.9), "value_range": (-1000, 1000)}
    y = layers.RandomContrast(**wide, seed=2)(images, training=True)
    drawn = contrasts(images, y)
    np.testing.assert_allclose(drawn, drawn[:, :1] + 0 * drawn, atol=1e-5)  # one for all channels
    factors = drawn[:, :1].reshape(-1, 1, 1, 1).astype(np.float32)
    for value_range in ((-1000, 1000), (20, 230)):
        options = {"factor": 0.9, "value_range": value_range}
        want = keras("tests.keras_apart.with_contrast", images, factors, options)
        got = layers.RandomContrast(**options, seed=2)(images, training=True)
        np.testing.assert_allclose(got, want, rtol=0, atol=5e-3)  # of 255, factors of 1e-5


def uniform(values, low, high):
    """Whether none of eight parts of the range has far too many or too few."""
    assert values.min() >= low - 1e-4
    assert values.max() <= high + 1e-4
    counts, _ = np.histogram(values, 8, (low, high))
    spread = np.sqrt(values.size / 8)
    return (abs(counts - values.size / 8) < 5 * spread).all()


def test_factors_are_uniform_between_their_bounds(rng):
    x = rng.uniform(0, 1, (4000, 2, 2, 1)).astype(np.float32)
    wide = {"value_range": (-10, 10), "seed": 1}
    y = layers.RandomBrightness((-0.2, 0.4), **wide)(x, training=True)
    assert uniform((y - x)[:, 0, 0, 0], -4, 8)
    y = layers.RandomContrast((0.5, 0.25), **wide)(x, training=True)
    spread = x.std(axis=(1, 2, 3)) > 0.05
    assert uniform(contrasts(x, y)[spread, 0], 0.5, 1.25)
    y = layers.RandomContrast(0.5, **wide)(x, training=True)
    assert uniform(contrasts(x, y)[spread, 0], 0.5, 1.5)


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_values_are_kept_in_their_range(make, images):
    y = make(value_range=(30, 220), seed=1)(images, training=True)
    assert y.min() == 30
    assert y.max() == 220


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_on_arrays_every_call_draws_anew_and_a_seed_repeats_them(make, images, check_draws):
    check_draws(make, images)


def test_in_a_plan_each_step_and_each_layer_draws_anew(rng):
    """Of images of one value brightness alone is seen: two layers add two numbers."""
    x = np.full((500, 2, 2, 1), 100, np.float32)
    model = Sequential(
        [
            Input((2, 2, 1)),
            layers.RandomBrightness(0.1),
            layers.RandomBrightness(0.1),
            layers.RandomContrast(0.5),
            layers.Flatten(),
            layers.Dense(1, use_bias=False),
        ]
    )
    model.set_weights([np.full((4, 1), 0.25, np.float32)])
    model.compile(brasa.optimizers.SGD(0.0), "mse")
    target = np.full((500, 1), 100)
    losses = [model.train_on_batch(x, target) for _ in range(3)]
    assert len(set(losses)) == 3
    # The variance of a sum of two, each uniform in [-25.5, 25.5]. Its mean of 500 errs by 5 %.
    np.testing.assert_allclose(losses, 2 * 25.5**2 / 3, rtol=0.25)
    assert model.evaluate(x, target, verbose=0) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_gradients_pass_where_nothing_is_clipped(make, images):
    layer = make(value_range=(-1000, 1000), seed=4)

    def total(x):
        return brasa.ops.sum(brasa.ops.square(layer(x, training=True)))

    small = images[:2, :2, :2]
    slope = brasa.grad(total)(small)
    assert slope.shape == small.shape
    assert np.isfinite(slope).all()
    assert (slope != 0).all()


def test_configs_are_saved(tmp_path):
    made = [make(seed=3, value_range=(0, 1)) for make in MAKERS.values()]
    model = Sequential([Input((8, 8, 3)), *made])
    model.save(tmp_path / "model.brasa")
    again = brasa.load_model(tmp_path / "model.brasa")
    assert [a.get_config() for a in again.layers] == [a.get_config() for a in model.layers]
    assert again.layers[1].value_range == (0, 1)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: layers.RandomContrast(-0.1),
            ValueError,
            r"RandomContrast: factor must lie in \[0, 1\], got -0.1",
        ),
        (lambda: layers.RandomContrast(1.5), ValueError, "RandomContrast: factor must lie in"),
        (lambda: layers.RandomContrast((0.1, -0.1)), ValueError, "factor must lie in"),
        (lambda: layers.RandomContrast((1, 0, 1)), ValueError, "factor"),
        (lambda: layers.RandomContrast("a"), TypeError, "factor must be a number"),
        (
            lambda: layers.RandomBrightness(-1.5),
            ValueError,
            r"RandomBrightness: factor must lie in \[-1, 1\], got -1.5",
        ),
        (
            lambda: layers.RandomBrightness(0.1, 255),
            ValueError,
            r"RandomBrightness: value_range must be \(low, high\), got 255",
        ),
        (lambda: layers.RandomBrightness(0.1, (1, 0)), ValueError, r"value_range .*\(1, 0\)"),
        (lambda: layers.RandomBrightness(0.1, (0, np.inf)), ValueError, "value_range .* inf"),
        (lambda: layers.RandomBrightness(0.1, (0, "a")), TypeError, "value_range .*'a'"),
        (lambda: layers.RandomContrast(0.1, seed=-1), ValueError, "seed must be >= 0"),
        (
            lambda: layers.RandomContrast(0.1)(np.zeros((3, 4), np.float32)),
            ValueError,
            r"expected images of rank 4 \(N, H, W, C\), got rank 2",
        ),
    ],
)
def test_bad_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()
