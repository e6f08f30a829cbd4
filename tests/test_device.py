"""Models that live on a device: the same results as on the CPU, with the data in its memory."""

import gc
import threading

import numpy as np
import pytest

import brasa
from brasa import Input, Model, Sequential, callbacks, layers, optimizers, runtime
from brasa.buffers import Buffer, upload
from brasa.models import lenet5

DEVICES = [name for name in runtime.devices() if name != "cpu"]
NONE = pytest.param(
    "", marks=pytest.mark.skip("needs a CUDA device, or a build with BRASA_CUDA_ON_CPU")
)


@pytest.fixture(params=DEVICES or [NONE])
def device(request):
    return request.param


def mlp():
    return Sequential([layers.Dense(9, activation="relu", input_shape=(5,)), layers.Dense(3)])


def small_lenet():
    return lenet5(10, (12, 12, 1), "modern")


def normalized():
    """A convolution, a normalization and a dropout; two branches that meet."""
    x = Input((6, 6, 2))
    y = layers.Conv2D(4, 3, padding="same", use_bias=False)(x)
    y = layers.ReLU()(layers.BatchNormalization()(y))
    z = layers.AveragePooling2D(2)(y)
    y = layers.Dropout(0.3)(layers.MaxPooling2D(2)(y))
    y = layers.Flatten()(layers.Add()([y, z]))
    return Model(x, layers.Dense(3)(y))


def autoencoder():
    """Down and up again, with an activation at the end and a bias in place before it."""
    return Sequential(
        [
            layers.Conv2D(6, 3, 2, padding="same", activation="relu", input_shape=(6, 6, 2)),
            layers.Conv2DTranspose(5, 3, padding="same", activation="relu"),
            layers.Conv2DTranspose(3, 4, 2, padding="same", activation="tanh"),
            layers.GlobalAveragePooling2D(),
        ]
    )


def along_time():
    return Sequential(
        [
            layers.Conv1D(6, 3, padding="causal", activation="relu", input_shape=(12, 2)),
            layers.MaxPooling1D(),
            layers.Conv1DTranspose(4, 2, 2),
            layers.GlobalMaxPooling1D(),
            layers.Dense(3),
        ]
    )


def augmented():
    """Crops, flips and shifts of what a convolution made: gradients pass through them."""
    return Sequential(
        [
            layers.Normalization(mean=0.5, variance=2.0, input_shape=(6, 6, 2)),
            layers.Conv2D(4, 3, padding="same"),
            layers.ZeroPadding2D(1),
            layers.RandomCrop(6, 6),
            layers.RandomFlip(),
            layers.RandomTranslation(0.4, 0.4),
            layers.Flatten(),
            layers.Dense(3),
        ]
    )


def embedded():
    return Sequential([layers.Embedding(11, 4), layers.LSTM(5, stateful=True), layers.Dense(3)])


NETS = {
    mlp: (5,),
    small_lenet: (12, 12, 1),
    normalized: (6, 6, 2),
    autoencoder: (6, 6, 2),
    along_time: (12, 2),
    augmented: (6, 6, 2),
}
LOSS = "sparse_categorical_crossentropy"


def net(make, device="cpu", optimizer="adam", **keywords):
    """Always the same weights and dropout."""
    brasa.set_seed(5)
    model = make()
    if make is not small_lenet:
        loss = brasa.losses.SparseCategoricalCrossentropy(from_logits=True)
    else:
        loss = LOSS
    model.compile(optimizer=optimizer, loss=loss, metrics=["accuracy"], device=device, **keywords)
    return model


def samples(rng, shape, count=22, classes=3):
    x = rng.standard_normal((count, *shape)).astype(np.float32)
    return x, rng.integers(0, classes, count)


def assert_near(got, want):
    # Some steps of an optimizer over sums of a hundred terms.
    np.testing.assert_allclose(got, want, rtol=2e-4, atol=2e-5)


def assert_same_models(got, want):
    for a, b in zip(got.get_weights(), want.get_weights(), strict=True):
        assert_near(a, b)
    for name, slot in want.store.slots.items():
        assert_near(got.store.slots[name], slot)


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


@pytest.mark.parametrize("kind", ["SGD", "AdamW", "RMSprop", "Adagrad"])
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


# ---- memory --------------------------------------------------------------------------------


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


# ---- names ---------------------------------------------------------------------------------


def test_an_unknown_device_is_refused():
    with pytest.raises(ValueError, match="no device 'gpu': the names are 'cpu' and 'cuda'"):
        mlp().to("gpu")
    with pytest.raises(TypeError, match="must be a string"):
        mlp().to(0)
    with pytest.raises(ValueError, match="no device 'tpu'"), brasa.device("tpu"):
        pass
    assert runtime.current_device() == "cpu"


@pytest.mark.skipif("cuda" in DEVICES, reason="there is a CUDA device")
def test_without_cuda_the_reason_is_said():
    for attempt in (
        mlp().to,
        lambda name: net(mlp, name),
        lambda name: brasa.device(name).__enter__(),
    ):
        with pytest.raises(RuntimeError) as caught:
            attempt("cuda")
        assert runtime.cuda_reason() in str(caught.value)
    assert "cuda" not in runtime.devices()


def test_a_block_that_fails_leaves_the_device(device):
    with pytest.raises(KeyError), brasa.device(device):
        raise KeyError
    assert runtime.current_device() == "cpu"


def test_buffers_give_the_newer_copy(device):
    buffer = Buffer(3, device=device)
    there = buffer.bound()
    buffer.to_write()[:] = 1, 2, 3
    assert buffer.bound() is there
    np.testing.assert_array_equal(there.numpy(), [1, 2, 3])
    there.copy_from(np.float32([4, 5, 6]))
    np.testing.assert_array_equal(buffer.host(), [1, 2, 3])  # nobody said that it was written
    buffer.written()
    np.testing.assert_array_equal(buffer.host(), [4, 5, 6])
    buffer.written()
    buffer.fill(7)
    np.testing.assert_array_equal(there.numpy(), [7, 7, 7])
    buffer.move("cpu")
    assert buffer.bound() is buffer.host()
    np.testing.assert_array_equal(buffer.host(), [7, 7, 7])


def test_copies_must_be_of_one_size(device):
    there = upload(np.arange(6, dtype=np.int32).reshape(2, 3), device)
    assert (there.dtype, there.shape, there.nbytes, there.device) == ("int32", (2, 3), 24, device)
    np.testing.assert_array_equal(there.numpy(), [[0, 1, 2], [3, 4, 5]])
    with pytest.raises(ValueError, match="24 bytes with an array of 20"):
        there.copy_to(np.zeros(5, np.int32))


# ---- graphs --------------------------------------------------------------------------------


def plans_of(model):
    return [plan._plan for plan in model.engine._plans.values()]


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
