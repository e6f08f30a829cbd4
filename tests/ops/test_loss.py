"""The losses and their gradients. Contract: csrc/ops/loss.h."""

import numpy as np
import pytest

from brasa import ops
from brasa.testing import cases, reference
from brasa.testing.assertions import ROUNDING, assert_close, reduction_bound
from brasa.testing.gradcheck import check_gradient

LOSSES = (
    "softmax_cross_entropy",
    "cross_entropy",
    "binary_cross_entropy",
    "binary_cross_entropy_from_logits",
    "mean_squared_error",
    "mean_absolute_error",
    "huber",
)
CATEGORICAL = LOSSES[:2]


def inputs(name, case):
    """Predictions, and targets that are distributions."""
    wants_probabilities = name in ("cross_entropy", "binary_cross_entropy")
    pred = case.probabilities() if wants_probabilities else case.values(spread=3.0)
    return pred, case.probabilities("target")


def call(module, name, *arguments, **keywords):
    if name.endswith("_from_logits"):
        keywords["from_logits"] = True
    return getattr(module, name.removesuffix("_from_logits"))(*arguments, **keywords)


def bounds(name, pred, target, weight, delta=1.0):
    """Errors of the loss and of each gradient, from the roundings of the contract's formulas.

    Sums within a row are float32, over rows double; a function with a slope passes the error of
    its argument on, and adds 4 ulp of its own.
    """
    z, t, n = pred.astype(np.float64), target.astype(np.float64), pred.shape[-1]
    weight = np.ones(len(z)) if weight is None else weight.astype(np.float64)
    share = weight / len(z)
    ulps = 8 * ROUNDING
    if name == "softmax_cross_entropy":
        size = np.abs(z).max(-1) + np.log(n)
        row = reduction_bound(n, 1 + t.sum(-1) * size + (t * np.abs(z)).sum(-1)) + ulps * size
        distance = z.max(-1, keepdims=True) - z
        y = reference.softmax(z)
        own = ROUNDING * distance + ulps
        each = y * (own + (own * y).sum(-1, keepdims=True)) + reduction_bound(n, y) * 2
        each = each + reduction_bound(n, y * t.sum(-1, keepdims=True)) + ulps * t
    elif name == "cross_entropy":
        row = reduction_bound(n, t.sum(-1)) + reduction_bound(n, -(t * np.log(z)).sum(-1)) * 2
        row = row + ulps * t.sum(-1)
        each = reduction_bound(n, 2 * t.sum(-1, keepdims=True) + t / z) + ulps * t / z
    elif name == "binary_cross_entropy":
        row = reduction_bound(n, (1 - t * np.log(z) - (1 - t) * np.log(1 - z)).mean(-1))
        row = row + ulps * (t / z + (1 - t) / (1 - z)).mean(-1)
        each = ulps * (t / z + (1 - t) / (1 - z)) / n
    elif name == "binary_cross_entropy_from_logits":
        row = reduction_bound(n, (1 + np.abs(z) * (1 + t)).mean(-1)) * 2
        each = np.full(z.shape, ulps / n)
    elif name == "mean_absolute_error":
        row = reduction_bound(n, np.abs(z - t).mean(-1)) + ulps * np.abs(z - t).mean(-1)
        each = np.full(z.shape, ulps / n)
    elif name == "huber":
        slope = np.minimum(np.abs(z - t), delta)
        row = reduction_bound(n, (slope * np.abs(z - t)).mean(-1))
        row = row + ulps * (slope * np.abs(z - t)).mean(-1)
        each = ulps * slope / n
    else:
        difference = np.abs(z) + np.abs(t)
        row = reduction_bound(n, ((z - t) ** 2).mean(-1)) + ulps * (
            difference * np.abs(z - t)
        ).mean(-1)
        each = ulps * difference / n
    return (row * share).sum() + ulps * (row * share).sum(), (each + 1e-38) * share[:, None]


@pytest.mark.parametrize("case", cases.ROWS, ids=str)
@pytest.mark.parametrize("name", LOSSES)
def test_loss_and_gradient_equal_reference(name, case, impl):
    if name == "binary_cross_entropy" and case.classes == 1:
        return  # a softmax of one class is 1, where the clip acts
    pred, target = inputs(name, case)
    for weight in (None, case.weights()):
        loss, gradient = call(ops, name, pred, target, sample_weight=weight)
        want, want_gradient = call(reference, name, pred, target, sample_weight=weight)
        loss_bound, gradient_bound = bounds(name, pred, target, weight)
        assert isinstance(loss, float)
        assert_close(loss, want, loss_bound + ROUNDING * abs(want), "loss")
        assert_close(gradient, want_gradient, gradient_bound, "gradient")


@pytest.mark.parametrize("case", cases.ROWS, ids=str)
@pytest.mark.parametrize("name", CATEGORICAL)
def test_class_numbers_mean_one_hot_rows(name, case, impl):
    pred, _ = inputs(name, case)
    labels = case.labels()
    rows = reference.one_hot(labels, case.classes).astype(np.float32)
    want, want_gradient = call(reference, name, pred, labels)
    loss_bound, gradient_bound = bounds(name, pred, rows, None)
    for given in (labels, labels.astype(np.int64), rows):
        loss, gradient = call(ops, name, pred, given)
        assert_close(loss, want, loss_bound + ROUNDING * abs(want), f"loss of {given.dtype}")
        assert_close(gradient, want_gradient, gradient_bound, f"gradient of {given.dtype}")


