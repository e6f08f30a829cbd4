"""Steps that a device replays as a graph."""

import threading

import numpy as np
import pytest

from brasa import callbacks
from tests.device.conftest import (
    NETS,
    assert_near,
    assert_same_models,
    augmented,
    mlp,
    net,
    normalized,
    plans_of,
    samples,
)


@pytest.mark.parametrize("make", [normalized, augmented])
def test_steps_are_replayed_and_follow_what_changes(rng, device, make):
    """The learning rate, the random numbers and the rows are read anew by each replay."""
    x, y = samples(rng, NETS[make], 32)

    class Slower(callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.optimizer.learning_rate = 0.01 / (epoch + 1)

    models = net(make, device), net(make)
    for model in models:
        model.fit(x, y, batch_size=8, epochs=4, verbose=0, callbacks=[Slower()])
    assert_same_models(*models)
    (plan,) = plans_of(models[0])
    # One for each of the places to which the rows' numbers are sent by turns.
    assert (plan.captures, plan.replays) == (2, 4 * 4 - 1)


def test_the_last_smaller_batch_is_a_graph_too(rng, device):
    x, y = samples(rng, (5,))
    model = net(mlp, device)
    model.fit(x, y, batch_size=8, epochs=5, verbose=0)  # 8, 8, 6
    replays = sorted(plan.replays for plan in plans_of(model))
    assert replays == [5 - 1, 2 * 5 - 1]
    assert not any(plan.capture_failure for plan in plans_of(model))


def test_weights_that_change_between_predictions_are_not_frozen_in_a_graph(rng, device):
    x, y = samples(rng, (5,))
    there, here = net(mlp, device), net(mlp)
    for _ in range(4):
        assert_near(there.predict(x), here.predict(x))
        for model in (there, here):
            model.train_on_batch(x, y)
    assert all(plan.captures == 1 and plan.replays == 3 for plan in plans_of(there))


def test_threads_share_a_device(rng, device):
    x, _ = samples(rng, (5,), 8)
    model = net(mlp, device)
    want = model.predict(x)
    results = []

    def work(own):
        results.extend([own.predict(x) for _ in range(20)] + [model.predict(x)])

    # Made here: the seed is the process's.
    threads = [threading.Thread(target=work, args=(net(mlp, device),)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 63
    for result in results:
        np.testing.assert_array_equal(result, want)
