"""Worked examples of lecture slides. Whole numbers below 2^24 must come out exactly.

The file keeps the slides' order, images (C,H,W) and filters (K,C,R,S), and says where a slide errs.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from brasa import ops
from brasa.testing.assertions import ROUNDING, assert_close

DATA = Path(__file__).parent.parent / "data" / "seed_examples.json"
EXAMPLES = json.loads(DATA.read_text(encoding="utf-8"))["examples"]


def image(chw):
    """(1, H, W, C) from a slide's channels, or from one channel."""
    x = np.float32(chw)
    return (x if x.ndim == 3 else x[None]).transpose(1, 2, 0)[None]


def filters(kcrs):
    """(R, S, C, K) from a slide's filters, or from one filter of one channel."""
    w = np.float32(kcrs)
    return (w if w.ndim == 4 else w[None, None]).transpose(2, 3, 1, 0)


def slide(y):
    """The channels of the only image, as a slide shows them."""
    return y[0].transpose(2, 0, 1)


@pytest.mark.parametrize("kind", ["cross_correlation", "true_convolution"])
def test_convolution_of_three_channels_with_two_filters_and_relu(kind, impl):
    e = EXAMPLES["cs231n_conv_5x5x3_pad1_2filters"]
    # A true convolution is the cross-correlation with the filter rotated by 180 degrees.
    x, w = image(e["x"]), filters(e["w_rot180" if kind == "true_convolution" else "w"])
    b = np.float32(e["b"])
    v = ops.conv2d(x, w, b, padding=e["pad"], strides=e["stride"])
    assert_close(slide(v), e[kind]["v"], 0, "v")
    y = ops.conv2d(x, w, b, padding=e["pad"], activation="relu")
    assert_close(slide(y), e[kind]["y_relu"], 0, "y")
    assert_close(ops.relu(v), y, 0)

    for c, partial in enumerate(np.float64(e[kind]["partial_sums_OCHW"]).swapaxes(0, 1)):
        one = ops.conv2d(x[..., c : c + 1], w[:, :, c : c + 1], padding=1)
        assert_close(slide(one), partial, 0, f"channel {c}")

    want = e["derived_not_in_deck"][kind]
    dv = ops.relu_backward(np.ones_like(y), y)
    assert_close(slide(dv), want["dv"], 0, "dv")
    dx, dw, db = ops.conv2d_backward(dv, x, w, padding=e["pad"])
    assert_close(slide(dx), want["dx"], 0, "dx")
    assert_close(dw, filters(want["dw_rot180" if "dw_rot180" in want else "dw"]), 0, "dw")
    assert_close(db, want["db"], 0, "db")


def test_convolution_of_an_rgb_patch_with_a_bias(impl):
    e = EXAMPLES["rgb_conv_pad1_bias1"]
    y = ops.conv2d(image(e["x"]), filters(e["w"]), np.float32(e["b"]), e["stride"], e["pad"])
    assert_close(slide(y)[0], e["out"], 0)
    partials = ops.conv2d(
        image(e["x"]), filters(np.swapaxes(e["w"], 0, 1)), None, 1, e["pad"], groups=3
    )
    assert_close(slide(partials), e["partials"], 0)


def test_convolution_at_stride_two(impl):
    e = EXAMPLES["stride2_7x7_3x3"]
    y = ops.conv2d(image(e["x"]), filters(e["w"]), strides=e["stride"], padding=e["pad"])
    assert_close(slide(y)[0], e["y"], 0)


def test_a_shifted_impulse_moves_the_image(impl):
    e = EXAMPLES["gimp_shift_kernel"]
    y = slide(ops.conv2d(image(e["x"]), filters(e["w"])))[0]
    assert_close(y, e["valid_cross_correlation"], 0)
    assert y[1, 1] == e["centre_deck"]
    rotated = np.rot90(e["w"], 2)
    y = slide(ops.conv2d(image(e["x"]), filters(rotated)))[0]
    assert y[1, 1] == e["true_convolution_centre"]


def test_relu_of_a_map(impl):
    e = EXAMPLES["relu_5x5"]
    assert_close(ops.relu(np.float32(e["x"])), e["y"], 0)


def test_max_pooling_and_flatten(impl):
    e = EXAMPLES["maxpool_2x2_s2_flatten"]
    y, argmax = ops.max_pool2d(image(e["x"]))
    assert_close(slide(y)[0], e["y"], 0)
    assert_close(ops.reshape(y, (1, -1))[0], e["flatten"], 0)
    # The example counts places within each 2 x 2 window, we count pixels of the image.
    h, w = np.divmod(argmax[0, :, :, 0], 4)
    assert (2 * (h % 2) + w % 2).tolist() == e["argmax_in_window_first_wins"]
    average = ops.average_pool2d(image(e["x"]))
    assert_close(slide(average)[0], e["derived_not_in_deck"]["avg"], 0)


def test_max_pooling_with_and_without_overlap(impl):
    e = EXAMPLES["alexnet_maxpool_2x2"]
    derived = e["derived_not_in_deck"]
    assert_close(slide(ops.max_pool2d(image(e["x"]))[0])[0], e["y"], 0)
    y, _ = ops.max_pool2d(image(e["x"]), 3, 1)
    assert_close(slide(y)[0], derived["overlapping_3x3_s1"], 0)
    maps = EXAMPLES["cs231n_conv_5x5x3_pad1_2filters"]["true_convolution"]["y_relu"]
    y, _ = ops.max_pool2d(image(maps), 3, 2)
    assert_close(slide(y), derived["overlapping_3x3_s2_on_cs231n_y"], 0)


