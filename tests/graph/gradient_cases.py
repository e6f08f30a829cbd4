"""One or more recorded calls for each op that has a gradient rule."""

import numpy as np

from brasa import ops

STATE = np.array([7, 3], np.int64)
CONSTANTS = {
    "embedding": np.int32([[0, 3], [3, 1], [3, 0]]),  # one row is named three times, one never
    "gate": np.float32([[1, 0, 1, 1], [0, 0, 1, 0], [1, 1, 0, 1]]),
    "mask_rows": np.float32([1, 0, 1, 1, 0, 0]),
}
RANDOM = {
    "crop_flip": {
        "size": [4, 4],
        "top": [-2, 2],
        "left": [-1, 2],
        "flip": "horizontal_and_vertical",
        "fill_mode": "reflect",
    },
    "dropout": {"rate": 0.5, "node": 1},
    "gaussian_noise": {"stddev": 0.5, "node": 1},
    "warp2d": {
        "size": [5, 4],
        "angle_low": -0.2,
        "angle_high": 0.3,
        "height_low": 0.5,
        "height_high": 2.0,
        "one_zoom": 1,
        "fill_mode": "reflect",
        "node": 1,
    },
}
STATISTICS = np.float32([0.5, -1.0, 0.0]), np.float32([2.0, 0.5, 1.0])

LSTM = [(2, 3, 4), (4, 20), (5, 20), (20,), (2, 5), (2, 5)]
GRU = [(2, 3, 4), (4, 15), (5, 15), (2, 15), (2, 5)]
RNN = [(2, 3, 4), (4, 5), (5, 5), (5,), (2, 5)]
# One op gives all gradients.
ALL_AT_ONCE = {
    "add",
    "add_bias",
    "batch_norm_training",
    "broadcast_add",
    "divide",
    "group_norm",
    "gru",
    "layer_norm",
    "lstm",
    "simple_rnn",
    "subtract",
}


def conv(**window):
    return lambda x, w, b: ops.conv2d(x, w, b, **window)


def transposed(**window):
    return lambda x, w, b=None: ops.conv2d_transpose(x, w, b, **window)


def given_statistics(x, gamma, beta, mean, deviation):
    variance = ops.scale(ops.multiply(deviation, deviation), 1.0, 0.5)
    return ops.batch_norm(x, gamma, beta, mean, variance)


def above_zero(x):
    return ops.scale(ops.square(x), 1.0, 0.5)


