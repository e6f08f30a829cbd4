"""Every model of brasa.models on a device learns and says there what it does on the CPU."""

import inspect

import numpy as np
import pytest

import brasa
from brasa import Input, Sequential, callbacks, constraints, layers, models, runtime
from brasa.datasets import CharVocabulary

DEVICES = [name for name in runtime.devices() if name != "cpu"]
NONE = pytest.param(
    "", marks=pytest.mark.skip("needs a CUDA device, or a build with BRASA_CUDA_ON_CPU")
)
V, T = 7, 5


@pytest.fixture(params=DEVICES or [NONE])
def device(request):
    return request.param


@pytest.fixture(autouse=True)
def narrow(monkeypatch):
    """Two narrow stages, or three: a device is emulated thread by thread."""
    monkeypatch.setattr("brasa.models.resnet._STAGES", (3, 4))
    monkeypatch.setattr("brasa.models.resnet_cifar._STEM", 2)


def images(rng, shape, classes):
    return rng.standard_normal((10, *shape)).astype(np.float32), rng.integers(0, classes, 10)


def characters(rng):
    return rng.integers(0, V, (10, T)), rng.integers(0, V, (10, T))


def lenet(form):
    return lambda rng: (models.lenet5(3, (12, 12, 1), form), *images(rng, (12, 12, 1), 3))


def char_rnn(cell):
    def make(rng):
        return models.char_rnn(V, 6, 2, cell, 4, dropout=0.2), *characters(rng)

    return make


def resnet(small_images):
    return lambda rng: (models.resnet18(3, (16, 16, 2), small_images), *images(rng, (16, 16, 2), 3))


def small(build, shape, *arguments, **options):
    return lambda rng: (build(*arguments, **options), *images(rng, shape, 3))


def autoencoder(rng):
    data = rng.random((10, 8, 4, 2)).astype(np.float32)
    return models.autoencoder((8, 4, 2), 3, (3, 4)), data, data


def gan_generator(rng):
    data = rng.random((10, 8, 4, 2)).astype(np.float32)
    return models.gan_generator(5, (8, 4, 2), 2), rng.random((10, 5)).astype(np.float32), data


def gan_discriminator(rng):
    model = models.gan_discriminator((8, 4, 2), 3)
    return model, rng.random((10, 8, 4, 2)).astype(np.float32), rng.integers(0, 2, 10)


def masked_tagger(rng):
    inner = layers.LSTM(3, return_sequences=True)
    stack = [layers.Embedding(V, 4, mask_zero=True), layers.Bidirectional(inner)]
    head = [layers.TimeDistributed(layers.Dense(5, "relu")), layers.Dense(V, "softmax")]
    return Sequential([Input((None,), dtype="int32"), *stack, *head]), *characters(rng)


def constrained(rng):
    conv = {"kernel_constraint": constraints.MaxNorm(0.5, (0, 1, 2)), "bias_constraint": "non_neg"}
    stack = [layers.Conv2D(3, 3, **conv), layers.LayerNormalization(gamma_constraint="unit_norm")]
    head = layers.Dense(3, "softmax", kernel_constraint=constraints.MinMaxNorm(0.2, 0.4, 0.9))
    return Sequential([Input((6, 6, 2)), *stack, layers.Flatten(), head]), *images(
        rng, (6, 6, 2), 3
    )


MAKE = {
    "lenet5 modern": lenet("modern"),
    "lenet5 classic": lenet("classic"),
    "char_rnn lstm": char_rnn("lstm"),
    "char_rnn gru": char_rnn("gru"),
    "char_rnn rnn": char_rnn("rnn"),
    "resnet18": resnet(False),
    "resnet18 small": resnet(True),
    "resnet20": small(models.resnet20, (8, 8, 2), 3, (8, 8, 2)),
    "se_resnet20": small(models.se_resnet20, (8, 4, 2), 3, (8, 4, 2), reduction=2),
    "densenet": small(models.densenet, (8, 8, 2), 7, 2, 3, (8, 8, 2)),
    "mlp": small(models.mlp, (6,), 3, (6,), (5, 4), 0.2),
    "autoencoder": autoencoder,
    "gan_discriminator": gan_discriminator,
    "gan_generator": gan_generator,
    "masked_tagger": masked_tagger,
    "constrained": constrained,
}

