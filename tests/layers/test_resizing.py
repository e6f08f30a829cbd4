"""Images brought to a size: beside Keras, in models, with gradients."""

import numpy as np
import pytest

import brasa
from brasa import Input, Sequential, layers
from brasa.testing.assertions import assert_same_bits
from tests.differences import slope

WAYS = ("bilinear", "nearest")


@pytest.fixture
def images(rng):
    return rng.standard_normal((3, 7, 10, 3)).astype(np.float32)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("crop", [False, True])
@pytest.mark.parametrize("size", [(14, 20), (7, 10), (5, 9), (3, 4), (1, 1), (23, 2), (2, 23)])
def test_results_are_those_of_keras(size, crop, way, images, keras):
    options = {"interpolation": way, "crop_to_aspect_ratio": crop}
    want = keras(
        "tests.keras_apart.layer_of",
        "Resizing",
        images,
        {"height": size[0], "width": size[1], **options},
    )
    got = layers.Resizing(*size, **options)(images)
    if way == "nearest":
        assert_same_bits(got, want)
    else:
        # Keras's places and weights are float32, of products up to the extents.
        np.testing.assert_allclose(got, want, rtol=0, atol=2e-5)


@pytest.mark.parametrize("fill", [0.0, 2.5])
@pytest.mark.parametrize("size", [(14, 20), (5, 9), (3, 4), (23, 2), (2, 23), (7, 8)])
def test_frames_are_those_of_keras(size, fill, images, keras):
    options = {"pad_to_aspect_ratio": True, "fill_value": fill}
    arguments = {"height": size[0], "width": size[1], **options}
    want = keras("tests.keras_apart.layer_of", "Resizing", images, arguments)
    got = layers.Resizing(*size, **options)(images)
    np.testing.assert_allclose(got, want, rtol=0, atol=2e-5)
    model = Sequential([Input(images.shape[1:]), layers.Resizing(*size, **options)])
    np.testing.assert_allclose(model.predict(images), got, rtol=0, atol=1e-6)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("crop", [False, True])
def test_the_contract_of_layers(check_layer, crop, way):
    check_layer(layers.Resizing(4, 9, way, crop), (7, 10, 3), output=(4, 9, 3))


def test_it_is_upsampling_where_sizes_are_multiples(images):
    for way in WAYS:
        want = layers.UpSampling2D((3, 2), interpolation=way)(images)
        np.testing.assert_allclose(layers.Resizing(21, 20, way)(images), want, atol=1e-6)


def test_images_of_open_size(images):
    model = Sequential([Input((None, None, 3)), layers.Resizing(4, 5), layers.Conv2D(2, 3)])
    assert model.output_shape == (None, 2, 3, 2)
    small = images[:, :3, :3]
    for x in (images, small):
        want = model.layers[1](layers.Resizing(4, 5)(x))
        np.testing.assert_allclose(model.predict(x), want, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("way", WAYS)
def test_gradients_pass_through_it_inside_a_network(way, images):
    """The step of a compiled model is that of central differences of its loss."""
    model = Sequential(
        [
            Input((7, 10, 3)),
            layers.Conv2D(2, 3, activation="tanh"),
            layers.Resizing(9, 6, way),
            layers.Flatten(),
            layers.Dense(1),
        ]
    )
    model.compile(brasa.optimizers.SGD(0.0), "mse")
    target = np.ones((3, 1), np.float32)
    _, gradients = model.compute_gradients(images, target)
    steepness = np.linalg.norm(gradients[0])
    found = slope(
        model, lambda: model.evaluate(images, target, verbose=0), 0, gradients[0] / steepness
    )
    assert found == pytest.approx(steepness, rel=0.02)


def test_it_is_saved(tmp_path, images):
    model = Sequential([Input((7, 10, 3)), layers.Resizing(4, 4, "nearest", True)])
    model.save(tmp_path / "model.brasa")
    again = brasa.load_model(tmp_path / "model.brasa")
    assert again.layers[0].get_config() == model.layers[0].get_config()
    assert_same_bits(again.predict(images), model.predict(images))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: layers.Resizing(0, 3), ValueError, "Resizing: height must be >= 1, got 0"),
        (lambda: layers.Resizing(3, 1.5), TypeError, "Resizing: width must be a whole"),
        (lambda: layers.Resizing(3, 3, "bicubic"), ValueError, "interpolation .*'bicubic'"),
        (lambda: layers.Resizing(3, 3, "nearest", 1), TypeError, "crop_to_aspect_ratio .*got 1"),
        (
            lambda: layers.Resizing(3, 3, data_format="channels_first"),
            ValueError,
            "Resizing: data_format must be 'channels_last'",
        ),
        (lambda: layers.Resizing(3, 3, antialias=True), TypeError, "antialias"),
        (
            lambda: layers.Resizing(3, 3, crop_to_aspect_ratio=True, pad_to_aspect_ratio=True),
            ValueError,
            "crop_to_aspect_ratio or pad_to_aspect_ratio",
        ),
        (lambda: layers.Resizing(3, 3, fill_mode="wrap"), ValueError, "fill_mode .*'wrap'"),
        (
            lambda: layers.Resizing(3, 3)(np.zeros((2, 3), np.float32)),
            ValueError,
            r"expected images of rank 4 \(N, H, W, C\), got rank 2",
        ),
        (
            lambda: layers.Resizing(3, 3)(np.zeros((2, 0, 3, 1), np.float32)),
            ValueError,
            "an image without pixels",
        ),
    ],
)
def test_bad_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()
