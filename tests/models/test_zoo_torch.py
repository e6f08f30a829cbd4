"""The reference models against the same networks in PyTorch, in float64, with the same weights.

The twins are written down once more, as the papers have them. They take the layers in the order in
which a walk from the output back to the input meets their calls, which is that of evaluating the
expressions from left to right.
"""

from functools import partial

import numpy as np
import pytest

import brasa
from brasa import layers, models
from brasa.models.residual import bottleneck
from brasa.models.resnet import build as residual_network
from brasa.models.resnext import grouped_bottleneck

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
f = torch.nn.functional


KINDS = (layers.Conv2D, layers.DepthwiseConv2D, layers.BatchNormalization, layers.Dense)


class Twin:
    """PyTorch's functions, with the weights of one layer of ours after the other."""

    def __init__(self, model, training):
        self.training = training
        used = [call.layer for call in model.network.calls]
        self.values = {
            p: torch.tensor(p.numpy().astype(np.float64), requires_grad=training)
            for p in model.weights
        }
        self.left = {kind: [layer for layer in used if isinstance(layer, kind)] for kind in KINDS}

    def take(self, kind):
        return self.left[kind].pop(0)

    def of(self, parameter):
        return None if parameter is None else self.values[parameter]

    def conv(self, x, stride=1, pad=None, groups=1):
        layer = self.take(layers.Conv2D)
        w = self.of(layer.kernel).permute(3, 2, 0, 1)
        pad = w.shape[-1] // 2 if pad is None else pad
        return f.conv2d(x, w, self.of(layer.bias), stride, pad, groups=groups)

    def bn(self, x):
        own = self.take(layers.BatchNormalization)
        mean, variance = (
            self.of(p).detach().clone() for p in (own.moving_mean, own.moving_variance)
        )
        gamma, beta = self.of(own.gamma), self.of(own.beta)
        return f.batch_norm(x, mean, variance, gamma, beta, self.training, 0.1, own.epsilon)

    def dense(self, x):
        own = self.take(layers.Dense)
        return x @ self.of(own.kernel) + self.of(own.bias)

    def flat_dense(self, x):
        return self.dense(x.permute(0, 2, 3, 1).flatten(1))


def head(t, x):
    return f.softmax(t.dense(x.mean((2, 3))), 1)


def vgg(t, x, counts, normalized):
    for count in counts:
        for _ in range(count):
            x = t.conv(x)
            x = f.relu(t.bn(x) if normalized else x)
        x = f.max_pool2d(x, 2)
    x = f.relu(t.dense(f.relu(t.flat_dense(x))))
    return f.softmax(t.dense(x), 1)


def alexnet(t, x):
    x = f.max_pool2d(f.relu(t.conv(x, 4, 2)), 3, 2)
    x = f.max_pool2d(f.relu(t.conv(x)), 3, 2)
    x = f.relu(t.conv(f.relu(t.conv(f.relu(t.conv(x))))))
    x = f.relu(t.flat_dense(f.max_pool2d(x, 3, 2)))
    return f.softmax(t.dense(f.relu(t.dense(x))), 1)


def googlenet(t, x, normalized):
    def unit(x, stride=1):
        y = t.conv(x, stride)
        return f.relu(t.bn(y) if normalized else y)

    def pool(x, size=3):
        return f.max_pool2d(x, size, 2, ceil_mode=True)

    def module(x):
        one = unit(x)
        three = unit(unit(x))
        five = unit(unit(x))
        return torch.cat([one, three, five, unit(f.max_pool2d(x, 3, 1, 1))], 1)

    def side(x):
        x = f.relu(t.flat_dense(unit(f.avg_pool2d(x, 5, 3))))
        return f.softmax(t.dense(x), 1)

    x = pool(unit(unit(pool(unit(x, 2)))))
    x = pool(module(module(x)))
    x = first = module(x)
    x = second = module(module(module(x)))
    x = pool(module(x), 2 if normalized else 3)
    # Layers behind the last output's own come later in the walk.
    y = head(t, module(module(x)))
    return y if first.shape[-1] < 5 else [y, side(first), side(second)]


