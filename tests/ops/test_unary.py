"""exp, log and the like, quotients, the larger of two: csrc/ops/unary.h, csrc/ops/broadcast.h."""

import numpy as np
import pytest

from brasa import Input, Model, layers, ops
from brasa.ops.dispatch import run
from brasa.testing import cases, reference
from brasa.testing.assertions import (
    ROUNDING,
    assert_close,
    assert_same_bits,
    reduction_bound,
    ulp_bound,
)

INF, NAN = np.inf, np.nan

# kind, p: the exponent, or the limit of clip. Bounds are those of the contract.
FUNCTIONS = [
    ("abs", 1.0), ("clip", 0.75), ("exp", 1.0), ("log", 1.0), ("reciprocal", 1.0), ("sqrt", 1.0),
    ("square", 1.0), ("hard_sigmoid", 1.0), ("hard_silu", 1.0), ("mish", 1.0), ("relu6", 1.0),
    ("softplus", 1.0), ("softsign", 1.0), ("power", 3.0), ("power", -2.0),
    ("power", 0.37), ("power", 0.0), ("ceil", 1.0), ("cos", 1.0), ("erf", 1.0), ("expm1", 1.0),
    ("floor", 1.0), ("log1p", 1.0), ("round", 1.0), ("rsqrt", 1.0), ("sign", 1.0), ("sin", 1.0),
]  # fmt: skip
ULPS = {
    "abs": 0.0, "clip": 0.0, "exp": 2.0, "log": 2.0, "power": 4.0, "hard_sigmoid": 4.0,
    "hard_silu": 4.0, "mish": 4.0, "relu6": 0.0, "softplus": 4.0, "softsign": 2.0,
    "ceil": 0.0, "cos": 2.5, "erf": 2.0, "expm1": 2.0, "floor": 0.0, "log1p": 2.0, "round": 0.0,
    "rsqrt": 2.0, "sign": 0.0, "sin": 2.5,
}  # fmt: skip
# Where a product on the way is below the normal numbers.
LEAST = {"mish": 2.0**-119, "erf": 2.0**-126}
FROM_Y = ("exp", "hard_sigmoid", "reciprocal", "relu6", "rsqrt", "softplus", "sqrt")
EDGES = [0.0, -0.0, INF, -INF, NAN, 1.0, -1.0, 3e38, -3e38, 88.73, -87.4, 1e-38, 1e-45, -1e-40]
# A run longer than a vector: the same values in its body and in its tail.
EDGES = np.array(3 * EDGES + EDGES[:5], np.float32)


def call(kind, x, p):
    if kind == "clip":
        return ops.clip(x, -p, p)
    return ops.power(x, p) if kind == "power" else getattr(ops, kind)(x)


def attributes(kind, p):
    return {"kind": kind, "low": -p, "high": p, "exponent": p}


def flushed(x):
    """Denormals count as 0."""
    return np.where(np.abs(x) < 2.0**-126, np.copysign(np.float32(0), x), x)


def floats_of_every_size():
    first, last = (np.float32(v).view(np.int32) for v in (2.0**-126, 3.4e38))
    positive = np.linspace(first, last, 20_000).astype(np.int32).view(np.float32)
    return np.concatenate([positive, -positive])


def every_input():
    yield from (case.values(spread=3.0) for case in cases.FLAT)
    yield EDGES
    yield floats_of_every_size()


@pytest.mark.parametrize(("kind", "p"), FUNCTIONS, ids=str)
def test_forward_equals_reference(kind, p, impl):
    for x in every_input():
        want = reference.unary(kind, flushed(x), p)
        large = np.abs(want) > np.finfo(np.float32).max
        want = np.where(large, np.copysign(INF, want), want)
        got = call(kind, x, p)
        bound = ulp_bound(want, ULPS.get(kind, 0.5)) + LEAST.get(kind, 0.0)
        assert_close(got, want, bound, f"length {x.size}")


