"""Metrics beside Keras's numbers, on their own and in plans.

The numbers were computed by Keras 3.15 on PyTorch: ``update_state`` with rows 0-24, 25-49 and
50-59, without weights and with them.
"""

import json

import numpy as np
import pytest

from brasa import metrics
from brasa.metrics import AUC, Mean, Metric, Sum
from tests.small import passing

_RNG = np.random.default_rng(3)
P = _RNG.random((60, 4)).astype(np.float32)
P[:3] = [[0], [1], [0.5]]
Y = (_RNG.random((60, 4)) < 0.4 * P + 0.3).astype(np.float32)
CLASSES = _RNG.integers(4, size=60)
ONE = np.eye(4, dtype=np.float32)[CLASSES]
Z = (_RNG.standard_normal((60, 4)) * 2).astype(np.float32)
T = (Z + _RNG.standard_normal((60, 4))).astype(np.float32)
WEIGHTS = (_RNG.random(60) * 2).astype(np.float32)
BATCHES = slice(0, 25), slice(25, 50), slice(50, 60)

LABELS = {"multi_label": True, "label_weights": [1.0, 2.0, 0.0, 3.0], "from_logits": True}
MAJOR = {"curve": "PR", "summation_method": "majoring", "thresholds": [0.3, 0.1, 0.9]}
ADJUSTED = {"class_aggregation": "variance_weighted_average", "num_regressors": 3}

# Name, arguments, targets, predictions, the result, that with weights.
CASES = [
    ("AUC", {}, Y, P, 0.659185, 0.672644),
    ("AUC", {"curve": "PR"}, Y, P, 0.647295, 0.673566),
    ("AUC", {"summation_method": "minoring", "num_thresholds": 7}, Y, P, 0.581833, 0.596599),
    ("AUC", MAJOR, Y, P, 0.62486, 0.678012),
    ("AUC", LABELS, Y, Z, 0.486036, 0.49922),
    ("TruePositives", {}, Y, P, 84.0, 81.450272),
    ("FalsePositives", {"thresholds": 0.7}, Y, P, 21.0, 17.770241),
    ("TrueNegatives", {}, Y, P, 67.0, 64.920898),
    ("FalseNegatives", {}, Y, P, 47.0, 43.432808),
    ("RootMeanSquaredError", {}, T, Z, 1.004175, 0.965998),
    ("MeanAbsolutePercentageError", {}, T, Z, 215.296417, 217.661133),
    ("MeanSquaredLogarithmicError", {}, T, Z, 0.086946, 0.073674),
    ("CosineSimilarity", {}, T, Z, 0.863156, 0.861389),
    ("LogCoshError", {}, T, Z, 0.383079, 0.36102),
    ("R2Score", {}, T, Z, 0.802251, 0.809389),
    ("R2Score", ADJUSTED, T, Z, 0.804084, 0.812434),
    ("Hinge", {}, Y, Z, 1.43331, 1.376092),
    ("KLDivergence", {}, ONE, P, 1.134485, 1.13855),
    ("Poisson", {}, Y, P, 0.956666, 0.982554),
    ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, Y, Z, 1.087774, 1.053581),
    ("F1Score", {"average": "macro"}, Y, P, 0.417059, 0.434919),
    ("F1Score", {"average": "micro", "threshold": 0.5}, Y, P, 0.653696, 0.673053),
    ("FBetaScore", {"average": "weighted", "beta": 2.0}, Y, P, 0.355868, 0.379661),
]


@pytest.mark.filterwarnings("ignore:compile")
@pytest.mark.parametrize(
    ("name", "arguments", "y", "p", "value", "weighed"), CASES, ids=[case[0] for case in CASES]
)
def test_values_are_those_of_keras(name, arguments, y, p, value, weighed):
    def metric():
        return getattr(metrics, name)(**arguments)

    for weights, want in ((None, value), (WEIGHTS, weighed)):
        alone = metric()
        for _ in range(2):
            for rows in BATCHES:
                alone.update_state(y[rows], p[rows], None if weights is None else weights[rows])
            assert alone.result() == pytest.approx(want, rel=3e-5)
            alone.reset_state()
        assert alone.result() == 0
    # The same over batches of a plan, the last of which is smaller.
    model = passing(watched=[metric()], weighted=[metric()])
    _, plain, weighted = model.evaluate(p, y, 25, sample_weight=WEIGHTS, verbose=0)
    assert (plain, weighted) == pytest.approx((value, weighed), rel=3e-5)
    assert model.objective.metrics[0][0].result() == plain
    twin = metrics.get(
        json.loads(json.dumps(metrics.serialize(metric()))), model.objective.losses[0], (None, 4)
    )
    assert twin.get_config() == metric().get_config()