@pytest.mark.parametrize("name", LOSSES)
def test_the_gradient_is_the_slope_of_the_loss(name, impl, rng):
    case = cases.RowsCase(3, 5)
    pred, target = inputs(name, case)
    weight = case.weights()
    _, gradient = call(ops, name, pred, target, sample_weight=weight)
    check_gradient(
        lambda p: call(ops, name, p, target, sample_weight=weight)[0], [pred], [gradient]
    )


@pytest.mark.parametrize("name", LOSSES)
def test_the_reference_gradient_is_the_slope_of_the_reference(name):
    case = cases.RowsCase(3, 5)
    pred, target = (np.float64(v) for v in inputs(name, case))
    weight = case.weights()
    _, gradient = call(reference, name, pred, target, sample_weight=weight)
    check_gradient(
        lambda p: call(reference, name, p, target, sample_weight=weight)[0], [pred], [gradient]
    )


def test_huge_logits_give_a_large_or_infinite_loss_and_never_nan(impl):
    for row, label in (([1e38, -1e38, 0], 0), ([1e38, -1e38, 0], 1), ([-1e38, -1e38, -1e38], 2)):
        loss, gradient = ops.softmax_cross_entropy(np.float32([row]), [label])
        assert not np.isnan(loss)
        assert np.isfinite(gradient).all()
    for logit in (1e38, -1e38, 200.0, -200.0):
        for target in (0.0, 1.0):
            pred = np.full((1, 1), logit, np.float32)
            loss, gradient = ops.binary_cross_entropy(pred, [[target]], from_logits=True)
            assert not np.isnan(loss)
            assert_close(gradient, [[float(logit > 0) - target]], 1e-30)


def test_a_target_of_zero_adds_nothing_even_for_a_probability_of_zero(impl):
    loss, gradient = ops.cross_entropy(np.float32([[0.0, 0.25, 0.75]]), [[0.0, 0.0, 1.0]])
    assert_close(loss, -np.log(0.75), 4 * ROUNDING)
    assert_close(gradient, [[1.0, 1.0, 1.0 - 1 / 0.75]], 8 * ROUNDING)


def test_a_clipped_probability_has_no_gradient(impl):
    loss, gradient = ops.cross_entropy(np.float32([[0.0, 1.0]]), [0])
    assert_close(loss, -np.log(1e-7), 16 * 8 * ROUNDING)
    assert_close(gradient, [[0.0, 0.0]], 0)
    loss, gradient = ops.binary_cross_entropy(np.float32([[0.0], [1.0]]), [[1.0], [0.0]])
    # 1 - 1e-7 rounds to 1 - 1.19e-7 in float32: a loss of 15.94 instead of 16.12.
    assert_close(loss, -np.log(1e-7), 0.2)
    assert_close(gradient, [[0.0], [0.0]], 0)


def test_perfect_predictions_cost_nothing(impl):
    pred = np.eye(5, dtype=np.float32)
    assert ops.mean_squared_error(pred, pred)[0] == 0.0
    assert ops.mean_absolute_error(pred, pred)[0] == 0.0
    assert ops.huber(pred, pred)[0] == 0.0
    assert ops.cross_entropy(pred, np.arange(5))[0] < 2e-7
    assert ops.softmax_cross_entropy(1000 * pred, np.arange(5))[0] == 0.0


@pytest.mark.parametrize("classes", [1, 3, 8, 17, 40])
def test_an_absolute_error_of_zero_has_no_slope(classes, impl):
    count = np.arange(70 * classes).reshape(70, classes)
    target, step = np.float32(count + 1), count % 3 - 1
    pred = np.nextafter(target, np.float32(target + step))
    weight = np.linspace(0, 2, 70, dtype=np.float32)
    loss, gradient = ops.mean_absolute_error(pred, target, weight)
    want, want_gradient = reference.mean_absolute_error(pred, target, weight)
    assert_close(loss, want, reduction_bound(classes, want))
    np.testing.assert_array_equal(np.sign(gradient), step * np.sign(weight)[:, None])
    assert_close(gradient, want_gradient, 4 * ROUNDING * np.abs(want_gradient))
    assert_close(ops.mean_absolute_error(np.float32([[-0.0]]), [[0.0]])[1], [[0.0]], 0)


