"""What the tests of models over sequences share: token ids, labels, and a tagger."""

import numpy as np

from brasa import Sequential, layers

N, T, V, C = 6, 5, 11, 3
IDS = np.random.default_rng(1).integers(1, V, (N, T))
LABELS = np.random.default_rng(2).integers(0, C, (N, T))


def tagger(mask_zero=False, front=(), optimizer="sgd", loss="sparse_categorical_crossentropy"):
    """A class for each token."""
    model = Sequential(
        [*front, layers.Embedding(V, 4, mask_zero=mask_zero), layers.Dense(C, "softmax")]
    )
    model.compile(optimizer, loss, metrics=["accuracy"])
    return model


def cross_entropies(model, ids, labels):
    """The loss of each step."""
    p = model.predict(ids).astype(np.float64)
    return -np.log(np.take_along_axis(p, labels[..., None], -1)[..., 0])
