"""Random layers for sequences: ``maker(draw, x, others)`` gives a tensor, a list, or None."""

from brasa import layers
from tests.random_models.draw import FILTERS


def window1d(draw):
    strides = draw.one((1, 1, 1, 2, 3))
    return {
        "kernel_size": draw.one((1, 2, 3, 3, 5)),
        "strides": strides,
        "padding": draw.one(("same", "valid")),
        "dilation_rate": draw.one((1, 1, 2, 3)) if strides == 1 else 1,
        "activation": draw.activation(),
        "use_bias": draw.chance(0.7),
    }


def conv1d(draw, x, _):
    options = window1d(draw)
    if draw.chance(0.4):
        options["padding"] = "causal"
    return layers.Conv1D(draw.one(FILTERS), **options)(x)


def transposed1d(draw, x, _):
    options = window1d(draw)
    more = draw.whole(0, options["strides"] - 1) if draw.chance(0.3) else None
    return layers.Conv1DTranspose(draw.one(FILTERS), output_padding=more, **options)(x)


def pool1d(draw, x, _):
    kind = draw.one((layers.MaxPooling1D, layers.AveragePooling1D))
    return kind(draw.one((1, 2, 3)), draw.one((1, 2, 3)), draw.one(("same", "valid")))(x)


def edges1d(draw, x, _):
    kind = draw.one((layers.ZeroPadding1D, layers.Cropping1D))
    return kind((draw.whole(0, 2), draw.whole(0, 2)))(x)


def up1d(draw, x, _):
    return layers.UpSampling1D(draw.one((1, 2, 3)))(x) if x.shape[1] <= 8 else None


def cell(draw, **options):
    kind = draw.one((layers.LSTM, layers.GRU, layers.SimpleRNN))
    if kind is layers.GRU:
        options["reset_after"] = draw.chance(0.5)
    if kind is layers.SimpleRNN:
        options["activation"] = draw.one(("tanh", "relu", "sigmoid", "linear"))
    units = draw.one((1, 2, 3, 5, 8, 15, 16, 17, 32, 33, 64))
    return kind(units, use_bias=draw.chance(0.8), **options)


def recurrent(draw, x, others):
    layer = cell(
        draw,
        return_sequences=draw.chance(0.6),
        return_state=draw.chance(0.2),
        go_backwards=draw.chance(0.3),
    )
    states = [y for y in others if len(y.shape) == 2 and y.shape[-1] == layer.units]
    if not states and draw.chance(0.2):
        rows = [y for y in others if len(y.shape) == 2]
        states = [layers.Dense(layer.units, "tanh")(draw.one(rows))] if rows else []
    if states and draw.chance(0.7):
        return layer([x, *[draw.one(states) for _ in range(layer.state_count)]])
    return layer(x)


def stacked(draw, x, _):
    kind = draw.one((layers.LSTM, layers.GRU))
    y = kind(draw.one((8, 16, 17)), return_sequences=True)(x)
    y = layers.Dropout(0.0)(y)
    return kind(draw.one((8, 16, 17)), return_sequences=draw.chance(0.5))(y)


def bidirectional(draw, x, _):
    layer = cell(draw, return_sequences=draw.chance(0.6))
    mode = draw.one(("concat", "concat", "sum", "mul", "ave"))
    return layers.Bidirectional(layer, merge_mode=mode)(x)


def repeat(draw, x, _):
    return layers.RepeatVector(draw.whole(1, 5))(x)


MAKERS = [conv1d, conv1d, transposed1d, pool1d, edges1d, up1d, recurrent, recurrent, recurrent]
MAKERS += [stacked, bidirectional]
