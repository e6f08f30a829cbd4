"""What fit, evaluate and predict call, and when."""

import csv

import numpy as np
import pytest

import brasa
from brasa import callbacks, optimizers
from brasa.testing.assertions import assert_same_bits
from tests.training.conftest import make, train


class Recorder(callbacks.Callback):
    """Writes down every call, and the values of each batch."""

    def __init__(self):
        super().__init__()
        self.calls = []
        self.values = []


def _recording(hook):
    def method(self, *position_and_logs):
        self.calls.append((hook, *position_and_logs[:-1]))
        if hook == "on_train_batch_end":
            self.values.append(dict(position_and_logs[-1]))

    return method


for _hook in dir(callbacks.Callback):
    if _hook.startswith("on_"):
        setattr(Recorder, _hook, _recording(_hook))


def test_callbacks_are_called_in_order(samples):
    recorder = Recorder()
    model = make()
    history = train(
        model, *samples, batch_size=32, epochs=2, validation_split=0.2, callbacks=[recorder]
    )
    want = [("on_train_begin",)]
    for epoch in range(2):
        want.append(("on_epoch_begin", epoch))
        for batch in range(2):
            want += [("on_train_batch_begin", batch), ("on_train_batch_end", batch)]
        checked = [("on_test_batch_begin", 0), ("on_test_batch_end", 0)]
        want += [("on_test_begin",), *checked, ("on_test_end",), ("on_epoch_end", epoch)]
    assert recorder.calls == [*want, ("on_train_end",)]
    assert recorder.model is model
    assert recorder.params == {"epochs": 2, "steps": 2, "verbose": 0}
    # The last values of an epoch are the epoch's.
    assert [values["loss"] for values in recorder.values[1::2]] == history["loss"]


def test_older_names_of_the_hooks_of_batches(samples):
    class Losses(callbacks.Callback):
        def on_batch_begin(self, batch, logs=None):
            told.append(batch)

        def on_batch_end(self, batch, logs=None):
            told.append(logs["loss"])

    told, ends = [], []
    also = callbacks.LambdaCallback(on_batch_end=lambda batch, logs: ends.append(batch))
    history = train(make(), *samples, batch_size=25, callbacks=[Losses()])
    assert told[0::2] == [0, 1]
    assert told[3:] == history["loss"]
    train(make(), *samples, batch_size=25, callbacks=[also])
    assert ends == [0, 1]


def test_a_callback_can_stop_within_an_epoch(samples):
    class Stop(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = batch == 1

    model = make()
    assert len(train(model, *samples, epochs=5, callbacks=[Stop()])["loss"]) == 1
    assert model.optimizer.iterations == 2


def test_early_stopping_checkpoints_and_csv_work_with_a_model(samples, tmp_path):
    x, y = samples
    best = tmp_path / "best.brasa"
    table = tmp_path / "history.csv"
    model = make(optimizers.SGD(0.0))  # never better than at first
    stop = callbacks.EarlyStopping("val_loss", patience=2, restore_best_weights=True)
    history = train(
        model,
        x,
        y,
        epochs=9,
        validation_data=(x, y),
        callbacks=[
            stop,
            callbacks.ModelCheckpoint(best, save_best_only=True),
            callbacks.CSVLogger(table),
        ],
    )
    assert stop.stopped_epoch == 2
    assert len(history["loss"]) == 3
    with table.open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["loss"]) for row in rows] == history["loss"]
    saved = brasa.load_model(best)
    assert saved.engine.epochs_trained == 1
    assert_same_bits(saved.get_weights(), model.get_weights())


