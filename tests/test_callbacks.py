"""Callbacks: called in order, and with Keras's meaning of every argument."""

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


class Model:
    """What callbacks need of a model; its weights are the number of epochs it was trained."""

    def __init__(self):
        self.weights = 0
        self.stop_training = False
        self.saved = []

    def get_weights(self):
        return self.weights

    def set_weights(self, weights):
        self.weights = weights

    def save(self, path):
        self.saved.append(("model", path, self.weights))

    def save_weights(self, path):
        self.saved.append(("weights", path, self.weights))


def run(callbacks, epochs, model=None):
    """Train ``model`` on a script: one dict of values per epoch."""
    model = model or Model()
    model.stop_training = False
    every = CallbackList(callbacks, add_history=True, model=model, epochs=len(epochs))
    every.on_train_begin()
    for epoch, logs in enumerate(epochs):
        every.on_epoch_begin(epoch)
        model.weights = epoch + 1
        every.on_epoch_end(epoch, dict(logs))
        if model.stop_training:
            break
    every.on_train_end()
    return model, every.history


def losses(*values, name="val_loss"):
    return [{name: value} for value in values]


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
    ("options", "values", "epochs_run", "best"),
    [
        ({}, [3, 2, 1], 3, 1),
        ({}, [3, 2, 2.5, 1], 3, 2),  # patience 0: the first epoch without improvement ends it
        ({}, [3, 2, 2, 1], 3, 2),  # equal is no improvement
        ({"patience": 1}, [3, 2, 2.5, 1], 3, 2),
        ({"patience": 2}, [3, 2, 2.5, 2.4, 1], 4, 2),
        ({"patience": 2}, [3, 2, 2.5, 1, 0.5], 5, 0.5),
        ({"min_delta": 0.5}, [3, 2.6, 1], 2, 3),
        ({"min_delta": -0.5}, [3, 2.6, 1], 2, 3),
        ({"min_delta": 0.5}, [3, 2.5, 1], 2, 3),  # exactly min_delta is not enough
        ({"mode": "max"}, [1, 2, 1.5, 3], 3, 2),
        ({"mode": "max", "min_delta": 0.5}, [1, 1.5, 3], 2, 1),
        ({"monitor": "val_accuracy"}, [1, 2, 1.5, 3], 3, 2),
        ({"monitor": "loss"}, [1, 2, 1.5, 3], 2, 1),
        ({"start_from_epoch": 2}, [1, 2, 3, 4, 0], 4, 3),
        ({"baseline": 1, "patience": 2}, [3, 2.9, 2.8, 2.9, 0], 4, 2.8),
        ({"baseline": 1, "patience": 2}, [3, 0.9, 0.95, 0.8, 0.7], 5, 0.7),
        ({"baseline": 2.95}, [3, 2.9, 2.8, 2.85], 4, 2.8),
        ({}, [math.nan, math.nan, 1], 2, math.inf),
        ({"patience": 2}, [math.nan, 2, 1], 3, 1),
        ({"patience": 2}, [2, math.nan, 1], 3, 1),
        ({"mode": "max"}, [math.nan, math.nan, 1], 2, -math.inf),
        ({}, [math.inf, 1], 2, 1),  # the first epoch alone never stops
    ],
)
def test_early_stopping_counts_as_keras_does(options, values, epochs_run, best):
    stop = EarlyStopping(**options)
    _, history = run([stop], losses(*values, name=stop.monitor))
    assert len(history.epoch) == epochs_run
    assert stop.best == best


def test_stopping_tells_the_model_and_remembers_the_epoch():
    stop = EarlyStopping(patience=1)
    model, _ = run([stop], losses(1, 2, 3))
    assert model.stop_training
    assert stop.stopped_epoch == 1


@pytest.mark.parametrize(
    ("options", "values", "weights"),
    [
        ({}, [3, 2, 4], 3),
        ({"restore_best_weights": True}, [3, 2, 4], 2),
        ({"restore_best_weights": True, "patience": 5}, [3, 2, 4], 2),  # restored at the end, too
        ({"restore_best_weights": True, "patience": 5}, [math.nan, math.nan], 1),
        ({"restore_best_weights": True, "baseline": 0, "patience": 1}, [3, 2, 4], 2),
        ({"restore_best_weights": True, "start_from_epoch": 1, "patience": 5}, [1, 3, 2, 4], 3),
    ],
)
def test_best_weights_come_back_only_when_asked(options, values, weights):
    model, _ = run([EarlyStopping(**options)], losses(*values))
    assert model.weights == weights


def test_early_stopping_can_be_used_again():
    stop = EarlyStopping()
    run([stop], losses(1, 2))
    _, history = run([stop], losses(9, 8, 7))
    assert len(history.epoch) == 3


def test_early_stopping_speaks_only_when_asked(capsys):
    run([EarlyStopping(restore_best_weights=True)], losses(1, 2))
    assert capsys.readouterr().out == ""
    run([EarlyStopping(restore_best_weights=True, verbose=1)], losses(1, 2))
    assert capsys.readouterr().out == (
        "Epoch 2: early stopping\nRestoring the weights of the best epoch: 1\n"
    )


