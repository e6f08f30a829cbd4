"""Windows of images at random places. Contract: csrc/ops/crop_flip.h."""

import numpy as np
import pytest

from brasa import ops, runtime
from brasa.testing import reference
from brasa.testing.assertions import (
    assert_close,
    assert_refused,
    assert_same_bits,
    reduction_bound,
)
from brasa.testing.gradcheck import check_gradient

FILLS = ("constant", "nearest", "reflect", "wrap")
FLIPS = (None, "horizontal", "vertical", "horizontal_and_vertical")
NUMBERS = ({"seed": 5, "step": 3, "node": 2}, {"seed": 2**63 - 1, "step": 2**31 - 1, "node": 2**16})

# x, the size of the window, and where it may begin.
INSIDE = (
    ((5, 9, 11, 3), (6, 7), {"top": (0, 3), "left": (0, 4)}),
    ((3, 8, 8, 1), (8, 8), {}),
    ((4, 6, 5, 4), (3, 5), {"top": (1, 2)}),
    ((2, 5, 6, 17), (1, 1), {"top": (0, 4), "left": (5, 5)}),
    ((3, 40, 40, 3), (32, 32), {"top": (0, 8), "left": (0, 8)}),
    ((0, 5, 5, 3), (2, 2), {}),
)
BEYOND = (
    ((5, 6, 7, 3), (6, 7), {"top": (-2, 2), "left": (-3, 3)}),
    ((4, 5, 4, 2), (5, 4), {"top": (-9, -4), "left": (3, 11)}),  # one has left, the other nearly
    ((3, 3, 2, 1), (9, 8), {"top": (-4, 1), "left": (-5, 0)}),  # larger than the image
    ((3, 1, 1, 5), (3, 3), {"top": (-1, 0), "left": (-2, 0)}),
)


def image(rng, shape):
    return rng.standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("numbers", NUMBERS, ids=str)
@pytest.mark.parametrize("flip", FLIPS)
@pytest.mark.parametrize(("shape", "size", "places"), INSIDE, ids=str)
def test_windows_inside_equal_the_reference(shape, size, places, flip, numbers, impl, rng):
    x = image(rng, shape)
    got = ops.crop_flip(x, size, **places, flip=flip, **numbers)
    want = reference.crop_flip(x, size, **places, flip=flip, **numbers)
    assert_same_bits(got, want.astype(np.float32))
    dy = image(rng, got.shape)
    dx = ops.crop_flip_backward(dy, shape, **places, flip=flip, **numbers)
    want = reference.crop_flip_backward(dy, shape, **places, flip=flip, **numbers)
    assert_close(dx, want, 0)  # no pixel is shown twice


@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("flip", FLIPS[::3])
@pytest.mark.parametrize(("shape", "size", "places"), BEYOND, ids=str)
def test_windows_beyond_the_edges_equal_the_reference(shape, size, places, flip, fill, impl, rng):
    x, numbers = image(rng, shape), NUMBERS[0]
    arguments = {**places, "flip": flip, "fill_mode": fill, **numbers}
    got = ops.crop_flip(x, size, fill_value=-1.5, **arguments)
    want = reference.crop_flip(x, size, fill_value=-1.5, **arguments)
    assert_same_bits(got, want.astype(np.float32))
    dy = image(rng, got.shape)
    dx = ops.crop_flip_backward(dy, shape, **arguments)
    magnitude = reference.crop_flip_backward(np.abs(dy), shape, **arguments)
    want = reference.crop_flip_backward(dy, shape, **arguments)
    assert_close(dx, want, reduction_bound(size[0] * size[1], magnitude))


def test_it_moves_bits(impl):
    """NaN, infinities, -0.0 and numbers below the normal range stay what they are."""
    x = np.resize(np.float32([np.nan, -0.0, np.inf, 1e-42, -np.inf]), (4, 6, 6, 3))
    arguments = {"top": (0, 2), "left": (-1, 2), "fill_mode": "nearest", "seed": 8}
    got = ops.crop_flip(x, 4, flip="horizontal", **arguments)
    want = reference.crop_flip(x, (4, 4), flip="horizontal", **arguments)
    assert_same_bits(got, want.astype(np.float32))


