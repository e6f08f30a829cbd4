"""Images turned, scaled and brought to another size. Contract: csrc/ops/warp2d.h."""

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
WAYS = ("bilinear", "nearest")
NUMBERS = {"seed": 2**63 - 1, "step": 2**31 - 1, "node": 2**16}

# x, the size of y
SIZES = (
    ((3, 5, 7, 3), (8, 4)),
    ((2, 4, 4, 17), (8, 8)),
    ((2, 9, 6, 1), (3, 3)),
    ((2, 1, 1, 4), (3, 2)),
    ((2, 6, 5, 2), (1, 1)),
    ((0, 5, 5, 3), (2, 2)),
    ((2, 5, 5, 0), (2, 2)),
)
TRANSFORMS = {
    "turned": {"angle": (-0.4, 0.3)},
    "far": {"angle": (-3.0, 3.0), "height": (4.0, 9.0), "width": (0.1, 7.0)},
    "scaled": {"height": (0.5, 1.5), "width": None},
    "narrow": {"width": (0.25, 0.5)},
}


def image(rng, shape):
    return rng.standard_normal(shape).astype(np.float32)


def check(x, size, impl, rng, fill_value=0.0, **arguments):
    y = ops.warp2d(x, size, fill_value=fill_value, **arguments)
    want = reference.warp2d(x, size, fill_value, **arguments)
    magnitude = reference.warp2d(x, size, fill_value, absolute=True, **arguments)
    assert_close(y, want, reduction_bound(8, magnitude))
    dy = image(rng, y.shape)
    dx = ops.warp2d_backward(dy, x.shape, **arguments)
    want = reference.warp2d_backward(dy, x.shape, **arguments)
    magnitude = reference.warp2d_backward(np.abs(dy), x.shape, **arguments)
    assert_close(dx, want, reduction_bound(8 + 4 * size[0] * size[1], magnitude))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("shape", "size"), SIZES, ids=str)
def test_sizes_equal_the_reference(shape, size, way, impl, rng):
    check(image(rng, shape), size, impl, rng, interpolation=way, fill_mode="nearest")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)
def test_transforms_equal_the_reference(transform, fill, way, impl, rng):
    arguments = {"interpolation": way, "fill_mode": fill, **transform, **NUMBERS}
    check(image(rng, (4, 6, 5, 3)), (6, 5), impl, rng, -1.5, **arguments)
    check(image(rng, (2, 3, 4, 5)), (5, 2), impl, rng, 0.5, **arguments)


def test_a_quarter_of_a_turn_is_numpys(impl, rng):
    x = image(rng, (2, 5, 5, 3))
    x[0, 0, 0], x[1, 2, 3] = np.nan, -np.inf  # weights of 0 read nothing
    for quarters in range(-4, 5):
        for way in WAYS:
            y = ops.warp2d(x, angle=quarters / 4, interpolation=way)
            assert_same_bits(y, np.ascontiguousarray(np.rot90(x, quarters, (1, 2))))


def test_twice_the_size_and_back_by_whole_pixels(impl, rng):
    x = image(rng, (2, 3, 4, 2))
    y = ops.warp2d(x, (6, 8), interpolation="nearest")
    assert_same_bits(y, x.repeat(2, 1).repeat(2, 2))
    assert_same_bits(ops.warp2d(y, (3, 4), interpolation="nearest"), x)


def test_ties_go_to_the_pixel_behind_whatever_the_rounding(impl):
    """At 3 / 2, 2 / 3 and the like the places (p + 1/2) H / P - 1/2 are no float64."""
    for extent in range(1, 40):
        x = np.arange(extent, dtype=np.float32).reshape(1, 1, extent, 1)
        for size in range(1, 60):
            y = ops.warp2d(x, (1, size), interpolation="nearest", fill_mode="nearest")
            want = (2 * np.arange(size) + 1) * extent // (2 * size)
            assert y.ravel().tolist() == want.tolist()


@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("way", WAYS)
def test_backward_is_the_slope_of_forward(fill, way, impl, rng):
    shape = (2, 4, 5, 2)
    arguments = {"angle": (0.0, 0.5), "height": (0.5, 2.0), "width": None, "seed": 4}
    arguments |= {"fill_mode": fill, "interpolation": way}
    x, dy = image(rng, shape), image(rng, (2, 3, 4, 2))
    dx = ops.warp2d_backward(dy, shape, **arguments)

    def loss(x):
        return ops.warp2d(x, (3, 4), **arguments).astype(np.float64) * dy

    check_gradient(loss, [x], [dx], length=24)


def test_angles_are_uniform_and_each_image_has_its_own(impl):
    """A bright pixel far from the middle tells the angle it was turned by."""
    x = np.zeros((2000, 1, 101, 1), np.float32)
    x[:, 0, 100] = 1
    y = ops.warp2d(x, (101, 101), (0, 1), (101.0, 101.0), seed=3, interpolation="nearest")
    rows, columns = np.unravel_index(y[..., 0].reshape(2000, -1).argmax(axis=1), (101, 101))
    turns = np.arctan2(50 - rows, columns - 50) / (2 * np.pi) % 1
    seen = y.reshape(2000, -1).max(axis=1) > 0
    assert seen.mean() > 0.9
    counts = np.bincount((turns[seen] * 8).astype(int), minlength=8)
    assert (abs(counts - seen.sum() / 8) < 5 * np.sqrt(seen.sum() / 8)).all(), counts


