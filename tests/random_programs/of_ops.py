"""Lines of ops between layers."""

UNARY = """
ops.relu({x}); ops.tanh({x}); ops.sigmoid({x}); ops.silu({x}); ops.gelu({x}, False); ops.square({x})
ops.abs({x}); ops.exp(-ops.abs({x})); ops.log(1 + ops.abs({x})); ops.sqrt(1 + ops.abs({x}))
-{x}; 1 - {x}; 2 * {x}; {x} / 3; 1 / (1 + abs({x})); {x} ** 2; {x} + {x}; {x} * {x}
ops.softplus({x}); ops.softsign({x}); ops.elu({x}); ops.leaky_relu({x}); ops.negative({x})
ops.softmax({x}); ops.log_softmax({x}); ops.clip({x}, -0.5, 0.7); ops.maximum({x}, 0.1)
ops.minimum({x}, 0.1); ops.selu({x}); ops.relu6({x}); ops.power(1 + ops.abs({x}), 1.5)
ops.reciprocal(1 + ops.square({x})); ops.hard_sigmoid({x}); {x} - ops.relu({x})
{x} * ops.sigmoid({x}); ops.relu({x}) - ops.relu(-{x}); {x} - ops.mean({x}, axis=-1, keepdims=True)
{x} / ops.sqrt(ops.var({x}, axis=-1, keepdims=True) + 0.01)
"""
BINARY = """
{x} + {y}; {x} - {y}; {x} * {y}; {x} / (1 + abs({y})); ops.maximum({x}, {y}); ops.minimum({x}, {y})
ops.add({x}, ops.relu({y})); ops.multiply(ops.tanh({x}), {y}); ops.concatenate([{x}, {y}], axis=-1)
ops.concatenate([{y}, {x}, {y}], axis=-1); ops.stack([{x}, {y}], axis=1); ops.subtract({x}, {y})
ops.stack([{x}, {y}], axis=-1); ops.divide({x}, 1 + ops.square({y}))
"""
REDUCING = ("mean", "sum", "max", "min", "std", "var", "logsumexp")


def forms(text):
    return text.strip().replace("\n", "; ").split("; ")


def operation(draw, x, writer):
    return writer.tensor(expression(draw, x, writer))


def expression(draw, x, writer):
    shape = writer.shape(x)
    rank = len(shape)
    kind = draw.one(("unary", "unary", "unary", "binary", "binary", "reduce", "shape", "shape"))
    if kind == "unary":
        return draw.one(forms(UNARY)).format(x=x)
    if kind == "binary":
        partners = writer.others(lambda other: other[1:] == shape[1:])
        return draw.one(forms(BINARY)).format(x=x, y=draw.one(partners))
    if kind == "reduce":
        axis = draw.whole(1, rank - 1)
        axis = draw.one((axis, axis - rank))
        keep = draw.chance(0.5) or rank == 2
        name = draw.one(REDUCING)
        inside = f"0.1 + {x}" if name == "std" else x
        return f"ops.{name}({inside}, axis={axis}, keepdims={keep})"
    return shaped(draw, x, shape)


def shaped(draw, x, shape):
    rank = len(shape)
    axis = draw.whole(1, rank - 1)
    extent = shape[axis]
    low = draw.whole(0, extent - 1)
    high = draw.whole(low + 1, extent)
    before = ":, " * axis
    rest = [int(i) for i in draw.rng.permutation(rank - 1) + 1]
    pads = [(0, 0)] + [(draw.whole(0, 2), draw.whole(0, 2)) for _ in range(rank - 1)]
    parts = draw.one([d for d in range(1, extent + 1) if extent % d == 0][:3])
    product = f"ops.matmul({x}, ops.transpose({x}, {(*range(rank - 2), rank - 1, rank - 2)}))"
    return draw.one(
        (
            f"{x}[{before}{low}:{high}]",
            f"{x}[..., {draw.whole(0, shape[-1] - 1)}:]",
            f"ops.transpose({x}, {(0, *rest)})",
            f"ops.reshape({x}, {(-1, int_product(shape[1:]))})",
            f"ops.expand_dims({x}, {draw.whole(1, rank)})",
            f"ops.flip({x}, axis={axis})",
            f"ops.pad({x}, {pads})",
            f"ops.split({x}, {parts}, axis={axis})[0]",
            product if rank > 2 else f"{x}[:, {low}:]",
            f"{x} * np.linspace(-1, 1, {shape[-1]}).astype('float32')",
            f"{x} + np.linspace(-1, 1, {shape[-1]}).astype('float32')",
            f"ops.maximum({x}, 0.1 * {x})",
        )
    )


def int_product(extents):
    size = 1
    for extent in extents:
        size *= extent
    return size