@pytest.mark.parametrize(("kind", "p"), FUNCTIONS, ids=str)
def test_backward_equals_reference(kind, p, impl, rng):
    for x in [*(case.values(spread=3.0) for case in cases.FLAT), EDGES]:
        dy = rng.normal(size=x.shape).astype(np.float32)
        known = call(kind, x, p) if kind in FROM_Y else x
        (got,) = run("unary_backward", [dy, known], attributes(kind, p))
        usual = (np.abs(x) > 1e-12) & (np.abs(x) < 80)
        want = reference.unary_backward(kind, dy, x, p)[usual]
        # Two roundings, and the error of what the slope is made of: y, or a power.
        made = ("exp", "reciprocal", "power", "softplus", "softsign")
        made += ("cos", "erf", "expm1", "rsqrt", "sin")
        bound = ulp_bound(want, 8.0 if kind in made else 3.0)
        if kind == "erf":  # e^-x^2 may be below the normal numbers
            bound = bound + 2.0**-125 * np.abs(dy[usual])
        if kind == "mish":  # the slope passes through 0
            bound = bound + 8 * ROUNDING * np.abs(dy[usual])
        assert_close(got[usual], want, bound, f"length {x.size}")


def test_slopes_at_the_ends(impl):
    """Where the formula gives 0 * inf, and where it has no value."""
    dy = np.float32([2.0, INF, 2.0, NAN])

    def slopes(kind, known, p=1.0):
        return run("unary_backward", [dy, np.float32(known)], attributes(kind, p))[0]

    assert_close(slopes("abs", [0, -0.0, -3, 1]), [0, 0, -2, NAN], 0)
    assert_close(slopes("clip", [1, 1.5, -1, 0]), [2, 0, 2, NAN], 0)
    assert_close(slopes("hard_silu", [-3, -INF, 3, 0]), [0, 0, 2, NAN], 0)
    assert_close(slopes("hard_silu", [INF, 4, -1.5, NAN]), [2, INF, 0, NAN], 0)
    assert_close(slopes("relu6", [6, 0, 5.9, 0.5]), [0, 0, 2, NAN], 0)
    assert_close(slopes("hard_sigmoid", [1, 0, 0.5, 0.5]), [0, 0, 1 / 3, NAN], ROUNDING)
    for kind in ("mish", "softplus"):
        assert_close(slopes(kind, [INF, INF, 100, NAN]), [2, INF, 2, NAN], 0)
    assert_close(slopes("mish", [-INF, INF, -1000, 1]), [0, INF, 0, NAN], 0)
    assert_close(slopes("softsign", [0, 0, INF, 1]), [2, INF, 0, NAN], 0)
    for kind in ("ceil", "floor", "round", "sign"):
        assert_close(slopes(kind, [0, 1.5, -INF, 2]), [0, 0, 0, 0], 0)
    assert_close(slopes("log1p", [-1, 0, INF, 0]), [INF, INF, 0, NAN], 0)
    assert_close(slopes("erf", [INF, 0, -INF, 0]), [0, INF, 0, NAN], 0)
    assert_close(slopes("sqrt", [0, 1, INF, 1]), [INF, INF, 0, NAN], 0)
    assert_close(slopes("power", [0, 1, 0, 1], 1.5), [0, INF, 0, NAN], 0)
    assert_close(slopes("power", [0, 1, 0, 1], 0.0), [0, 0, 0, 0], 0)
    assert_close(slopes("power", [0, 1, 5, 1], 1.0), [2, INF, 2, NAN], 0)


def test_powers_that_need_none_are_exact(impl):
    x = floats_of_every_size()
    with np.errstate(all="ignore"):
        assert_close(ops.power(x, 2), np.square(x), 2.0**-126)
        assert_close(ops.power(x, -1), 1 / x, 2.0**-126)
        assert_same_bits(ops.power(x, 1.0), x)
        assert_same_bits(ops.power(np.abs(x), 0.5), np.sqrt(np.abs(x)))


