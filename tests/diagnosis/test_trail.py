"""The way back to an earlier step, and that it leaves no trace."""

import numpy as np
import pytest

import brasa
from brasa import Sequential, callbacks, layers, optimizers
from brasa.diagnosis import Trail, diagnose
from brasa.diagnosis.trail import STEPS
from brasa.testing.assertions import assert_same_bits

N, T, D = 12, 5, 3


def stateful():
    return [
        layers.LSTM(4, stateful=True, return_sequences=True, dropout=0.2, input_shape=(T, D)),
        layers.Bidirectional(layers.GRU(3, stateful=True, recurrent_dropout=0.2)),
    ]


def normalized():
    return [layers.Flatten(input_shape=(T, D)), layers.Dense(8), layers.BatchNormalization(),
            layers.Dropout(0.4)]  # fmt: skip


def state(model):
    arrays = [model.store.values, *model.store.slots.values()]
    for layer in model.layers:
        for part in getattr(layer, "both", (layer,)):
            arrays += [kept.host() for kept in getattr(part, "states", {}).values()]
    return [array.copy() for array in arrays]


class Notes(callbacks.Callback):
    """Keeps a trail, and the state and the batch loss of every step."""

    def __init__(self, change=None):
        super().__init__()
        self.change, self.losses, self.states, self.total = change, [], [], 0.0

    def on_train_begin(self, logs=None):
        self.trail = Trail(self.model.engine, self.model.fitting.data)

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch
        if self.change:
            self.change(self.model, epoch)

    def on_train_batch_begin(self, batch, logs=None):
        self.trail.add(self.epoch, batch, self.model.fitting.picked)
        self.states.append(state(self.model))

    def on_train_batch_end(self, batch, logs=None):
        total = logs["loss"] * (batch + 1)
        self.losses.append(total - (self.total if batch else 0.0))
        self.total = total

    def on_epoch_end(self, epoch, logs=None):
        if epoch == self.params["epochs"] - 1:
            self.look_back()

    def look_back(self):
        before = state(self.model)
        counted, rate = self.model.optimizer.iterations, self.model.optimizer.learning_rate
        past = len(self.losses) - len(self.trail.steps)
        for index in reversed(range(len(self.trail.steps))):
            with self.trail.before(index) as step:
                found = diagnose(self.model.engine, self.model.fitting.batch(step.rows))
                for got, want in zip(state(self.model), self.states[past + index], strict=True):
                    assert_same_bits(got, want)
            assert found.loss == pytest.approx(self.losses[past + index], rel=1e-4)
            for got, want in zip(state(self.model), before, strict=True):
                assert_same_bits(got, want)
        assert self.model.optimizer.iterations == counted
        assert self.model.optimizer.learning_rate == rate


@pytest.mark.parametrize("front", [stateful, normalized], ids=lambda front: front.__name__)
@pytest.mark.parametrize("steps", [3, STEPS, STEPS + 2])
def test_every_step_can_be_made_once_more(front, steps, rng):
    brasa.set_seed(4)
    model = Sequential([*front(), layers.Dense(3, "softmax")])
    model.compile(optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    x = rng.standard_normal((steps * 4, T, D)).astype(np.float32)
    model.predict(x, batch_size=4)  # has the states made, so that they can be compared
    model.reset_states()
    notes = Notes()
    model.fit(x, np.arange(len(x)) % 3, batch_size=4, verbose=0, callbacks=[notes])
    assert len(notes.trail.steps) == (steps if steps <= STEPS else steps - STEPS)


def test_what_callbacks_change_is_seen(rng):
    """States begin anew, the learning rate falls, weights are set."""

    def change(model, epoch):
        model.reset_states()
        model.optimizer.learning_rate = 0.01 / (epoch + 1)
        if epoch == 1:
            model.set_weights([0.5 * w for w in model.get_weights()])

    brasa.set_seed(4)
    model = Sequential([*stateful(), layers.Dense(3, "softmax")])
    model.compile(optimizers.SGD(0.01, momentum=0.9), "sparse_categorical_crossentropy")
    x = rng.standard_normal((8, T, D)).astype(np.float32)
    notes = Notes(change)
    model.fit(x, np.arange(8) % 3, batch_size=4, epochs=3, verbose=0, callbacks=[notes])
    assert [(step.epoch, step.batch) for step in notes.trail.steps] == [
        (1, 0), (1, 1), (2, 0), (2, 1),
    ]  # fmt: skip


def test_broken_weights_are_no_new_beginning():
    model = Sequential([layers.Dense(1, input_shape=(1,))])
    model.compile("sgd", "mse")
    lengths = []

    class Break(Notes):
        def on_train_batch_begin(self, batch, logs=None):
            super().on_train_batch_begin(batch, logs)
            lengths.append(len(self.trail.steps))
            if batch == 3:  # without the word of a new version, as a training step would
                self.model.store.values[0] = np.nan

        def on_epoch_end(self, epoch, logs=None):
            pass

    count = 2 * STEPS + 3
    model.fit(np.ones((count, 1)), np.ones(count), batch_size=1, verbose=0, callbacks=[Break()])
    assert lengths == [*range(1, 2 * STEPS + 1), 1, 2, 3]