GROUPED = partial(grouped_bottleneck, groups=8, width=4)


def bottlenecks(t, x, groups=1):
    x = f.max_pool2d(f.relu(t.bn(t.conv(x, 2))), 3, 2, 1)
    for stage in range(4):
        stride = 2 if stage else 1
        shortcut = t.bn(t.conv(x, stride))
        y = f.relu(t.bn(t.conv(x)))
        y = f.relu(t.bn(t.conv(y, stride, groups=groups)))
        x = f.relu(shortcut + t.bn(t.conv(y)))
    return head(t, x)


def resnet20(t, x, padding=True, excite=False):
    x = f.relu(t.bn(t.conv(x)))
    for number in range(9):
        stride = 2 if number in (3, 6) else 1
        shortcut = x
        if stride == 2 and padding:
            quarter = x.shape[1] // 2
            shortcut = f.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, quarter, quarter))
        elif stride == 2:
            shortcut = t.bn(t.conv(x, 2))
        y = t.bn(t.conv(f.relu(t.bn(t.conv(x, stride)))))
        if excite:
            gate = torch.sigmoid(t.dense(f.relu(t.dense(y.mean((2, 3))))))
            y = y * gate[:, :, None, None]
        x = f.relu(shortcut + y)
    return head(t, x)


def densenet(t, x, counts, narrow, large=False):
    x = t.conv(x, 2 if large else 1)
    x = f.max_pool2d(f.relu(t.bn(x)), 3, 2, 1) if large else x
    for block, count in enumerate(counts):
        if block:
            x = f.avg_pool2d(t.conv(f.relu(t.bn(x))), 2)
        for _ in range(count):
            y = f.relu(t.bn(x))
            y = f.relu(t.bn(t.conv(y))) if narrow else y
            x = torch.cat([x, t.conv(y)], 1)
    return head(t, f.relu(t.bn(x)))


def mobilenet(t, x):
    def channel_by_channel(x, stride):
        w = t.of(t.take(layers.DepthwiseConv2D).kernel).permute(2, 3, 0, 1)
        return f.conv2d(x, w, None, stride, 1, groups=x.shape[1])

    x = f.relu(t.bn(t.conv(x, 2)))
    for number in range(13):
        x = f.relu(t.bn(channel_by_channel(x, 2 if number in (1, 3, 5, 11) else 1)))
        x = f.relu(t.bn(t.conv(x)))
    return head(t, x)


RGB = (32, 32, 3)
PAIRS = {
    "vgg11": (
        lambda: models.vgg11(10, RGB, units=32, dropout=0),
        lambda t, x: vgg(t, x, (1, 1, 2, 2, 2), False),
    ),
    "vgg16_bn": (
        lambda: models.vgg16(10, RGB, units=32, dropout=0, batch_norm=True),
        lambda t, x: vgg(t, x, (2, 2, 3, 3, 3), True),
    ),
    "alexnet": (lambda: models.alexnet(10, (67, 63, 3), 0, units=32), alexnet),
    "googlenet": (
        lambda: models.googlenet(10, (64, 64, 3), dropout=0),
        lambda t, x: googlenet(t, x, True),
    ),
    "googlenet_paper": (
        lambda: models.googlenet(10, (64, 64, 3), "paper", dropout=0),
        lambda t, x: googlenet(t, x, False),
    ),
    "bottlenecks": (
        lambda: residual_network("r", bottleneck, (1, 1, 1, 1), 10, RGB, False),
        bottlenecks,
    ),
    "grouped_bottlenecks": (
        lambda: residual_network("r", GROUPED, (1, 1, 1, 1), 10, RGB, False),
        lambda t, x: bottlenecks(t, x, groups=8),
    ),
    "resnet20": (models.resnet20, resnet20),
    "resnet20_b": (
        lambda: models.resnet20(shortcut="projection"),
        lambda t, x: resnet20(t, x, padding=False),
    ),
    "se_resnet20": (models.se_resnet20, lambda t, x: resnet20(t, x, excite=True)),
    "densenet": (
        lambda: models.densenet(13, 12, 10, RGB),
        lambda t, x: densenet(t, x, (3, 3, 3), False),
    ),
    "densenet_bc": (
        lambda: models.densenet(16, 12, 10, RGB, bottleneck=True),
        lambda t, x: densenet(t, x, (2, 2, 2), True),
    ),
    "mobilenet": (lambda: models.mobilenet(10, (64, 64, 3), 0.5), mobilenet),
    "densenet121": (
        lambda: models.densenet121(10, RGB),
        lambda t, x: densenet(t, x, (6, 12, 24, 16), True, large=True),
    ),
}