@pytest.mark.parametrize("fill", FILLS)
def test_backward_is_the_slope_of_forward(fill, impl, rng):
    shape, arguments = (3, 4, 5, 2), {"top": (-2, 2), "left": (-2, 2), "fill_mode": fill, "seed": 4}
    x, dy = image(rng, shape), image(rng, (3, 4, 5, 2))
    dx = ops.crop_flip_backward(dy, shape, flip="horizontal", **arguments)

    def loss(x):
        return ops.crop_flip(x, (4, 5), flip="horizontal", **arguments).astype(np.float64) * dy

    check_gradient(loss, [x], [dx], length=20, kinks=True)


def test_forward_and_backward_are_adjoint(impl, rng):
    """<y, dy> = <x, dx>, exactly: all are whole numbers."""
    x = rng.integers(-9, 9, (6, 7, 5, 3)).astype(np.float32)
    dy = rng.integers(-9, 9, (6, 6, 8, 3)).astype(np.float32)
    for fill in FILLS:
        arguments = {"top": (-3, 3), "left": (-4, 4), "fill_mode": fill, "seed": 11}
        y = ops.crop_flip(x, (6, 8), flip="vertical", **arguments)
        dx = ops.crop_flip_backward(dy, x.shape, flip="vertical", **arguments)
        assert (y * dy).sum() == (x * dx).sum()


def test_both_flips_are_those_of_numpy(impl, rng):
    x = image(rng, (64, 4, 5, 3))
    for flip, axes in (("horizontal", (2,)), ("vertical", (1,))):
        y = ops.crop_flip(x, (4, 5), flip=flip, seed=2)
        turned = np.flip(x, axes)
        is_turned = (y == turned).all(axis=(1, 2, 3))
        assert ((y == x).all(axis=(1, 2, 3)) ^ is_turned).all()
        assert 16 < is_turned.sum() < 48


def corners(count, low, high, **numbers):
    """The corners of the windows, and whether they were flipped, of `count` images."""
    extent = high - low + 3
    x = np.arange(float(extent * extent), dtype=np.float32).reshape(1, extent, extent, 1)
    x = np.broadcast_to(x, (count, *x.shape[1:]))
    y = ops.crop_flip(x, 2, (0, high - low), (0, high - low), "horizontal_and_vertical", **numbers)[
        ..., 0
    ]
    corner = y.min(axis=(1, 2)).astype(np.int64)
    upside_down = y[:, 0, 0] > y[:, 1, 0]
    mirrored = y[:, 0, 0] > y[:, 0, 1]
    return corner // extent, corner % extent, upside_down, mirrored


def chi_square(counts):
    expected = counts.sum() / counts.size
    return float(((counts - expected) ** 2 / expected).sum())


def test_places_and_flips_are_uniform_and_independent(impl):
    tops, lefts, upside_down, mirrored = corners(20_000, 0, 8, seed=13)
    # 9 x 9 places, two flips: 324 cells. Chi-square has the mean 323 and the deviation 25.4.
    cells = ((tops * 9 + lefts) * 2 + upside_down) * 2 + mirrored
    counts = np.bincount(cells, minlength=324)
    assert counts.size == 324
    assert (counts > 0).all()
    assert chi_square(counts) < 323 + 5 * 25.4
    for drawn, cases in ((tops, 9), (lefts, 9), (upside_down, 2), (mirrored, 2)):
        counts = np.bincount(drawn, minlength=cases)
        assert chi_square(counts) < cases - 1 + 5 * np.sqrt(2 * (cases - 1)), counts


@pytest.mark.parametrize("change", [{"seed": 1}, {"step": 1}, {"node": 1}], ids=str)
def test_seed_step_and_node_each_change_what_is_drawn(change, impl):
    plain, changed = corners(3000, 0, 2), corners(3000, 0, 2, **change)
    for a, b, chance in zip(plain, changed, (1 / 3, 1 / 3, 0.5, 0.5), strict=True):
        spread = np.sqrt(chance * (1 - chance) / a.size)
        assert abs((a == b).mean() - chance) < 5 * spread


def test_a_draw_does_not_depend_on_the_batch(impl, rng):
    x = image(rng, (40, 6, 6, 3))
    arguments = {"top": (0, 2), "left": (0, 2), "flip": "horizontal", "seed": 3}
    whole = ops.crop_flip(x, 4, **arguments)
    assert_same_bits(ops.crop_flip(x[:7], 4, **arguments), whole[:7])


