"""TerminateOnNaN stops where the loss breaks, and names the reason."""

import re

import numpy as np
import pytest

import brasa
from brasa import Sequential, callbacks, initializers, layers, optimizers

N, T = 32, 20


@pytest.fixture(autouse=True)
def seed():
    brasa.set_seed(5)


def fit(model, x, y, **options):
    watch = callbacks.TerminateOnNaN()
    options = {"verbose": 0, "batch_size": 8, "epochs": 4, "shuffle": False, **options}
    history = model.fit(x, y, callbacks=[watch], **options).history
    return watch, history


def test_healthy_training_runs_to_its_end(rng, capsys):
    model = Sequential([layers.Dense(4, "relu"), layers.Dense(1)])
    model.compile("adam", "mse")
    watch, history = fit(model, rng.standard_normal((N, 3)), np.zeros(N))
    assert len(history["loss"]) == 4
    assert (watch.stopped, watch.diagnosis) == (None, None)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_sample_that_is_nan(shuffle, rng, capsys):
    x = rng.standard_normal((N, T, 3)).astype(np.float32)
    x[19, 7, 1] = np.nan
    model = Sequential([layers.LSTM(4, name="rnn"), layers.Dense(1)])
    model.compile("adam", "mse")
    watch, _ = fit(model, x, np.zeros(N), check_finite=False, shuffle=shuffle)
    epoch, step = watch.stopped
    assert epoch == 0
    if not shuffle:
        assert step == 2
    fault = watch.diagnosis.fault
    assert (fault.where, fault.layer, fault.step, fault.name) == ("data", "rnn", 7, "x")
    out = capsys.readouterr().out
    assert f"Epoch 1, step {step + 1}: the loss is nan, training stops." in out
    assert "the data: x[19, 7, 1] is nan; layer 'rnn' is the first to give it at time step 7" in out
    assert "try: clean the data" in out
    assert model.optimizer.iterations == step + 1


def test_a_learning_rate_that_is_too_large(rng, capsys):
    """Forward the numbers outgrow float32, or the loss does: where depends on which comes first."""
    x = rng.standard_normal((N, 5)).astype(np.float32)
    model = Sequential([layers.Dense(8, name="a"), layers.Dense(1, name="b")])
    model.compile(optimizers.SGD(1e4), "mse")
    watch, _ = fit(model, x, np.ones(N))
    assert watch.stopped is not None
    assert watch.diagnosis.verdict == "NaN"
    assert watch.diagnosis.fault.where in ("forward", "loss", "backward", "update")
    assert "try: " in capsys.readouterr().out


@pytest.mark.parametrize("batch_size", [8, N])
def test_a_gradient_that_overflows_through_time_is_found_in_the_step_before(batch_size, capsys):
    """Step 1 has a finite loss and leaves NaN or Inf in the weights; step 2 stumbles over them."""
    rnn = layers.SimpleRNN(
        1, "linear", kernel_initializer="ones",
        recurrent_initializer=initializers.Constant(1e4), name="rnn",
    )  # fmt: skip
    model = Sequential([rnn, layers.Dense(1, kernel_initializer="ones", name="out")])
    model.compile(optimizers.SGD(0.1), "mse")
    x = np.zeros((N, T, 1), np.float32)
    x[:, -1] = 1e-3
    watch, _ = fit(model, x, np.ones(N), batch_size=batch_size)
    steps = N // batch_size
    assert watch.stopped == ((0, 1) if steps > 1 else (1, 0))
    assert np.isfinite(watch.diagnosis.loss)
    fault = watch.diagnosis.fault
    assert (fault.where, fault.layer, fault.value) == ("backward", "rnn", "-inf")
    # 2 (h - 1) / batch * 1e4^k > 3.4e38 for k = 10 and not before.
    assert fault.step == 9
    out = capsys.readouterr().out
    first, second, third = out.splitlines()
    assert re.search("the loss is (nan|inf), training stops", first)
    assert second.startswith("  epoch 1, step 1 broke a weight: layer 'rnn'")
    assert "at time step 9" in second
    assert "clipping" in third


def test_a_weight_that_was_broken_before(rng, capsys):
    model = Sequential([layers.Dense(4, "relu", name="a"), layers.Dense(1, name="b")])
    model.compile("sgd", "mse")
    x = rng.standard_normal((N, 3)).astype(np.float32)
    model.predict(x)
    w, b = model.get_layer("b").get_weights()
    w[2] = np.nan
    model.get_layer("b").set_weights([w, b])
    watch, _ = fit(model, x, np.zeros(N))
    fault = watch.diagnosis.fault
    assert watch.stopped == (0, 0)
    assert (fault.where, fault.layer, fault.name) == ("weight", "b", "b/kernel")
    assert fault.index == (2, 0)
    assert "layer 'b': its weight 'b/kernel'[2, 0] is nan" in capsys.readouterr().out


def test_a_state_that_overflows_from_batch_to_batch(capsys):
    """The state of a stateful layer grows by 1e10 at each of four steps a batch: in the second."""
    rnn = layers.SimpleRNN(
        1, "relu", kernel_initializer="ones", recurrent_initializer=initializers.Constant(1e6),
        stateful=True, name="rnn",
    )  # fmt: skip
    model = Sequential([rnn, layers.Dense(1, kernel_initializer="zeros", trainable=False)])
    model.compile(optimizers.SGD(0.0), "mse")
    watch, _ = fit(model, np.ones((N, 4, 1)), np.zeros(N))
    # 1e6^(k - 1) after k steps: beyond float32 at k = 8, step 3 of the second batch.
    assert watch.stopped == (0, 1)
    fault = watch.diagnosis.fault
    assert (fault.where, fault.layer, fault.step) == ("forward", "rnn", 3)
    assert fault.value == "inf"
    assert "at time step 3, at [8, 3, 0]" in capsys.readouterr().out


def test_it_can_watch_again(rng):
    model = Sequential([layers.Dense(1)])
    model.compile("sgd", "mse")
    x = rng.standard_normal((N, 3)).astype(np.float32)
    bad = x.copy()
    bad[9] = np.inf
    watch = callbacks.TerminateOnNaN()
    model.fit(bad, x[:, 0], verbose=0, callbacks=[watch], check_finite=False)
    assert watch.stopped == (0, 0)
    model.set_weights([np.zeros((3, 1)), np.zeros(1)])
    history = model.fit(x, x[:, 0], verbose=0, callbacks=[watch], epochs=2).history
    assert (watch.stopped, watch.diagnosis) == (None, None)
    assert len(history["loss"]) == 2
    assert model.fitting is None