def test_area_beside_the_exact_one():
    # Every pair of a one and a zero, by ranks; 200 thresholds take near predictions as equal.
    rng = np.random.default_rng(0)
    y = rng.random(2000) < 0.3
    p = np.clip(0.3 + 0.2 * rng.standard_normal(2000) + 0.2 * y, 0, 1).astype(np.float32)
    above = p[y][:, None] - p[~y][None]
    exact = (above > 0).mean() + (above == 0).mean() / 2
    assert AUC()(y, p) == pytest.approx(exact, abs=2e-4)
    assert AUC(num_thresholds=100_000)(y, p) == pytest.approx(exact, abs=1e-5)
    assert AUC()(y, np.where(y, 0.9, 0.1)) == pytest.approx(1)


@pytest.mark.parametrize(("one", "areas"), [(0.0, (0.0, 0.0)), (1.0, (0.0, 1.0))])
def test_areas_of_one_class(one, areas):  # as Keras has them
    found = [AUC(curve=curve)(np.full((5, 1), one), P[:5, :1]) for curve in ("ROC", "PR")]
    assert found == pytest.approx(areas)


def test_nan_is_not_hidden():
    assert np.isnan(AUC()([0, 1], [np.nan, 0.5]))
    assert np.isnan(metrics.R2Score()([[0.0], [1.0]], [[np.nan], [1.0]]))
    assert metrics.R2Score()([[1.0], [1.0]], [[0.0], [1.0]]) == 0  # nothing varies


def test_overlaps():
    # Confusion of 4 classes, class 3 ignored, its predictions not.
    z, t = Z.argmax(1), CLASSES
    there = t != 3
    hits = [(z[there] == k) & (t[there] == k) for k in range(4)]
    either = [(z[there] == k) | (t[there] == k) for k in range(4)]
    want = np.mean([h.sum() / e.sum() for h, e in zip(hits, either, strict=True)])
    for metric, y, p in [
        (metrics.MeanIoU(4, ignore_class=3), t, z),
        (
            metrics.MeanIoU(4, ignore_class=3, sparse_y_pred=False),
            t.reshape(6, 10),
            Z.reshape(6, 10, 4),
        ),
        (metrics.OneHotMeanIoU(4, ignore_class=3), ONE, Z),
    ]:
        assert metric(y, p) == pytest.approx(want)
        assert type(metric).from_config(metric.get_config()).get_config() == metric.get_config()
    assert metrics.IoU(4, [0, 2])(t, t) == 1
    assert metrics.MeanIoU(4).result() == 0


def test_means_and_sums():
    mean, total = Mean(), Sum()
    for metric in (mean, total):
        metric.update_state([1.0, 3.0, 5.0, 7.0], [1, 1, 0, 0])
        metric.update_state(np.array([[2.0, 4.0]]))
    assert (float(mean.result()), float(total.result())) == (pytest.approx(7 / 3), 10.0)
    with pytest.raises(TypeError, match="compile: metric 'mean' takes values, not y_true and"):
        passing(watched=[Mean()])


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: AUC()([0, 1], [0.5, 1.5]),
            ValueError,
            r"metric 'auc': y_pred holds 1.5, .* logits",
        ),
        (lambda: AUC(curve="DET"), ValueError, "AUC: curve must be one of ROC, PR, got 'DET'"),
        (lambda: AUC(num_thresholds=1), ValueError, "num_thresholds must be > 1, got 1"),
        (lambda: AUC(thresholds=[2.0]), ValueError, r"thresholds must lie in \[0, 1\]"),
        (
            lambda: AUC(num_labels=3, multi_label=True)(Y, P),
            ValueError,
            "num_labels is for 3 labels",
        ),
        (
            lambda: AUC()(Y, P, WEIGHTS[:9]),
            ValueError,
            r"sample_weight must have a shape with which",
        ),
        (lambda: metrics.F1Score("mean"), ValueError, "F1Score: average must be one of"),
        (lambda: metrics.F1Score(threshold=0), ValueError, r"threshold must be in \(0, 1\], got 0"),
        (lambda: metrics.R2Score("mean"), ValueError, "class_aggregation must be one of"),
        (lambda: metrics.IoU(2, [2]), ValueError, r"target_class_ids must be classes in \[0, 2\)"),
        (lambda: metrics.MeanIoU(4)(CLASSES, Z), ValueError, "sparse_y_pred=False takes values"),
        (lambda: metrics.TruePositives("x"), TypeError, "thresholds must be a number"),
        (lambda: metrics.MeanMetricWrapper(3), TypeError, "fn must be a function, got 3"),
        (lambda: Metric().add_weight().assign([1, 2]), ValueError, r"the shape \(\), got \(2,\)"),
        (
            lambda: Metric().add_weight("total"),
            TypeError,
            "shape must be whole numbers, got 'total'",
        ),
        (lambda: Metric()(1), NotImplementedError, r"Metric does not define update_state\(\)"),
    ],
)
def test_bad_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()
