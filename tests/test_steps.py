"""Losses and metrics over the steps of sequences: weights, and masks of padding."""

import numpy as np
import pytest

from brasa import Sequential, layers, losses, ops
from brasa.testing.assertions import assert_same_bits
from tests.sequences import IDS, LABELS, C, N, T, V, cross_entropies, tagger

# ---- weights --------------------------------------------------------------------------------


def test_the_loss_is_the_mean_over_all_steps():
    model = tagger()
    each = cross_entropies(model, IDS, LABELS)
    got = model.evaluate(IDS, LABELS, batch_size=4, return_dict=True)
    assert got["loss"] == pytest.approx(each.mean(), rel=1e-6)
    right = model.predict(IDS).argmax(-1) == LABELS
    assert got["accuracy"] == pytest.approx(right.mean(), rel=1e-6)
    loss = losses.SparseCategoricalCrossentropy()(LABELS, model.predict(IDS))
    assert loss == pytest.approx(each.mean(), rel=1e-6)


@pytest.mark.parametrize("shape", [(N,), (N, T)], ids=str)
def test_weights_of_samples_or_of_steps(shape, rng):
    model = tagger()
    each = cross_entropies(model, IDS, LABELS)
    weight = rng.random(shape).astype(np.float32)
    steps = weight if weight.ndim == 2 else weight[:, None]
    got = model.evaluate(IDS, LABELS, batch_size=4, sample_weight=weight, return_dict=True)
    assert got["loss"] == pytest.approx((each * steps).mean(), rel=1e-6)
    eager = losses.SparseCategoricalCrossentropy()(LABELS, model.predict(IDS), weight)
    assert eager == pytest.approx((each * steps).mean(), rel=1e-6)
    model.fit(IDS, LABELS, sample_weight=weight, batch_size=4, verbose=0)


@pytest.mark.parametrize("shape", [(N, T + 1), (T,), (N, T, 2), (N, T, C), ()], ids=str)
def test_weights_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"sample_weight must have the shape \(6,\) or \(6, 5\)"):
        tagger().fit(IDS, LABELS, sample_weight=np.ones(shape), verbose=0)


def test_a_label_of_a_step_that_is_no_class_is_named():
    labels = LABELS.copy()
    labels[2, 3] = C
    with pytest.raises(IndexError, match=r"the label at \[2, 3\] is 3, but there are 3 classes"):
        tagger().fit(IDS, labels, verbose=0)


def test_steps_without_weight_do_not_train():
    first, second = tagger(), tagger()
    second.build((None, T))
    first.build((None, T))
    second.set_weights(first.get_weights())
    weight = np.zeros((N, T))
    weight[:, 0] = 1
    other = LABELS.copy()
    other[:, 1:] = (other[:, 1:] + 1) % C
    first.fit(IDS, LABELS, sample_weight=weight, shuffle=False, verbose=0)
    second.fit(IDS, other, sample_weight=weight, shuffle=False, verbose=0)
    assert_same_bits(first.get_weights(), second.get_weights())


def test_class_weights_count_for_steps():
    model = tagger()
    weight = {0: 0.5, 1: 2.0, 2: 1.0}
    each = cross_entropies(model, IDS, LABELS) * np.vectorize(weight.get)(LABELS)
    logs = model.fit(IDS, LABELS, class_weight=weight, verbose=0, batch_size=N).history
    assert logs["loss"][0] == pytest.approx(each.mean(), rel=1e-6)


@pytest.mark.parametrize(
    "loss", ["categorical_crossentropy", "huber", "mae", "mse", "binary_crossentropy"]
)
def test_dense_targets_of_steps(loss):
    model = (
        tagger(loss=losses.get(loss))
        if loss != "binary_crossentropy"
        else Sequential([layers.Embedding(V, 4), layers.Dense(C, "sigmoid")])
    )
    model.compile("sgd", loss, metrics=["mae", "mse"])
    y = np.eye(C, dtype=np.float32)[LABELS]
    z = model.predict(IDS).astype(np.float64)
    each = {
        "categorical_crossentropy": lambda: -(y * np.log(z)).sum(-1),
        "huber": lambda: ((z - y) ** 2 / 2).mean(-1),
        "mae": lambda: np.abs(z - y).mean(-1),
        "mse": lambda: ((z - y) ** 2).mean(-1),
        "binary_crossentropy": lambda: -(y * np.log(z) + (1 - y) * np.log(1 - z)).mean(-1),
    }[loss]()
    weight = np.linspace(0, 1, N * T).reshape(N, T)
    got = model.evaluate(IDS, y, batch_size=4, sample_weight=weight, return_dict=True)
    assert got["loss"] == pytest.approx((each * weight).mean(), rel=1e-5)
    assert got["mae"] == pytest.approx(np.abs(z - y).mean(), rel=1e-5)
    assert got["mse"] == pytest.approx(((z - y) ** 2).mean(), rel=1e-5)


# ---- masks ---------------------------------------------------------------------------------


