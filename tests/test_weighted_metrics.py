"""Metrics in which a sample counts as often as its weight says."""

import copy

import numpy as np
import pytest

import brasa
from brasa import Input, Model, Sequential, layers, load_model, ops
from brasa.metrics import Precision

RNG = np.random.default_rng(5)
X = RNG.standard_normal((50, 6)).astype(np.float32)
CLASSES = RNG.integers(0, 3, 50)
YES = (RNG.random((50, 2)) < 0.5).astype(np.float32)
# A whole batch of 8 without any weight among them.
WEIGHTS = np.where(np.arange(50) // 8 == 2, 0, RNG.random(50) * 3).astype(np.float32)


def distance(y_true, y_pred):
    return ops.mean(ops.abs(y_true - y_pred), axis=-1)


def model_of(units, activation, loss, watched):
    brasa.set_seed(1)
    model = Sequential([Input((6,)), layers.Dense(units, activation)])
    model.compile("sgd", loss, metrics=watched, weighted_metrics=watched)
    return model


def test_they_weigh_and_metrics_do_not():
    watched = ["accuracy", Precision(), "recall", "mae", "mse", distance]
    model = model_of(2, "sigmoid", "mse", ["binary_accuracy", *watched[1:]])
    logs = model.evaluate(X, YES, batch_size=8, sample_weight=WEIGHTS, return_dict=True)
    p = model.predict(X)
    yes, one, error = p > 0.5, YES == 1, np.abs(p - YES)
    for prefix, w in (("", np.ones((50, 1))), ("weighted_", WEIGHTS[:, None])):
        want = {
            "binary_accuracy": (w * (yes == one)).sum() / (2 * w.sum()),
            "precision": (w * (yes & one)).sum() / (w * yes).sum(),
            "recall": (w * (yes & one)).sum() / (w * one).sum(),
            "mae": (w * error).sum() / (2 * w.sum()),
            "mse": (w * error**2).sum() / (2 * w.sum()),
            "distance": (w * error).sum() / (2 * w.sum()),
        }
        assert {name: logs[prefix + name] for name in want} == pytest.approx(want, rel=1e-5)
    assert list(logs) == ["loss", *want, *(f"weighted_{name}" for name in want)]
    plain = model.evaluate(X, YES, batch_size=8, return_dict=True)
    for name in want:
        assert plain[f"weighted_{name}"] == plain[name] == logs[name]


def test_weights_of_classes_in_fit_and_of_samples_in_validation():
    model = model_of(3, "softmax", "sparse_categorical_crossentropy", ["accuracy"])
    model.optimizer.learning_rate = 0.0
    class_weight = {0: 0.5, 1: 2.0, 2: 1.0}
    history = model.fit(
        X,
        CLASSES,
        batch_size=8,
        class_weight=class_weight,
        validation_data=(X, CLASSES, WEIGHTS),
        verbose=0,
    ).history
    right = model.predict(X).argmax(-1) == CLASSES
    by_class = np.array([class_weight[c] for c in CLASSES])
    want = {
        "accuracy": right.mean(),
        "weighted_accuracy": (by_class * right).sum() / by_class.sum(),
        "val_accuracy": right.mean(),
        "val_weighted_accuracy": (WEIGHTS * right).sum() / WEIGHTS.sum(),
    }
    assert {name: history[name][0] for name in want} == pytest.approx(want, rel=1e-5)


def test_steps_that_a_mask_leaves_out_weigh_nothing(rng):
    ids, y = rng.integers(0, 4, (20, 5)), rng.integers(0, 3, (20, 5))
    ids[:, 0] = 1  # each sequence has a step that counts
    w = rng.random((20, 5)).astype(np.float32)
    model = Sequential([Input((5,)), layers.Embedding(4, 3, mask_zero=True), layers.Dense(3)])
    model.compile("sgd", "mse", weighted_metrics=["categorical_accuracy", "mae"])
    logs = model.evaluate(ids, np.eye(3)[y], 8, sample_weight=w, return_dict=True)
    p, each = model.predict(ids), w * (ids != 0)
    right, error = p.argmax(-1) == y, np.abs(p - np.eye(3)[y]).mean(-1)
    want = [(each * value).sum() / each.sum() for value in (right, error)]
    assert [logs["categorical_accuracy"], logs["mae"]] == pytest.approx(want, rel=1e-5)


def test_copies_and_files_keep_them(tmp_path):
    model = model_of(2, "sigmoid", "mse", ["mae", distance])
    model.save(tmp_path / "model")
    twins = [load_model(tmp_path / "model", {"distance": distance}), copy.deepcopy(model)]
    told = model.evaluate(X, YES, sample_weight=WEIGHTS, return_dict=True)
    for twin in twins:
        assert twin.evaluate(X, YES, sample_weight=WEIGHTS, return_dict=True) == told
    assert len(told) == 5


def test_each_output_has_its_own():
    x = Input((6,))
    outputs = [layers.Dense(2, name="a")(x), layers.Dense(2, name="b")(x)]
    model = Model(x, outputs)
    model.compile("sgd", "mse", metrics={"b": "mae"}, weighted_metrics={"b": "mae"})
    logs = model.evaluate(
        X, [YES, YES], sample_weight={"b": WEIGHTS}, batch_size=50, return_dict=True
    )
    error = np.abs(model.predict(X)[1] - YES).mean(-1)
    assert logs["b_mae"] == pytest.approx(error.mean(), rel=1e-5)
    weighted = (WEIGHTS * error).sum() / WEIGHTS.sum()
    assert logs["b_weighted_mae"] == pytest.approx(weighted, rel=1e-5)
    with pytest.raises(ValueError, match=r"weighted_metrics names no output: \['c'\]"):
        model.compile("sgd", "mse", weighted_metrics={"c": "mae"})
