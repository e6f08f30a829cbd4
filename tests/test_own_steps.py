"""Steps that a subclass of Model makes itself, beside Keras's."""

import copy
import importlib.util

import numpy as np
import pytest

import brasa
from brasa import Input, Model, Sequential, layers, load_model, losses, metrics, ops, optimizers
from brasa.testing.assertions import assert_same_bits
from brasa.utils import unpack_x_y_sample_weight
from tests.keras_apart import keras_apart
from tests.keras_steps import _told


@pytest.fixture(scope="module")
def keras():
    if not importlib.util.find_spec("keras") or not importlib.util.find_spec("torch"):
        pytest.skip("Keras is not installed, or PyTorch is not")
    with keras_apart("torch") as call:
        yield call


class Seen(Model):
    seen: list

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.seen = []


class Trained(Seen):
    def train_step(self, data):
        self.seen.append(_told(data))
        x, y, weight = unpack_x_y_sample_weight(data)
        if "slopes" not in vars(self):
            self.slopes = brasa.value_and_grad(self.judged, weights=self, has_aux=True)
        (loss, y_pred), gradients = self.slopes(x, y, *([] if weight is None else [weight]))
        self.optimizer.apply(gradients, self.trainable_weights)
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(y, y_pred)
        return {metric.name: metric.result() for metric in self.metrics}

    def judged(self, x, y, weight=None):
        y_pred = self(x, training=True)
        return self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=weight), y_pred


class Lost(Seen):
    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return ops.mean(ops.square(y_pred - y)) + 0.1 * ops.mean(ops.abs(x))


class LastLogs(Trained):
    def train_step(self, data):
        super().train_step(data)
        return {"last": data[0].mean()}

    def test_step(self, data):
        self.seen.append(_told(data))
        return {"b": data[0].mean(), "a": data[0].max()}


class Asked(Trained):
    def predict_step(self, data):
        self.seen.append(_told(data))
        x, _, _ = unpack_x_y_sample_weight(data)
        return {"twice": 2 * self(x), "x": x}


def two_layers(cls):
    x = Input((4,))
    return cls(x, layers.Dense(1)(layers.Dense(5, "tanh", kernel_regularizer="l2")(x)))


@pytest.fixture
def data(rng):
    x, y = rng.standard_normal((11, 4)), rng.standard_normal((11, 1))
    return x.astype(np.float32), y.astype(np.float32)


@pytest.mark.parametrize(
    "how",
    [
        {"batch_size": 4, "epochs": 2, "metrics": []},
        {"batch_size": 4, "epochs": 2, "validation_split": 0.3},
        {"batch_size": 3, "epochs": 2, "sample_weight": np.arange(11, dtype=np.float32)},
    ],
)
@pytest.mark.parametrize("cls", [Trained, Lost, LastLogs, Asked], ids=lambda cls: cls.__name__)
def test_steps_logs_and_numbers_are_those_of_keras(keras, cls, how, data):
    model = two_layers(cls)
    args = ("tests.keras_steps.own_steps", model.get_weights(), data, cls.__name__, dict(how))
    want = keras(*args)
    how = dict(how)
    model.compile(optimizers.Adam(0.05), "mse", metrics=how.pop("metrics", None))
    history = model.fit(*data, shuffle=False, verbose=0, **how).history
    assert set(history) == set(want[0])
    for name, values in want[0].items():
        assert history[name] == pytest.approx(values, rel=1e-3), name
    logs = model.evaluate(*data, batch_size=4, verbose=0, return_dict=True)
    assert logs == pytest.approx(want[1], rel=1e-3)
    assert model.evaluate(*data, batch_size=4, verbose=0) == pytest.approx(want[2], rel=1e-3)
    predicted = model.predict(data[0], batch_size=4)
    if want[3] is not None:
        assert list(predicted) == list(want[3])
        for name, values in want[3].items():
            np.testing.assert_allclose(predicted[name], values, rtol=1e-3, atol=1e-4)
    assert model.seen == want[4]


class GAN(Model):
    """Two models that train against each other; what Keras's guide has, in brasa's spelling."""

    def __init__(self, discriminator, generator, noise):
        super().__init__()
        self.discriminator, self.generator, self.noise = discriminator, generator, noise
        self.d_loss, self.g_loss = metrics.Mean(name="d_loss"), metrics.Mean(name="g_loss")

    def compile(self, d_optimizer, g_optimizer, loss_fn):
        super().compile()
        self.d_optimizer, self.g_optimizer = d_optimizer, g_optimizer
        self.d_slopes = brasa.value_and_grad(
            lambda x, y: loss_fn(y, self.discriminator(x, training=True)),
            weights=self.discriminator,
        )
        self.g_slopes = brasa.value_and_grad(
            lambda z, y: loss_fn(y, self.discriminator(self.generator(z, training=True))),
            weights=self.generator,
        )

    @property
    def metrics(self):
        return [self.d_loss, self.g_loss]

    def train_step(self, real):
        ones, zeros = np.ones((len(real), 1)), np.zeros((len(real), 1))
        latent = self.noise(len(real))
        both = np.concatenate([self.generator(latent), real])
        d_loss, gradients = self.d_slopes(both, np.concatenate([ones, zeros]))
        self.d_optimizer.apply(gradients, self.discriminator.trainable_weights)
        g_loss, gradients = self.g_slopes(latent, zeros)
        self.g_optimizer.apply(gradients, self.generator.trainable_weights)
        self.d_loss.update_state(d_loss)
        self.g_loss.update_state(g_loss)
        return {"d_loss": self.d_loss.result(), "g_loss": self.g_loss.result()}


