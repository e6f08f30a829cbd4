"""Models that live on a device: the same results as on the CPU."""

import numpy as np
import pytest

import brasa
from brasa import Sequential, callbacks, layers, optimizers, runtime
from tests.device.conftest import (
    NETS,
    assert_near,
    assert_same_models,
    embedded,
    mlp,
    net,
    normalized,
    samples,
    small_lenet,
)


@pytest.mark.parametrize("make", NETS)
def test_training_testing_and_predicting_agree_with_the_cpu(rng, device, make):
    x, y = samples(rng, NETS[make])
    there, here = net(make, device), net(make)
    assert there.device == device
    for model in (there, here):
        model.history_of = model.fit(
            x, y, batch_size=8, epochs=3, verbose=0, validation_data=(x[:9], y[:9])
        ).history
    for name, values in here.history_of.items():
        assert_near(there.history_of[name], values)
    assert_same_models(there, here)
    assert_near(there.evaluate(x, y, batch_size=8, verbose=0), here.evaluate(x, y, verbose=0))
    for batch in (22, 8):
        assert_near(there.predict(x, batch_size=batch), here.predict(x))
    assert_near(there.train_on_batch(x, y), here.train_on_batch(x, y))
    loss, gradients = there.compute_gradients(x, y)
    want_loss, want = here.compute_gradients(x, y)
    assert_near(loss, want_loss)
    for a, b in zip(gradients, want, strict=True):
        assert_near(a, b)


def penalized():
    return Sequential(
        [
            layers.Dense(9, activation="tanh", input_shape=(5,), kernel_regularizer="l2"),
            layers.Dense(3, kernel_regularizer="l1", bias_regularizer="l1_l2"),
        ]
    )


@pytest.mark.parametrize("kind", ["SGD", "AdamW", "RMSprop", "Adagrad", "Ftrl", "Lamb"])
def test_schedules_decay_and_penalties_agree_with_the_cpu(rng, device, kind):
    x, y = samples(rng, (5,))
    models = []
    for place in (device, "cpu"):
        rate = optimizers.schedules.CosineDecay(0.01, 9, warmup_target=0.03, warmup_steps=3)
        optimizer = getattr(optimizers, kind)(rate, weight_decay=0.1)
        optimizer.exclude_from_weight_decay(var_names=["bias"])
        models.append(net(penalized, place, optimizer))
        history = models[-1].fit(x, y, batch_size=8, epochs=3, verbose=0).history
        models[-1].history_of = history
    assert_same_models(*models)
    assert_near(*(model.history_of["loss"] for model in models))
    assert_near(*(model.evaluate(x, y, verbose=0) for model in models))


def test_a_model_moves_between_devices_in_the_middle_of_training(rng, device):
    x, y = samples(rng, (5,))
    moved, stayed = net(mlp), net(mlp)
    for place in (device, "cpu", device):
        assert moved.to(place) is moved
        for model in (moved, stayed):
            model.fit(x, y, batch_size=8, epochs=1, verbose=0)
        assert_same_models(moved, stayed)
    moved.to("cpu")
    assert isinstance(moved.engine.arrays()["parameters"], np.ndarray)


def test_models_made_in_a_block_live_on_its_device(rng, device):
    with brasa.device(device):
        assert runtime.current_device() == device
        late = Sequential([layers.Dense(2)])
        with brasa.device("cpu"):
            assert mlp().device == "cpu"
        assert runtime.current_device() == device
    assert runtime.current_device() == "cpu"
    late.predict(np.zeros((3, 4), np.float32))
    assert late.device == device
    assert not isinstance(late.engine.arrays()["parameters"], np.ndarray)


def test_weights_that_are_set_or_shared_are_the_ones_used(rng, device):
    x, y = samples(rng, (5,))
    model = net(mlp, device)
    model.fit(x, y, epochs=1, verbose=0)
    old = model.get_weights()
    kernel = model.trainable_weights[0]
    kernel.assign(np.zeros((5, 9), np.float32))
    assert not kernel.value.any()
    for now, before in zip(model.get_weights()[1:], old[1:], strict=True):
        np.testing.assert_array_equal(now, before)
    hidden = np.maximum(old[1], 0)
    assert_near(model.predict(x), np.tile(hidden @ old[2] + old[3], (22, 1)))
    # The layers now serve a model on the CPU; what it learns is seen by both.
    other = Sequential(model.layers)
    other.compile("sgd", brasa.losses.SparseCategoricalCrossentropy(from_logits=True))
    assert_near(other.predict(x), model.predict(x))
    other.train_on_batch(x, y)
    assert_near(model.predict(x), other.predict(x))


def test_callbacks_see_the_weights_of_the_step(rng, device):
    class Watch(callbacks.Callback):
        def on_train_batch_end(self, batch, logs):
            self.seen.append((logs["loss"], self.model.get_weights()))

    x, y = samples(rng, (5,))
    seen = []
    for place in (device, "cpu"):
        watch = Watch()
        watch.seen = []
        net(mlp, place).fit(x, y, batch_size=8, epochs=2, verbose=0, callbacks=[watch])
        seen.append(watch.seen)
    assert len(seen[0]) == 6
    for (loss, weights), (want_loss, want) in zip(*seen, strict=True):
        assert_near(loss, want_loss)
        for a, b in zip(weights, want, strict=True):
            assert_near(a, b)


def test_a_saved_model_goes_on_anywhere(rng, device, tmp_path):
    x, y = samples(rng, NETS[normalized])
    there, here = net(normalized, device), net(normalized)
    for model in (there, here):
        model.fit(x, y, batch_size=8, epochs=1, verbose=0)
    there.save(tmp_path / "there.brasa")
    loaded = brasa.load_model(tmp_path / "there.brasa")
    assert loaded.device == "cpu"
    with brasa.device(device):
        again = brasa.load_model(tmp_path / "there.brasa")
    assert again.device == device
    for model in (there, here, loaded, again):
        model.fit(x, y, batch_size=8, epochs=1, verbose=0)
    for model in (there, loaded, again):
        assert_same_models(model, here)


def test_states_stay_on_the_device(rng, device):
    x = rng.integers(0, 11, (2, 8)).astype(np.int32)
    results = []
    for place in ("cpu", device):
        brasa.set_seed(3)
        with brasa.device(place):
            model = embedded()
        first, second = model.predict(x), model.predict(x)
        model.reset_states()
        np.testing.assert_array_equal(model.predict(x), first)
        results.append((first, second))
    assert_near(results[1], results[0])
    assert np.abs(results[0][0] - results[0][1]).max() > 1e-3


def test_profile_names_the_steps_and_leaves_the_weights(rng, device):
    x, y = samples(rng, (5,))
    model = net(mlp, device)
    before = model.get_weights()
    steps = model.profile(x, y, repeats=2)
    assert any(step["op"] == "adam_step" and step["seconds"] > 0 for step in steps)
    for a, b in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_uint8_pictures_and_weighted_samples(rng, device):
    x = rng.integers(0, 256, (20, 12, 12, 1), np.uint8)
    y = rng.integers(0, 10, 20)
    weight = rng.uniform(0.5, 2, 20)
    histories = []
    for place in (device, "cpu"):
        model = net(small_lenet, place, "sgd")
        histories.append(model.fit(x / np.float32(255), y, 8, 2, 0, sample_weight=weight).history)
        model.fit(x, y, 8, 1, 0)
        model.evaluate(x, y, 8, 0)
    for name in histories[1]:
        assert_near(histories[0][name], histories[1][name])
