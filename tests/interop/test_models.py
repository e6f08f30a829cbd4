"""Models that train on what lies on their device."""

import gc

import numpy as np
import pytest

import brasa
from brasa import _core, runtime
from brasa.buffers import upload
from brasa.layers import Dense
from brasa.testing.assertions import assert_same_bits
from tests.interop.conftest import DEVICE, Foreign, emulated, there_or_here

LOSS = brasa.losses.SparseCategoricalCrossentropy(from_logits=True)


@emulated
def test_models_predict_from_and_into_the_device(x):
    with brasa.device(DEVICE):
        model = brasa.Sequential([Dense(3, activation="relu", input_shape=(6,))])
    want = model.predict(x)
    there = upload(x, DEVICE)
    for batch in (4, 3):
        y = model.predict(there, batch_size=batch)
        assert isinstance(y, _core.DeviceArray)
        np.testing.assert_allclose(y.numpy(), want, rtol=1e-6)
    assert_same_bits(model.predict_on_batch(Foreign(there)).numpy(), want)


def trainee(loss=LOSS, place=DEVICE, width=6):
    brasa.set_seed(1)
    model = brasa.Sequential([Dense(3, input_shape=(width,))])
    model.compile("sgd", loss, metrics=["accuracy"] if loss is LOSS else [], device=place)
    return model


@emulated
@pytest.mark.parametrize("x_type", ["float32", "float64", "uint8"])
@pytest.mark.parametrize("y_type", ["int32", "int64", "uint8"])
def test_models_train_on_what_lies_on_the_device(x_type, y_type, rng, monkeypatch):
    x = rng.integers(0, 9, (21, 6)).astype(x_type)
    y = rng.integers(0, 3, 21).astype(y_type)
    there = Foreign(upload(x, DEVICE)), Foreign(upload(y, DEVICE))
    got, want = trainee(), trainee()
    weight = rng.random(21).astype(np.float32)
    runs = []
    for model, (a, b), w in ((got, there, Foreign(upload(weight, DEVICE))), (want, (x, y), weight)):
        runs.append(
            [
                model.fit(a, b, 4, 2, 0, validation_data=(a, b, w)).history,
                model.fit(a, b, 4, 1, 0, sample_weight=w, validation_split=0.25).history,
                model.fit(a, b, 4, 1, 0, class_weight={0: 1, 1: 2, 2: 0.5}).history,
                model.evaluate(a, b, 8, 0, sample_weight=w),
                model.train_on_batch(a, b, w),
                model.test_on_batch(a, b),
                model.compute_gradients(a, b)[0],
                there_or_here(model.predict(a, batch_size=8)),
            ]
        )
    np.testing.assert_equal(runs[0], runs[1])
    for a, b in zip(got.get_weights(), want.get_weights(), strict=True):
        assert_same_bits(a, b)


