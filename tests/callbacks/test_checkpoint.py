"""Models and weights saved while training goes on."""

import math

import numpy as np
import pytest

from brasa import Input, Sequential, layers, load_model
from brasa.callbacks import CallbackList, ModelCheckpoint
from tests.callbacks.conftest import Model, losses, run


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


def fitted(checkpoint, epochs=(3,), rows=20, **options):
    """Five batches an epoch."""
    model = Sequential([Input((2,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.ones((rows, 2), np.float32)
    for count in epochs:
        model.fit(
            x, x[:, :1], batch_size=4, epochs=count, verbose=0, callbacks=[checkpoint], **options
        )
    return model


def test_checkpoint_after_so_many_batches(tmp_path):
    """Fifteen batches in three epochs, every fourth of all, as Keras counts them."""
    checkpoint = ModelCheckpoint(tmp_path / "net-{epoch}-{batch:02d}", save_freq=4)
    fitted(checkpoint)
    assert {path.name for path in tmp_path.iterdir()} == {"net-1-04", "net-2-03", "net-3-02"}
    assert [load_model(path).optimizer.iterations for path in sorted(tmp_path.iterdir())] == [
        4,
        8,
        12,
    ]


def test_checkpoint_counts_on_in_the_next_fit(tmp_path):
    fitted(ModelCheckpoint(tmp_path / "net-{epoch}-{batch}", save_freq=4), epochs=(1, 1))
    assert {path.name for path in tmp_path.iterdir()} == {"net-1-4", "net-1-3"}


def test_checkpoint_of_the_best_batches_only(tmp_path):
    path = tmp_path / "net-{epoch}-{batch}-{loss:.3f}"
    checkpoint = ModelCheckpoint(path, "loss", save_best_only=True, save_freq=1)
    model = CallbackList([checkpoint], model=Model())
    model.on_epoch_begin(0)
    for batch, loss in enumerate([0.5, 0.75, 0.25]):
        model.on_train_batch_end(batch, {"loss": loss})
    model.on_epoch_end(0, {"loss": 0.125})
    assert [saved for _, saved, _ in checkpoint.model.saved] == [
        str(tmp_path / "net-1-1-0.500"),
        str(tmp_path / "net-1-3-0.250"),
    ]


def test_checkpoint_of_epochs_needs_no_batches(tmp_path):
    assert not CallbackList([ModelCheckpoint(tmp_path / "net")]).wants_batches
    assert CallbackList([ModelCheckpoint(tmp_path / "net", save_freq=2)]).wants_batches

    class Own(ModelCheckpoint):
        def on_train_batch_begin(self, batch, logs=None):
            pass

    assert CallbackList([Own(tmp_path / "net")]).wants_batches


@pytest.mark.parametrize("freq", ["batch", 0, -1, 2.0, True, None])
def test_bad_frequencies(freq):
    with pytest.raises(ValueError, match="save_freq must be 'epoch' or a number of batches >= 1"):
        ModelCheckpoint("net", save_freq=freq)
