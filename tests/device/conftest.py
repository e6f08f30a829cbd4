"""What the tests of models on a device share: nets, samples, and the devices there are."""

import numpy as np
import pytest

import brasa
from brasa import Input, Model, Sequential, layers, runtime
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
    """A convolution, all normalizations and a dropout; two branches that meet."""
    x = Input((6, 6, 2))
    y = layers.Conv2D(4, 3, padding="same", use_bias=False)(x)
    y = layers.ReLU()(layers.BatchNormalization()(y))
    z = layers.AveragePooling2D(2)(y)
    y = layers.GroupNormalization(2)(layers.Dropout(0.3)(layers.MaxPooling2D(2)(y)))
    y = layers.LayerNormalization()(layers.Flatten()(layers.Add()([y, z])))
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


def plans_of(model):
    return [plan._plan for plan in model.engine._plans.values()]
