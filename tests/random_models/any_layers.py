"""Random layers for tensors of several ranks: ``maker(draw, x, others)`` gives one or a list."""

from brasa import layers
from tests.random_models.draw import FILTERS, FUNCTIONS


def normalization(draw, x, _):
    return layers.BatchNormalization(
        momentum=draw.one((0.99, 0.5, 0.9)),
        epsilon=draw.one((1e-3, 1e-2)),
        center=draw.chance(0.8),
        scale=draw.chance(0.8),
        trainable=draw.chance(0.9),
    )(x, training=None if draw.chance(0.95) else False)


def layer_normalization(draw, x, _):
    return layers.LayerNormalization(
        draw.one((-1, [-1], list(range(1, len(x.shape))))),
        epsilon=draw.one((1e-3, 1e-2)),
        center=draw.chance(0.8),
        scale=draw.chance(0.8),
    )(x)


def group_normalization(draw, x, _):
    channels = x.shape[-1]
    return layers.GroupNormalization(
        draw.one([-1, *(n for n in range(1, channels + 1) if channels % n == 0)]),
        epsilon=draw.one((1e-2, 1e-1)),
        center=draw.chance(0.8),
        scale=draw.chance(0.8),
    )(x)


def conv_norm(draw, x, _):
    """A convolution, its normalization, and mostly an activation."""
    filters = draw.one(FILTERS)
    if len(x.shape) == 4:
        y = layers.Conv2D(filters, draw.one((1, 3)), padding="same", use_bias=draw.chance(0.4))(x)
    elif len(x.shape) == 3:
        y = layers.Conv1D(filters, draw.one((1, 3)), padding="same", use_bias=draw.chance(0.4))(x)
    else:
        y = layers.Dense(filters, use_bias=draw.chance(0.4))(x)
    y = normalization(draw, y, None)
    y = layers.Dropout(0.0)(y) if draw.chance(0.2) else y
    return layers.Activation(draw.one(FUNCTIONS))(y) if draw.chance(0.7) else y


def activation(draw, x, _):
    kinds = (
        layers.ReLU(),
        layers.ReLU(negative_slope=0.1),
        layers.ELU(draw.one((1.0, 0.3, 1.5))),
        layers.GELU(draw.chance(0.5)),
        layers.LeakyReLU(draw.one((0.3, 0.0, 1.5))),
        layers.Activation(draw.one(FUNCTIONS)),
        layers.Activation(draw.one(FUNCTIONS)),
        layers.Softmax(),
        layers.Rescaling(draw.one((0.5, -1.5)), draw.one((0.0, 0.3))),
        layers.Dropout(0.0),
    )
    return draw.one(kinds)(x)


def dense(draw, x, _):
    return layers.Dense(draw.one(FILTERS), draw.activation(), use_bias=draw.chance(0.7))(x)


def shrink(draw, x, _):
    """Global pooling, flat or not."""
    pair = (layers.GlobalAveragePooling2D, layers.GlobalMaxPooling2D)
    if len(x.shape) == 3:
        pair = (layers.GlobalAveragePooling1D, layers.GlobalMaxPooling1D)
    return draw.one(pair)(keepdims=draw.chance(0.3))(x)


def flatten(_, x, __):
    return layers.Flatten()(x)


def reshape(draw, x, _):
    """The same elements as another image, sequence or row."""
    size = 1
    for extent in x.shape[1:]:
        size *= extent
    factors = [f for f in range(1, min(size, 24) + 1) if size % f == 0]
    a = draw.one(factors)
    rest = size // a
    b = draw.one([f for f in range(1, min(rest, 24) + 1) if rest % f == 0])
    return layers.Reshape(draw.one(((a, b, rest // b), (a, rest), (b, -1), (size,))))(x)


def fits(x, y):
    """Whether two tensors can be broadcast; missing axes are the first."""
    a, b = x.shape[1:], y.shape[1:]
    rank = max(len(a), len(b))
    a, b = (1,) * (rank - len(a)) + a, (1,) * (rank - len(b)) + b
    return all(i == j or 1 in (i, j) for i, j in zip(a, b, strict=True))


def merge(draw, x, others):
    partners = [y for y in others if fits(x, y) and y.dtype == "float32"]
    kind = draw.one((layers.Add, layers.Add, layers.Multiply, layers.Average, layers.Subtract))
    count = 1 if kind is layers.Subtract else draw.one((1, 1, 2))
    chosen = [x] + [draw.one(partners) for _ in range(count)]
    if draw.chance(0.3):
        chosen.reverse()
    y = kind()(chosen)
    return layers.Activation(draw.one(FUNCTIONS))(y) if draw.chance(0.3) else y


def concatenate(draw, x, others):
    rank = len(x.shape)
    axis = rank - 1 if draw.chance(0.7) else draw.whole(1, rank - 1)
    rest = [i for i in range(1, rank) if i != axis]
    partners = [
        y for y in others if len(y.shape) == rank and all(x.shape[i] == y.shape[i] for i in rest)
    ]
    chosen = [x] + [draw.one(partners) for _ in range(draw.one((1, 1, 2)))]
    return layers.Concatenate(axis if draw.chance(0.5) else axis - rank)(chosen)


def shared(draw, x, others):
    """One layer for two tensors, whose results meet."""
    channels = x.shape[-1]
    partners = [y for y in others if len(y.shape) == len(x.shape) and y.shape[-1] == channels]
    if len(x.shape) == 4:
        layer = layers.Conv2D(draw.one(FILTERS), 3, padding="same", activation=draw.activation())
    else:
        layer = layers.Dense(draw.one(FILTERS), draw.activation())
    norm = layers.BatchNormalization() if draw.chance(0.4) else layers.ReLU()
    return [norm(layer(x)), norm(layer(draw.one(partners)))]


def again(draw, x, _):
    """A layer that was made for another tensor, where it fits."""
    layer = layers.Dense(x.shape[-1], draw.activation())
    return layer(layer(x))


def each_step(draw, x, _):
    """A layer for every step, or for every row of an image."""
    if len(x.shape) == 4:
        inner = draw.one((layers.Conv1D(draw.one(FILTERS), 3, padding="same"), layers.Flatten()))
        return layers.TimeDistributed(inner)(x)
    return layers.TimeDistributed(layers.Dense(draw.one(FILTERS), draw.activation()))(x)


MAKERS = [
    activation,
    normalization,
    layer_normalization,
    group_normalization,
    dense,
    merge,
    merge,
    concatenate,
    conv_norm,
    shared,
    again,
]
OF_STEPS = [shrink, flatten, reshape, each_step]
