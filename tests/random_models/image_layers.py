"""Random layers for images: ``maker(draw, x, others)`` gives a tensor, or None."""

from brasa import layers
from tests.random_models.draw import FILTERS, FUNCTIONS


def padding2d(draw):
    if draw.chance(0.8):
        return draw.one(("same", "same", "valid"))
    if draw.chance(0.4):
        return draw.whole(0, 2)
    return ((draw.whole(0, 3), draw.whole(0, 2)), (draw.whole(0, 2), draw.whole(0, 3)))


def window(draw):
    dilation = draw.pair((1, 1, 1, 1, 2, 3))
    strides = draw.pair((1, 1, 1, 2, 3))
    return {
        "kernel_size": draw.pair((1, 2, 3, 3, 3, 3, 4, 5, 7)),
        "strides": strides,
        "padding": padding2d(draw),
        "dilation_rate": dilation,
        "activation": draw.activation(),
        "use_bias": draw.chance(0.7),
    }


def conv2d(draw, x, _):
    channels = x.shape[-1]
    groups = draw.one([g for g in range(1, channels + 1) if channels % g == 0])
    groups = groups if draw.chance(0.2) else 1
    filters = groups * draw.whole(1, 3) if groups > 1 else draw.one(FILTERS)
    return layers.Conv2D(filters, groups=groups, **window(draw))(x)


def plain_conv2d(draw, x, _):
    filters = draw.one(FILTERS)
    return layers.Conv2D(filters, 3, padding="same", activation=draw.activation())(x)


def pointwise(draw, x, _):
    return layers.Conv2D(draw.one(FILTERS), 1, activation=draw.activation())(x)


def depthwise2d(draw, x, _):
    return layers.DepthwiseConv2D(depth_multiplier=draw.one((1, 1, 2)), **window(draw))(x)


def separable2d(draw, x, _):
    multiplier = draw.one((1, 1, 2))
    return layers.SeparableConv2D(draw.one(FILTERS), depth_multiplier=multiplier, **window(draw))(x)


def transposed2d(draw, x, _):
    options = window(draw)
    if options["strides"] != (1, 1):
        options["dilation_rate"] = 1
    more = None
    if draw.chance(0.3):
        more = tuple(draw.whole(0, step - 1) for step in options["strides"])
    return layers.Conv2DTranspose(draw.one(FILTERS[:12]), output_padding=more, **options)(x)


def pool2d(draw, x, _):
    kind = draw.one((layers.MaxPooling2D, layers.MaxPooling2D, layers.AveragePooling2D))
    if draw.chance(0.4):
        return kind(2)(x)
    return kind(draw.pair((1, 2, 3, 4)), draw.pair((1, 2, 3)), draw.one(("same", "valid")))(x)


def conv_pool(draw, x, _):
    y = layers.Conv2D(draw.one(FILTERS), draw.one((3, 5)), padding=draw.one(("same", "valid")))(x)
    if draw.chance(0.5):
        y = layers.Activation(draw.one(FUNCTIONS))(y)
    y = draw.one((layers.MaxPooling2D, layers.AveragePooling2D))(2)(y)
    return layers.Activation(draw.one(FUNCTIONS))(y) if draw.chance(0.3) else y


def lenet(draw, x, _):
    """Convolutions of few channels with pooling, whose batch may lie in the lanes of vectors."""
    y = x
    for _ in range(draw.whole(1, 2)):
        size = draw.one((3, 5))
        act = draw.one((None, "relu", "tanh", "leaky_relu", "elu", "gelu"))
        filters = draw.one((1, 3, 4, 6, 8, 12, 15, 16))
        y = layers.Conv2D(filters, size, padding=draw.one(("same", "same", "valid")))(y)
        late = draw.chance(0.3)
        y = y if late else layers.Activation(act or "linear")(y)
        y = draw.one((layers.MaxPooling2D, layers.MaxPooling2D, layers.AveragePooling2D))(2)(y)
        y = layers.Activation(act or "relu")(y) if late else y
    return y


def edges2d(draw, x, _):
    kind = draw.one((layers.ZeroPadding2D, layers.Cropping2D))
    return kind(((draw.whole(0, 2), draw.whole(0, 2)), (draw.whole(0, 2), draw.whole(0, 2))))(x)


def center_crop(draw, x, _):
    return layers.CenterCrop(draw.whole(1, x.shape[1]), draw.whole(1, x.shape[2]))(x)


def up2d(draw, x, _):
    return layers.UpSampling2D(draw.pair((1, 2, 3)))(x) if max(x.shape[1:3]) <= 14 else None


def residual(draw, x, _):
    """Two convolutions and the way around them."""
    filters = x.shape[-1] if draw.chance(0.6) else draw.one(FILTERS)
    strides = 1 if filters == x.shape[-1] else draw.one((1, 2))
    norm = draw.chance(0.7)
    y = layers.Conv2D(filters, 3, strides, "same", use_bias=not norm)(x)
    y = layers.ReLU()(layers.BatchNormalization()(y) if norm else y)
    y = layers.Conv2D(filters, 3, padding="same", use_bias=not norm)(y)
    y = layers.BatchNormalization()(y) if norm else y
    around = x
    if filters != x.shape[-1] or strides == 2:
        around = layers.Conv2D(filters, 1, strides, padding="same", use_bias=not norm)(x)
        around = layers.BatchNormalization()(around) if norm else around
    y = layers.Add()([y, around] if draw.chance(0.5) else [around, y])
    return layers.ReLU()(y) if draw.chance(0.8) else y


def squeeze(draw, x, _):
    """Squeeze and excitation."""
    channels = x.shape[-1]
    keep = draw.chance(0.5)
    y = layers.GlobalAveragePooling2D(keepdims=keep)(x)
    y = layers.Dense(max(channels // 2, 1), activation="relu")(y)
    y = layers.Dense(channels, activation="sigmoid")(y)
    y = y if keep or draw.chance(0.3) else layers.Reshape((1, 1, channels))(y)
    return layers.Multiply()([x, y] if draw.chance(0.7) else [y, x])


def inception(draw, x, _):
    ways = [layers.Conv2D(draw.one(FILTERS), 1, activation="relu")(x)]
    y = layers.Conv2D(draw.one(FILTERS), 1, activation=draw.activation())(x)
    ways.append(layers.Conv2D(draw.one(FILTERS), draw.one((3, 5)), padding="same")(y))
    ways.append(layers.MaxPooling2D(3, 1, "same")(x))
    return layers.Concatenate()(ways[: draw.whole(2, 3)])


MAKERS = [conv2d, conv2d, conv2d, plain_conv2d, plain_conv2d, pointwise, depthwise2d, separable2d]
MAKERS += [transposed2d, pool2d, pool2d, conv_pool, conv_pool, lenet, lenet, lenet, edges2d]
MAKERS += [center_crop, up2d, residual, residual, squeeze, inception]