PAIRS = ("divide", "maximum", "minimum", "subtract")


def with_ties(case):
    """Operands with equal elements, zeros, infinities and NaN among them."""
    a, b = (np.round(x).astype(np.float32) for x in case.operands())
    for x, special in ((a, [INF, NAN, -0.0]), (b, [0.0, INF, NAN, -INF])):
        x.reshape(-1)[5 : 5 + 7 * len(special) : 7] = np.resize(
            special, x.reshape(-1)[5 : 5 + 7 * len(special) : 7].size
        )
    return a, b


@pytest.mark.parametrize("case", cases.BROADCAST, ids=str)
@pytest.mark.parametrize("name", PAIRS)
def test_pairs_round_once(case, name, impl):
    for a, b in (case.operands(), with_ties(case)):
        with np.errstate(all="ignore"):
            want = np.asarray(getattr(np, name)(a, b))
        assert_close(getattr(ops, name)(a, b), want, 2.0**-126)
        assert_close(getattr(ops, name)(a, b, out=np.empty_like(want)), want, 2.0**-126, "out")


def gradients(compute, *values):
    """The gradients that a graph finds for what compute() makes of weights."""

    class Weighted(layers.Layer):
        def build(self, _):
            self.own = [
                self.add_weight(f"w{i}", value.shape, "zeros") for i, value in enumerate(values)
            ]

        def call(self, x):
            # Ops on weights alone would run at once.
            one = 0 * ops.slice(ops.reshape(x, (-1,)), 0, 0, 1) + 1
            return ops.multiply(x, compute(*(one * w for w in self.own)))

    layer = Weighted()
    shape = np.broadcast_shapes(*(value.shape for value in values))
    x = Input(shape)
    model = Model(x, layer(x))
    model.compile("sgd", "mse")
    layer.set_weights(list(values))
    dy = np.float32(np.cos(np.arange(np.prod(shape)))).reshape(1, *shape)
    y = model.predict(dy)
    # Of the mean of (y - t)^2 the slope is 2 (y - t) / n: 1 with these targets.
    return dy[0], model.compute_gradients(dy, y - 0.5 * y.size)[1]


def theirs_of(x, name):
    """Of PyTorch's functional activations."""
    import torch.nn.functional as functional

    return getattr(functional, name)(x)


TORCH = {
    "abs": (ops.abs, "abs"), "exp": (ops.exp, "exp"), "square": (ops.square, "square"),
    "reciprocal": (ops.reciprocal, "reciprocal"), "clip": (lambda x: ops.clip(x, -1, 1), None),
    "sin": (ops.sin, "sin"), "cos": (ops.cos, "cos"), "erf": (ops.erf, "erf"),
    "expm1": (ops.expm1, "expm1"), "log1p": (lambda x: ops.log1p(x * x), lambda x: (x * x).log1p()),
    "rsqrt": (lambda x: ops.rsqrt(1 + x * x), lambda x: (1 + x * x).rsqrt()),
    "steps": (lambda x: x * (ops.sign(x) + ops.floor(x) + ops.ceil(x) + ops.round(x)),
              lambda x: x * (x.sign() + x.floor() + x.ceil() + x.round())),
    "cube": (lambda x: ops.power(x, 3), lambda x: x**3),
    "divide": (ops.divide, "divide"), "maximum": (ops.maximum, "maximum"),
    "minimum": (ops.minimum, "minimum"), "subtract": (ops.subtract, "subtract"),
    "hard_sigmoid": (ops.hard_sigmoid, lambda x: theirs_of(x, "hardsigmoid")),
    "hard_silu": (ops.hard_silu, lambda x: theirs_of(x, "hardswish")),
    "mish": (ops.mish, lambda x: theirs_of(x, "mish")),
    "relu6": (lambda x: ops.relu6(4.0 * x), lambda x: theirs_of(4.0 * x, "relu6")),
    "selu": (ops.selu, lambda x: theirs_of(x, "selu")),
    "softplus": (ops.softplus, lambda x: theirs_of(x, "softplus")),
    "softsign": (ops.softsign, lambda x: theirs_of(x, "softsign")),
    "log_softmax": (ops.log_softmax, lambda x: x.log_softmax(-1)),
    "operators": (lambda a, b: (1 / b - a / b) ** 2 + abs(a) ** 3 / 2.0,
                  lambda a, b: (1 / b - a / b) ** 2 + abs(a) ** 3 / 2.0),
}  # fmt: skip