LOSSES = {
    "autoencoder": "binary_crossentropy",
    "gan_discriminator": "binary_crossentropy",
    "gan_generator": "mse",
}
# The layers of others in larger numbers: too much for an emulated device.
WIDER = {"alexnet", "densenet121", "googlenet", "mobilenet", "se_resnet50"}
WIDER |= {name for name in models.__all__ if name.startswith(("resnet", "resnext", "vgg"))}


def test_no_model_is_left_out():
    made = {name.split()[0] for name in MAKE}
    functions = {name for name in models.__all__ if inspect.isfunction(getattr(models, name))}
    assert functions - made - WIDER == {
        "clone_model",
        "generate_text",
        "load_model",
        "model_from_json",
        "stream_text",
    }


def compiled(name, device, seed):
    brasa.set_seed(4)
    model, x, y = MAKE[name](np.random.default_rng(seed))
    loss = LOSSES.get(name, "sparse_categorical_crossentropy")
    # SGD: Adam divides by the root of tiny gradients, which makes rounding visible.
    model.compile(
        brasa.optimizers.SGD(0.05, momentum=0.9), loss, metrics=["accuracy"], device=device
    )
    return model, x, y


def assert_near(got, want, tolerance=1e-3):
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance / 10)


@pytest.mark.parametrize("name", MAKE)
def test_it_trains_tests_and_predicts_as_on_the_cpu(name, device, rng):
    (there, x, y), (here, *_) = (compiled(name, place, 1) for place in (device, "cpu"))
    # Normalization over few samples multiplies rounding.
    size = 10 if "net" in name or "gan" in name else 4
    histories = [
        model.fit(x, y, size, 2, 0, validation_data=(x[:6], y[:6])).history
        for model in (there, here)
    ]
    for key, values in histories[1].items():
        assert_near(histories[0][key], values)
    assert_near(there.evaluate(x, y, 4, 0), here.evaluate(x, y, 4, 0))
    assert_near(there.predict(x, 4), here.predict(x, 4))
    assert_near(there.train_on_batch(x, y), here.train_on_batch(x, y))
    for a, b in zip(there.get_weights(), here.get_weights(), strict=True):
        assert_near(a, b)
    for plan in there.engine._plans.values():
        assert not plan._plan.capture_failure


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_a_character_model_writes_the_same_text(cell, device):
    vocabulary = CharVocabulary("abcdefg")
    texts = []
    for place in (device, "cpu"):
        brasa.set_seed(6)
        with brasa.device(place):
            model = models.char_rnn(len(vocabulary), 6, 2, cell, 4, stateful=True)
        texts.append(models.generate_text(model, vocabulary, "abcab", 40, 0.8, seed=3))
    assert texts[0] == texts[1]
    assert len(set(texts[0])) > 2


def test_a_stateful_model_trains_on_as_on_the_cpu(device, rng):
    x, y = rng.integers(0, V, (8, T)), rng.integers(0, V, (8, T))
    histories = []
    for place in (device, "cpu"):
        brasa.set_seed(6)
        model = models.char_rnn(V, 6, 1, embedding=4, stateful=True)
        model.compile("sgd", "sparse_categorical_crossentropy", device=place)
        histories.append(model.fit(x, y, 4, 3, 0, shuffle=False).history["loss"])
    assert_near(*histories)


def test_callbacks_that_keep_weights(device, rng, tmp_path):
    """Checkpoints, early stopping that restores, a log: on the device what they are on the CPU."""
    results = []
    for place in (device, "cpu"):
        model, x, y = compiled("lenet5 modern", place, 2)
        path = tmp_path / f"{place}.brasa"
        stop = callbacks.EarlyStopping("loss", patience=1, mode="max", restore_best_weights=True)
        save = callbacks.ModelCheckpoint(path, monitor="loss", mode="min", save_best_only=True)
        log = callbacks.CSVLogger(tmp_path / f"{place}.csv")
        history = model.fit(x, y, 4, 6, 0, callbacks=[stop, save, log]).history
        assert stop.stopped_epoch > 0
        loaded = brasa.load_model(path)
        results.append((history["loss"], model.get_weights(), loaded.get_weights()))
        assert_near(loaded.evaluate(x, y, verbose=0)[0], model.to("cpu").evaluate(x, y, 4, 0)[0], 9)
    for got, want in zip(*results, strict=True):
        for a, b in zip(got, want, strict=True):
            assert_near(a, b)
