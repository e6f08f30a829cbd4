"""Metrics beside Keras's numbers, and those that Python updates beside the plans.

The numbers were computed by Keras 3.15 on PyTorch: ``update_state`` with rows 0-24, 25-49 and
50-59, without weights and with them.
"""

import copy
import json
import pickle

import numpy as np
import pytest

from brasa import Input, Model, Sequential, callbacks, layers, load_model, losses, metrics, ops
from brasa.metrics import AUC, Mean, Metric, Sum

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


def passing(loss="mse", watched=(), weighted=()):
    """A model whose predictions are its inputs."""
    model = Sequential([Input((4,)), layers.Dense(4, use_bias=False)])
    model.compile("sgd", loss, metrics=list(watched), weighted_metrics=list(weighted))
    model.set_weights([np.eye(4)])
    return model


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


class Largest(Metric):
    """The largest error, and the predictions of the epoch."""

    def __init__(self, factor=1.0, **options):
        super().__init__(**options)
        self.factor = factor
        self.error = self.add_weight(name="error", initializer="zeros")
        self.seen = []

    def update_state(self, y_true, y_pred, sample_weight=None):
        errors = np.abs(y_true - y_pred)
        if sample_weight is not None:
            errors = errors * sample_weight[..., None]
        self.error.assign(np.maximum(self.error, errors.max()))
        self.seen.append(y_pred)

    def result(self):
        return self.factor * self.error

    def reset_state(self):
        super().reset_state()
        self.seen = []

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


def test_a_metric_of_ones_own(tmp_path):
    model = passing(watched=[Largest(2.0), "mae"], weighted=[Largest()])
    kept = model.objective.metrics[0][0]
    weights = np.where(np.arange(60) < 50, WEIGHTS, 0.1).astype(np.float32)
    logs = model.evaluate(Z, T, 25, sample_weight=weights, verbose=0, return_dict=True)
    errors = np.abs(Z - T)
    want = {"largest": 2 * errors.max(), "weighted_largest": (errors.max(1) * weights).max()}
    assert {name: logs[name] for name in want} == pytest.approx(want, rel=1e-6)
    assert list(logs) == ["loss", "largest", "mae", "weighted_largest"] == model.metrics_names
    np.testing.assert_array_equal(np.concatenate(kept.seen), Z)
    model.save(tmp_path / "m.brasa")
    for twin in (
        copy.deepcopy(model),
        pickle.loads(pickle.dumps(model)),
        load_model(tmp_path / "m.brasa", custom_objects={"Largest": Largest}),
    ):
        again = twin.evaluate(Z, T, 60, sample_weight=weights, verbose=0, return_dict=True)
        assert again == pytest.approx(logs, rel=1e-6)
    stream = [(Z[rows], T[rows], weights[rows]) for rows in BATCHES]
    assert model.evaluate(stream, verbose=0, return_dict=True) == pytest.approx(logs, rel=1e-6)
    alone = model.test_on_batch(Z[:9], T[:9], return_dict=True)
    assert alone["largest"] == pytest.approx(2 * errors[:9].max())
    assert model.train_on_batch(Z[:9], T[:9], return_dict=True) == pytest.approx(alone)


