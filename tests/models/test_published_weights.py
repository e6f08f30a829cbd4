"""ResNet-20 with weights that others trained, on the first 4,000 training images of CIFAR-10.

Both files are optional: $BRASA_DATA/resnet20_cifar10.safetensors, PyTorch's state_dict, and
$BRASA_DATA/cifar10_lossless_first4000.npz, x uint8 (4000, 3, 32, 32) and y. On images that it was
trained with the network is right more often than on others.
"""

import os
from pathlib import Path

import numpy as np
import pytest

import brasa
from brasa import layers, runtime
from brasa.io import read_tensors, weights_of_modules
from brasa.models import resnet20

RIGHT = 3992  # of 4,000, in PyTorch with the same weights and images
MEAN, DEVIATION = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def found(name):
    path = Path(os.environ.get("BRASA_DATA", "")) / name
    if not os.environ.get("BRASA_DATA") or not path.exists():
        pytest.skip(f"the real file: set BRASA_DATA to a folder with {name}")
    return path


def modules():
    """The names of PyTorch's modules in the order of our layers."""
    yield from ("conv1", "bn1")
    for stage in (1, 2, 3):
        for block in range(3):
            for name in ("conv1", "bn1", "conv2", "bn2"):
                yield f"layer{stage}.{block}.{name}"
    yield "linear"


@pytest.fixture(scope="module")
def images():
    with np.load(found("cifar10_lossless_first4000.npz")) as file:
        x, y = file["x"], file["y"]
    return ((x.transpose(0, 2, 3, 1) / np.float32(255) - MEAN) / DEVIATION).astype(np.float32), y


@pytest.fixture(scope="module")
def model():
    tensors, _ = read_tensors(found("resnet20_cifar10.safetensors"))
    network = resnet20()
    network.set_weights(weights_of_modules(tensors, modules()))
    return network


def right(probabilities, y):
    return int((probabilities.argmax(1) == y).sum())


def test_as_many_images_are_right_as_in_pytorch(model, images):
    x, y = images
    assert right(model.predict(x, batch_size=250, verbose=0), y) == RIGHT


def test_layer_by_layer_without_folding_it_is_the_same(model, images):
    x, _ = images
    folded = model.predict_on_batch(x[:200])
    model.compile("sgd", "sparse_categorical_crossentropy")
    names = [step["op"] for step in model.plan(200, "predict")._plan.steps()]
    assert "batch_norm" not in names
    np.testing.assert_allclose(by_layers(model, x[:200]), folded, atol=2e-5)


def by_layers(model, x):
    """Each layer on arrays, one after the other: nothing is fused or folded."""
    values = {model.inputs[0]: x}
    for call in model.network.calls:
        inputs = [values[tensor] for tensor in call.input_list]
        several = isinstance(call.layer, layers.Add)
        values[call.outputs[0]] = call.layer(inputs if several else inputs[0])
    return values[model.outputs[0]]


def test_a_saved_model_is_the_same(model, images, tmp_path):
    x, _ = images
    model.save(tmp_path / "resnet20.brasa")
    again = brasa.load_model(tmp_path / "resnet20.brasa")
    assert np.array_equal(again.predict(x[:256], verbose=0), model.predict(x[:256], verbose=0))


def test_without_winograd_it_is_the_same(model, images):
    x, _ = images
    fast = model.predict_on_batch(x[:200])
    assert runtime.winograd()
    runtime.set_winograd(False)
    try:
        plain = model.predict_on_batch(x[:200])
    finally:
        runtime.set_winograd(True)
    np.testing.assert_allclose(plain, fast, atol=2e-5)
