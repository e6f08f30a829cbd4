"""Callbacks that change the learning rate, and those made of functions."""

import numpy as np
import pytest

from brasa import Sequential, layers, optimizers
from brasa.callbacks import CallbackList, LambdaCallback, LearningRateScheduler, ReduceLROnPlateau


@pytest.fixture
def model():
    made = Sequential([layers.Dense(1, input_shape=(2,))])
    made.compile(optimizers.SGD(1.0), "mse")
    return made


X, Y = np.ones((8, 2), np.float32), np.ones(8, np.float32)


def rates(callback, values, model):
    """The learning rate after each epoch whose val_loss is given."""
    result = []
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, value in enumerate(values):
        callback.on_epoch_end(epoch, {"val_loss": value})
        result.append(round(model.optimizer.learning_rate, 6))
    return result


@pytest.mark.parametrize(
    ("options", "values", "expected"),
    [
        ({"patience": 2}, [1, 1, 1, 1, 1], [1, 1, 0.1, 0.1, 0.01]),
        ({"patience": 2}, [1, 1, 0.5, 1, 1], [1, 1, 1, 1, 0.1]),
        ({"patience": 1, "factor": 0.5, "min_lr": 0.3}, [1] * 4, [1, 0.5, 0.3, 0.3]),
        ({"patience": 1, "cooldown": 2}, [1] * 5, [1, 0.1, 0.1, 0.01, 0.01]),
        ({"patience": 1, "min_delta": 0.5}, [1, 0.9], [1, 0.1]),
        ({"patience": 1, "mode": "max"}, [1, 2, 1], [1, 1, 0.1]),
        ({"patience": 1}, [float("nan")] * 2, [0.1, 0.01]),
    ],
)
def test_the_rate_falls_where_nothing_improves(options, values, expected, model):
    assert rates(ReduceLROnPlateau(**options), values, model) == expected


def test_the_logs_of_fit_have_the_rate(model):
    plateau = ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=1e9)
    history = model.fit(X, Y, epochs=3, verbose=0, callbacks=[plateau]).history
    assert history["learning_rate"] == [1.0, 1.0, 0.5]
    assert model.optimizer.learning_rate == 0.25


def test_a_schedule_of_epoch_and_rate(model, capsys):
    schedules = [
        lambda epoch: 0.5**epoch,
        lambda epoch, rate: rate / 2,
        lambda *given: given[1] / 2,
    ]
    wanted = [[1.0, 0.5, 0.25], [0.5, 0.25, 0.125], [0.5, 0.25, 0.125]]
    for schedule, expected in zip(schedules, wanted, strict=True):
        model.optimizer.learning_rate = 1.0
        watch = LearningRateScheduler(schedule, verbose=1)
        assert model.fit(X, Y, epochs=3, verbose=0, callbacks=[watch]).history[
            "learning_rate"
        ] == pytest.approx(expected)
    assert "Epoch 2: the learning rate is 0.5" in capsys.readouterr().out


def test_a_schedule_whose_rate_is_zero_changes_nothing(model):
    before = model.get_weights()
    model.fit(X, Y, verbose=0, callbacks=[LearningRateScheduler(lambda _: 0.0)])
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_functions_become_hooks(model):
    seen = []
    watch = LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append((epoch, logs["loss"])),
        on_train_batch_end=lambda batch, logs: seen.append(batch),
        on_train_begin=None,
    )
    history = model.fit(X, Y, batch_size=4, verbose=0, callbacks=[watch]).history
    assert seen == [0, 1, (0, history["loss"][0])]
    assert CallbackList([watch]).wants_batches
    assert not CallbackList([LambdaCallback(on_epoch_end=print)]).wants_batches


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: ReduceLROnPlateau(factor=1.0), ValueError, r"factor must be in \[0, 1\), got 1.0"),
        (lambda: ReduceLROnPlateau(factor=-1), ValueError, "factor must be in"),
        (lambda: ReduceLROnPlateau(patience=1.5), TypeError, "patience must be an integer"),
        (lambda: ReduceLROnPlateau(patience=True), TypeError, "patience must be an integer"),
        (lambda: ReduceLROnPlateau(patience=-1), ValueError, "patience must be >= 0"),
        (lambda: ReduceLROnPlateau(cooldown=-1), ValueError, "cooldown must be >= 0"),
        (lambda: ReduceLROnPlateau(min_lr=float("inf")), ValueError, "min_lr must be finite"),
        (lambda: ReduceLROnPlateau("what"), ValueError, "pass mode='max' or mode='min'"),
        (lambda: LearningRateScheduler(0.1), TypeError, "schedule must be a function, got 0.1"),
        (lambda: LearningRateScheduler(print, 3), ValueError, "verbose must be 0 or 1"),
        (lambda: LambdaCallback(on_epoch=print), TypeError, "no hook 'on_epoch', there are on_"),
        (lambda: LambdaCallback(on_epoch_end=3), TypeError, "on_epoch_end must be a function"),
    ],
)
def test_bad_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(("value", "error"), [(None, TypeError), (-1.0, ValueError)])
def test_a_schedule_that_returns_no_rate(value, error, model):
    with pytest.raises(error):
        model.fit(X, Y, verbose=0, callbacks=[LearningRateScheduler(lambda _: value)])


def test_counts_may_be_numbers_of_numpy():
    assert ReduceLROnPlateau(patience=np.int64(3)).patience == 3
