"""One row of a CSV file for each epoch."""

import pytest

from brasa.callbacks import (
    Callback,
    CSVLogger,
)
from tests.callbacks.conftest import run


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
