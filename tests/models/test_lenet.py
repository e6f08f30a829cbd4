"""The shape of LeNet-5."""

import numpy as np
import pytest

from brasa import layers
from brasa.models import lenet5


def kinds(model):
    return [type(layer).__name__ for layer in model.layers]


@pytest.mark.parametrize("form", ["modern", "classic"])
@pytest.mark.parametrize(
    ("classes", "image", "features", "parameters"),
    [
        (43, (32, 32, 1), 5 * 5 * 16, 64_511),
        (10, (32, 32, 1), 5 * 5 * 16, 61_706),
        (10, (28, 28, 1), 5 * 5 * 16, 61_706),
        (10, (32, 32, 3), 5 * 5 * 16, 62_006),
        (10, (8, 8, 1), 2 * 2 * 16, 21_386),
        (10, (4, 4, 1), 1 * 1 * 16, 15_626),
        (10, (20, 30, 1), 5 * 7 * 16, 80_906),
        (10, (64, 64, 1), 13 * 13 * 16, 338_186),
    ],
    ids=str,
)
def test_sizes(form, classes, image, features, parameters):
    model = lenet5(classes, image, form)
    flat = next(layer for layer in model.layers if isinstance(layer, layers.Flatten))
    dense = next(layer for layer in model.layers if isinstance(layer, layers.Dense))
    assert dense.kernel.shape == (features, 120)
    assert model.layers.index(flat) + 1 == model.layers.index(dense)
    assert model.count_params() == parameters
    assert model.output_shape == (None, classes)


def test_modern_form():
    model = lenet5()
    pairs = ["Conv2D", "MaxPooling2D"] * 2
    assert kinds(model) == [*pairs, "Flatten", "Dense", "Dense", "Dense"]
    conv = [layer for layer in model.layers if isinstance(layer, layers.Conv2D)]
    assert [layer.padding for layer in conv] == ["same", "valid"]
    names = [layer.activation.__name__ for layer in model.layers if hasattr(layer, "activation")]
    assert names == ["relu", "relu", "relu", "relu", "softmax"]


def test_classic_form():
    model = lenet5(form="classic", input_shape=(32, 32, 1))
    assert kinds(model)[:4] == ["Conv2D", "AveragePooling2D"] * 2
    names = {layer.activation.__name__ for layer in model.layers if hasattr(layer, "activation")}
    assert names == {"tanh", "softmax"}


def test_rescale_comes_first():
    assert kinds(lenet5(rescale=1 / 255))[0] == "Rescaling"


@pytest.mark.parametrize("image", [(28, 28, 1), (8, 8, 1)], ids=str)
def test_predicts_distributions(rng, image):
    x = rng.random((3, *image), dtype=np.float32)
    y = lenet5(10, image).predict(x, verbose=0)
    assert y.shape == (3, 10)
    np.testing.assert_allclose(y.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((0,), ValueError, "units must be >= 1, got 0"),
        ((10, (28, 28)), ValueError, r"lenet5: input_shape must be \(H, W, C\)"),
        ((10, (3, 28, 1)), ValueError, "lenet5: images must have at least 4 x 4 pixels"),
        ((10, 28), TypeError, "shape must be a tuple"),
        ((10, (28, 28, 1), "clasic"), ValueError, "lenet5: form 'clasic'.*mean 'classic'"),
    ],
    ids=str,
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        lenet5(*arguments)
