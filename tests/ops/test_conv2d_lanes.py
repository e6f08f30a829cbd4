"""Convolution with the batch in the lanes. Contracts: csrc/ops/lanes.h, csrc/ops/conv2d_lanes.h."""

import numpy as np
import pytest

from brasa import _core, runtime
from brasa.ops.dispatch import run
from brasa.testing import cases, reference
from brasa.testing.assertions import assert_close, assert_same_bits, reduction_bound, ulp_bound

# Batches around the 4, 8 and 16 lanes; tiles of 1 to 6 filters and 1 to 7 columns; paddings wider
# than a tile, and one-sided ones.
CASES = (
    cases.Conv2dCase(8, 12, 12, 1, 6, 5),
    cases.Conv2dCase(13, 14, 14, 6, 16, 5),
    cases.Conv2dCase(9, 9, 7, 3, 5, 3, padding="same"),
    cases.Conv2dCase(16, 8, 11, 2, 12, 3, padding=2),
    cases.Conv2dCase(5, 6, 5, 4, 7, (2, 4), padding=((1, 0), (0, 3))),
    cases.Conv2dCase(17, 5, 6, 5, 9, 1),
    cases.Conv2dCase(4, 3, 3, 7, 2, 5, padding="same"),
    cases.Conv2dCase(3, 10, 13, 1, 1, 7, padding=3),
    cases.Conv2dCase(1, 4, 15, 2, 3, (1, 11), padding=5),
    cases.Conv2dCase(33, 7, 7, 3, 4, (3, 6), padding="same"),
    cases.Conv2dCase(2, 6, 6, 2, 32, 2),
    cases.Conv2dCase(6, 5, 4, 2, 3, 1, padding=2),
    # Tiles whose gradient for x leaves out the padding tap by tap, at both edges and between them.
    cases.Conv2dCase(3, 6, 21, 3, 5, 3),
    cases.Conv2dCase(2, 7, 28, 6, 4, 5),
    # Rows of dy for which the gradient for w takes several turns.
    cases.Conv2dCase(2, 11, 32, 1, 6, 5),
)


def in_lanes(x, repeat=True):
    return run("to_lanes", [np.ascontiguousarray(x)], {"repeat": repeat})[0]


def plain(y, rows):
    return run("from_lanes", [y], {"rows": rows})[0]


def attributes(case, **more):
    padding = case.window["padding"]
    if padding not in ("same", "valid"):
        (top, bottom), (left, right) = np.broadcast_to(padding, (2, 2))
        padding = [int(pad) for pad in (top, bottom, left, right)]
    return {"padding": padding, **more}


