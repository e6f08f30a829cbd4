"""BackupAndRestore: a fit that was interrupted goes on where it was."""

import pytest

import brasa
from brasa import callbacks, optimizers
from brasa.errors import FormatError
from brasa.testing.assertions import assert_same_bits
from tests.training.conftest import make, state, train


class Stop(callbacks.Callback):
    """Ends the process, as it were, in the middle of an epoch."""

    def __init__(self, epoch):
        super().__init__()
        self.at = epoch

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if self.epoch == self.at and batch == 1:
            raise KeyboardInterrupt


def interrupted(folder, samples, *, optimizer="adam", others=()):
    """A backup of the first two of four epochs."""
    kept = callbacks.BackupAndRestore(folder)
    with pytest.raises(KeyboardInterrupt):
        train(make(optimizer), *samples, epochs=4, callbacks=[*others, kept, Stop(2)])
    assert kept.path.exists()


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_training_ends_with_the_bits_of_an_uninterrupted_one(optimizer, samples, tmp_path):
    whole = make(optimizer)
    history = train(whole, *samples, epochs=4)
    interrupted(tmp_path, samples, optimizer=optimizer)
    again = make(optimizer, seed=9)  # what it starts from does not matter
    rest = train(again, *samples, epochs=4, callbacks=callbacks.BackupAndRestore(tmp_path))
    assert rest == {name: values[2:] for name, values in history.items()}
    assert_same_bits(state(again), state(whole))
    assert again.optimizer.iterations == whole.optimizer.iterations
    assert not list(tmp_path.iterdir())  # it came to its end


def test_the_learning_rate_of_a_callback_goes_along(samples, tmp_path):
    halved = callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
    interrupted(tmp_path, samples, others=[halved])
    model = make()
    kept = callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False)
    train(model, *samples, epochs=2, callbacks=kept)  # nothing is left to do
    assert model.optimizer.learning_rate == pytest.approx(0.001 / 4)
    assert kept.path.exists()


@pytest.mark.parametrize("optimizer", [optimizers.SGD(momentum=0.9), "adamw"], ids=["sgd", "adamw"])
def test_another_optimizer_is_refused_before_anything_changes(optimizer, samples, tmp_path):
    interrupted(tmp_path, samples)
    model = make(optimizer)
    before = state(model)
    with pytest.raises(FormatError, match=r"training\.brasa: the optimizer was Adam, and is"):
        train(model, *samples, callbacks=callbacks.BackupAndRestore(tmp_path))
    assert_same_bits(state(model), before)


def test_what_is_no_backup_is_refused(samples, tmp_path):
    model = make()
    model.save(tmp_path / "training.brasa")
    with pytest.raises(FormatError, match="is no backup"):
        train(model, *samples, callbacks=callbacks.BackupAndRestore(tmp_path))


def test_bad_arguments():
    with pytest.raises(ValueError, match="save_freq must be 'epoch', got 100"):
        brasa.callbacks.BackupAndRestore("x", save_freq=100)
    with pytest.raises(TypeError, match="BackupAndRestore"):
        brasa.callbacks.BackupAndRestore(3)
