"""The same bits for every number of threads, from run to run, and in any state of the caller."""

import ctypes
import ctypes.util
import platform
import sys

import numpy as np
import pytest

from brasa import ops, runtime
from brasa.ops.dispatch import run
from brasa.testing import cases
from brasa.testing.assertions import assert_same_bits

CONVOLUTIONS = (
    cases.Conv2dCase(19, 14, 14, 6, 16, 5, activation="relu"),
    cases.Conv2dCase(33, 28, 28, 1, 6, 5, padding="same"),
    cases.Conv2dCase(3, 13, 11, 40, 48, padding="same"),
    cases.Conv2dCase(2, 17, 15, 33, 65, strides=2, padding=1),
    cases.Conv2dCase(2, 19, 19, 48, 80, 1),
    cases.Conv2dCase(2, 31, 31, 3, 20, 7, strides=2, padding=3),
    cases.Conv2dCase(2, 16, 17, 32, 32, groups=4, padding="same"),
    cases.Conv2dCase(3, 20, 20, 33, 33, groups=33, padding="same"),
)
POOLS = (
    cases.Pool2dCase(19, 28, 28, 6),
    cases.Pool2dCase(3, 23, 21, 33, 3, 2, "same"),
)
PRODUCTS = (
    cases.MatmulCase(130, 120, 400),
    cases.MatmulCase(33, 10, 5000),
    cases.MatmulCase(400, 120, 131, transpose_a=True),
    cases.MatmulCase(129, 401, 120, transpose_b=True),
    cases.MatmulCase(1, 3001, 300),
    cases.MatmulCase(17, 33, 65, batch=9),
)
LONG = cases.FlatCase(100_003)
ROWS = (cases.RowsCase(1003, 10), cases.RowsCase(67, 1003))


# Each function makes its operands and returns the work to repeat on them.


def convolution(case):
    (x, w, b), dy = case.inputs(), case.dy()
    activation = case.activation

    def work():
        y = ops.conv2d(x, w, b, **case.window, activation=activation)
        return y, *ops.conv2d_backward(dy, x, w, **case.window)

    return work


def pooling(case):
    x, dy, shape, window = case.x(), case.dy(), case.x_shape, case.window

    def work():
        y, argmax = ops.max_pool2d(x, **window)
        return (
            y,
            argmax,
            ops.max_pool2d_backward(dy, argmax, shape, **window),
            ops.average_pool2d(x, **window),
            ops.average_pool2d_backward(dy, shape, **window),
        )

    return work


def product(case):
    a, b = case.inputs()
    return lambda: (ops.matmul(a, b, **case.flags), ops.bias_gradient(a), ops.bias_gradient(b))


def activations(case):
    x, dy = case.values(spread=3.0), case.values("dy")

    def work():
        results = []
        for name in ("relu", "leaky_relu", "elu", "sigmoid", "tanh"):
            y = getattr(ops, name)(x)
            results += [y, getattr(ops, f"{name}_backward")(dy, y)]
        for name in ("gelu", "silu"):
            results += [getattr(ops, name)(x), getattr(ops, f"{name}_backward")(dy, x)]
        return results

    return work


def elementwise(case):
    x, y, z = case.values(), case.values("y"), case.values("z")
    table = x[:100_000].reshape(2000, 50)
    return lambda: (
        ops.add(x, y, z),
        ops.add_bias(table, z[:50], "tanh"),
        ops.add_bias(x.reshape(-1, 1), z[:1]),
        ops.multiply(x, y),
        ops.scale(x, 0.3),
        ops.sin(ops.scale(x, 1e4)),
        ops.erf(x),
        ops.cast(ops.scale(x, 100.0), "int32"),
        *run("less", [x, y]),
        ops.dropout(x, 0.4, seed=5, step=2, node=1),
        ops.gaussian_noise(x, 0.4, seed=5, step=2, node=1),
        ops.concatenate([table, table], -1),
        ops.slice(table, 1, 7, 31),
    )