def test_the_learning_rate_may_change_between_epochs(samples):
    class Silence(callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.optimizer.learning_rate = 0.0 if epoch else 0.1

    one, other = make(optimizers.SGD()), make(optimizers.SGD(0.1))
    train(one, *samples, epochs=3, callbacks=[Silence()])
    train(other, *samples, epochs=1)
    assert_same_bits(one.get_weights(), other.get_weights())


def test_the_progress_of_an_epoch_ends_with_its_values(samples, capsys):
    x, y = samples
    model = make()
    history = train(model, x, y, epochs=2, verbose=2, validation_data=(x, y))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    for epoch, line in enumerate(lines):
        assert line.startswith(f"Epoch {epoch + 1}/2  loss {history['loss'][epoch]:.4f}")
        assert f"val_accuracy {history['val_accuracy'][epoch]:.4f}" in line
        assert "samples/s" in line


def test_a_callback_may_call_fit(samples):
    seen = []

    class Again(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            outer = self.model.fitting
            self.model.fit(*samples, verbose=0)
            seen.append(self.model.fitting is outer)

    model = make()
    history = train(model, *samples, epochs=3, callbacks=[Again()])
    assert seen == [True] * 3
    assert model.history.history is history
    assert len(history["loss"]) == 3
    assert model.fitting is None


def test_callbacks_of_evaluate_and_predict_are_told(samples):
    recorder, ends = Recorder(), []
    end = callbacks.LambdaCallback(on_test_end=ends.append)
    model = make()
    want = model.evaluate(*samples)
    assert model.evaluate(*samples, callbacks=[recorder, end]) == want
    assert list(ends[0].values()) == want
    assert_same_bits(model.predict(samples[0], callbacks=recorder), model.predict(samples[0]))
    told = ["on_test_begin", *BATCHES, "on_test_end", "on_predict_begin", "on_predict_end"]
    told[-1:-1] = [name.replace("test", "predict") for name in BATCHES]
    assert [name for name, *_ in recorder.calls] == told
    assert recorder.model is model


BATCHES = ["on_test_batch_begin", "on_test_batch_end"] * 2  # 32 + 18 samples


@pytest.mark.parametrize("streamed", [False, True])
def test_batches_of_evaluate_and_predict_have_their_values(streamed, samples):
    """Also where the hook is a LambdaCallback's, or one of a list in the list."""
    means, outputs = [], []
    watch = callbacks.LambdaCallback(
        on_test_batch_end=lambda batch, logs: means.append((batch, logs["loss"])),
        on_predict_batch_end=lambda batch, logs: outputs.append(logs["outputs"]),
    )
    model, (x, y) = make(), samples
    parts = [(x[:32], y[:32]), (x[32:], y[32:])]
    given = ((part for part in parts),) if streamed else (x, y)
    logs = model.evaluate(*given, return_dict=True, callbacks=callbacks.CallbackList(watch))
    assert means == [(0, model.evaluate(*parts[0])[0]), (1, logs["loss"])]
    told = model.predict(iter(parts) if streamed else x, callbacks=watch)
    assert [len(output) for output in outputs] == [32, 18]
    assert_same_bits(np.concatenate(outputs), told)
    assert_same_bits(told, model.predict(x))


def test_the_end_of_validation_and_of_training_have_their_values(samples):
    tests, ends = [], []
    hooks = callbacks.LambdaCallback(on_test_end=tests.append, on_train_end=ends.append)
    history = train(make(), *samples, epochs=2, validation_split=0.2, callbacks=[hooks])
    assert [logs["loss"] for logs in tests] == history["val_loss"]
    assert [ends[0][name] for name in history] == [values[-1] for values in history.values()]


@pytest.mark.parametrize(("every", "count"), [(1, 5), (2, 2), ([1, 5], 2), (np.int64(6), 0)])
def test_validation_may_be_rare(every, count, samples):
    epochs = []
    watch = callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: epochs.append("val_loss" in logs)
    )
    options = {"validation_split": 0.2, "validation_freq": every, "callbacks": [watch]}
    history = train(make(), *samples, epochs=5, **options)
    assert len(history["loss"]) == 5
    assert len(history.get("val_loss", [])) == count
    assert epochs == [
        e in every if isinstance(every, list) else e % every == 0 for e in range(1, 6)
    ]


@pytest.mark.parametrize("wrong", [0, -1, [0], 1.5, "2"])
def test_a_frequency_of_validation_is_a_whole_number(wrong, samples):
    with pytest.raises((ValueError, TypeError), match="validation_freq"):
        train(make(), *samples, validation_split=0.2, validation_freq=wrong)


class Asked(callbacks.Callback):
    def on_test_begin(self, logs=None):
        self.seen = dict(self.params)

    on_predict_begin = on_test_begin


def test_params_outside_of_fit(samples):
    x, y = samples
    asked, model = Asked(), make()
    batches = [(x[:20], y[:20]), (x[20:], y[20:])]
    calls = {
        4: lambda: model.evaluate(x, y, batch_size=16, verbose=0, callbacks=[asked]),
        3: lambda: model.evaluate(x, y, batch_size=16, steps=3, verbose=0, callbacks=[asked]),
        2: lambda: model.evaluate(batches, verbose=0, callbacks=[asked]),
        1: lambda: model.predict([x], batch_size=64, verbose=0, callbacks=[asked]),
        None: lambda: model.evaluate(iter(batches), verbose=0, callbacks=[asked]),
        5: lambda: model.predict(x.tolist(), batch_size=10, verbose=0, callbacks=[asked]),
    }
    for steps, call in calls.items():
        call()
        assert asked.seen == {"epochs": 1, "steps": steps, "verbose": 0}


def test_numbers_of_numpy():
    number = np.float32(0.5)
    stopping = callbacks.EarlyStopping("loss", min_delta=number, baseline=number)
    lower = callbacks.ReduceLROnPlateau("loss", factor=number, min_lr=np.float64(0.25))
    kept = callbacks.ModelCheckpoint("x.brasa", "loss", initial_value_threshold=np.int64(2))
    assert (stopping.min_delta, stopping.baseline) == (0.5, 0.5)
    assert (lower.factor, lower.min_lr) == (0.5, 0.25)
    assert kept.best == 2.0
    with pytest.raises(ValueError, match="min_delta must be a finite number"):
        callbacks.EarlyStopping("loss", min_delta=np.float32("nan"))
