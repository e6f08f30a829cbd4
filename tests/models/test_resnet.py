"""ResNet-18: its size, and against PyTorch: predictions, gradients, moving statistics."""

import numpy as np
import pytest

import brasa
from brasa import layers
from brasa.models import resnet18

CLASSES = 10


@pytest.fixture(scope="module")
def model():
    brasa.set_seed(0)
    network = resnet18(CLASSES, (32, 32, 3))
    network.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")
    random = np.random.default_rng(0)
    for parameter in network.weights:
        if parameter.name.endswith(("gamma", "moving_variance")):
            parameter.assign(random.uniform(0.3, 0.7, parameter.shape))
        elif parameter.name.endswith(("beta", "moving_mean")):
            parameter.assign(random.normal(0, 0.1, parameter.shape))
    return network


@pytest.fixture(scope="module")
def batch():
    random = np.random.default_rng(1)
    x = random.normal(size=(4, 32, 32, 3)).astype(np.float32)
    return x, random.integers(0, CLASSES, 4).astype(np.int32)


def test_size_is_that_of_the_paper():
    # 11,689,512 trainable ones, and two moving statistics for each of 4,800 channels.
    assert resnet18(input_shape=(64, 64, 3)).count_params() == 11_689_512 + 2 * 4_800


def test_small_images_keep_their_size_to_the_first_stage():
    network = resnet18(CLASSES, (32, 32, 3), small_images=True)
    assert network.output_shape == (None, CLASSES)
    assert not any(isinstance(layer, layers.MaxPooling2D) for layer in network.layers)


class Torch:
    """The same network in PyTorch's functions, in float64, with the weights of ours."""

    def __init__(self, network):
        self.torch = pytest.importorskip("torch", reason="PyTorch is not installed")
        self.values = {
            p: self.torch.tensor(
                p.numpy().astype(np.float64), requires_grad=p in network.trainable_weights
            )
            for p in network.weights
        }
        kinds = (layers.Conv2D, layers.BatchNormalization)
        both = ([layer for layer in network.layers if isinstance(layer, kind)] for kind in kinds)
        self.convolutions = iter(list(zip(*both, strict=True)))
        self.dense = network.layers[-1]
        self.moved = {}

    def conv(self, x, training, pair):
        f = self.torch.nn.functional
        layer, normal = pair
        w = self.values[layer.kernel].permute(3, 2, 0, 1)
        x = f.conv2d(x, w, None, layer.strides, layer.padding)
        mean, variance = (
            self.values[p].clone() for p in (normal.moving_mean, normal.moving_variance)
        )
        gamma, beta = self.values[normal.gamma], self.values[normal.beta]
        if training:
            self.moved[normal.moving_mean] = 0.9 * mean + 0.1 * x.mean((0, 2, 3)).detach()
        return f.batch_norm(x, mean, variance, gamma, beta, training, 0.1, normal.epsilon)

    def block(self, x, training, project):
        # Keras's order: the layer on the shortcut is as far from the outputs as the second one.
        first = next(self.convolutions)
        side = next(self.convolutions) if project else None
        relu = self.torch.nn.functional.relu
        y = self.conv(relu(self.conv(x, training, first)), training, next(self.convolutions))
        return relu(y + (self.conv(x, training, side) if project else x))

    def __call__(self, x, training):
        f = self.torch.nn.functional
        x = self.torch.tensor(x.astype(np.float64)).permute(0, 3, 1, 2)
        x = f.max_pool2d(f.relu(self.conv(x, training, next(self.convolutions))), 3, 2, 1)
        for number in range(8):
            x = self.block(x, training, project=number in (2, 4, 6))
        x = x.mean((2, 3))
        return f.softmax(x @ self.values[self.dense.kernel] + self.values[self.dense.bias], 1)


def test_predictions_equal_pytorchs(model, batch):
    with pytest.importorskip("torch").no_grad():
        want = Torch(model)(batch[0], training=False).numpy()
    np.testing.assert_allclose(model.predict(batch[0], verbose=0), want, rtol=1e-3, atol=1e-7)


def test_gradients_and_moving_statistics_equal_pytorchs(model, batch):
    x, labels = batch
    loss, gradients = model.compute_gradients(x, labels)
    peer = Torch(model)
    p = peer(x, training=True)
    want = -p[np.arange(len(labels)), labels].log().mean()
    want.backward()
    assert abs(loss - want.item()) < 1e-4 * want.item()
    for parameter, gradient in zip(model.trainable_weights, gradients, strict=True):
        right = peer.values[parameter].grad.numpy()
        # 20 layers of float32: 1e-4. A slope of ReLU that falls to the other side, where a value is
        # all but 0, makes 1e-2 of it; a wrong rule would make 1.
        error = np.linalg.norm(gradient - right) / np.linalg.norm(right)
        assert error < 5e-2, (parameter.name, error)
    model.train_on_batch(x, labels)
    for parameter, moved in peer.moved.items():
        np.testing.assert_allclose(parameter.value, moved.numpy(), rtol=1e-4, atol=1e-5)
