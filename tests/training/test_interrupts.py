"""Training may be left at any time: by Ctrl-C, and by errors on the way."""

import signal
import subprocess
import sys
import textwrap

import pytest

import brasa
from brasa import callbacks
from brasa.testing.assertions import assert_same_bits
from tests.training.conftest import SAMPLES, make, state, train


class Fail(callbacks.Callback):
    """Raises at the end of one batch."""

    def __init__(self, batch, error):
        super().__init__()
        self.batch, self.error = batch, error

    def on_train_batch_end(self, batch, logs=None):
        if batch == self.batch:
            raise self.error


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("too much")], ids=repr)
def test_an_exception_leaves_the_model_as_after_the_last_step(error, samples):
    x, y = samples
    one, other = make(), make()
    with pytest.raises(type(error)):
        train(one, x, y, epochs=3, callbacks=[Fail(1, error)])
    assert one.optimizer.iterations == 2
    assert one.engine.epochs_trained == 0
    order = other.engine.epoch_order(SAMPLES, shuffle=True)
    for rows in (order[:16], order[16:32]):
        other.train_on_batch(x[rows], y[rows])
    assert_same_bits(state(one), state(other))
    # Both go on as if nothing had happened.
    assert train(one, x, y, epochs=2) == train(other, x, y, epochs=2)
    assert_same_bits(state(one), state(other))


def test_ctrl_c_ends_fit_within_a_step(tmp_path):
    script = """
        import os, sys, threading, time
        import numpy as np
        import brasa
        from brasa import Sequential, layers

        model = Sequential([layers.Dense(64, activation="tanh", input_shape=(32,)),
                            layers.Dense(3, activation="softmax")])
        model.compile("adam", "sparse_categorical_crossentropy")
        x = np.ones((64, 32), np.float32)
        y = np.arange(64) % 3
        model.fit(x, y, verbose=0)
        sent = []

        def interrupt():
            time.sleep(0.1)
            sent.append(time.perf_counter())
            os.kill(os.getpid(), 2)

        threading.Thread(target=interrupt).start()
        try:
            model.fit(x, y, batch_size=1, epochs=10**6, verbose=0)
        except KeyboardInterrupt:
            late = time.perf_counter() - sent[0]
        steps = model.optimizer.iterations
        model.fit(x, y, verbose=0)
        assert model.optimizer.iterations == steps + 2
        assert np.isfinite(model.predict(x)).all()
        model.save(sys.argv[1])
        print(late)
    """
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(tmp_path / "model.brasa")],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        # A shell that starts a job in the background tells it to ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert result.returncode == 0, result.stderr
    assert float(result.stdout) < 1  # a step takes less than a millisecond; the rest is the machine
    assert brasa.load_model(tmp_path / "model.brasa").optimizer.iterations > 2


def test_an_interrupted_fit_has_a_history(samples):
    def interrupt(epoch, logs):
        if epoch == 2:
            raise KeyboardInterrupt

    model, hooks = make(), [callbacks.LambdaCallback(on_epoch_end=interrupt)]
    with pytest.raises(KeyboardInterrupt):
        train(model, *samples, epochs=5, callbacks=hooks)
    assert len(model.history.history["loss"]) == 2
