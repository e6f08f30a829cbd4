"""Lines for tensors of any rank: ``maker(draw, x, writer)`` gives the name of a new tensor."""

from tests.random_models.draw import CURVED, FILTERS
from tests.random_programs.program import call

FUNCTIONS = ("relu", "leaky_relu", *CURVED[:4], "gelu", "silu", "softplus", "softsign", "selu")
FUNCTIONS += ("exponential", "hard_sigmoid", "hard_silu", "mish", "relu6", "linear", "log_softmax")
FUNCTIONS += ("celu", "hard_tanh", "log_sigmoid", "tanh_shrink", "soft_shrink", "squareplus")


def function(draw):
    return draw.one((None, None, "relu", "relu", *FUNCTIONS))


def penalties(draw, kernel="kernel"):
    """Sometimes a regularizer or a constraint."""
    some = {}
    if draw.chance(0.1):
        kind = draw.one(("L2", "L1", "L1L2", "OrthogonalRegularizer"))
        options = {"L1L2": (0.01, 0.02)}.get(kind, (0.02,))
        if kind != "OrthogonalRegularizer":
            some[f"{kernel}_regularizer"] = call(f"regularizers.{kind}", *options)
    if draw.chance(0.1):
        kind = draw.one(("NonNeg", "MaxNorm", "UnitNorm", "MinMaxNorm"))
        some[f"{kernel}_constraint"] = call(f"constraints.{kind}")
    if draw.chance(0.05):
        some["bias_regularizer"] = call("regularizers.L2", 0.05)
    return some


def dense(draw, x, writer):
    options = {"units": draw.one(FILTERS), "activation": function(draw)}
    if draw.chance(0.3):
        options["use_bias"] = False
    return writer.layer("Dense", x, **options, **penalties(draw))


def activation(draw, x, writer):
    kind = draw.one(range(9))
    if kind == 0:
        limit = draw.one((None, 1.0, 6.0))
        slope = draw.one((0.0, 0.2))
        low = draw.one((0.0, 0.0, 0.5))
        return writer.layer("ReLU", x, max_value=limit, negative_slope=slope, threshold=low)
    if kind == 1:
        return writer.layer("LeakyReLU", x, negative_slope=draw.one((0.3, 0.0, 1.5)))
    if kind == 2:
        return writer.layer("ELU", x, alpha=draw.one((1.0, 0.3)))
    if kind == 3:
        axes = list(range(1, writer.rank(x) - 1))
        shared = axes if axes and draw.chance(0.5) else None
        return writer.layer("PReLU", x, shared_axes=shared)
    if kind == 4:
        return writer.layer("Softmax", x, axis=draw.one((-1, writer.rank(x) - 1)))
    if kind == 5:
        scale, offset = draw.one((0.5, -1.5)), draw.one((0.0, 0.3))
        return writer.layer("Rescaling", x, scale=scale, offset=offset)
    if kind == 6:
        return writer.layer("Dropout", x, rate=0.0)
    return writer.layer("Activation", x, activation=draw.one(FUNCTIONS))


def normalization(draw, x, writer):
    flags = {"center": draw.chance(0.8), "scale": draw.chance(0.8)}
    epsilon = draw.one((1e-3, 1e-2))
    rank, channels = writer.rank(x), writer.shape(x)[-1]
    kind = draw.one(("batch", "batch", "batch", "layer", "group", "unit", "rms"))
    if kind == "batch":
        more = {"momentum": draw.one((0.99, 0.5)), "epsilon": epsilon, **flags}
        return writer.layer("BatchNormalization", x, **more)
    if kind == "layer":
        axis = draw.one((-1, [-1], list(range(1, rank))))
        return writer.layer("LayerNormalization", x, axis=axis, epsilon=epsilon, **flags)
    if kind == "group":
        groups = draw.one([-1, *(n for n in range(1, channels + 1) if channels % n == 0)])
        return writer.layer("GroupNormalization", x, groups=groups, epsilon=0.05, **flags)
    if kind == "unit":
        return writer.layer("UnitNormalization", x)
    return writer.layer("RMSNormalization", x, epsilon=epsilon)


def merge(draw, x, writer):
    shape = writer.shape(x)
    partners = writer.others(lambda other: other[1:] == shape[1:])
    if draw.chance(0.3):
        partners = writer.others(lambda other: fits(other, shape))
    kinds = ("Add", "Add", "Multiply", "Average", "Subtract", "Maximum", "Minimum")
    kind = draw.one(kinds)
    count = 1 if kind == "Subtract" else draw.one((1, 1, 2, 3))
    chosen = [x] + [draw.one(partners) for _ in range(count)]
    if draw.chance(0.3):
        chosen.reverse()
    return writer.layer(kind, chosen)


