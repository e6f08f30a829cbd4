"""Writes format1.brasa, a model file of format 1, and format1.json, what it must give for ever.

Run by hand, once: files of old versions stay as they are. A new format gets files of its own.
"""

import json
from pathlib import Path

import numpy as np

import brasa
from brasa import Input, Model, layers
from brasa.io import read_tensors

HERE = Path(__file__).parent


def make_model():
    """Every kind of layer, a shared one, a frozen one, and the state of Adam."""
    x = Input((6, 6, 1), name="image")
    shared = layers.Conv2D(3, 3, padding="same", activation="relu", name="shared")
    once = shared(layers.Rescaling(0.5, 0.25)(x))
    again = shared(layers.Conv2D(1, 1, use_bias=False, trainable=False)(once))
    joined = layers.Concatenate()([layers.Add()([once, again]), layers.LeakyReLU()(once)])
    pooled = layers.Concatenate()(
        [layers.MaxPooling2D(2)(joined), layers.AveragePooling2D(2)(joined)]
    )
    rows = layers.Reshape((9, 12))(pooled)
    features = layers.Dropout(0.25, seed=3)(layers.Flatten()(layers.Dense(4, "tanh")(rows)))
    return Model(x, layers.Softmax()(layers.Dense(2)(features)), name="format1")


def main():
    brasa.set_seed(1)
    model = make_model()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    x = np.linspace(-1, 1, 72, dtype=np.float32).reshape(2, 6, 6, 1)
    model.fit(x, [0, 1], epochs=3, verbose=0)
    model.save(HERE / "format1.brasa")
    tensors, _ = read_tensors(HERE / "format1.brasa")
    facts = {
        "outputs": model.predict(x).tolist(),
        "iterations": model.optimizer.iterations,
        "epochs_trained": model.engine.epochs_trained,
        "tensors": sorted(tensors),
    }
    (HERE / "format1.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