def bound(impl, want, length, magnitude):
    return ulp_bound(want) if impl == "ref" else reduction_bound(length, magnitude)


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("activation", [None, "relu", "tanh"])
def test_forward_equals_reference(case, activation, impl):
    x, w, b = case.inputs()
    window = attributes(case) if activation is None else attributes(case, activation=activation)
    (y,) = run("conv2d_lanes", [in_lanes(x), w, b], window)
    want = reference.conv2d(x, w, b, **case.window)
    magnitude = reference.conv2d(np.abs(x), np.abs(w), np.abs(b), **case.window)
    limit = bound(impl, want, case.length, magnitude) + ulp_bound(want, 4 if activation else 0)
    assert_close(plain(y, len(x)), reference.activate(want, activation), limit)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_pooled_forward_equals_convolution_then_pooling(case, impl):
    x, w, b = case.inputs()
    raw = run("conv2d_lanes", [in_lanes(x), w, None], attributes(case))[0]
    _, P, Q, _ = case.y_shape
    if P < 2 or Q < 2:
        with pytest.raises(ValueError, match="nothing to pool"):
            run("conv2d_lanes", [in_lanes(x), w, b], attributes(case, pool=True))
        return
    y, argmax = run(
        "conv2d_lanes", [in_lanes(x), w, b], attributes(case, pool=True, activation="relu")
    )
    maxima, places = reference.max_pool2d(plain(raw, len(x)), pool_size=2)
    want = np.maximum(maxima + b.astype(np.float64), 0)
    # The sum with the bias rounds once more, beside what it may cancel.
    assert_close(plain(y, len(x)), want, ulp_bound(np.abs(maxima) + np.abs(b), 1))
    found = plain(argmax.astype(np.float32), len(x))
    assert_same_bits(found.astype(np.int32), places)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_backward_equals_reference(case, impl):
    (x, w, _), dy = case.inputs(), case.dy()
    want = reference.conv2d_backward(dy, x, w, **case.window)
    magnitude = reference.conv2d_backward(np.abs(dy), np.abs(x), np.abs(w), **case.window)
    pixels = int(np.prod(case.y_shape[:3]))
    slope, images = in_lanes(dy, False), in_lanes(x)
    (dx,) = run(
        "conv2d_lanes_backward_data", [slope, w, None], attributes(case, x_shape=list(images.shape))
    )
    (dw,) = run(
        "conv2d_lanes_backward_weight",
        [slope, images, None],
        attributes(case, w_shape=list(w.shape)),
    )
    (db,) = run("bias_gradient_lanes", [slope])
    taps = int(np.prod(w.shape[:2])) * case.K
    got = (plain(dx, len(x)), dw, db)
    for i, (name, length) in enumerate((("dx", taps), ("dw", pixels), ("db", pixels))):
        assert_close(got[i], want[i], bound(impl, want[i], length, magnitude[i]), name)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_backward_spreads_the_gradient_of_a_pooling(case, impl):
    _, P, Q, _ = case.y_shape
    if P < 2 or Q < 2:
        pytest.skip("nothing to pool")
    x, w, _ = case.inputs()
    images = in_lanes(x)
    _, argmax = run("conv2d_lanes", [images, w, None], attributes(case, pool=True))
    pooled = in_lanes(case.dy()[:, : P // 2, : Q // 2], False)
    whole = in_lanes(
        reference.max_pool2d_backward(
            plain(pooled, len(x)),
            plain(argmax.astype(np.float32), len(x)).astype(np.int32),
            case.y_shape,
            pool_size=2,
        ).astype(np.float32),
        False,
    )
    for op, operand, extra in (
        ("conv2d_lanes_backward_data", w, {"x_shape": list(images.shape)}),
        ("conv2d_lanes_backward_weight", images, {"w_shape": list(w.shape)}),
    ):
        (want,) = run(op, [whole, operand, None], attributes(case, **extra))
        (got,) = run(op, [pooled, operand, argmax], attributes(case, **extra))
        assert_same_bits(got, want, op)


@pytest.mark.parametrize("case", CASES[:4], ids=str)
def test_threads_do_not_change_a_bit(case, impl, threads):
    (x, w, b), dy = case.inputs(), case.dy()
    results = []
    for count in (1, 2, 3, 11):
        runtime.set_threads(count)
        slope, images = in_lanes(dy, False), in_lanes(x)
        results.append(
            [
                *run("conv2d_lanes", [images, w, b], attributes(case, pool=True)),
                *run(
                    "conv2d_lanes_backward_data",
                    [slope, w, None],
                    attributes(case, x_shape=list(images.shape)),
                ),
                *run(
                    "conv2d_lanes_backward_weight",
                    [slope, images, None],
                    attributes(case, w_shape=list(w.shape)),
                ),
                *run("bias_gradient_lanes", [slope]),
            ]
        )
    for other in results[1:]:
        for got, want in zip(other, results[0], strict=True):
            assert_same_bits(got, want)


def test_a_nan_stays_in_its_image_and_wins_its_window(impl):
    x = np.ones((5, 6, 6, 1), np.float32)
    x[2, 3, 3, 0] = np.nan
    w = np.ones((1, 1, 1, 3), np.float32)
    y, argmax = run("conv2d_lanes", [in_lanes(x), w, None], {"padding": "valid", "pool": True})
    found = plain(y, 5)
    assert np.isnan(found[2, 1, 1]).all()
    assert np.isnan(found).sum() == 3
    assert plain(argmax.astype(np.float32), 5)[2, 1, 1, 0] == 3 * 6 + 3


def test_what_does_not_fit_is_refused(impl):
    lanes = _core.lanes()
    x, w = np.ones((1, 2, 6, 6, lanes), np.float32), np.ones((3, 3, 2, 4), np.float32)
    with pytest.raises(ValueError, match=r"conv2d_lanes: strides and dilation_rate must be 1"):
        run("conv2d_lanes", [x, w, None], {"strides": [2, 2]})
    with pytest.raises(ValueError, match=r"conv2d_lanes: w \(3, 3, 3, 4\) does not fit x"):
        run("conv2d_lanes", [x, np.ones((3, 3, 3, 4), np.float32), None], {})
