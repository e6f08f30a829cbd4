"""What the tests of models share: stacks that are made and compiled in a moment."""

import numpy as np

from brasa import Input, Sequential, layers


def small(**options):
    """A compiled stack for images of 4 x 4."""
    model = Sequential(
        [
            layers.Conv2D(2, 3, activation="relu", input_shape=(4, 4, 1)),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ],
        **options,
    )
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def passing(loss="mse", watched=(), weighted=()):
    """A model whose predictions are its inputs."""
    model = Sequential([Input((4,)), layers.Dense(4, use_bias=False)])
    model.compile("sgd", loss, metrics=list(watched), weighted_metrics=list(weighted))
    model.set_weights([np.eye(4)])
    return model
