"""The list that calls callbacks, the history that it adds, and arguments that are refused."""

import math

import pytest

from brasa.callbacks import (
    Callback,
    CallbackList,
    CSVLogger,
    EarlyStopping,
    History,
    ModelCheckpoint,
)
from tests.callbacks.conftest import losses, run


class Recorder(Callback):
    def __init__(self, calls, name):
        super().__init__()
        self.calls = calls
        self.name = name


def _record(hook):
    def method(self, *arguments):
        self.calls.append((self.name, hook, *arguments))

    return method


HOOKS = [
    "on_train_begin",
    "on_train_end",
    "on_test_begin",
    "on_test_end",
    "on_predict_begin",
    "on_predict_end",
]
INDEXED_HOOKS = [
    "on_epoch_begin",
    "on_epoch_end",
    "on_train_batch_begin",
    "on_train_batch_end",
    "on_test_batch_begin",
    "on_test_batch_end",
    "on_predict_batch_begin",
    "on_predict_batch_end",
]


for _hook in HOOKS + INDEXED_HOOKS:
    setattr(Recorder, _hook, _record(_hook))


@pytest.mark.parametrize("hook", HOOKS + INDEXED_HOOKS)
def test_list_calls_each_in_order_with_the_same_logs(hook):
    calls = []
    every = CallbackList([Recorder(calls, "a"), Recorder(calls, "b")])
    arguments = (7,) if hook in INDEXED_HOOKS else ()
    logs = {"loss": 1.0}
    getattr(every, hook)(*arguments, logs)
    getattr(every, hook)(*arguments)
    assert calls == [
        ("a", hook, *arguments, logs),
        ("b", hook, *arguments, logs),
        ("a", hook, *arguments, {}),
        ("b", hook, *arguments, {}),
    ]
    assert calls[0][-1] is logs
    getattr(Callback(), hook)(*arguments)  # does nothing


def test_list_passes_model_and_parameters_on():
    one, model = Callback(), object()
    every = CallbackList(one, model=model, epochs=3)
    assert one.model is every.model is model
    assert one.params == {"epochs": 3}
    late = Callback()
    every.append(late)
    every.set_params({"epochs": 4})
    assert late.params == {"epochs": 4}


def test_list_adds_a_history_once():
    mine = History()
    assert CallbackList([mine], add_history=True).callbacks == [mine]
    assert isinstance(CallbackList(add_history=True).history, History)
    assert CallbackList().history is None


@pytest.mark.parametrize("bad", [3, "early", EarlyStopping, None, object()])
def test_what_is_no_callback_is_refused(bad):
    with pytest.raises(TypeError, match=r"callbacks: expected an instance of brasa.*Callback, got"):
        CallbackList([bad])


def test_batch_hooks_are_wanted_only_when_overridden():
    class Batches(Callback):
        def on_train_batch_end(self, batch, logs=None):
            pass

    assert not CallbackList([History(), EarlyStopping()]).wants_batches
    assert CallbackList([History(), Batches()]).wants_batches
    assert CallbackList([CallbackList([Batches()])]).wants_batches


def test_history_keeps_every_value_and_what_callbacks_add():
    class Rate(Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["rate"] = 0.1 / (epoch + 1)

    _, history = run([Rate()], [{"loss": 3.0}, {"loss": 2.0, "val_loss": 2.5}])
    assert history.history == {"loss": [3.0, 2.0], "rate": [0.1, 0.05], "val_loss": [2.5]}
    assert history.epoch == [0, 1]
    assert history.params == {"epochs": 2}


def test_history_starts_anew_with_each_training():
    history = History()
    run([history], losses(3, 2))
    run([history], losses(1))
    assert history.history == {"val_loss": [1]}
    assert history.epoch == [0]


def test_history_plots_itself(tmp_path):
    pytest.importorskip("matplotlib")
    _, history = run([], [{"loss": 3.0, "val_loss": 4.0}, {"loss": 2.0, "val_loss": 3.0}])
    figure = history.plot(tmp_path / "curves.png")
    assert [axes.get_title() for axes in figure.axes] == ["loss"]
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: EarlyStopping(3), TypeError, "EarlyStopping: monitor must be a name"),
        (lambda: EarlyStopping("beauty"), ValueError, "'beauty' does not tell.*mode='max'"),
        (lambda: EarlyStopping(mode="up"), ValueError, "mode must be 'auto', 'min' or 'max'"),
        (lambda: EarlyStopping(min_delta=math.nan), ValueError, "min_delta must be a finite"),
        (lambda: EarlyStopping(min_delta="1"), ValueError, "min_delta must be a finite"),
        (lambda: EarlyStopping(patience=-1), ValueError, "patience must be >= 0, got -1"),
        (lambda: EarlyStopping(patience=1.5), TypeError, "patience must be an integer"),
        (lambda: EarlyStopping(start_from_epoch=-1), ValueError, "start_from_epoch must be >= 0"),
        (lambda: EarlyStopping(baseline="1"), ValueError, "baseline must be a number or None"),
        (lambda: EarlyStopping(verbose=2), ValueError, "verbose must be 0 or 1, got 2"),
        (lambda: ModelCheckpoint(None), TypeError, "ModelCheckpoint: path must be a str"),
        (lambda: ModelCheckpoint(""), ValueError, "ModelCheckpoint: path must be a file name"),
        (lambda: ModelCheckpoint("a", save_freq=0), ValueError, "save_freq must be 'epoch'"),
        (lambda: ModelCheckpoint("a", mode="up"), ValueError, "mode must be"),
        (lambda: ModelCheckpoint("a", initial_value_threshold="1"), ValueError, "threshold must"),
        (lambda: ModelCheckpoint("a", "beauty", save_best_only=True), ValueError, "does not tell"),
        (lambda: CSVLogger(3), TypeError, "CSVLogger: path must be a str"),
        (lambda: CSVLogger("a", separator=", "), ValueError, "separator must be one character"),
        (lambda: CSVLogger("a", separator="\n"), ValueError, "separator must be one character"),
        (lambda: CSVLogger("a", separator=None), TypeError, "separator must be a str"),
    ],
)
def test_bad_argument_is_refused_at_once(make, error, message):
    with pytest.raises(error, match=message):
        make()