@pytest.mark.parametrize("change", [{"seed": 1}, {"step": 1}, {"node": 1}], ids=str)
def test_seed_step_and_node_each_change_what_is_drawn(change, impl, rng):
    x = image(rng, (8, 5, 5, 1))
    plain, changed = (ops.warp2d(x, angle=(0, 1), **of) for of in ({}, change))
    assert (plain != changed).any(axis=(1, 2, 3)).all()


def test_a_draw_does_not_depend_on_the_batch(impl, rng):
    x = image(rng, (40, 6, 6, 3))
    arguments = {"angle": (0, 1), "height": (0.5, 1), "seed": 3}
    assert_same_bits(ops.warp2d(x[:7], **arguments), ops.warp2d(x, **arguments)[:7])


def test_every_table_shows_the_same_pixels(rng):
    """Not to the rounding alone: all of them agree on every place."""
    x, wanted = image(rng, (50, 20, 21, 3)), {}
    arguments = {"angle": (0, 1), "height": (0.5, 2), "width": None, "seed": 1}
    for table in runtime.implementations():
        with runtime.force(table):
            for fill in FILLS:
                got = ops.warp2d(x, (16, 18), **arguments, interpolation="nearest", fill_mode=fill)
                assert_same_bits(got, wanted.setdefault(fill, got), f"{fill} of {table}")


X = np.zeros((2, 5, 5, 3), np.float32)


@pytest.mark.parametrize(
    ("what", "call", "error", "words"),
    [
        ("rank 3", lambda: ops.warp2d(X[0], 2), ValueError, "x rank 4 (N, H, W, C) 3"),
        ("size 0", lambda: ops.warp2d(X, (0, 2)), ValueError, "size at least 1 (0, 2)"),
        ("size of 3", lambda: ops.warp2d(X, (1, 2, 3)), ValueError, "size (1, 2, 3)"),
        ("size 1.5", lambda: ops.warp2d(X, 1.5), TypeError, "size whole 1.5"),
        ("size 2**25", lambda: ops.warp2d(X, 2**25), ValueError, "at most 16777216 33554432"),
        ("angle", lambda: ops.warp2d(X, 2, "a"), TypeError, "angle 'a'"),
        ("angle back", lambda: ops.warp2d(X, 2, (0.5, 0.2)), ValueError, "angle (0.5, 0.2)"),
        ("angle of 3", lambda: ops.warp2d(X, 2, (1, 2, 3)), ValueError, "angle (low, high)"),
        ("angle NaN", lambda: ops.warp2d(X, 2, np.nan), ValueError, "angle nan"),
        ("angle far", lambda: ops.warp2d(X, 2, 1e9), ValueError, "angle 1e+09"),
        ("height 0", lambda: ops.warp2d(X, 2, height=0), ValueError, "height 0"),
        ("height below", lambda: ops.warp2d(X, 2, height=(-1, 1)), ValueError, "height -1"),
        ("width inf", lambda: ops.warp2d(X, 2, width=np.inf), ValueError, "width inf"),
        ("way", lambda: ops.warp2d(X, 2, interpolation="cubic"), ValueError, "'cubic' 'nearest'"),
        ("way 1", lambda: ops.warp2d(X, 2, interpolation=1), TypeError, "interpolation 1"),
        ("fill", lambda: ops.warp2d(X, 2, fill_mode="edge"), ValueError, "fill_mode 'edge'"),
        ("fill 1", lambda: ops.warp2d(X, 2, fill_mode=1), TypeError, "fill_mode 1"),
        ("NaN", lambda: ops.warp2d(X, 2, fill_value=np.nan), ValueError, "fill_value nan"),
        ("node", lambda: ops.warp2d(X, 2, node=2**32), ValueError, "node 4294967296"),
        ("seed", lambda: ops.warp2d(X, 2, seed=0.5), TypeError, "seed 0.5"),
        (
            "no pixels",
            lambda: ops.warp2d(X[:, :0], 2, fill_mode="wrap"),
            ValueError,
            "pixels constant (2, 0, 5, 3)",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_inputs(what, call, error, words):
    assert_refused(call, error, "warp2d", words)


def test_bad_inputs_of_the_backward_pass():
    op = "warp2d_backward"
    backward = ops.warp2d_backward
    assert_refused(lambda: backward(X[0], X.shape), ValueError, op, "dy rank 4 (5, 5, 3)")
    assert_refused(lambda: backward(X, (5, 5, 3)), ValueError, op, "x_shape 4")
    assert_refused(
        lambda: backward(X, (3, 5, 5, 3)), ValueError, op, "dy (3, 5, 5, 3) (2, 5, 5, 3)"
    )
