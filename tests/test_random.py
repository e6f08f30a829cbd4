"""brasa.random: arrays, and numbers that a model draws anew for each batch."""

import copy

import numpy as np
import pytest

import brasa
from brasa import Input, Model, Sequential, datasets, layers, losses, models, ops, random


class Sampling(layers.Layer):
    """The layer of Keras's documentation: z from its mean and the logarithm of its variance."""

    def __init__(self, **options):
        super().__init__(**options)
        self.seed_generator = random.SeedGenerator(1337)

    def call(self, inputs):
        z_mean, z_log_var = inputs
        batch, dim = ops.shape(z_mean)[0], ops.shape(z_mean)[1]
        epsilon = random.normal(shape=(batch, dim), seed=self.seed_generator)
        return z_mean + ops.exp(0.5 * z_log_var) * epsilon


class VAE(Model):
    def __init__(self):
        super().__init__()
        start = Input((8, 8, 1))
        x = layers.Dense(32, activation="relu")(layers.Flatten()(start))
        z_mean, z_log_var = layers.Dense(2, name="z_mean")(x), layers.Dense(2, name="z_log_var")(x)
        z = Sampling()([z_mean, z_log_var])
        self.encoder = Model(start, [z_mean, z_log_var, z], name="encoder")
        self.decoder = Sequential(
            [
                layers.Dense(32, activation="relu", input_shape=(2,)),
                layers.Dense(64, activation="sigmoid"),
                layers.Reshape((8, 8, 1)),
            ],
        )

    def call(self, data):
        z_mean, z_log_var, z = self.encoder(data)
        reconstruction = self.decoder(z)
        distance = losses.binary_crossentropy(data, reconstruction)
        self.add_loss(ops.mean(ops.sum(distance, axis=(1, 2))))
        kl = -0.5 * (1 + z_log_var - ops.square(z_mean) - ops.exp(z_log_var))
        self.add_loss(ops.mean(ops.sum(kl, axis=1)))
        return reconstruction


def drawn(seed, act):
    brasa.set_seed(seed)
    return act()


def test_the_autoencoder_of_kerass_documentation_learns_digits():
    (x, _), _ = datasets.load_digits()
    x = (x[:1024] / 16).astype("f")
    vae = VAE()
    vae.compile("adam")
    history = vae.fit(x, epochs=8, batch_size=64, verbose=0).history["loss"]
    assert history[-1] < 0.8 * history[0]
    first, second = (vae.encoder.predict(x) for _ in range(2))
    assert np.array_equal(first[0], second[0])
    assert not np.array_equal(first[2], second[2])
    for one, other in zip(*(drawn(3, lambda: vae.encoder.predict(x)) for _ in "ab"), strict=True):
        assert np.array_equal(one, other)
    epsilon = (first[2] - first[0]) / np.exp(0.5 * first[1])
    assert abs(epsilon.mean()) < 0.1
    assert abs(epsilon.std() - 1) < 0.1
    assert np.corrcoef(epsilon.T)[0, 1] < 0.15
    assert vae.decoder.predict(random.normal((3, 2))).shape == (3, 8, 8, 1)
    assert vae.evaluate(x) != vae.evaluate(x)


def test_steps_of_training_draw_by_their_number_and_copies_go_on(rng):
    x = rng.random((16, 8, 8, 1)).astype("f")
    vae = VAE()
    vae.compile("sgd")
    vae.train_on_batch(x, None)
    twin = copy.deepcopy(vae)
    vae.predict(x)
    assert vae.train_on_batch(x, None) == twin.train_on_batch(x, None)
    assert models.clone_model(vae.encoder).predict(x)[2].shape == (16, 2)


class Uniform(layers.Layer):
    def call(self, x):
        return ops.multiply(ops.ones_like(x), random.uniform(ops.shape(x), -1.0, 3.0))


@pytest.mark.parametrize("batch", [4096, 512])
def test_uniform_numbers_of_a_model_are_uniform(impl, batch):
    drawn = Sequential([Input((8,)), Uniform()]).predict(np.zeros((4096, 8)), batch_size=batch)
    counts, _ = np.histogram(drawn, 16, (-1, 3))
    assert counts.sum() == drawn.size
    # Chi-square with 15 degrees of freedom: above 50 once in 80 000.
    assert ((counts - 2048.0) ** 2 / 2048).sum() < 50
    assert abs(np.corrcoef(drawn[:-1].ravel(), drawn[1:].ravel())[0, 1]) < 0.03
    assert abs(np.corrcoef(drawn.ravel()[:-1], drawn.ravel()[1:])[0, 1]) < 0.03


def test_functions_of_ones_own_and_calls_of_models_draw():
    f = brasa.value_and_grad(lambda x: ops.sum(x * random.normal(ops.shape(x), 1.0, 0.1)))
    x = np.ones(1000, "f")
    (value, slope), (_, other) = f(x), f(x)
    assert abs(slope.mean() - 1) < 0.02
    assert value == pytest.approx(slope.sum(), rel=1e-5)
    assert not np.array_equal(slope, other)
    assert np.array_equal(drawn(1, lambda: f(x))[1], drawn(1, lambda: f(x))[1])
    model = Sequential([Input((8,)), Uniform()])
    assert not np.array_equal(*(model(x.reshape(-1, 8), training=True) for _ in "ab"))


def test_numbers_on_their_own():
    x = random.normal((100, 200), mean=3.0, stddev=2.0)
    assert (x.dtype, x.shape) == (np.float32, (100, 200))
    assert abs(x.mean() - 3) < 0.1
    assert abs(x.std() - 2) < 0.1
    for draw in (random.normal, random.uniform):
        assert np.array_equal(
            drawn(1, lambda draw=draw: draw(9)), drawn(1, lambda draw=draw: draw(9))
        )
        assert not np.array_equal(draw((9,)), draw((9,)))
        assert np.array_equal(draw((9,), seed=4), draw([9], seed=4))
        source = random.SeedGenerator(4)
        assert not np.array_equal(draw((9,), seed=source), draw((9,), seed=source))
    assert isinstance(random.normal(()), np.ndarray)
    assert random.SeedGenerator().get_config().keys() == {"seed"}


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: random.normal(ops.shape(Input((3,)))), TypeError, r"normal: shape is \(None, 3\)"),
        (lambda: random.normal((2, -1)), ValueError, r"shape must be of numbers >= 0, got"),
        (lambda: random.normal((2,), stddev=-1.0), ValueError, "stddev must be >= 0, got -1.0"),
        (lambda: random.uniform((2,), 1.0, 0.0), ValueError, "minval must be at most maxval"),
        (lambda: random.uniform((2,), dtype="float64"), ValueError, "dtype must be 'float32'"),
        (lambda: random.normal((2,), seed="a"), TypeError, "random.normal: seed must be"),
    ],
)
def test_bad_arguments(call, error, text):
    with pytest.raises(error, match=text):
        call()