def windows(shape):
    rng = np.random.default_rng(6)
    x, dy = (rng.normal(size=shape).astype(np.float32) for _ in range(2))
    arguments = {"top": (-3, 3), "left": (-3, 3), "flip": "horizontal_and_vertical", "seed": 2}
    return lambda: [
        result
        for fill in ("constant", "nearest", "reflect", "wrap")
        for result in (
            ops.crop_flip(x, shape[1:3], fill_mode=fill, **arguments),
            ops.crop_flip_backward(dy, shape, fill_mode=fill, **arguments),
            ops.warp2d(x, shape[1:3], (-0.5, 0.5), (0.5, 2), None, fill_mode=fill, seed=2),
            ops.warp2d_backward(dy, shape, (-0.5, 0.5), (0.5, 2), None, fill_mode=fill, seed=2),
        )
    ]


def lookups(vocabulary, columns, count):
    rng = np.random.default_rng(5)
    table = rng.normal(size=(vocabulary, columns)).astype(np.float32)
    dy = rng.normal(size=(count, columns)).astype(np.float32)
    ids = rng.integers(0, vocabulary, count)
    mask = ops.mask_of_ids(ids, 1)
    return lambda: (
        ops.embedding(ids, table),
        ops.embedding_backward(dy, ids, vocabulary),
        ops.one_hot(ids, vocabulary),
        ops.mask_of_rows(dy),
        ops.mask_rows(dy, mask),
        *ops.mask_weights(mask),
    )


def clipping(case):
    x = case.values()
    return lambda: (ops.clip_value(x, 0.5), ops.clip_norm(x, 0.5), ops.clip_norm(x, 1e9))


def penalties(case):
    x = case.values()
    return lambda: (ops.penalty(x, 0.1, 0.2), ops.penalty_backward(x, 0.1, 0.2))


def rows(case):
    x, labels, target, dy = case.values(), case.labels(), case.probabilities("t"), case.values("dy")
    p, weight, halves = case.probabilities(), case.weights(), np.round(case.probabilities("t"))

    def work():
        y = ops.softmax(x)
        return (
            y,
            ops.softmax_backward(dy, y),
            *ops.softmax_cross_entropy(x, labels, weight),
            *ops.softmax_cross_entropy(x, target),
            *ops.cross_entropy(p, labels),
            *ops.binary_cross_entropy(p, target, sample_weight=weight),
            *ops.binary_cross_entropy(x, target, from_logits=True),
            *ops.mean_squared_error(x, target, weight),
            *ops.mean_absolute_error(x, target, weight),
            *ops.huber(x, target, 0.5, weight),
            ops.accuracy(x, labels),
            ops.accuracy(p, halves, binary=True),
        )

    return work


def layer_norm(shape):
    rng = np.random.default_rng(7)
    x, dy = (rng.normal(size=shape).astype(np.float32) for _ in range(2))
    gamma, beta = rng.normal(size=(2, shape[-1])).astype(np.float32)
    return lambda: (ops.layer_norm(x, gamma, beta), *ops.layer_norm_backward(dy, x, gamma))


def group_norm(shape):
    rng = np.random.default_rng(7)
    x, dy = (rng.normal(size=shape).astype(np.float32) for _ in range(2))
    gamma, beta = rng.normal(size=(2, shape[-1])).astype(np.float32)
    return lambda: (ops.group_norm(x, 5, gamma, beta), *ops.group_norm_backward(dy, x, 5, gamma))


def optimizers(case):
    g, start, slots = case.values("g"), case.values("p"), np.abs(case.values("m"))

    def work():
        p, q, velocity, m, v = (a.copy() for a in (start, start, slots, slots, slots))
        ops.sgd_step(p, g, velocity, momentum=0.9, nesterov=True)
        ops.adam_step(q, g, m, v, 7)
        r, square, moment, mean = (a.copy() for a in (start, slots, slots, slots))
        ops.rmsprop_step(r, g, square, moment, mean, 0.1, 0.9, 0.9, 1e-3, True, weight_decay=0.1)
        s, squares = start.copy(), slots.copy()
        ops.adagrad_step(s, g, squares, l1=0.1, l2=0.2)
        slots_of = [slots.copy() for _ in range(13)]
        others = [start.copy() for _ in range(7)]
        ops.adadelta_step(others[0], g, *slots_of[:2])
        ops.adamax_step(others[1], g, *slots_of[2:4], 7)
        ops.nadam_step(others[2], g, *slots_of[4:6], 7)
        ops.lion_step(others[3], g, slots_of[6])
        ops.ftrl_step(others[4], g, *slots_of[7:9], 0.1)
        ops.ftrl_step(others[5], g, *slots_of[9:11], 0.1, -0.7)
        ops.lamb_step(others[6], g, *slots_of[11:13], 7, weight_decay=0.1)
        first = p, q, velocity, m, v, r, square, moment, mean, s, squares
        return *first, *others, *slots_of

    return work