@emulated
def test_what_lies_on_the_device_is_not_copied_there_again(rng):
    x = upload(rng.random((500, 40)).astype(np.float32), DEVICE)
    y = upload(rng.integers(0, 3, 500).astype(np.int32), DEVICE)
    model = trainee(width=40)
    gc.collect()
    free = runtime.free_memory(DEVICE)
    seen = []

    class Watch(brasa.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(free - runtime.free_memory(DEVICE))

    model.fit(x, y, 10, 1, 0, callbacks=[Watch()])
    assert 0 < seen[0] < x.nbytes // 4
    with pytest.raises(IndexError, match=r"the label in row 7 is 3, but there are 3 classes"):
        model.fit(x.rows(0, 9), upload(np.int32([0] * 7 + [3, 0]), DEVICE), verbose=0)


@emulated
@pytest.mark.parametrize(
    ("loss", "target"),
    [
        (brasa.losses.Huber(0.25), lambda rng: rng.random((10, 3))),
        ("mean_absolute_error", lambda rng: rng.random((10, 3))),
        ("mean_squared_error", lambda rng: rng.random((10, 3))),
        (brasa.losses.CategoricalCrossentropy(True), lambda rng: np.eye(3)[rng.integers(0, 3, 10)]),
        (brasa.losses.BinaryCrossentropy(True), lambda rng: rng.integers(0, 2, (10, 3))),
    ],
)
def test_dense_targets_on_the_device(loss, target, rng):
    x, y = rng.random((10, 6)).astype(np.float32), target(rng).astype(np.float32)
    got, want = trainee(loss), trainee(loss)
    # One of the two may stay here.
    for a, b in (
        (x, upload(y, DEVICE)),
        (upload(x, DEVICE), y),
        (upload(x, DEVICE), upload(y, DEVICE)),
    ):
        assert got.fit(a, b, 4, 1, 0).history == want.fit(x, y, 4, 1, 0).history
        assert got.train_on_batch(a, b) == want.train_on_batch(x, y)


@emulated
def test_numbers_of_characters_on_the_device(rng):
    x, y = rng.integers(0, 9, (2, 10, 6))
    results = []
    for ids, labels in ((x, y), (upload(x, DEVICE), upload(y, DEVICE))):
        brasa.set_seed(1)
        model = brasa.models.char_rnn(9, 5, 1, embedding=4)
        model.compile("adam", "sparse_categorical_crossentropy", device=DEVICE)
        history = model.fit(ids, labels, 4, 2, 0).history
        results.append((history, model.evaluate(ids, labels, verbose=0), model.predict(ids)))
    assert results[0][:2] == results[1][:2]
    assert_same_bits(results[1][2].numpy(), results[0][2])
    x[1, 2] = 9
    with pytest.raises(IndexError, match=r"fit: x\[1, 2\] is 9, but the embedding has 9 rows"):
        model.fit(upload(x, DEVICE), y)


@emulated
def test_several_inputs_of_which_one_lies_on_the_device(rng):
    a, b = brasa.Input((3,)), brasa.Input((2,))
    with brasa.device(DEVICE):
        model = brasa.Model([a, b], Dense(2)(brasa.layers.Concatenate()([a, b])))
    x = [rng.random((5, n)).astype(np.float32) for n in (3, 2)]
    want = model.predict(x)
    assert_same_bits(model.predict([x[0], upload(x[1], DEVICE)]).numpy(), want)
    assert_same_bits(model.predict([upload(v, DEVICE) for v in x], batch_size=2).numpy(), want)


@emulated
def test_what_looks_into_training_reads_the_device_too(rng):
    x, y = rng.random((12, 6)).astype(np.float32), rng.integers(0, 3, 12)
    broken = x.copy()
    broken[9, 2] = np.nan
    model = trainee()
    stop = brasa.callbacks.TerminateOnNaN()
    model.fit(upload(broken, DEVICE), upload(y, DEVICE), 4, 2, 0, [stop], shuffle=False)
    assert model.optimizer.iterations < 6
    model = trainee()
    got = model.diagnose(upload(x, DEVICE), upload(y, DEVICE))
    assert str(got) == str(model.diagnose(x, y))
    steps = model.profile(upload(x, DEVICE), upload(y, DEVICE), repeats=1)
    assert any(step["op"] == "sgd_step" for step in steps)


@emulated
@pytest.mark.parametrize(
    ("x", "y", "error", "match"),
    [
        (
            (4, 5),
            (4,),
            ValueError,
            r"fit: the model expects x of shape \(samples, 6\), got \(4, 5\)",
        ),
        ((4, 6), (5,), ValueError, "fit: x has 4 samples, y has 5"),
        ((4, 6), (4, 3), ValueError, "looks one-hot"),
        ((4, 6), (4, 2), ValueError, r"y must have the shape \(4,\)"),
    ],
)
def test_shapes_are_checked_on_the_device_too(x, y, error, match):
    x, y = (upload(np.zeros(shape, t), DEVICE) for shape, t in ((x, "float32"), (y, "int32")))
    with pytest.raises(error, match=match):
        trainee().fit(x, y, verbose=0)


@emulated
def test_types_are_checked_on_the_device_too():
    zeros = {t: upload(np.zeros((4, 6), t), DEVICE) for t in ("float32", "int32")}
    labels = {t: upload(np.zeros(4, t), DEVICE) for t in ("float32", "int64")}
    with pytest.raises(TypeError, match="fit: on a device x must be float32, float64 or uint8"):
        trainee().fit(zeros["int32"], labels["int64"], verbose=0)
    with pytest.raises(TypeError, match="labels must be whole numbers, got float32"):
        trainee().fit(zeros["float32"], labels["float32"], verbose=0)
    with pytest.raises(ValueError, match="fit: x lies on a device, the model on 'cpu'"):
        trainee(place="cpu").fit(zeros["float32"], np.zeros(4, int), verbose=0)
    with pytest.raises(ValueError, match="train_on_batch: y lies on a device, the model on 'cpu'"):
        trainee(place="cpu").train_on_batch(np.zeros((4, 6), "float32"), labels["int64"])