def gan(noise, d_rate=0.01, g_rate=0.02, beta=0.9):
    discriminator = Sequential([Input((2,)), layers.Dense(8, "tanh"), layers.Dense(1)])
    generator = Sequential([Input((3,)), layers.Dense(8, "tanh"), layers.Dense(2)])
    model = GAN(discriminator, generator, noise)
    loss = losses.BinaryCrossentropy(from_logits=True)
    model.compile(optimizers.Adam(d_rate, beta_1=beta), optimizers.Adam(g_rate, beta_1=beta), loss)
    return model


def test_a_gan_is_that_of_keras(keras, rng, capsys):
    images = rng.standard_normal((20, 2)).astype(np.float32)
    noise = [rng.standard_normal((8, 3)).astype(np.float32) for _ in range(9)]
    each = iter(noise)
    model = gan(lambda rows: next(each)[:rows])
    weights = [model.discriminator.get_weights(), model.generator.get_weights()]
    history, after = keras("tests.keras_steps.gan", weights, images, noise)
    found = model.fit(images, batch_size=8, epochs=3, shuffle=False, verbose=2).history
    assert set(found) == set(history) == {"d_loss", "g_loss"}
    for name, values in history.items():
        assert found[name] == pytest.approx(values, rel=1e-3)
    mine = [*model.discriminator.get_weights(), *model.generator.get_weights()]
    for own, want in zip(mine, [*after[0], *after[1]], strict=True):
        np.testing.assert_allclose(own, want, rtol=1e-3, atol=1e-4)
    shown = capsys.readouterr().out
    assert "d_loss" in shown
    assert "Epoch 3/3" in shown


def test_a_gan_learns_where_points_lie(rng):
    images = (rng.standard_normal((256, 2)) * 0.2 + [2.0, -1.0]).astype(np.float32)
    model = gan(lambda rows: rng.standard_normal((rows, 3)).astype(np.float32), 0.005, 0.005, 0.5)
    model.fit(images, batch_size=32, epochs=40, verbose=0)
    middles = []
    for _ in range(20):  # it goes around the middle
        model.fit(images, batch_size=32, verbose=0)
        middles.append(model.generator.predict(rng.standard_normal((256, 3))).mean(axis=0))
    assert np.abs(np.mean(middles, axis=0) - [2.0, -1.0]).max() < 0.25


class Autoencoder(Model):
    """Rebuilds its input, with a loss of its own beside one on the code."""

    def __init__(self, units):
        super().__init__()
        self.units = units
        self.encoder, self.decoder = layers.Dense(units), layers.Dense(4)

    def call(self, x):
        code = self.encoder(x)
        return {"code": code, "again": self.decoder(code)}

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        rebuilt = ops.mean(ops.square(y_pred["again"] - x))
        return rebuilt + 0.001 * ops.mean(ops.square(y_pred["code"]))

    def get_config(self):
        return {"units": self.units}


def test_an_autoencoder_learns_by_its_own_loss(rng, tmp_path):
    x = rng.standard_normal((64, 2)) @ rng.standard_normal((2, 4))
    model = Autoencoder(2)
    model.compile(optimizers.Adam(0.02))
    history = model.fit(x, epochs=150, verbose=0, validation_data=(x, None)).history
    assert list(history) == ["loss", "val_loss"]
    assert history["val_loss"][-1] < 0.05 * history["loss"][0]
    code = model.predict(x)["code"]
    again = model.predict(x)["again"]
    want = np.mean((again - x) ** 2) + 0.001 * np.mean(code**2)
    assert model.evaluate(x, verbose=0, batch_size=64) == pytest.approx(want, rel=1e-4)
    model.save(tmp_path / "m.brasa")
    twin = load_model(tmp_path / "m.brasa", {"Autoencoder": Autoencoder})
    other = copy.deepcopy(model)
    told = [m.fit(x, epochs=2, verbose=0).history["loss"] for m in (model, twin, other)]
    assert told[0] == told[1] == told[2]
    assert_same_bits(model.get_weights(), twin.get_weights())
