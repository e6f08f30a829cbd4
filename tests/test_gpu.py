"""On a GPU alone: what the emulated device cannot show."""

import numpy as np
import pytest

import brasa
from brasa import ops, runtime
from brasa.models import lenet5

pytestmark = pytest.mark.gpu


@pytest.fixture
def model():
    brasa.set_seed(3)
    made = lenet5(10, (28, 28, 1))
    made.compile("adam", "sparse_categorical_crossentropy", device="cuda")
    return made


def images(rng, count):
    x = rng.standard_normal((count, 28, 28, 1)).astype(np.float32)
    return x, rng.integers(0, 10, count)


def test_a_step_is_one_graph_and_gives_the_same_bits_every_time(rng, model):
    x, y = images(rng, 256)
    weights = []
    for _ in range(2):
        brasa.set_seed(3)
        again = lenet5(10, (28, 28, 1))
        again.compile("adam", "sparse_categorical_crossentropy", device="cuda")
        again.fit(x, y, batch_size=64, epochs=3, verbose=0)
        weights.append(again.get_weights())
        (plan,) = (p._plan for p in again.engine._plans.values())
        assert (plan.captures, plan.replays) == (2, 11)
    for a, b in zip(*weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_it_learns_what_the_cpu_learns(rng, model):
    x, y = images(rng, 512)
    brasa.set_seed(3)
    here = lenet5(10, (28, 28, 1))
    here.compile("adam", "sparse_categorical_crossentropy")
    for each in (model, here):
        each.fit(x, y, batch_size=64, epochs=2, verbose=0)
    np.testing.assert_allclose(model.predict(x), here.predict(x), rtol=2e-3, atol=2e-4)


def test_large_copies_arrive_whole(rng):
    from brasa.buffers import upload

    host = rng.standard_normal(9_000_001).astype(np.float32)  # several slots of pinned memory
    there = upload(host, "cuda")
    want = host.copy()
    host[:] = 0  # may change at once
    np.testing.assert_array_equal(there.numpy(), want)


def test_more_than_the_device_has_is_a_memory_error():
    from brasa import _core

    with pytest.raises(MemoryError, match="the device 'cuda' has no room for"):
        _core.DeviceArray("cuda", ("float32", (1 << 40,)))
    assert runtime.free_memory("cuda") > 0


def test_pytorch_and_brasa_see_one_memory(rng, model):
    torch = pytest.importorskip("torch")
    x = torch.randn(5, 28, 28, 1, device="cuda")
    y = ops.relu(x)
    tensor = torch.from_dlpack(y)
    assert tensor.device.type == "cuda"
    torch.testing.assert_close(tensor, x.relu())
    np.testing.assert_array_equal(y.numpy(), x.relu().cpu().numpy())
    probabilities = torch.from_dlpack(model.predict(x))
    np.testing.assert_allclose(
        probabilities.cpu().numpy(), model.predict(x.cpu().numpy()), rtol=1e-5, atol=1e-6
    )


def test_batches_sent_beside_the_steps_train_as_data_that_live_there(rng, monkeypatch):
    from brasa.engine import Engine

    x, y = images(rng, 1000)
    weights = []
    for _ in range(2):
        brasa.set_seed(3)
        model = lenet5(10, (28, 28, 1))
        model.compile("adam", "sparse_categorical_crossentropy", device="cuda")
        model.fit(x, y, batch_size=96, epochs=4, verbose=0)
        weights.append(model.get_weights())
        monkeypatch.setattr(Engine, "load", lambda *_: None)
    for a, b in zip(*weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_tensors_of_pytorch_train_where_they_lie(rng):
    torch = pytest.importorskip("torch")
    x, y = images(rng, 256)
    histories = []
    for where in ("cuda", "cpu"):
        brasa.set_seed(3)
        model = lenet5(10, (28, 28, 1))
        model.compile(
            "adam", "sparse_categorical_crossentropy", metrics=["accuracy"], device="cuda"
        )
        a, b = torch.from_numpy(x).to(where), torch.from_numpy(y).to(where)
        history = model.fit(a, b, 64, 2, 0, validation_data=(a, b)).history
        histories.append([history, model.evaluate(a, b, verbose=0), model.train_on_batch(a, b)])
    assert histories[0] == histories[1]
