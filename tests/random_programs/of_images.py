"""Lines for images."""

from tests.random_models.draw import FILTERS
from tests.random_programs.of_rows import function, penalties


def window(draw):
    strides, dilation = draw.pair((1, 1, 1, 2, 3)), draw.pair((1, 1, 1, 2, 3))
    if max(strides) > 1 and max(dilation) > 1:
        dilation = 1
    options = {"kernel_size": draw.pair((1, 2, 3, 3, 3, 4, 5, 7)), "strides": strides}
    options |= {"padding": draw.one(("same", "same", "valid")), "activation": function(draw)}
    options |= {"dilation_rate": dilation, "use_bias": draw.chance(0.7)}
    return options


def conv2d(draw, x, writer):
    channels = writer.shape(x)[-1]
    groups = draw.one([g for g in range(1, channels + 1) if channels % g == 0])
    groups = groups if draw.chance(0.2) else 1
    filters = groups * draw.whole(1, 3) if groups > 1 else draw.one(FILTERS)
    options = window(draw) | penalties(draw)
    return writer.layer("Conv2D", x, filters=filters, groups=groups, **options)


def plain(draw, x, writer):
    options = {"filters": draw.one(FILTERS), "kernel_size": draw.one((1, 3, 3)), "padding": "same"}
    options |= {"activation": function(draw), "use_bias": draw.chance(0.6)}
    return writer.layer("Conv2D", x, **options)


def depthwise(draw, x, writer):
    options = window(draw) | penalties(draw, "depthwise")
    options["strides"] = options["strides"][0]
    if options["strides"] > 1 and options["dilation_rate"] != 1:
        options["dilation_rate"] = 1
    return writer.layer("DepthwiseConv2D", x, depth_multiplier=draw.one((1, 1, 2)), **options)


def separable(draw, x, writer):
    options = window(draw) | penalties(draw, draw.one(("depthwise", "pointwise")))
    options["strides"] = options["strides"][0]
    if options["strides"] > 1:
        options["dilation_rate"] = 1
    filters = draw.one(FILTERS)
    return writer.layer("SeparableConv2D", x, filters=filters, **options)


def transposed(draw, x, writer):
    options = window(draw) | penalties(draw)
    if max(options["strides"]) > 1:
        options["dilation_rate"] = 1
    return writer.layer("Conv2DTranspose", x, filters=draw.one(FILTERS[:12]), **options)


def pool(draw, x, writer):
    kind = draw.one(("MaxPooling2D", "MaxPooling2D", "AveragePooling2D"))
    if draw.chance(0.4):
        return writer.layer(kind, x, pool_size=2)
    options = {"pool_size": draw.pair((1, 2, 3, 4)), "strides": draw.pair((1, 2, 3))}
    # Keras counts padding in averages where PyTorch computes them.
    padding = draw.one(("same", "valid")) if kind == "MaxPooling2D" else "valid"
    return writer.layer(kind, x, **options, padding=padding)


def block(draw, x, writer):
    """A convolution, a normalization, an activation and a pooling, in orders that fusions know."""
    y = plain(draw, x, writer)
    for _ in range(draw.whole(1, 3)):
        kind = draw.one(("norm", "act", "pool", "bias"))
        if kind == "norm":
            y = writer.layer("BatchNormalization", y)
        elif kind == "act":
            y = writer.layer("Activation", y, activation=function(draw) or "relu")
        elif kind == "pool":
            y = pool(draw, y, writer)
        else:
            y = plain(draw, y, writer)
    return y


def residual(draw, x, writer):
    channels = writer.shape(x)[-1]
    y = writer.layer("Conv2D", x, filters=channels, kernel_size=3, padding="same")
    y = writer.layer("BatchNormalization", y) if draw.chance(0.6) else y
    y = writer.layer("ReLU", y) if draw.chance(0.6) else y
    y = writer.layer("Conv2D", y, filters=channels, kernel_size=3, padding="same", use_bias=False)
    y = writer.layer("BatchNormalization", y) if draw.chance(0.6) else y
    y = writer.layer(draw.one(("Add", "Add", "Subtract", "Multiply")), [x, y])
    return writer.layer("Activation", y, activation=function(draw) or "relu")


def squeeze(draw, x, writer):
    channels = writer.shape(x)[-1]
    y = writer.layer("GlobalAveragePooling2D", x, keepdims=True)
    y = writer.layer("Dense", y, units=max(channels // 2, 1), activation="relu")
    y = writer.layer("Dense", y, units=channels, activation="sigmoid")
    return writer.layer("Multiply", [x, y] if draw.chance(0.7) else [y, x])


def edges(draw, x, writer):
    kind, argument = draw.one((("ZeroPadding2D", "padding"), ("Cropping2D", "cropping")))
    sides = tuple((draw.whole(0, 2), draw.whole(0, 2)) for _ in range(2))
    return writer.layer(kind, x, **{argument: sides})


def up(draw, x, writer):
    if max(writer.shape(x)[1:3]) > 10:
        return pool(draw, x, writer)
    how = draw.one(("nearest", "nearest", "bilinear"))
    return writer.layer("UpSampling2D", x, size=draw.pair((1, 2, 3)), interpolation=how)


def shrink(draw, x, writer):
    kind = draw.one(("GlobalAveragePooling2D", "GlobalMaxPooling2D"))
    return writer.layer(kind, x, keepdims=draw.chance(0.3))


def resize(draw, x, writer):
    return writer.layer("Resizing", x, height=draw.whole(1, 9), width=draw.whole(1, 9))


def spatial(draw, x, writer):
    return writer.layer("SpatialDropout2D", x, rate=0.0)


MAKERS = [conv2d, conv2d, conv2d, plain, plain, depthwise, separable, transposed, pool, pool]
MAKERS += [block, block, block, residual, squeeze, edges, up, shrink, resize, spatial]