def test_flatten_reads_row_by_row(impl):
    e = EXAMPLES["flatten_3x3"]
    assert_close(ops.reshape(image(e["x"]), (1, -1))[0], e["y"], 0)


def test_softmax_of_five_numbers(impl):
    e = EXAMPLES["softmax_5"]
    y = ops.softmax(np.float32(e["x"]))
    assert_close(y, e["y"], 16 * ROUNDING * np.array(e["y"]))
    assert_close(y, e["deck"]["softmax"], 0.5e-4)


@pytest.mark.parametrize("case", EXAMPLES["categorical_crossentropy_3cases"]["cases"])
def test_categorical_cross_entropy_with_a_probability_of_zero(case, impl):
    p = np.float32([case["p"]])
    for labels in ([case["y"]], [case["y"].index(1)]):
        loss, _ = ops.cross_entropy(p, np.array(labels))
        assert_close(loss, case["ln"], 8 * ROUNDING)
        assert_close(loss / np.log(10), case["deck_log10"], 0.5e-4)


@pytest.mark.parametrize("case", EXAMPLES["binary_crossentropy_3cases"]["cases"])
def test_binary_cross_entropy(case, impl):
    loss, _ = ops.binary_cross_entropy(np.float32([[case["p"]]]), [[case["y"]]])
    assert_close(loss, case["ln"], 8 * ROUNDING)
    logit = np.log(case["p"] / (1 - case["p"]))
    loss, _ = ops.binary_cross_entropy(np.float32([[logit]]), [[case["y"]]], from_logits=True)
    assert_close(loss, case["ln"], 8 * ROUNDING)


def quadratic_gradient(w):
    """Of 0.5 * (w0^2 + 4 * w1^2)."""
    return (w * np.float32([1.0, 4.0])).astype(np.float32)


OPTIMIZERS = {  # trace: learning rate over eta, momentum
    "sgd": (1.0, 0.0),
    "keras_momentum": (1.0, 0.9),
    "deck_momentum_ema": (0.1, 0.9),  # an average of steps: heavy ball at (1 - alpha) eta
}


@pytest.mark.parametrize("trace", OPTIMIZERS)
def test_descent_on_a_quadratic_bowl(trace, impl):
    e = EXAMPLES["optimizer_traces_quadratic"]
    share, momentum = OPTIMIZERS[trace]
    w, v = np.float32(e["w0"]), np.zeros(2, np.float32)
    for step, want in enumerate(e[trace]):
        # Each step rounds the weights and the velocity, and the next ones carry it on.
        assert_close(w, want, 8 * (step + 1) * ROUNDING * 2, f"step {step}")
        ops.sgd_step(w, quadratic_gradient(w), v, share * e["eta"], momentum)


def test_lenet_has_the_shapes_and_parameters_of_the_slide(impl):
    e = EXAMPLES["lenet5_43"]
    shapes = [tuple(shape) for _, shape in e["shapes_channels_last"]]
    ones = lambda *shape: np.ones(shape, np.float32)  # noqa: E731
    weights = [(ones(5, 5, 1, 6), ones(6)), (ones(5, 5, 6, 16), ones(16))]
    weights += [(ones(d, u), ones(u)) for d, u in ((400, 120), (120, 84), (84, 43))]

    x = ones(2, *shapes[0])
    seen = [x.shape[1:]]
    for w, b in weights[:2]:
        x = ops.conv2d(x, w, b, activation="relu")
        seen.append(x.shape[1:])
        x, _ = ops.max_pool2d(x)
        seen.append(x.shape[1:])
    x = ops.reshape(x, (2, -1))
    seen.append(x.shape[1:])
    for w, b in weights[2:]:
        x = ops.dense(x, w, b)
        seen.append(x.shape[1:])
    assert seen == shapes
    counts = [w.size + b.size for w, b in weights]
    assert counts == e["params"]
    assert sum(counts) == e["total_params"]


def test_dense_works_on_the_last_axis_of_an_image(impl):
    e = EXAMPLES["keras_deck_dense_nd"]
    y = ops.dense(np.ones((2, *e["input_shape"]), np.float32), np.ones((3, e["units"]), np.float32))
    assert y.shape == (2, *e["output_shape"])
    assert 3 * e["units"] + e["units"] == e["params"]


def test_alexnet_shrinks_its_image_as_the_slide_says(impl):
    want = EXAMPLES["alexnet_shapes"]["spatial"]
    x = np.ones((1, want[0], want[0], 1), np.float32)
    layers = [(11, 4, 0), "pool", (5, 1, 2), "pool", *3 * [(3, 1, 1)], "pool"]
    seen = [x.shape[1]]
    for layer in layers:
        if layer == "pool":
            x, _ = ops.max_pool2d(x, 3, 2)
        else:
            size, stride, pad = layer
            x = ops.conv2d(x, np.ones((size, size, 1, 1), np.float32), None, stride, pad)
        seen.append(x.shape[1])
    assert seen == want
