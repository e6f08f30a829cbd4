"""Early stopping, and the value that callbacks watch."""

import math

import pytest

from brasa.callbacks import (
    EarlyStopping,
)
from tests.callbacks.conftest import losses, run


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
        ("mean_absolute_error", "min"),
        ("mean_squared_error", "min"),
        ("val_mae", "min"),
        ("categorical_crossentropy", "min"),
        ("accuracy", "max"),
        ("val_acc", "max"),
        ("val_top_k_categorical_accuracy", "max"),
        ("val_precision_at_recall", "max"),
        ("specificity_at_sensitivity", "max"),
        ("sensitivity_at_specificity_1", "max"),
        ("concordance_correlation", "max"),
        ("val_log_cosh", "min"),
        ("huber", "min"),
        ("auc", "max"),
        ("f1_score", "max"),
    ],
)
def test_auto_reads_the_direction_from_the_name(name, mode):
    assert EarlyStopping(name).mode == mode
