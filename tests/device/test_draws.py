"""What draws where nothing is trained, on a device: calls as in training, brasa.random."""

import brasa
from brasa import Input, Model, layers, ops, random
from tests.device.conftest import assert_near, net, normalized, samples


class Noise(layers.Layer):
    def call(self, x):
        return x + random.normal(ops.shape(x), 0.5) * random.uniform(ops.shape(x))


def noisy():
    x = Input((6, 6, 2))
    return Model(x, Noise()(layers.Dense(3)(layers.Flatten()(normalized()(x, training=True)))))


def test_a_device_draws_what_the_cpu_draws(rng, device):
    x, y = samples(rng, (6, 6, 2))
    there, here = net(noisy, device), net(noisy)
    for act in (
        lambda model: model.predict(x, batch_size=5),
        lambda model: model.predict_on_batch(x),
        lambda model: model(x, training=True),
        lambda model: model.evaluate(x, y, 5),
    ):
        brasa.set_seed(6)
        got = act(there)
        brasa.set_seed(6)
        assert_near(got, act(here))


def test_a_call_as_in_training_moves_statistics_there(rng, device):
    x, _ = samples(rng, (6, 6, 2))
    there, here = net(normalized, device), net(normalized)
    for model in (there, here):
        brasa.set_seed(6)
        model(x, training=True)
    for got, want in zip(there.get_weights(), here.get_weights(), strict=True):
        assert_near(got, want)
    assert_near(there.predict(x), here.predict(x))