def fits(a, b):
    if len(a) != len(b):
        return False
    return all(i == j or 1 in (i, j) for i, j in zip(a[1:], b[1:], strict=True))


def concatenate(draw, x, writer):
    shape = writer.shape(x)
    axis = len(shape) - 1 if draw.chance(0.7) else draw.whole(1, len(shape) - 1)
    rest = [i for i in range(1, len(shape)) if i != axis]
    partners = writer.others(
        lambda other: len(other) == len(shape) and all(other[i] == shape[i] for i in rest)
    )
    chosen = [x] + [draw.one(partners) for _ in range(draw.one((1, 1, 2)))]
    return writer.layer("Concatenate", chosen, axis=axis if draw.chance(0.5) else axis - len(shape))


def twice(draw, x, writer):
    """One layer for two tensors, whose results meet, or for what it gave itself."""
    channels, rank = writer.shape(x)[-1], writer.rank(x)
    partners = writer.others(lambda other: len(other) == rank and other[-1] == channels)
    other = draw.one(partners)
    if draw.chance(0.3):
        first = writer.layer("Dense", x, units=channels, activation=function(draw))
        return writer.apply(f"f{int(first[1:]) - 1}", first)
    if rank == 4:
        size = {"filters": draw.one(FILTERS), "kernel_size": draw.one((1, 3)), "padding": "same"}
        first = writer.layer("Conv2D", x, **size, activation=function(draw))
    else:
        first = writer.layer("Dense", x, units=draw.one(FILTERS), activation=function(draw))
    second = writer.apply(f"f{int(first[1:]) - 1}", other)
    if draw.chance(0.5):
        a = writer.layer("BatchNormalization", first)
        return [a, writer.apply(f"f{int(a[1:]) - 1}", second)]
    return [first, second]


def nested(draw, x, writer):
    """A model as a layer, perhaps twice."""
    shape = writer.shape(x)[1:]
    name = f"f{writer.made}"
    writer.made += 1
    inner = draw.one(
        (
            call("layers.Dense", shape[-1], "tanh", name=f"part_of_{name}"),
            call("layers.LayerNormalization", name=f"part_of_{name}"),
            call("layers.BatchNormalization", name=f"part_of_{name}"),
            call("layers.Activation", "gelu", name=f"part_of_{name}"),
        )
    )
    i = f"x{writer.made}"
    writer.made += 1
    writer.run(f"{i} = {call('Input', shape)}")
    tail = draw.one((i, f"layers.Add()([{i}, {inner}({i})])", f"layers.ReLU()({inner}({i}))"))
    tail = f"{inner}({i})" if tail == i else tail
    writer.run(f"{name} = Model({i}, {tail}, name={name!r})")
    first = writer.apply(name, x)
    return writer.apply(name, first) if draw.chance(0.3) else first


def flat(draw, x, writer):
    return writer.layer("Flatten", x)


def reshape(draw, x, writer):
    size = 1
    for extent in writer.shape(x)[1:]:
        size *= extent
    a = draw.one([f for f in range(1, min(size, 24) + 1) if size % f == 0])
    rest = size // a
    b = draw.one([f for f in range(1, min(rest, 24) + 1) if rest % f == 0])
    target = draw.one(((a, b, rest // b), (a, rest), (b, -1), (size,)))
    return writer.layer("Reshape", x, target_shape=target)


def permute(draw, x, writer):
    axes = list(range(1, writer.rank(x)))
    writer.draw.rng.shuffle(axes)
    return writer.layer("Permute", x, dims=tuple(axes))


def as_more(draw, x, writer):
    if draw.chance(0.5):
        return writer.layer("RepeatVector", x, n=draw.whole(1, 5))
    return reshape(draw, x, writer)


def dot(draw, x, writer):
    if writer.rank(x) > 3:
        return activation(draw, x, writer)
    shape = writer.shape(x)
    partners = writer.others(lambda other: other[1:] == shape[1:])
    axes = draw.one((-1, 1)) if writer.rank(x) == 3 else 1
    normal = draw.chance(0.3)
    return writer.layer("Dot", [x, draw.one(partners)], axes=axes, normalize=normal)


MAKERS = [dense, dense, activation, activation, normalization, normalization, merge, merge]
MAKERS += [concatenate, twice, nested, reshape, permute, dot]