# op -> {variant: (function of symbols or arrays, shapes of its operands)}
CASES = {
    "matmul": {
        "plain": (ops.matmul, [(3, 4), (4, 5)]),
        "a transposed": (lambda a, b: ops.matmul(a, b, transpose_a=True), [(4, 3), (4, 5)]),
        "b transposed": (lambda a, b: ops.matmul(a, b, transpose_b=True), [(3, 4), (5, 4)]),
        "both transposed": (lambda a, b: ops.matmul(a, b, True, True), [(4, 3), (5, 4)]),
        "batch": (ops.matmul, [(2, 3, 4), (2, 4, 5)]),
        "batch, a transposed": (lambda a, b: ops.matmul(a, b, True), [(2, 4, 3), (2, 4, 5)]),
        "batch, both transposed": (
            lambda a, b: ops.matmul(a, b, True, True),
            [(2, 4, 3), (2, 5, 4)],
        ),
        "one b for all": (ops.matmul, [(2, 3, 4), (4, 5)]),
        "one transposed b for all": (
            lambda a, b: ops.matmul(a, b, transpose_b=True),
            [(2, 3, 4), (5, 4)],
        ),
        "bias": (ops.dense, [(3, 4), (4, 5), (5,)]),
        "bias on an image": (ops.dense, [(2, 3, 2, 4), (4, 5), (5,)]),
        "activation": (lambda x, w, b: ops.dense(x, w, b, "tanh"), [(3, 4), (4, 5), (5,)]),
        "one row": (ops.dense, [(4,), (4, 5), (5,)]),
    },
    "conv2d": {
        "plain": (conv(), [(2, 5, 4, 3), (3, 2, 3, 4), (4,)]),
        "same": (conv(padding="same"), [(1, 5, 4, 2), (3, 3, 2, 3), (3,)]),
        "window": (
            conv(strides=(2, 1), padding=((1, 0), (0, 2)), dilation_rate=(1, 2)),
            [(1, 6, 5, 2), (2, 2, 2, 3), (3,)],
        ),
        "groups": (conv(groups=2), [(1, 4, 4, 4), (2, 2, 2, 6), (6,)]),
        "no bias": (ops.conv2d, [(1, 4, 4, 2), (2, 2, 2, 3)]),
        "activation": (conv(activation="sigmoid"), [(1, 4, 4, 2), (2, 2, 2, 3), (3,)]),
        "leaky": (conv(activation="leaky_relu"), [(1, 4, 4, 2), (2, 2, 2, 3), (3,)]),
        "elu": (conv(activation="elu"), [(1, 4, 4, 2), (2, 2, 2, 3), (3,)]),
        "gelu": (conv(activation="gelu"), [(1, 4, 4, 2), (2, 2, 2, 3), (3,)]),
    },
    "conv2d_backward_data": {
        "plain": (ops.conv2d_transpose, [(2, 3, 4, 3), (3, 2, 5, 3), (5,)]),
        "same": (transposed(strides=2, padding="same"), [(2, 3, 2, 3), (4, 3, 2, 3), (2,)]),
        "window": (
            transposed(strides=(3, 1), padding=((1, 0), (0, 1)), output_padding=(2, 0)),
            [(1, 3, 4, 2), (2, 3, 2, 2), (2,)],
        ),
        "dilation": (transposed(dilation_rate=(1, 2)), [(1, 3, 4, 2), (2, 2, 3, 2)]),
        "groups": (
            lambda dy, w: ops.conv2d_backward_data(dy, w, (1, 5, 5, 4), 2, groups=2),
            [(1, 2, 2, 6), (3, 3, 2, 6)],
        ),
        "no bias": (transposed(activation="tanh"), [(2, 3, 3, 2), (2, 2, 3, 2)]),
        "activation": (transposed(activation="sigmoid"), [(2, 3, 3, 2), (2, 2, 3, 2), (3,)]),
    },
    "conv2d_backward_weight": {
        "plain": (
            lambda dy, x: ops.conv2d_backward_weight(dy, x, (3, 2, 3, 2)),
            [(2, 2, 3, 2), (2, 4, 4, 3)],
        ),
        "window": (
            lambda dy, x: ops.conv2d_backward_weight(dy, x, (3, 3, 2, 4), 2, "same", groups=2),
            [(1, 3, 2, 4), (1, 5, 4, 4)],
        ),
    },
    "max_pool2d": {
        "plain": (lambda x: ops.max_pool2d(x, 2)[0], [(2, 4, 4, 3)]),
        "overlap": (lambda x: ops.max_pool2d(x, 3, 2, "same")[0], [(1, 6, 5, 2)]),
    },
    "average_pool2d": {
        "plain": (lambda x: ops.average_pool2d(x, 2), [(2, 4, 4, 3)]),
        "overlap": (lambda x: ops.average_pool2d(x, 3, 2, 1), [(1, 6, 5, 2)]),
    },
    "activation": {
        "relu": (ops.relu, [(3, 7)]),
        "leaky_relu": (lambda x: ops.leaky_relu(x, 0.3), [(3, 7)]),
        "elu": (lambda x: ops.elu(x, 0.7), [(3, 7)]),
        "gelu": (ops.gelu, [(3, 7)]),
        "gelu_tanh": (ops.gelu_tanh, [(3, 7)]),
        "silu": (ops.silu, [(3, 7)]),
        "sigmoid": (ops.sigmoid, [(3, 7)]),
        "tanh": (ops.tanh, [(3, 7)]),
    },
    "activation_backward": {
        "relu": (lambda x: ops.relu_backward(x, ops.scale(x, 1.0, -0.5)), [(3, 7)]),
    },
    "clip_value": {
        "plain": (lambda x: ops.clip_value(x, 0.75), [(3, 7)]),
    },
    "batch_norm_training": {
        "all": (lambda x, g, b: ops.batch_norm_training(x, g, b)[0], [(6, 3), (3,), (3,)]),
        "neither": (lambda x: ops.batch_norm_training(x)[0], [(5, 2, 3)]),
    },
    "transpose": {
        "turned": (lambda x: ops.transpose(x, (2, 0, -2)), [(2, 3, 4)]),
        "matrix": (ops.transpose, [(3, 5)]),
    },
    "batch_norm": {
        "frozen": (None, [(6, 3)]),  # needs its statistics, see `recorded`
        "all": (given_statistics, [(6, 3), (3,), (3,), (3,), (3,)]),
        "neither": (lambda x, m, v: given_statistics(x, None, None, m, v), [(6, 3), (3,), (3,)]),
    },
    "group_norm": {
        "all": (lambda x, a, b: ops.group_norm(x, 2, a, b), [(2, 3, 4), (4,), (4,)]),
        "neither": (lambda x: ops.group_norm(x, 3), [(2, 2, 2, 3)]),
    },
    "layer_norm": {
        "all": (ops.layer_norm, [(4, 5), (5,), (5,)]),
        "neither": (lambda x: ops.layer_norm(x, axis=(-2, -1)), [(4, 2, 3)]),
    },
    "log_softmax": {"rows": (ops.log_softmax, [(4, 5)])},
    "softmax": {"rows": (ops.softmax, [(4, 5)])},
    "dropout": {"half": (None, [(6, 5)])},  # needs its state, see `recorded`
    "gaussian_noise": {"some": (None, [(6, 5)])},  # as dropout
    "crop_flip": {"beyond": (None, [(3, 4, 5, 2)])},  # as dropout
    "warp2d": {
        "drawn": (None, [(3, 4, 5, 2)]),  # as dropout
        "larger": (lambda x: ops.warp2d(x, (7, 5), fill_mode="nearest"), [(2, 4, 3, 2)]),
        "turned": (lambda x: ops.warp2d(x, (3, 4), 0.1), [(2, 4, 3, 2)]),
    },
    "lstm": {
        "outputs": (lambda *a: ops.lstm(*a)[0], LSTM),
        "state": (lambda *a: ops.lstm(*a, go_backwards=True)[1], LSTM),
        "cell": (lambda *a: ops.lstm(*a)[2], LSTM),
        "both states": (lambda *a: ops.add(*ops.lstm(*a)[1:3]), LSTM),
        "no first state": (lambda *a: ops.lstm(*a)[0], LSTM[:4]),
        "no bias": (lambda *a: ops.lstm(*a, None)[1], LSTM[:3]),
    },
    "gru": {
        "outputs": (lambda *a: ops.gru(*a)[0], GRU),
        "state": (lambda *a: ops.gru(*a, go_backwards=True)[1], GRU[:4]),
        "reset before": (
            lambda x, w, u, b: ops.gru(x, w, u, b, reset_after=False)[0],
            [*GRU[:3], (15,)],
        ),
    },
    "simple_rnn": {
        "outputs": (lambda *a: ops.simple_rnn(*a)[0], RNN),
        "state": (lambda *a: ops.simple_rnn(*a)[1], RNN[:4]),
        "relu": (lambda *a: ops.simple_rnn(*a, None, None, "relu")[0], RNN[:3]),
    },
    "add": {
        "two": (ops.add, [(3, 4), (3, 4)]),
        "three": (ops.add, [(3, 4)] * 3),
        "twice the same": (lambda x: ops.add(x, x), [(3, 4)]),
    },
    "add_bias": {
        "rows": (ops.add_bias, [(3, 4), (4,)]),
        "image": (lambda x, b: ops.add_bias(x, b, "tanh"), [(2, 3, 2, 4), (4,)]),
        "silu": (lambda x, b: ops.add_bias(x, b, "silu"), [(3, 4), (4,)]),
    },
    "multiply": {
        "two": (ops.multiply, [(3, 4), (3, 4)]),
        "square": (lambda x: ops.multiply(x, x), [(3, 4)]),
    },
    "unary": {
        "abs": (ops.abs, [(3, 7)]),
        "clip": (lambda x: ops.clip(x, -0.5, 0.75), [(3, 7)]),
        "cos": (lambda x: ops.cos(3.0 * x), [(3, 7)]),
        "erf": (ops.erf, [(3, 7)]),
        "expm1": (ops.expm1, [(3, 7)]),
        "log1p": (lambda x: ops.log1p(above_zero(x)), [(3, 7)]),
        "rsqrt": (lambda x: ops.rsqrt(above_zero(x)), [(3, 7)]),
        "sin": (lambda x: ops.sin(3.0 * x), [(3, 7)]),
        "chosen": (lambda x: ops.where(x > ops.square(x), ops.square(x), ops.sin(x)), [(3, 7)]),
        "steps beside it": (lambda x: x * ops.floor(4.0 * x), [(3, 7)]),
        "exp": (ops.exp, [(3, 7)]),
        "hard_sigmoid": (lambda x: ops.hard_sigmoid(4.0 * x), [(3, 7)]),
        "hard_silu": (lambda x: ops.hard_silu(4.0 * x), [(3, 7)]),
        "mish": (ops.mish, [(3, 7)]),
        "relu6": (lambda x: ops.relu6(8.0 * x), [(3, 7)]),
        "selu": (ops.selu, [(3, 7)]),
        "softplus": (ops.softplus, [(3, 7)]),
        "softsign": (ops.softsign, [(3, 7)]),
        "log": (lambda x: ops.log(above_zero(x)), [(3, 7)]),
        "power": (lambda x: ops.power(above_zero(x), -1.3), [(3, 7)]),
        "cube": (lambda x: ops.power(x, 3), [(3, 7)]),
        "reciprocal": (lambda x: ops.reciprocal(above_zero(x)), [(3, 7)]),
        "sqrt": (lambda x: ops.sqrt(above_zero(x)), [(3, 7)]),
        "square": (ops.square, [(3, 7)]),
    },
    "divide": {
        "two": (lambda a, b: ops.divide(a, above_zero(b)), [(3, 4), (3, 4)]),
        "rows": (lambda a, b: ops.divide(a, above_zero(b)), [(2, 3, 4), (3, 1)]),
        "both": (lambda a, b: ops.divide(a, above_zero(b)), [(4, 1), (2, 1, 3)]),
    },
    "subtract": {
        "two": (ops.subtract, [(3, 4), (3, 4)]),
        "rows": (ops.subtract, [(2, 3, 4), (3, 1)]),
        "both": (ops.subtract, [(4, 1), (2, 1, 3)]),
    },
    "maximum": {
        "two": (ops.maximum, [(3, 4), (3, 4)]),
        "rows": (ops.maximum, [(2, 3, 4), (3, 1)]),
        "both": (ops.maximum, [(4, 1), (2, 1, 3)]),
    },
    "minimum": {
        "two": (ops.minimum, [(3, 4), (3, 4)]),
        "rows": (ops.minimum, [(3, 1), (2, 3, 4)]),
    },
    "broadcast_add": {
        "gates": (ops.add, [(2, 3, 4), (2, 1, 4)]),
        "both": (ops.add, [(2, 1, 3), (4, 1)]),
        "three": (ops.add, [(3,), (2, 3), (2, 1)]),
    },
    "broadcast_multiply": {
        "gates": (ops.multiply, [(2, 3, 3, 4), (2, 1, 1, 4)]),
        "steps": (ops.multiply, [(2, 3, 4), (2, 3, 1)]),
        "both": (ops.multiply, [(2, 1, 3), (4, 1)]),
        "another rank": (ops.multiply, [(1, 4), (4,)]),
    },
    "broadcast_to": {"rows": (lambda x: ops.broadcast_to(x, (2, 3, 4)), [(3, 1)])},
    "broadcast_backward": {
        "sum": (lambda x: ops.broadcast_backward(x, (3, 1)), [(2, 3, 4)]),
        "gates": (lambda x, f: ops.broadcast_backward(x, (2, 1, 4), f), [(2, 3, 4), (2, 3, 4)]),
        "one factor for all": (
            lambda x, f: ops.broadcast_backward(x, (3,), f),
            [(2, 4, 3), (4, 1)],
        ),
        "small factor": (lambda x, f: ops.broadcast_backward(x, (2, 1, 3), f), [(2, 4, 3), (4, 1)]),
    },
    "reduce": {
        "sum": (lambda x: ops.sum(x, (0, 2)), [(2, 3, 4)]),
        "mean": (lambda x: ops.mean(x, 1, keepdims=True), [(2, 3, 4)]),
        "mean of all": (lambda x: ops.reshape(ops.mean(x), (1,)), [(3, 5)]),
        "max": (lambda x: ops.max(x, -1), [(3, 7)]),
        "min": (lambda x: ops.min(x, 0), [(5, 4)]),
    },
    "penalty": {"both": (lambda x: ops.reshape(ops.penalty(x, 0.5, 0.25), (1,)), [(3, 4)])},
    "flip": {
        "middle": (lambda x: ops.flip(x, 1), [(2, 4, 3)]),
        "last": (lambda x: ops.flip(x, -1), [(3, 4)]),
    },
    "scale": {"affine": (lambda x: ops.scale(x, -1.5, 0.25), [(3, 4)])},
    "reshape": {"view": (lambda x: ops.reshape(x, (2, 6)), [(3, 4)])},
    "concatenate": {
        "last": (lambda a, b: ops.concatenate([a, b]), [(3, 4), (3, 2)]),
        "middle": (
            lambda a, b, c: ops.concatenate([a, b, c], 1),
            [(2, 1, 3), (2, 4, 3), (2, 2, 3)],
        ),
        "twice the same": (lambda a: ops.concatenate([a, a], 0), [(3, 2)]),
    },
    "embedding": {"rows": (None, [(4, 3)])},  # needs its ids, see `recorded`
    "mask_rows": {"half": (None, [(6, 3)])},  # needs its mask, see `recorded`
    "gate": {"half": (None, [(3, 4)]), "repeated": (None, [(4,)])},
    "slice_backward": {
        "middle": (lambda x: ops.pad(x, 1, 2, 1), [(2, 3, 2)]),
        "last": (lambda x: ops.pad(x, -1, 0, 3), [(2, 3)]),
    },
    "slice": {
        "middle": (lambda x: ops.slice(x, 1, 1, 2), [(2, 4, 3)]),
        "last": (lambda x: ops.slice(x, -1, 0, 2), [(2, 4, 3)]),
    },
}
VARIANTS = [(op, variant) for op, variants in CASES.items() for variant in variants]
