"""A diagnosis changes nothing, and complains like training about what it cannot take."""

import numpy as np
import pytest

import brasa
from brasa import Input, Model, Sequential, callbacks, layers, optimizers
from brasa.testing.assertions import assert_same_bits

N, T, D = 6, 7, 3
CLASSES = "sparse_categorical_crossentropy"


def image_model():
    model = Sequential(
        [
            layers.Conv2D(4, 3, padding="same", input_shape=(6, 6, 1)),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.4),
            layers.Dense(3, "softmax"),
        ]
    )
    model.compile(optimizers.Adam(0.01), CLASSES, metrics=["accuracy"])
    return model


def stateful_model():
    model = Sequential(
        [
            layers.LSTM(5, stateful=True, return_sequences=True, dropout=0.2, input_shape=(T, D)),
            layers.Bidirectional(layers.GRU(4, stateful=True, recurrent_dropout=0.3)),
            layers.Dense(3, "softmax"),
        ]
    )
    model.compile(optimizers.SGD(0.1, momentum=0.9, clipnorm=1.0), CLASSES)
    return model


def functional_model():
    ids = Input((T,), dtype="int32")
    steps = layers.Embedding(9, 4, mask_zero=True)(ids)
    steps = layers.SimpleRNN(5, return_sequences=True)(steps)
    last = layers.GRU(4)(steps)
    outputs = [layers.Dense(3, "softmax")(steps), layers.Dense(1)(layers.Dropout(0.5)(last))]
    model = Model(ids, outputs)
    model.compile(optimizers.Adam(0.01, global_clipnorm=1.0), [CLASSES, "mse"], [1.0, 0.5])
    return model


def data(make, rng):
    if make is image_model:
        return rng.standard_normal((N, 6, 6, 1)).astype(np.float32), np.arange(N) % 3
    if make is stateful_model:
        return rng.standard_normal((N, T, D)).astype(np.float32), np.arange(N) % 3
    ids = rng.integers(1, 9, (N, T))
    ids[::2, 4:] = 0
    return ids, [rng.integers(0, 3, (N, T)), rng.standard_normal((N, 1))]


def state(model):
    """Everything that training changes."""
    parts = [*model.get_weights(), model.store.values.copy(), model.store.gradients.copy()]
    parts += [slot.copy() for slot in model.store.slots.values()]
    for layer in model.layers:
        for part in getattr(layer, "both", (layer,)):
            for value in getattr(part, "states", {}).values():
                parts.append(value.host().copy())
            parts.append(np.array(getattr(part, "state_batch", None) or 0, np.float32))
    counters = [model.optimizer.iterations, model.engine.epochs_trained, model.engine.seed]
    return [*parts, np.array(counters, np.float32)]


def assert_same(got, want):
    assert len(got) == len(want)
    for a, b in zip(got, want, strict=True):
        assert_same_bits(a, b)


MODELS = [image_model, stateful_model, functional_model]


@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
def test_nothing_changes_and_the_next_steps_are_the_same(make, rng):
    x, y = data(make, rng)
    brasa.set_seed(11)
    plain = make()
    brasa.set_seed(11)
    model = make()
    for _ in range(3):
        before = state(model)
        found = model.diagnose(x, y)
        assert str(found) == str(model.diagnose(x, y))
        assert_same(state(model), before)
        want = plain.train_on_batch(x, y)
        got = model.train_on_batch(x, y)
        assert np.array(got).tobytes() == np.array(want).tobytes()
        assert found.loss == pytest.approx(np.ravel(want)[0], rel=1e-5)
        assert_same(state(model), state(plain))


@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
def test_fit_goes_on_the_same_when_a_callback_diagnoses(make, rng):
    x, y = data(make, rng)

    class Look(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.diagnose(x, y)

    runs = []
    for watch in ([], [Look()], [callbacks.TerminateOnNaN()]):
        brasa.set_seed(12)
        model = make()
        history = model.fit(x, y, epochs=3, batch_size=N, verbose=0, callbacks=watch).history
        runs.append((history, state(model)))
    for history, after in runs[1:]:
        assert history == runs[0][0]
        assert_same(after, runs[0][1])


def test_a_model_that_shares_layers_keeps_its_weights(rng):
    x, y = rng.standard_normal((N, D)).astype(np.float32), np.zeros(N)
    shared = layers.Dense(1)
    a, b = (Sequential([shared]) for _ in range(2))
    for model in (a, b):
        model.compile("sgd", "mse")
    a.train_on_batch(x, y)
    want = a.get_weights()
    b.diagnose(x, y)
    assert_same(a.get_weights(), want)
    assert_same(b.get_weights(), want)


def test_another_number_of_sequences_is_refused_as_in_training(rng):
    x, y = data(stateful_model, rng)
    model = stateful_model()
    model.diagnose(x[:2], y[:2])  # leaves no trace of two
    model.train_on_batch(x, y)
    for call in (model.train_on_batch, model.diagnose):
        with pytest.raises(ValueError, match="holds the states of 6 sequences, got a batch of 2"):
            call(x[:2], y[:2])
    model.reset_states()
    found = model.diagnose(x[:2], y[:2])
    assert found.loss == pytest.approx(model.train_on_batch(x[:2], y[:2]), rel=1e-5)


def test_before_compile():
    model = Sequential([layers.Dense(1, input_shape=(2,))])
    with pytest.raises(RuntimeError, match=r"not compiled: call model\.compile"):
        model.diagnose(np.zeros((4, 2)), np.zeros(4))


BAD = [
    (np.zeros((4, 3)), np.zeros(4, int)),
    (np.zeros((4, 2)), np.zeros(5, int)),
    (np.zeros((4, 2)), np.full(4, 9)),
    (np.zeros((4, 2)), np.full(4, 0.5)),
    (np.zeros((0, 2)), np.zeros(0, int)),
    (np.zeros((4, 2), complex), np.zeros(4, int)),
    ([["a", "b"]] * 4, np.zeros(4, int)),
    (None, None),
]


@pytest.mark.parametrize(("x", "y"), BAD, ids=range(len(BAD)))
def test_bad_data_are_refused_as_in_training(x, y):
    model = Sequential([layers.Dense(3, "softmax", input_shape=(2,))])
    model.compile("sgd", CLASSES)
    texts = []
    for call in (model.train_on_batch, model.diagnose):
        with pytest.raises((ValueError, TypeError, IndexError)) as error:
            call(x, y)
        texts.append((error.type, str(error.value).replace("train_on_batch", "diagnose")))
    assert texts[0] == texts[1]


def test_a_model_without_trainable_weights_is_refused():
    model = Sequential([layers.Dense(1, trainable=False), layers.ReLU()])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="diagnose: the model has no trainable weights"):
        model.diagnose(np.zeros((4, 2)), np.zeros(4))
