"""Metrics that Python updates beside the plans: those of this package, and those of one's own."""

import copy
import pickle

import numpy as np
import pytest

import brasa
from brasa import Input, Model, Sequential, callbacks, layers, load_model, losses, metrics, ops
from brasa.metrics import AUC, Metric
from tests.small import passing

_RNG = np.random.default_rng(3)
P = _RNG.random((60, 4)).astype(np.float32)
Y = (_RNG.random((60, 4)) < 0.4 * P + 0.3).astype(np.float32)
CLASSES = _RNG.integers(4, size=60)
ONE = np.eye(4, dtype=np.float32)[CLASSES]
Z = (_RNG.standard_normal((60, 4)) * 2).astype(np.float32)
T = (Z + _RNG.standard_normal((60, 4))).astype(np.float32)
WEIGHTS = (_RNG.random(60) * 2).astype(np.float32)
BATCHES = slice(0, 25), slice(25, 50), slice(50, 60)


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
    with pytest.raises(
        TypeError, match="'f1_score', which is an array of 4: it must be one number"
    ):
        model.fit(Z, ONE, 25, verbose=0, callbacks=[callbacks.EarlyStopping("f1_score")])
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
    assert auc == pytest.approx(AUC()(Y, P))
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


def test_weights_that_it_does_not_take_are_refused():
    model = passing(weighted=[NoWeights()])
    message = r"metric 'no_weights': there are weights .* NoWeights.update_state\(\) takes no"
    with pytest.raises(TypeError, match=message):
        model.evaluate(Z, T, sample_weight=WEIGHTS)


def test_watching_changes_no_bit():
    found = []
    for watched in ([], [metrics.MeanIoU(4, sparse_y_pred=False), "accuracy"]):
        brasa.set_seed(3)
        model = Sequential(
            [
                Input((6, 6, 1)),
                layers.Conv2D(4, 3, activation="relu"),
                layers.MaxPooling2D(2),
                layers.BatchNormalization(),
                layers.Flatten(),
                layers.Dense(4, "softmax"),
            ]
        )
        model.compile("adam", "sparse_categorical_crossentropy", metrics=watched)
        x = np.random.default_rng(1).random((60, 6, 6, 1), dtype=np.float32)
        loss = model.fit(x, CLASSES, 25, 2, verbose=0).history["loss"]
        found.append([np.array(loss), *model.get_weights()])
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)