@pytest.mark.parametrize("classes", [1, 3, 8, 17, 40])
def test_the_absolute_error_of_nan_is_nan_there_alone(classes, impl):
    pred, target = np.ones((70, classes), np.float32), np.zeros((70, classes), np.float32)
    pred[66, classes // 2] = np.nan
    pred[3, 0] = np.inf
    loss, gradient = ops.mean_absolute_error(pred, target)
    assert np.isnan(loss)
    want = np.full(pred.shape, 1 / pred.size)
    want[66, classes // 2] = np.nan
    np.testing.assert_allclose(gradient, want, rtol=4 * ROUNDING)
    pred[66, classes // 2] = 0
    assert ops.mean_absolute_error(pred, target)[0] == np.inf


@pytest.mark.parametrize("delta", [1e-3, 0.3, 1, np.float32(2.5), 1e30])
@pytest.mark.parametrize("classes", [1, 5, 16, 33])
def test_the_huber_loss_of_any_delta(classes, delta, impl):
    case = cases.RowsCase(70, classes)
    pred, target, weight = case.values(spread=3.0), case.values("target"), case.weights()
    loss, gradient = ops.huber(pred, target, delta, weight)
    want, want_gradient = reference.huber(pred, target, delta, weight)
    loss_bound, gradient_bound = bounds("huber", pred, target, weight, delta)
    assert_close(loss, want, loss_bound + ROUNDING * abs(want), "loss")
    assert_close(gradient, want_gradient, gradient_bound, "gradient")


@pytest.mark.parametrize("classes", [1, 3, 8, 17, 40])
def test_the_huber_loss_bends_at_delta(classes, impl):
    delta = np.float32(0.75)
    around = [np.nextafter(delta, np.float32(0)), delta, np.nextafter(delta, np.float32(1))]
    errors = np.float32([*around, 0, *(-e for e in around)])
    pred = np.resize(errors, (70, classes))
    loss, gradient = ops.huber(pred, np.zeros_like(pred), delta)
    clipped = np.clip(np.float64(pred), -delta, delta)
    want = (clipped * (pred - clipped / 2)).mean()
    assert_close(loss, want, reduction_bound(classes, want) + 4 * ROUNDING * want)
    assert_close(gradient, clipped / pred.size, 4 * ROUNDING * delta / pred.size)
    assert_close(ops.huber([[delta], [-delta]], [[0.0], [0.0]], delta)[0], delta**2 / 2, 0)
    assert_close(ops.huber([[delta], [-delta]], [[0.0], [0.0]], delta)[1], [[0.375], [-0.375]], 0)


@pytest.mark.parametrize("classes", [1, 3, 8, 17, 40])
def test_the_huber_loss_of_nan_is_nan_there_alone(classes, impl):
    pred, target = np.ones((70, classes), np.float32), np.zeros((70, classes), np.float32)
    pred[66, classes // 2] = np.nan
    pred[3, 0], pred[4, 0] = np.inf, -np.inf
    loss, gradient = ops.huber(pred, target, 2.0)
    assert np.isnan(loss)
    want = np.full(pred.shape, 1 / pred.size)
    want[66, classes // 2] = np.nan
    want[3, 0], want[4, 0] = 2 / pred.size, -2 / pred.size
    np.testing.assert_allclose(gradient, want, rtol=4 * ROUNDING)
    pred[66, classes // 2] = 0
    assert ops.huber(pred, target, 2.0)[0] == np.inf


def test_the_squares_of_the_huber_loss_overflow_late(impl):
    # Half of 2e19 squared is a float32, 2e19 squared is not.
    loss, gradient = ops.huber(np.float32([[2e19]]), [[0.0]], 1e30)
    assert_close(loss, 2e38, 8 * ROUNDING * 2e38)
    assert_close(gradient, [[2e19]], 4 * ROUNDING * 2e19)


def test_weights_scale_their_rows(impl, rng):
    logits = rng.normal(size=(4, 3)).astype(np.float32)
    labels = np.array([0, 2, 1, 2])
    loss, gradient = ops.softmax_cross_entropy(logits, labels, np.float32([0, 2, 0, 1]))
    alone = [ops.softmax_cross_entropy(logits[i : i + 1], labels[i : i + 1]) for i in (1, 3)]
    assert_close(loss, (2 * alone[0][0] + alone[1][0]) / 4, 16 * ROUNDING)
    assert_close(gradient[[0, 2]], np.zeros((2, 3)), 0)
    assert_close(gradient[1], alone[0][1][0] / 2, 16 * ROUNDING)


def test_the_loss_of_many_rows_is_summed_without_drift(impl):
    # In float32 the running sum of 2^20 tenths would be off in the fourth digit.
    pred = np.full((1 << 20, 1), np.sqrt(np.float32(0.1)))
    loss, _ = ops.mean_squared_error(pred, np.zeros_like(pred))
    assert_close(loss, float(pred[0, 0]) ** 2, 4 * ROUNDING * 0.1)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("loss", [ops.mean_squared_error, ops.mean_absolute_error, ops.huber])
def test_targets_that_are_not_finite_are_named(loss, value):
    z, t = np.zeros((6, 40), np.float32), np.zeros((6, 40), np.float32)
    t[4, 33] = value
    weights = np.float32([1, 1, 1, 1, 0, 1])
    for more in ({}, {"sample_weight": weights}, {"out": np.empty_like(z)}, {"out": t}):
        with pytest.raises(ValueError, match=rf"y\[4, 33\] is {value}: targets must be finite"):
            loss(z, t, **more)
    z[2, 1] = np.nan  # of the predictions it is the result
    assert np.isnan(loss(z, np.zeros_like(z))[0])
