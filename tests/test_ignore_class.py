"""SparseCategoricalCrossentropy(ignore_class=...), beside Keras and the rows that are left."""

import numpy as np
import pytest

from brasa import Input, Model, Sequential, layers, load_model, losses, metrics, optimizers
from tests.with_keras import keras

LABELS = np.array([2, 255, 0, 1, 255, 2, 1])
KNOWN = LABELS != 255
WEIGHTS = np.float32([1, 3, 0.5, 0, 2, 1, 4])


@pytest.fixture
def x(rng):
    return rng.standard_normal((len(LABELS), 3)).astype(np.float32)


def _probabilities(x):
    return np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True)


@pytest.mark.parametrize(
    "reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight", None]
)
@pytest.mark.parametrize("weight", [None, WEIGHTS], ids=["plain", "weighted"])
@pytest.mark.parametrize("ignored", [255, 1, -1])
@pytest.mark.parametrize("from_logits", [False, True])
def test_on_arrays(from_logits, ignored, weight, reduction, x):
    labels = np.where(LABELS == 255, ignored, LABELS)
    arguments = {"from_logits": from_logits, "ignore_class": ignored, "reduction": reduction}
    pred = x if from_logits else _probabilities(x)
    found = losses.SparseCategoricalCrossentropy(**arguments)(labels, pred, weight)
    theirs = keras().losses.SparseCategoricalCrossentropy(**arguments)
    want = np.asarray(theirs(labels, pred, sample_weight=weight))
    np.testing.assert_allclose(found, want, rtol=1e-5, atol=1e-6)


def _dense(loss, rng_seed=0):
    model = Sequential([layers.Dense(3, input_shape=(3,))])
    model.compile(optimizers.SGD(0.5), loss)
    rng = np.random.default_rng(rng_seed)
    model.set_weights(
        [rng.standard_normal(w.shape).astype(np.float32) for w in model.get_weights()]
    )
    return model


@pytest.mark.parametrize("weight", [None, WEIGHTS], ids=["plain", "weighted"])
@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight"])
def test_training_is_that_of_the_other_rows(reduction, weight, x):
    """Loss and gradients, of an array in one batch and batch by batch."""
    options = {"from_logits": True, "reduction": reduction}
    some = _dense(losses.SparseCategoricalCrossentropy(ignore_class=255, **options))
    rest = _dense(losses.SparseCategoricalCrossentropy(**options))
    kept = None if weight is None else weight[KNOWN]
    loss, slopes = some.compute_gradients(x, LABELS, weight)
    want, others = rest.compute_gradients(x[KNOWN], LABELS[KNOWN], kept)
    assert loss == pytest.approx(want, rel=1e-5)
    for slope, other in zip(slopes, others, strict=True):
        np.testing.assert_allclose(slope, other, rtol=1e-4, atol=1e-6)
    some.fit(x, LABELS, batch_size=7, epochs=2, sample_weight=weight, verbose=0)
    rest.fit(x[KNOWN], LABELS[KNOWN], batch_size=7, epochs=2, sample_weight=kept, verbose=0)
    np.testing.assert_allclose(some.predict(x), rest.predict(x), rtol=1e-4, atol=1e-5)
    some.fit(iter([(x, LABELS)]), verbose=0)
    assert np.isfinite(some.evaluate(x, LABELS, verbose=0))


def test_pixels_and_metrics(rng):
    """Accuracies see all rows, as in Keras; a metric of one's own the labels as they were given."""
    seen = []

    class Labels(metrics.Metric):
        def update_state(self, y_true, y_pred, sample_weight=None):
            seen.append(np.array(y_true))

        def result(self):
            return 0.0

    x = rng.standard_normal((2, 4, 4, 3)).astype(np.float32)
    y = rng.integers(0, 3, (2, 4, 4)).astype(np.uint8)
    y[:, 0] = 255
    model = Sequential([layers.Activation("softmax", input_shape=(4, 4, 3)), layers.Conv2D(3, 1)])
    model.set_weights([np.eye(3, dtype=np.float32)[None, None], np.zeros(3, np.float32)])
    loss = losses.SparseCategoricalCrossentropy(ignore_class=255)
    with pytest.warns(UserWarning, match="expects probabilities"):
        model.compile("sgd", loss, metrics=["accuracy", Labels()])
    logs = model.evaluate(x, y, verbose=0, return_dict=True)
    p = _probabilities(x.astype(np.float64))[:, 1:].reshape(-1, 3)
    each = -np.log(p[np.arange(len(p)), y[:, 1:].ravel()])
    assert logs["loss"] == pytest.approx(each.mean(), rel=1e-5)
    assert logs["accuracy"] == pytest.approx((x.argmax(-1) == y).mean())
    np.testing.assert_array_equal(seen[0], y)


def test_beside_a_mask_of_steps(rng):
    ids = np.array([[1, 2, 3, 0], [4, 1, 0, 0]])
    y = np.array([[0, 255, 2, 1], [255, 1, 2, 2]])
    steps = Input((4,), dtype="int32")
    h = layers.Embedding(5, 3, mask_zero=True)(steps)
    model = Model(steps, layers.Activation("softmax")(h))
    model.compile("sgd", losses.SparseCategoricalCrossentropy(ignore_class=255))
    p = model.predict(ids).astype(np.float64)
    places = [(0, 0), (0, 2), (1, 1)]
    want = -np.mean([np.log(p[n, t, y[n, t]]) for n, t in places])
    assert model.evaluate(ids, y, verbose=0) == pytest.approx(want, rel=1e-5)
    weight = np.float32([[1, 1, 2, 1], [9, 3, 1, 1]])
    want = -np.mean([weight[n, t] * np.log(p[n, t, y[n, t]]) for n, t in places])
    assert model.evaluate(ids, y, sample_weight=weight, verbose=0) == pytest.approx(want, rel=1e-5)


def test_nothing_left_is_no_loss(x):
    model = _dense(losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=255))
    loss, slopes = model.compute_gradients(x, np.full(7, 255))
    assert loss == 0
    assert not any(slope.any() for slope in slopes)


def test_files_and_configs(x, tmp_path):
    loss = losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=255)
    assert losses.deserialize(losses.serialize(loss)).ignore_class == 255
    model = _dense(loss)
    model.save(tmp_path / "model.brasa")
    again = load_model(tmp_path / "model.brasa")
    assert again.evaluate(x, LABELS, verbose=0) == model.evaluate(x, LABELS, verbose=0)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda m, x: m.evaluate(x, LABELS + 1), IndexError, "label in row"),
        (lambda m, x: m.evaluate(x, LABELS.astype(float)), TypeError, "whole numbers"),
        (lambda m, x: m.evaluate(x, LABELS[:3]), ValueError, "y has 3"),
        (
            lambda m, x: m.compile("sgd", m.loss, metrics=["sparse_categorical_crossentropy"]),
            ValueError,
            "knows nothing",
        ),
        (
            lambda m, x: losses.SparseCategoricalCrossentropy(ignore_class="0"),
            TypeError,
            "ignore_class must be a whole number",
        ),
        (
            lambda m, x: losses.SparseCategoricalCrossentropy(ignore_class=2**40),
            ValueError,
            "fit int32",
        ),
    ],
)
def test_refused(call, error, message, x):
    model = _dense(losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=255))
    with pytest.raises(error, match=message):
        call(model, x)