def test_a_range_of_2_to_the_32_places_is_drawn_from(impl):
    x = np.zeros((4, 1, 1, 1), np.float32)
    far = {"top": (-(2**31), 2**31 - 1), "fill_value": 7.0}
    assert (ops.crop_flip(x, 1, **far) == 7).all()  # never the pixel itself, of 2^32


def test_every_table_and_number_of_threads_gives_the_same_bits(rng):
    x, dy = image(rng, (33, 20, 21, 3)), image(rng, (33, 16, 18, 3))
    arguments = {"top": (-4, 8), "left": (-5, 8), "flip": "horizontal_and_vertical", "seed": 1}
    wanted = {}
    for table in runtime.implementations():
        with runtime.force(table):
            for fill in FILLS:
                got = (
                    ops.crop_flip(x, (16, 18), fill_mode=fill, **arguments),
                    ops.crop_flip_backward(dy, x.shape, fill_mode=fill, **arguments),
                )
                # The reference adds in double; all others in the order of the contract.
                kind = fill, table == "ref"
                assert_same_bits(got, wanted.setdefault(kind, got), f"{fill} of {table}")


X = np.zeros((2, 5, 5, 3), np.float32)


@pytest.mark.parametrize(
    ("what", "call", "error", "words"),
    [
        ("rank 3", lambda: ops.crop_flip(X[0], 2), ValueError, "x rank 4 (N, H, W, C) 3"),
        ("size 0", lambda: ops.crop_flip(X, (0, 2)), ValueError, "size at least 1 (0, 2)"),
        ("size of 3", lambda: ops.crop_flip(X, (1, 2, 3)), ValueError, "size (1, 2, 3)"),
        ("size 1.5", lambda: ops.crop_flip(X, 1.5), TypeError, "size whole 1.5"),
        ("top back", lambda: ops.crop_flip(X, 2, (3, 2)), ValueError, "top (3, 2)"),
        ("left far", lambda: ops.crop_flip(X, 2, 0, 2**31), ValueError, "left 2147483648"),
        ("left of 3", lambda: ops.crop_flip(X, 2, 0, (1, 2, 3)), ValueError, "left (1, 2, 3)"),
        ("top 0.5", lambda: ops.crop_flip(X, 2, 0.5), TypeError, "top whole 0.5"),
        ("flip", lambda: ops.crop_flip(X, 2, flip="both"), ValueError, "flip horizontal 'both'"),
        ("flip True", lambda: ops.crop_flip(X, 2, flip=True), TypeError, "flip True"),
        ("fill", lambda: ops.crop_flip(X, 2, fill_mode="edge"), ValueError, "fill_mode 'edge'"),
        ("fill 1", lambda: ops.crop_flip(X, 2, fill_mode=1), TypeError, "fill_mode 1"),
        ("NaN", lambda: ops.crop_flip(X, 2, fill_value=np.nan), ValueError, "fill_value nan"),
        ("1e39", lambda: ops.crop_flip(X, 2, fill_value=1e39), ValueError, "fill_value 1e+39"),
        ("value", lambda: ops.crop_flip(X, 2, fill_value="a"), TypeError, "fill_value 'a'"),
        ("node", lambda: ops.crop_flip(X, 2, node=2**32), ValueError, "node 4294967296"),
        ("seed", lambda: ops.crop_flip(X, 2, seed=0.5), TypeError, "seed 0.5"),
        ("step", lambda: ops.crop_flip(X, 2, step="1"), TypeError, "step '1'"),
        (
            "no pixels",
            lambda: ops.crop_flip(X[:, :0], 2, fill_mode="wrap"),
            ValueError,
            "pixels constant (2, 0, 5, 3)",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_inputs(what, call, error, words):
    assert_refused(call, error, "crop_flip", words)


def test_bad_inputs_of_the_backward_pass():
    op = "crop_flip_backward"
    backward = ops.crop_flip_backward
    assert_refused(lambda: backward(X[0], X.shape), ValueError, op, "dy rank 4 (5, 5, 3)")
    assert_refused(lambda: backward(X, (5, 5, 3)), ValueError, op, "x_shape 4")
    assert_refused(
        lambda: backward(X, (3, 5, 5, 3)), ValueError, op, "dy (3, 5, 5, 3) (2, 5, 5, 3)"
    )
