"""What the tests of training share: samples of four classes, and a small net for them."""

import numpy as np
import pytest

import brasa
from brasa import Sequential, layers

CLASSES = 4
SAMPLES = 50


@pytest.fixture
def samples(rng):
    """Images whose class is the row that is bright."""
    y = rng.integers(0, CLASSES, SAMPLES)
    x = 0.5 * rng.standard_normal((SAMPLES, 6, 6, 1))
    x[np.arange(SAMPLES), y] += 2
    return x.astype(np.float32), y


def make(optimizer="adam", *, dropout=0.25, seed=5):
    """A small convolutional network, the same one for the same seed."""
    brasa.set_seed(seed)
    model = Sequential(
        [
            layers.Conv2D(5, 3, activation="relu", input_shape=(6, 6, 1)),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(dropout),
            layers.Dense(CLASSES, activation="softmax"),
        ]
    )
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def state(model):
    """Everything that training changes."""
    return [*model.get_weights(), *(slot.copy() for slot in model.store.slots.values())]


def train(model, x, y, **options):
    return model.fit(x, y, **{"batch_size": 16, "verbose": 0, **options}).history


def cross_entropies(model, x, y):
    """The loss of each sample, in float64 from the predicted probabilities."""
    return -np.log(model.predict(x).astype(np.float64)[np.arange(len(y)), y])
