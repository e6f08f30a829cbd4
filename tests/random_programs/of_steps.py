"""Lines for sequences."""

from tests.random_models.draw import FILTERS
from tests.random_programs.of_rows import function, penalties
from tests.random_programs.program import Code, call

UNITS = (1, 2, 3, 5, 8, 15, 16, 17, 33)


def conv1d(draw, x, writer):
    strides = draw.one((1, 1, 2, 3))
    options = {"kernel_size": draw.one((1, 2, 3, 5)), "strides": strides}
    options |= {"padding": draw.one(("same", "valid", "causal")), "activation": function(draw)}
    options["dilation_rate"] = draw.one((1, 2, 3)) if strides == 1 else 1
    return writer.layer("Conv1D", x, filters=draw.one(FILTERS), **options, **penalties(draw))


def transposed1d(draw, x, writer):
    options = {"kernel_size": draw.one((1, 2, 3, 5)), "strides": draw.one((1, 1, 2, 3))}
    options |= {"padding": draw.one(("same", "valid")), "activation": function(draw)}
    return writer.layer("Conv1DTranspose", x, filters=draw.one(FILTERS[:12]), **options)


def separable1d(draw, x, writer):
    options = {"kernel_size": draw.one((1, 2, 3)), "padding": draw.one(("same", "valid", "causal"))}
    return writer.layer("SeparableConv1D", x, filters=draw.one(FILTERS), **options)


def pool1d(draw, x, writer):
    kind = draw.one(("MaxPooling1D", "AveragePooling1D"))
    options = {"pool_size": draw.one((1, 2, 3)), "strides": draw.one((1, 2, 3))}
    padding = draw.one(("same", "valid")) if kind == "MaxPooling1D" else "valid"
    return writer.layer(kind, x, **options, padding=padding)


def edges1d(draw, x, writer):
    kind, argument = draw.one((("ZeroPadding1D", "padding"), ("Cropping1D", "cropping")))
    return writer.layer(kind, x, **{argument: (draw.whole(0, 2), draw.whole(0, 2))})


def up1d(draw, x, writer):
    return writer.layer("UpSampling1D", x, size=draw.one((1, 2, 3)))


def cell_options(draw, kind):
    options = {"units": draw.one(UNITS), "use_bias": draw.chance(0.8)}
    if kind == "GRU":
        options["reset_after"] = draw.chance(0.5)
    if kind == "SimpleRNN" or draw.chance(0.1):
        options["activation"] = draw.one(("tanh", "relu", "sigmoid", "linear", "softsign", "elu"))
    if kind != "SimpleRNN" and draw.chance(0.1):
        options["recurrent_activation"] = draw.one(("hard_sigmoid", "tanh", "sigmoid"))
    return options


def recurrent(draw, x, writer):
    kind = draw.one(("LSTM", "GRU", "SimpleRNN"))
    options = cell_options(draw, kind)
    units = options["units"]
    options |= {"return_sequences": draw.chance(0.6), "go_backwards": draw.chance(0.3)}
    options |= {"return_state": draw.chance(0.25), **penalties(draw)}
    states = writer.others(lambda shape: shape == (None, units))
    if states and not writer.has_masks() and draw.chance(0.6):
        chosen = [draw.one(states) for _ in range(2 if kind == "LSTM" else 1)]
        return writer.layer(kind, x, starting_from(chosen), **options)
    return writer.layer(kind, x, **options)


def starting_from(names):
    return {"initial_state": Code(f"[{', '.join(names)}]")}


def encoder_decoder(draw, x, writer):
    """The states of one are those that another starts from."""
    kind, units = draw.one(("LSTM", "GRU")), draw.one(UNITS)
    out, *states = writer.layer(kind, x, units=units, return_state=True)
    if writer.has_masks():
        return [out, *states]
    y = draw.one(writer.others(lambda shape: len(shape) == 3))
    options = {"units": units, "return_sequences": draw.chance(0.7)}
    return [out, writer.layer(kind, y, starting_from(states), **options)]


def stacked(draw, x, writer):
    y = x
    for last in (False, False, True)[draw.whole(0, 1) :]:
        kind = draw.one(("LSTM", "GRU", "SimpleRNN"))
        y = writer.layer(kind, y, units=draw.one(UNITS), return_sequences=not last)
    return y


def bidirectional(draw, x, writer):
    kind = draw.one(("LSTM", "GRU", "SimpleRNN"))
    options = cell_options(draw, kind)
    inner = call(f"layers.{kind}", **options, return_sequences=draw.chance(0.6))
    mode = draw.one(("concat", "concat", "sum", "mul", "ave", None))
    return writer.layer("Bidirectional", x, layer=inner, merge_mode=mode)


def cells(draw, x, writer):
    """RNN with a cell, or with several on top of each other."""
    made = [
        call(f"layers.{kind}Cell", draw.one(UNITS))
        for kind in (draw.one(("LSTM", "GRU", "SimpleRNN")) for _ in range(draw.whole(1, 2)))
    ]
    cell = made[0] if len(made) == 1 else call("layers.StackedRNNCells", made)
    return writer.layer("RNN", x, cell=cell, return_sequences=draw.chance(0.5))


def attention(draw, x, writer):
    shape = writer.shape(x)
    keys = writer.others(lambda other: len(other) == 3 and other[-1] == shape[-1])
    kind = draw.one(("Attention", "AdditiveAttention", "MultiHeadAttention", "MultiHeadAttention"))
    if writer.has_masks():  # Keras on PyTorch: gradients that differences contradict
        kind = "Attention"
    other = draw.one(keys)
    if kind == "MultiHeadAttention":
        name = f"f{writer.made}"
        writer.made += 1
        options = {"num_heads": draw.one((1, 2, 3)), "key_dim": draw.one((1, 3, 8))}
        writer.run(f"{name} = {call(f'layers.{kind}', **options, name=name)}")
        causal = f", use_causal_mask={draw.chance(0.4)}"
        return writer.tensor(f"{name}({x}, {other}{causal})")
    call_options = {"use_causal_mask": True} if draw.chance(0.3) and kind == "Attention" else {}
    return writer.layer(kind, [x, other], call_options, use_scale=draw.chance(0.5))


def shrink(draw, x, writer):
    kind = draw.one(("GlobalAveragePooling1D", "GlobalMaxPooling1D"))
    return writer.layer(kind, x, keepdims=draw.chance(0.3))


def each(draw, x, writer):
    if writer.rank(x) == 5:
        inner = call("layers.Conv2D", draw.one((1, 3, 5)), 3, padding="same", activation="relu")
    elif writer.rank(x) == 4:
        inner = call("layers.Conv1D", draw.one(FILTERS), 3, padding="same")
    else:
        inner = call("layers.Dense", draw.one(FILTERS), function(draw))
    return writer.layer("TimeDistributed", x, layer=inner)


MAKERS = [conv1d, transposed1d, separable1d, pool1d, edges1d, up1d, recurrent, recurrent, recurrent]
MAKERS += [encoder_decoder, stacked, bidirectional, bidirectional, cells, attention, attention]
MAKERS += [shrink, each]