def test_epochs_and_their_validation_and_an_evaluate_within():
    # Without a step's effect, the metrics of an epoch are those of the data.
    class Looks(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.evaluate(Z[:7], T[:7], verbose=0)

    model = passing(watched=[Largest(), AUC(from_logits=True), "root_mean_squared_error"])
    model.optimizer.learning_rate = 0.0
    history = model.fit(
        Z, Y, 25, 2, verbose=0, validation_data=(Z[:30], Y[:30]), callbacks=[Looks()]
    ).history
    for prefix, rows in (("", slice(60)), ("val_", slice(30))):
        error = Z[rows] - Y[rows]
        want = {
            "largest": np.abs(error).max(),
            "auc": AUC(from_logits=True)(Y[rows], Z[rows]),
            "root_mean_squared_error": np.sqrt((error**2).mean()),
        }
        for name, value in want.items():
            assert history[prefix + name] == pytest.approx([value] * 2, rel=1e-5)


def test_masks_and_outputs():
    ids = np.array([[1, 2, 0], [3, 0, 0], [1, 1, 2]])
    x = Input((3,), dtype="int32")
    steps = layers.Embedding(4, 5, mask_zero=True)(x)
    outputs = [layers.Dense(1, "sigmoid", name=name)(steps) for name in ("a", "b")]
    model = Model(x, outputs)
    model.compile(
        "sgd", "binary_crossentropy", metrics=[AUC(), Largest()], weighted_metrics=["TruePositives"]
    )
    y = [_RNG.integers(2, size=(3, 3, 1)).astype(np.float32) for _ in range(2)]
    weights = np.array([1.0, 2.0, 3.0], np.float32)
    logs = model.evaluate(ids, y, 2, sample_weight=weights, verbose=0, return_dict=True)
    for name, t, p in zip("ab", y, model.predict(ids, verbose=0), strict=True):
        there = ids != 0
        assert logs[f"{name}_auc"] == pytest.approx(AUC()(t[there], p[there]))
        assert logs[f"{name}_largest"] == pytest.approx(np.abs(t - p)[there].max())
        hits = ((p > 0.5) & (t == 1))[..., 0] * there * weights[:, None]
        assert logs[f"{name}_TruePositives"] == pytest.approx(hits.sum())


def test_class_numbers_softmax_and_results_that_are_no_numbers():
    class Each(metrics.MeanIoU):
        def result(self):
            return {"mean": super().result(), "classes": self.num_classes}

    model = Sequential([Input((4,)), layers.Dense(4, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=[Each(4, sparse_y_pred=False)])
    logs = model.evaluate(Z, CLASSES, 25, verbose=0, return_dict=True)
    want = metrics.MeanIoU(4)(CLASSES, model.predict(Z, verbose=0).argmax(1))
    assert logs["each_mean"] == pytest.approx(want)
    assert logs["each_classes"] == 4
    model.compile("sgd", "categorical_crossentropy", metrics=["f1_score"])
    history = model.fit(Z, ONE, 25, verbose=2).history
    assert history["f1_score"][0].shape == (4,)
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["kld"])
    with pytest.raises(ValueError, match="metric 'kld' compares numbers, but the loss takes class"):
        model.evaluate(Z, CLASSES)


def test_a_subclass_that_updates_itself_is_left_to_do_so():
    class Count(metrics.MeanSquaredError):
        def update_state(self, y_true, y_pred, sample_weight=None):
            self.total, self.count = self.total + len(y_true), 1.0

    def off(y_true, y_pred, by):
        return by * ops.mean(ops.abs(y_true - y_pred), axis=-1)

    model = passing(
        watched=[Count(), AUC, metrics.MeanMetricWrapper(off, "off", by=2.0), off_by_one]
    )
    *_, auc, twice, one = model.evaluate(P, Y, 25, verbose=0)
    assert model.evaluate(P, Y, 25, verbose=0)[1] == 60
    assert auc == pytest.approx(0.659185, rel=3e-5)
    assert (twice, one) == pytest.approx((2 * np.abs(P - Y).mean(), np.abs(P - Y).mean() + 1))


def off_by_one(y_true, y_pred):
    return ops.mean(ops.abs(y_true - y_pred), axis=-1) + 1.0


def test_two_of_one_name_get_numbers():
    model = passing(watched=["auc", AUC(curve="PR"), AUC()], loss=losses.Hinge())
    assert model.metrics_names == ["loss", "auc", "auc_1", "auc_2"]


class NoWeights(Metric):
    def update_state(self, y_true, y_pred):
        pass

    def result(self):
        return 0.0


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
        (lambda: Metric()(1), NotImplementedError, r"Metric does not define update_state\(\)"),
        (
            lambda: passing(weighted=[NoWeights()]).evaluate(Z, T, sample_weight=WEIGHTS),
            TypeError,
            r"metric 'no_weights': there are weights .* NoWeights.update_state\(\) takes no",
        ),
    ],
)
def test_bad_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()