def test_missing_value_is_a_warning_that_lists_the_others():
    stop = EarlyStopping()
    with pytest.warns(UserWarning, match="EarlyStopping: watches 'val_loss'.*available: loss, acc"):
        stop.on_epoch_end(0, {"loss": 1, "acc": 2})


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("loss", "min"),
        ("val_loss", "min"),
        ("mean_squared_error", "min"),
        ("val_mae", "min"),
        ("categorical_crossentropy", "min"),
        ("accuracy", "max"),
        ("val_acc", "max"),
        ("val_top_k_categorical_accuracy", "max"),
        ("auc", "max"),
        ("f1_score", "max"),
    ],
)
def test_auto_reads_the_direction_from_the_name(name, mode):
    assert EarlyStopping(name).mode == mode


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
        (lambda: ModelCheckpoint("a", save_freq=10), ValueError, "save_freq must be 'epoch'"),
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


def test_checkpoint_saves_every_epoch_under_its_own_name(tmp_path):
    path = tmp_path / "new" / "folders" / "net-{epoch:02d}-{val_loss:.2f}.brasa"
    model, _ = run([ModelCheckpoint(path)], losses(0.5, 0.25))
    folder = tmp_path / "new" / "folders"
    assert folder.is_dir()
    assert model.saved == [
        ("model", str(folder / "net-01-0.50.brasa"), 1),
        ("model", str(folder / "net-02-0.25.brasa"), 2),
    ]


def test_checkpoint_saves_weights_when_asked(tmp_path):
    path = str(tmp_path / "net.brasa")
    model, _ = run([ModelCheckpoint(path, save_weights_only=True)], losses(1))
    assert model.saved == [("weights", path, 1)]


@pytest.mark.parametrize(
    ("options", "values", "saved"),
    [
        ({}, [3, 2, 2.5, 1], [1, 2, 4]),
        ({"mode": "max"}, [3, 2, 4], [1, 3]),
        ({"initial_value_threshold": 2.0}, [3, 2, 1], [3]),
        ({}, [math.nan, 2, math.nan], [2]),
    ],
)
def test_checkpoint_of_the_best_epoch_only(options, values, saved, tmp_path):
    checkpoint = ModelCheckpoint(tmp_path / "net", save_best_only=True, **options)
    model, _ = run([checkpoint], losses(*values))
    assert [weights for _, _, weights in model.saved] == saved


def test_best_value_outlives_a_training(tmp_path):
    """A second fit must not replace the best model of the first by a worse one."""
    checkpoint = ModelCheckpoint(tmp_path / "net", save_best_only=True)
    run([checkpoint], losses(1))
    model, _ = run([checkpoint], losses(2, 0.5))
    assert [weights for _, _, weights in model.saved] == [2]


def test_checkpoint_without_the_value_saves_and_warns(tmp_path):
    checkpoint = ModelCheckpoint(tmp_path / "net", save_best_only=True)
    with pytest.warns(UserWarning, match="ModelCheckpoint: saves the best 'val_loss'"):
        model, _ = run([checkpoint], [{"loss": 1}])
    assert len(model.saved) == 1


@pytest.mark.parametrize("name", ["{val_loss}", "{epoch", "{}", "{epoch:q}"])
def test_checkpoint_name_that_cannot_be_filled_in_is_refused(name, tmp_path):
    with pytest.raises(
        ValueError, match=r"filepath .* cannot be filled in .*available: epoch, loss"
    ):
        run([ModelCheckpoint(tmp_path / name)], [{"loss": 1}])


def test_checkpoint_speaks_only_when_asked(tmp_path, capsys):
    path = tmp_path / "net"
    run([ModelCheckpoint(path, save_best_only=True)], losses(1, 2))
    assert capsys.readouterr().out == ""
    run([ModelCheckpoint(path, save_best_only=True, verbose=1)], losses(1, 2))
    assert capsys.readouterr().out == (
        "Epoch 1: val_loss improved from inf to 1.00000\n"
        f"Epoch 1: saved {path}\n"
        "Epoch 2: val_loss did not improve from 1.00000\n"
    )


def test_csv_holds_one_row_per_epoch(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("old")
    run([CSVLogger(path)], [{"loss": 0.5, "acc": 1, "val_loss": 2}, {"loss": 0.25, "later": 1}])
    assert path.read_bytes() == b"epoch,acc,loss,val_loss\n0,1,0.5,2\n1,NA,0.25,NA\n"


def test_csv_leaves_columns_for_a_later_validation(tmp_path):
    path = tmp_path / "log.csv"
    run([CSVLogger(path, separator=";")], [{"loss": 0.5}, {"loss": 0.25, "val_loss": 1}])
    assert path.read_text() == "epoch;loss;val_loss\n0;0.5;NA\n1;0.25;1\n"


def test_csv_goes_on_with_the_columns_of_the_file(tmp_path):
    path = tmp_path / "log.csv"
    logger = CSVLogger(path, append=True)
    run([logger], [{"loss": 3, "val_loss": 4}])
    run([logger], [{"val_loss": 2, "loss": 1}])
    assert path.read_text() == "epoch,loss,val_loss\n0,3,4\n0,1,2\n"
    with pytest.raises(ValueError, match=r"has the columns epoch, loss, val_loss.*another file"):
        run([logger], [{"accuracy": 1}])


def test_csv_of_an_interrupted_training_is_complete(tmp_path):
    class Crash(Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1:
                raise RuntimeError("crash")

    with pytest.raises(RuntimeError, match="crash"):
        run([CSVLogger(tmp_path / "log.csv"), Crash()], [{"loss": 1}, {"loss": 2}])
    assert (tmp_path / "log.csv").read_text() == "epoch,loss,val_loss\n0,1,NA\n"


def test_csv_in_a_missing_folder_fails_before_the_first_epoch(tmp_path):
    with pytest.raises(FileNotFoundError):
        CSVLogger(tmp_path / "nowhere" / "log.csv").on_train_begin()