WORK = {
    **{f"conv2d {case}": (convolution, case) for case in CONVOLUTIONS},
    **{f"pool2d {case}": (pooling, case) for case in POOLS},
    **{f"matmul {case}": (product, case) for case in PRODUCTS},
    **{f"rows {case}": (rows, case) for case in ROWS},
    "lookups, few rows": (lambda shape: lookups(*shape), (65, 40, 5003)),
    "lookups, many rows": (lambda shape: lookups(*shape), (3001, 40, 997)),
    "activations": (activations, LONG),
    "group_norm, one image": (group_norm, (1, 2000, 35)),
    "group_norm, many images": (group_norm, (301, 9, 35)),
    "group_norm, two images": (group_norm, (2, 700, 35)),
    "layer_norm, many rows": (layer_norm, (1003, 33)),
    "layer_norm, long rows": (layer_norm, (70, 2100)),
    "clipping": (clipping, LONG),
    "elementwise": (elementwise, LONG),
    "optimizers": (optimizers, LONG),
    "penalties": (penalties, LONG),
    "windows": (windows, (33, 20, 21, 3)),
}


@pytest.mark.parametrize("name", WORK)
def test_neither_another_run_nor_the_number_of_threads_changes_a_bit(name, impl, threads):
    make, case = WORK[name]
    work = make(case)
    runtime.set_threads(1)
    want = work()
    for count in (1, 2, 2, 3):
        runtime.set_threads(count)
        assert_same_bits(work(), want, f"{name} with {count} threads")


def first_rows(value, count):
    return tuple(v[:count] for v in value) if isinstance(value, tuple) else value[:count]


def test_a_short_last_batch_gives_each_image_its_own_bits(impl, rng):
    # Rows of a batch do not see each other, nor how many they are, in ops without a matrix product.
    x = rng.normal(size=(19, 8, 8, 5)).astype(np.float32)
    for op in (ops.max_pool2d, ops.average_pool2d, ops.softmax, ops.layer_norm, ops.tanh):
        assert_same_bits(op(x[:7]), first_rows(op(x), 7))


# fenv.h of glibc: the rounding modes are upward and toward zero.
ROUNDINGS = {"x86_64": (0x800, 0xC00), "aarch64": (0x400000, 0xC00000)}


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in ROUNDINGS,
    reason="the rounding mode is set through glibc",
)
@pytest.mark.parametrize(
    "name", ["rows 67x1003", "activations", "optimizers", f"matmul {PRODUCTS[0]}"]
)
def test_the_callers_rounding_mode_changes_no_bit_and_is_left_as_it_was(name, impl, threads):
    libm = ctypes.CDLL(ctypes.util.find_library("m"))
    make, case = WORK[name]
    work = make(case)
    for count in (1, 2):
        runtime.set_threads(count)
        want = work()
        for mode in ROUNDINGS[platform.machine()]:
            libm.fesetround(mode)
            try:
                got, after = work(), libm.fegetround()
            finally:
                libm.fesetround(0)
            assert after == mode
            assert_same_bits(got, want, f"{name}, rounding mode {mode:#x}, {count} threads")


def test_the_callers_denormals_survive_a_call(impl):
    tiny = np.full(64, 1e-40, np.float32)
    ops.relu(tiny)
    ops.matmul(tiny.reshape(8, 8), tiny.reshape(8, 8))
    assert (tiny * np.float32(0.5) > 0).all()
