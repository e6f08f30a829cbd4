"""Batches that are sent while a step runs: right whenever the device gets to its copies."""

import numpy as np
import pytest

import brasa
from brasa import Sequential, layers, runtime
from brasa.buffers import Buffer, upload
from brasa.engine import Engine
from brasa.testing.assertions import assert_same_bits

DEVICE = "cuda_on_cpu"
pytestmark = pytest.mark.skipif(DEVICE not in runtime.devices(), reason="needs BRASA_CUDA_ON_CPU")


@pytest.fixture(params=["early", "late"])
def copies(request, monkeypatch):
    """When the emulated device does copies that it may do at any time."""
    monkeypatch.setenv("BRASA_CUDA_ON_CPU_COPIES", request.param)


@pytest.fixture
def sent(monkeypatch):
    """Data sets do not fit on the device."""
    monkeypatch.setattr(Engine, "load", lambda *_: None)


def net(device):
    brasa.set_seed(2)
    model = Sequential([layers.Dense(7, "tanh", input_shape=(5,)), layers.Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], device=device)
    return model


@pytest.fixture
def data(rng):
    return rng.standard_normal((203, 5)).astype(np.float32), rng.integers(0, 3, 203)


def trained(device, data):
    x, y = data
    model = net(device)
    fitted = model.fit(x, y, 16, 3, 0, validation_data=(x[:50], y[:50]))
    return model, fitted.history


def test_a_batch_never_arrives_too_early_or_too_late(copies, sent, data, monkeypatch):
    got, history = trained(DEVICE, data)
    assert all(plan._plan.replays >= 2 for plan in got.engine._plans.values())
    monkeypatch.undo()
    want, wanted = trained(DEVICE, data)  # the same kernels on data that live there
    assert history == wanted
    for a, b in zip(got.get_weights(), want.get_weights(), strict=True):
        assert_same_bits(a, b)


def test_an_epoch_waits_for_nothing_but_its_sums(copies, sent, data, monkeypatch):
    reads = []
    host = Buffer.host
    monkeypatch.setattr(Buffer, "host", lambda self: reads.append(self) or host(self))
    monkeypatch.setattr("brasa.fit._SHOW_EVERY", 0)  # a step takes longer
    x, y = data
    model = net(DEVICE)
    reads.clear()
    model.fit(x, y, 16, 2, 0)
    assert len(reads) <= 4  # 26 steps


def test_the_next_batch_is_copied_while_a_step_runs(sent, data):
    model, _ = trained(DEVICE, data)
    plan = max((plan._plan for plan in model.engine._plans.values()), key=lambda p: p.replays)
    batch = 16 * 5 * 4 + 16 * 4 + 16  # x, y, the rate and the step
    assert plan.staged_bytes == 2 * batch


def test_large_copies_take_many_turns_of_the_ring(copies, rng):
    host = rng.standard_normal(100_003).astype(np.float32)
    want = host.copy()
    there = upload(host, DEVICE)
    host[:] = 0  # may change at once
    assert_same_bits(there.numpy(), want)


def test_predictions_see_what_training_wrote_just_before(copies, sent, data):
    x, y = data
    models = net(DEVICE), net("cpu")
    for _ in range(3):
        for model in models:
            model.fit(x, y, 64, 1, 0)
        np.testing.assert_allclose(*(m.predict(x, 64) for m in models), rtol=1e-4, atol=1e-6)