@pytest.mark.parametrize("name", TORCH)
def test_gradients_are_those_of_pytorch(name, rng):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    compute, theirs = TORCH[name]
    if name == "clip":
        theirs = lambda x: torch.clamp(x, -1, 1)  # noqa: E731
    theirs = getattr(torch, theirs) if isinstance(theirs, str) else theirs
    pair = name in (*PAIRS, "operators")
    # Halves: a third of them are ties, at 0 and at the limits too.
    values = [np.float32(np.round(2 * rng.standard_normal((4, 9))) / 2)]
    if pair:
        values.append(np.float32(np.round(2 * rng.standard_normal((4, 1))) / 2))
    if name in ("reciprocal", "divide", "operators"):
        values[-1][values[-1] == 0] = 1.5
    dy, found = gradients(compute, *values)
    leaves = [torch.tensor(value.astype(np.float64), requires_grad=True) for value in values]
    theirs(*leaves).backward(torch.tensor(dy.astype(np.float64)))
    for got, leaf in zip(found, leaves, strict=True):
        want = leaf.grad.numpy()
        scale = np.abs(want).max()
        assert_close(got, want, reduction_bound(9, np.full(want.shape, 4 * scale)))


def test_nothing_infinite_passes_the_smaller_one():
    """The slope of the root at 0 is infinite: where another was larger it must not get through."""
    _, (of_x, of_floor) = gradients(
        lambda x, floor: ops.sqrt(ops.maximum(x, floor)),
        np.float32([-2.0, 4.0, -3.0]), np.float32([0.0, 0.0, 1.0]),
    )  # fmt: skip
    assert np.isinf(of_floor[0])
    assert_close(of_x[[0, 2]], [0.0, 0.0], 0)
    assert_close(of_floor[1:2], [0.0], 0)
    _, (of_x,) = gradients(lambda x: ops.sqrt(ops.maximum(x, 0.0)), np.float32([-2.0, 4.0]))
    assert_close(of_x[:1], [0.0], 0)


def test_numbers_beside_tensors(impl, rng):
    x = rng.normal(size=(3, 7)).astype(np.float32)
    assert_same_bits(ops.maximum(x, 0.5), np.maximum(x, np.float32(0.5)))
    assert_same_bits(ops.maximum(np.float32(0.5), x), np.maximum(x, np.float32(0.5)))
    assert_same_bits(ops.minimum(-1, x), np.minimum(x, np.float32(-1)))
    assert_same_bits(ops.divide(x, 3.0), x / np.float32(3))
    assert_same_bits(ops.divide(3.0, x), np.float32(3) / x)
    assert_close(ops.maximum(np.float32([NAN, 0]), 1), [NAN, 1], 0)

    def inside(t):
        return ops.add(ops.divide(2.0, ops.maximum(t, 1)), ops.divide(ops.minimum(0.5, t), 4.0))

    tensor = Input((7,))

    class Inside(layers.Layer):
        def call(self, t):
            return inside(t)

    got = Model(tensor, Inside()(tensor)).predict(x)
    assert_close(got, inside(x), 4 * ROUNDING)


@pytest.mark.parametrize("shape", [(), (5,), (2, 0, 3), (1, 2, 3, 4, 5)])
def test_any_shape_is_kept(shape, impl):
    x = np.ones(shape, np.float32)
    assert ops.exp(x).shape == ops.maximum(x, x).shape == ops.divide(x, x).shape == shape
