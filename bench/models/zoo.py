"""Networks of a course on deep learning, each written once over what a library offers.

``Library`` is implemented for sizes (zoo_sizes.py), NumPy (zoo_numpy.py) and PyTorch
(zoo_torch.py); brasa builds the same networks as :mod:`brasa.models`. Layers with weights come in
the order in which a walk from the output back to the input meets them there: an expression from
left to right.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from bench.models.zoo_sizes import Pads, Sizes


class Library(Protocol):
    """Images are (N, H, W, C) for whoever reads this file; how they lie in memory is free.

    Convolutions pad by half of their size on each side, or by ``pads`` before and behind.
    """

    def conv(
        self,
        x: Any,
        filters: int,
        size: int,
        stride: int = 1,
        pads: Pads | None = None,
        *,
        bias: bool,
        groups: int = 1,
    ) -> Any: ...
    def depthwise(self, x: Any, stride: int) -> Any: ...  # 3 x 3, each channel alone
    def norm(self, x: Any, epsilon: float = 1e-5) -> Any: ...
    def dense(self, x: Any, units: int) -> Any: ...
    def dense_image(self, x: Any, shape: tuple[int, int, int], *, bias: bool) -> Any: ...
    def flatten(self, x: Any) -> Any: ...
    def max_pool(self, x: Any, size: int, stride: int, pads: Pads = (0, 0)) -> Any: ...
    def average_pool(self, x: Any) -> Any: ...  # 2 x 2
    def mean(self, x: Any) -> Any: ...  # over the image
    def upsample(self, x: Any) -> Any: ...  # twice as high and wide
    def relu(self, x: Any) -> Any: ...
    def leaky_relu(self, x: Any) -> Any: ...
    def sigmoid(self, x: Any) -> Any: ...
    def concatenate(self, parts: list[Any]) -> Any: ...
    def add(self, x: Any, y: Any) -> Any: ...
    def scale(self, x: Any, gate: Any) -> Any: ...  # by a number for each image and channel
    def channels(self, x: Any) -> int: ...


SLOPE = 0.2  # of leaky_relu
GOOGLENET_EPSILON = KERAS_EPSILON = 1e-3

_INCEPTION = [
    [(64, 96, 128, 16, 32, 32), (128, 128, 192, 32, 96, 64)],
    [
        (192, 96, 208, 16, 48, 64),
        (160, 112, 224, 24, 64, 64),
        (128, 128, 256, 24, 64, 64),
        (112, 144, 288, 32, 64, 64),
        (256, 160, 320, 32, 128, 128),
    ],
    [(256, 160, 320, 32, 128, 128), (384, 192, 384, 48, 128, 128)],
]


def mlp(t: Library, x: Any) -> Any:
    return t.dense(t.relu(t.dense(t.relu(t.dense(t.flatten(x), 512)), 256)), 10)


def alexnet(t: Library, x: Any) -> Any:
    x = t.max_pool(t.relu(t.conv(x, 64, 3, bias=True)), 2, 2)
    x = t.max_pool(t.relu(t.conv(x, 192, 5, bias=True)), 2, 2)
    for filters in (384, 256, 256):
        x = t.relu(t.conv(x, filters, 3, bias=True))
    x = t.flatten(t.max_pool(x, 2, 2))
    return t.dense(t.relu(t.dense(t.relu(t.dense(x, 512)), 512)), 10)


def vgg11(t: Library, x: Any) -> Any:
    for filters, count in ((64, 1), (128, 1), (256, 2), (512, 2), (512, 2)):
        for _ in range(count):
            x = t.relu(t.norm(t.conv(x, filters, 3, bias=True)))
        x = t.max_pool(x, 2, 2)
    return t.dense(t.mean(x), 10)


def googlenet(t: Library, x: Any, *, large: bool = False) -> Any:
    def unit(x: Any, filters: int, size: int, stride: int = 1) -> Any:
        y = t.conv(x, filters, size, stride, bias=False)
        return t.relu(t.norm(y, GOOGLENET_EPSILON))

    def module(x: Any, filters: tuple[int, ...]) -> Any:
        one, three_in, three, five_in, five, pooled = filters
        branches = [unit(x, one, 1), unit(unit(x, three_in, 1), three, 3)]
        branches += [unit(unit(x, five_in, 1), five, 3)]
        return t.concatenate([*branches, unit(t.max_pool(x, 3, 1, (1, 1)), pooled, 1)])

    if large:
        x = unit(t.max_pool(unit(x, 64, 7, 2), 3, 2, (0, 1)), 64, 1)
        x = t.max_pool(unit(x, 192, 3), 3, 2, (0, 1))
    else:
        x = unit(x, 192, 3)
    for stage, modules in enumerate(_INCEPTION):
        if stage > 0:
            x = t.max_pool(x, 3, 2, (0, 1)) if stage == 1 else t.max_pool(x, 2, 2)
        for filters in modules:
            x = module(x, filters)
    return t.dense(t.mean(x), 10)


def resnet50(t: Library, x: Any, *, groups: int = 1) -> Any:
    """With groups twice as wide inside: ResNeXt."""
    x = t.relu(t.norm(t.conv(x, 64, 7, 2, bias=False)))
    x = t.max_pool(x, 3, 2, (1, 1))
    for stage, count in enumerate((3, 4, 6, 3)):
        filters = 64 << stage
        inner = filters if groups == 1 else 2 * filters
        for number in range(count):
            stride = 2 if stage > 0 and number == 0 else 1
            side = x
            if number == 0:
                side = t.norm(t.conv(x, 4 * filters, 1, stride, bias=False))
            y = t.relu(t.norm(t.conv(x, inner, 1, bias=False)))
            y = t.relu(t.norm(t.conv(y, inner, 3, stride, bias=False, groups=groups)))
            x = t.relu(t.add(side, t.norm(t.conv(y, 4 * filters, 1, bias=False))))
    return t.dense(t.mean(x), 10)


def se_resnet20(t: Library, x: Any) -> Any:
    """With projections as shortcuts."""
    x = t.relu(t.norm(t.conv(x, 16, 3, bias=False)))
    for number in range(9):
        filters, stride = 16 << number // 3, 2 if number in (3, 6) else 1
        side = x if stride == 1 else t.norm(t.conv(x, filters, 1, stride, bias=False))
        y = t.relu(t.norm(t.conv(x, filters, 3, stride, bias=False)))
        y = t.norm(t.conv(y, filters, 3, bias=False))
        gate = t.sigmoid(t.dense(t.relu(t.dense(t.mean(y), filters // 4)), filters))
        x = t.relu(t.add(side, t.scale(y, gate)))
    return t.dense(t.mean(x), 10)


def densenet40(t: Library, x: Any) -> Any:
    x = t.conv(x, 16, 3, bias=False)
    for block in range(3):
        if block:
            y = t.conv(t.relu(t.norm(x)), t.channels(x), 1, bias=False)
            x = t.average_pool(y)
        for _ in range(12):
            x = t.concatenate([x, t.conv(t.relu(t.norm(x)), 12, 3, bias=False)])
    return t.dense(t.mean(t.relu(t.norm(x))), 10)


def mobilenet(t: Library, x: Any) -> Any:
    x = t.relu(t.norm(t.conv(x, 32, 3, 2, bias=False)))
    halving = (1, 3, 5, 11)
    for number, filters in enumerate((64, 128, 128, 256, 256, *[512] * 6, 1024, 1024)):
        x = t.relu(t.norm(t.depthwise(x, 2 if number in halving else 1)))
        x = t.relu(t.norm(t.conv(x, filters, 1, bias=False)))
    return t.dense(t.mean(x), 10)


def autoencoder(t: Library, x: Any) -> Any:
    for filters in (32, 64):
        x = t.relu(t.conv(x, filters, 3, 2, (0, 1), bias=True))
    x = t.relu(t.dense_image(t.dense(t.flatten(x), 32), (7, 7, 64), bias=True))
    for filters in (64, 32):
        x = t.relu(t.conv(t.upsample(x), filters, 3, bias=True))
    return t.conv(x, 1, 3, bias=True)


def gan_generator(t: Library, x: Any) -> Any:
    x = t.dense_image(x, (7, 7, 256), bias=False)
    for filters in (128, 64):
        x = t.upsample(t.relu(t.norm(x, KERAS_EPSILON)))
        x = t.conv(x, filters, 3, bias=False)
    return t.conv(t.relu(t.norm(x, KERAS_EPSILON)), 1, 3, bias=True)


def gan_discriminator(t: Library, x: Any) -> Any:
    for filters in (64, 128):
        x = t.leaky_relu(t.conv(x, filters, 3, 2, (0, 1), bias=True))
    return t.dense(t.flatten(x), 1)


class Network(NamedTuple):
    """``loss`` with the activation before it: "cross_entropy" of a softmax, "sigmoid_bce",
    "sigmoid_mse" or "tanh_mse"."""

    function: Any
    input_shape: tuple[int, ...]
    loss: str = "cross_entropy"
    arguments: dict[str, Any] = {}  # noqa: RUF012, of the function

    def __call__(self, library: Library, x: Any) -> Any:
        return self.function(library, x, **self.arguments)

    def sizes(self) -> Sizes:
        sizes = Sizes()
        self(sizes, self.input_shape)
        return sizes


_DIGIT, _SMALL = (28, 28, 1), (32, 32, 3)
NETWORKS = {
    "mlp": Network(mlp, _DIGIT),
    "alexnet": Network(alexnet, _SMALL),
    "vgg11": Network(vgg11, _SMALL),
    "googlenet": Network(googlenet, _SMALL),
    "googlenet_224": Network(googlenet, (224, 224, 3), arguments={"large": True}),
    "resnet50_64": Network(resnet50, (64, 64, 3)),
    "resnet50_224": Network(resnet50, (224, 224, 3)),
    "resnext50_64": Network(resnet50, (64, 64, 3), arguments={"groups": 32}),
    "resnext50_224": Network(resnet50, (224, 224, 3), arguments={"groups": 32}),
    "se_resnet20": Network(se_resnet20, _SMALL),
    "densenet40": Network(densenet40, _SMALL),
    "mobilenet_64": Network(mobilenet, (64, 64, 3)),
    "mobilenet_224": Network(mobilenet, (224, 224, 3)),
    "autoencoder": Network(autoencoder, _DIGIT, "sigmoid_mse"),
    "gan_generator": Network(gan_generator, (64,), "tanh_mse"),
    "gan_discriminator": Network(gan_discriminator, _DIGIT, "sigmoid_bce"),
}
