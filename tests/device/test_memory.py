"""A device without room, or without a kernel, says so before the first step."""

import gc

import numpy as np
import pytest

import brasa
from brasa import Sequential, callbacks, layers, runtime
from tests.device.conftest import assert_same_models, mlp, net, plans_of, samples


@pytest.fixture
def small(device, monkeypatch):
    """A function that leaves so many bytes of the emulated device; skipped on others."""
    if device != "cuda_on_cpu":
        pytest.skip("only the emulated device can be made small")

    def leave(free):
        gc.collect()  # what other tests left
        monkeypatch.delenv("BRASA_CUDA_ON_CPU_BYTES", raising=False)
        used = (1 << 30) - runtime.free_memory(device)
        monkeypatch.setenv("BRASA_CUDA_ON_CPU_BYTES", str(used + free))
        assert runtime.free_memory(device) == free

    return leave


def test_what_does_not_fit_is_a_memory_error_before_the_first_step(rng, device, small):
    x, y = samples(rng, (5,))
    small(100)
    with pytest.raises(MemoryError, match=r"'cuda_on_cpu' has no room for \d+ bytes: 100 are free"):
        net(mlp, device)
    small(1 << 20)
    model = net(mlp, device)
    small(2000)
    before = model.get_weights()
    with pytest.raises(MemoryError):
        model.fit(x, y, batch_size=16, verbose=0)
    assert model.optimizer.iterations == 0
    for a, b in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)
    model.to("cpu").fit(x, y, verbose=0)


def test_a_move_that_fails_changes_nothing(rng, device, small):
    x, y = samples(rng, (5,))
    model = net(mlp)
    small(1000)  # enough for the weights alone
    with pytest.raises(MemoryError):
        model.to(device)
    assert model.device == "cpu"
    model.fit(x, y, verbose=0)


def test_validation_that_does_not_fit_says_so_before_the_first_step(rng, device, small):
    x, y = samples(rng, (5,), 600)
    model = net(mlp, device)
    small(30_000)
    seen = []

    class Watch(callbacks.Callback):
        def on_train_begin(self, logs=None):
            seen.append("begin")

    with pytest.raises(MemoryError):
        model.fit(
            x[:40], y[:40], 4, 2, 0, [Watch()], validation_data=(x, y), validation_batch_size=600
        )
    assert not seen
    assert model.optimizer.iterations == 0


@pytest.mark.parametrize("op", ["adam_step", "accuracy", "softmax_backward", "matmul"])
def test_an_op_without_a_kernel_says_so_before_the_first_step(rng, device, monkeypatch, op):
    if device != "cuda_on_cpu":
        pytest.skip("only the emulated device can lack an op")
    x, y = samples(rng, (5,))
    brasa.set_seed(5)
    model = Sequential([layers.Dense(9, "softmax", input_shape=(5,)), layers.Dense(3)])
    model.compile("adam", "mse", metrics=["categorical_accuracy"], device=device)
    monkeypatch.setenv("BRASA_CUDA_ON_CPU_LACKS", op)
    before = model.get_weights()
    wanted = f"{op}: there are no kernels for it in the table .* has to stay on the device 'cpu'"
    with pytest.raises(RuntimeError, match=wanted):
        model.fit(x, np.eye(3)[y], 8, 2, 0, validation_data=(x, np.eye(3)[y]))
    assert model.optimizer.iterations == 0
    for a, b in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)
    model.to("cpu").fit(x, np.eye(3)[y], 8, 1, 0)


@pytest.mark.parametrize("free", [1 << 20, 20_000])
def test_data_live_on_the_device_if_they_fit_and_are_sent_if_not(rng, device, small, free):
    x, y = samples(rng, (5,), 600)
    there, here = net(mlp, device), net(mlp)
    small(free)
    for model in (there, here):
        model.fit(x, y, batch_size=32, epochs=1, verbose=0, validation_split=0.5)
    assert_same_models(there, here)
    sent = max(plan.staged_bytes for plan in plans_of(there))
    assert (sent > 1000) == (free == 20_000)  # a batch's rows, or their numbers alone
