"""What the tests of penalties share: data, a net with penalties and one without."""

import numpy as np

import brasa
from brasa import Input, Sequential, layers, regularizers
from brasa.testing import reference

X = np.random.default_rng(3).standard_normal((8, 5)).astype(np.float32)
Y = np.random.default_rng(4).standard_normal((8, 3)).astype(np.float32)
BOTH = regularizers.L1L2(0.02, 0.03)


def net(optimizer, *, penalized=True, **options):
    """Two layers with three kinds of penalties, one weight without any."""
    brasa.set_seed(7)
    first, second = (
        {"kernel_regularizer": BOTH, "bias_regularizer": "l1"},
        {"kernel_regularizer": "l2"},
    )
    stack = [
        Input((5,)),
        layers.Dense(7, "tanh", bias_initializer="ones", **(first if penalized else {})),
        layers.Dense(3, **(second if penalized else {})),
    ]
    model = Sequential(stack)
    model.compile(optimizer, "mse", **options)
    return model


def penalties(model):
    """The value, and the slope for each trainable weight, by their definition."""
    total, slopes = 0.0, []
    for parameter in model.trainable_weights:
        kind = parameter.regularizer
        l1, l2 = (0, 0) if kind is None else (kind.l1, kind.l2)
        total += reference.penalty(parameter.value, l1, l2)
        slopes.append(reference.penalty_backward(parameter.value, l1, l2))
    return total, slopes


def bare(model, **options):
    """The same net without penalties, with the same weights."""
    twin = net(options.pop("optimizer", "sgd"), penalized=False, **options)
    twin.set_weights(model.get_weights())
    return twin