def seen(model):
    """Normalizations that have seen data: scales, shifts and statistics of their own."""
    random = np.random.default_rng(0)
    for parameter in model.weights:
        if parameter.name.endswith(("gamma", "moving_variance")):
            parameter.assign(random.uniform(0.6, 1.2, parameter.shape))
        elif parameter.name.endswith(("beta", "moving_mean", "bias")):
            parameter.assign(random.normal(0, 0.1, parameter.shape))
    # Sums over residual blocks grow, unless gates halve what is added; a softmax of large logits
    # would hide what differs.
    kinds = {type(layer) for layer in model.layers}
    if layers.Add in kinds and layers.Multiply not in kinds:
        kernel = model.layers[-1].kernel
        kernel.assign(0.05 * kernel.numpy())
    return model


def batch(model, size):
    random = np.random.default_rng(1)
    return random.standard_normal((size, *model.input_shape[1:]), np.float32)


def nchw(x):
    return torch.tensor(x.astype(np.float64)).permute(0, 3, 1, 2)


@pytest.mark.parametrize("name", PAIRS)
def test_predictions_equal_pytorchs(name):
    brasa.set_seed(0)
    build, network = PAIRS[name]
    model = seen(build())
    x = batch(model, 2)
    twin = Twin(model, training=False)
    with torch.no_grad():
        want = network(twin, nchw(x)).numpy()
    assert not any(twin.left.values())
    assert want.std(0).max() > 1e-3  # what it says depends on the image
    np.testing.assert_allclose(model.predict_on_batch(x), want, rtol=2e-3, atol=1e-5)


@pytest.mark.parametrize("name", ["resnet20", "se_resnet20", "densenet_bc"])
def test_gradients_equal_pytorchs(name):
    brasa.set_seed(0)
    build, network = PAIRS[name]
    model = seen(build())
    model.compile("sgd", "sparse_categorical_crossentropy")
    x, labels = batch(model, 4), np.arange(4)
    loss, gradients = model.compute_gradients(x, labels)
    twin = Twin(model, training=True)
    want = -network(twin, nchw(x))[np.arange(4), labels].log().mean()
    want.backward()
    assert abs(loss - want.item()) < 1e-4 * want.item()
    for parameter, gradient in zip(model.trainable_weights, gradients, strict=True):
        right = twin.values[parameter].grad.numpy()
        # A slope of ReLU that falls to the other side, where a value is all but 0, makes 1e-2.
        error = np.linalg.norm(gradient - right) / max(np.linalg.norm(right), 1e-6)
        assert error < 5e-2, (parameter.name, error)


def test_auxiliary_predictions_equal_pytorchs():
    brasa.set_seed(0)
    model = seen(models.googlenet(10, (96, 96, 3), "paper", auxiliary=True, dropout=0))
    x = batch(model, 2)
    with torch.no_grad():
        want = googlenet(Twin(model, training=False), nchw(x), False)
    for ours, theirs in zip(model.predict_on_batch(x), want, strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=2e-3, atol=1e-5)