def padded():
    ids = IDS.copy()
    for row, length in enumerate((5, 3, 1, 4, 0, 2)):
        ids[row, length:] = 0
    return ids, ids != 0


def test_masked_steps_count_neither_in_the_loss_nor_in_the_metrics():
    ids, counts = padded()
    model = tagger(mask_zero=True)
    each = cross_entropies(model, ids, LABELS)
    right = model.predict(ids).argmax(-1) == LABELS
    got = model.evaluate(ids, LABELS, batch_size=N, return_dict=True)
    assert got["loss"] == pytest.approx(each[counts].mean(), rel=1e-6)
    assert got["accuracy"] == pytest.approx(right[counts].mean(), rel=1e-6)


def test_metrics_are_means_over_all_steps_that_count_and_losses_over_samples():
    """As in Keras: the loss of each batch, weighted by its samples; metrics by their steps."""
    ids, counts = padded()
    model = tagger(mask_zero=True)
    each = cross_entropies(model, ids, LABELS)
    right = model.predict(ids).argmax(-1) == LABELS
    got = model.evaluate(ids, LABELS, batch_size=4, return_dict=True)
    batches = [(slice(0, 4), 4), (slice(4, 6), 2)]
    loss = sum(each[rows][counts[rows]].mean() * size for rows, size in batches) / N
    assert got["loss"] == pytest.approx(loss, rel=1e-6)
    assert got["accuracy"] == pytest.approx(right[counts].mean(), rel=1e-6)


def test_a_mask_and_weights_multiply(rng):
    ids, counts = padded()
    model = tagger(mask_zero=True)
    weight = rng.random((N, T)).astype(np.float32)
    each = cross_entropies(model, ids, LABELS) * weight
    got = model.evaluate(ids, LABELS, batch_size=N, sample_weight=weight, return_dict=True)
    assert got["loss"] == pytest.approx(each[counts].sum() / counts.sum(), rel=1e-6)


def test_a_batch_of_padding_alone_changes_nothing():
    model = tagger(mask_zero=True)
    zeros = np.zeros((2, T), int)
    model.predict(zeros)
    before = model.get_weights()
    assert model.train_on_batch(zeros, LABELS[:2], return_dict=True) == {"loss": 0, "accuracy": 0}
    assert_same_bits(model.get_weights(), before)


def test_the_gradient_of_a_masked_loss_is_its_slope():
    ids, counts = padded()
    model = tagger(mask_zero=True)
    _, gradients = model.compute_gradients(ids, LABELS)
    weights = model.get_weights()
    for which, at in ((0, (int(ids[0, 0]), 1)), (1, (2, 0)), (2, (1,)), (0, (0, 2))):
        slopes = []
        for step in (1e-2, -1e-2):
            moved = [w.copy() for w in weights]
            moved[which][at] += step
            model.set_weights(moved)
            slopes.append(cross_entropies(model, ids, LABELS)[counts].mean() / 2e-2)
        assert gradients[which][at] == pytest.approx(slopes[0] - slopes[1], abs=2e-5)


def test_padding_behind_masking_does_not_matter(rng):
    x = rng.standard_normal((N, T, 2)).astype(np.float32)
    _, counts = padded()
    x[~counts] = 0
    losses_of = []
    for labels in (LABELS, np.where(counts, LABELS, 0)):
        model = Sequential(
            [layers.Masking(), layers.Dense(C, "softmax", kernel_initializer="ones")]
        )
        model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(x, labels, epochs=3, verbose=0)
        losses_of.append(model.evaluate(x, labels))
    assert losses_of[0] == losses_of[1]


@pytest.mark.parametrize("metric", ["mae", "mse", "categorical_accuracy", "binary_accuracy"])
def test_masked_metrics_of_dense_targets(metric):
    ids, counts = padded()
    model = Sequential([layers.Embedding(V, 4, mask_zero=True), layers.Dense(C, "softmax")])
    model.compile("sgd", "categorical_crossentropy", metrics=[metric])
    y = np.eye(C, dtype=np.float32)[LABELS]
    z = model.predict(ids)
    want = {
        "mae": lambda: np.abs(z - y).mean(-1),
        "mse": lambda: ((z - y) ** 2).mean(-1),
        "categorical_accuracy": lambda: z.argmax(-1) == LABELS,
        "binary_accuracy": lambda: ((z > 0.5) == (y > 0.5)).mean(-1),
    }[metric]()
    got = model.evaluate(ids, y, batch_size=4, return_dict=True)[metric]
    assert got == pytest.approx(want[counts].mean(), rel=1e-5)


def test_a_mask_that_does_not_fit_the_predictions_is_an_error():
    class Summed(layers.Layer):
        supports_masking = True

        def call(self, x):
            return ops.reshape(x, (x.shape[0], x.shape[1] * x.shape[2]))

    model = Sequential([layers.Embedding(V, 4, mask_zero=True), Summed()])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"mask of the shape \(6, 5\)"):
        model.evaluate(IDS, np.zeros((N, 4 * T)))
