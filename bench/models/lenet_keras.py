"""LeNet-5 in Keras 3 on PyTorch, through the calls that brasa spells alike."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers

from bench.case import Arrays, Variant, Variants
from bench.models import lenet
from bench.models.lenet import BETA_1, BETA_2, EPSILON, MOMENTUM, RATES


def _model(kind: str, data: Arrays) -> Any:
    model = keras.Sequential(
        [
            keras.Input(lenet.IMAGE),
            *(layers.Conv2D(6, 5, activation="relu"), layers.MaxPooling2D(2)),
            *(layers.Conv2D(16, 5, activation="relu"), layers.MaxPooling2D(2)),
            *(layers.Flatten(), layers.Dense(120, activation="relu")),
            *(layers.Dense(84, activation="relu"), layers.Dense(10, activation="softmax")),
        ]
    )
    if kind == "adam":
        optimizer = keras.optimizers.Adam(RATES[kind], BETA_1, BETA_2, EPSILON)
    else:
        optimizer = keras.optimizers.SGD(RATES["sgdm"], momentum=MOMENTUM)
    model.compile(optimizer, "sparse_categorical_crossentropy")
    model.set_weights(lenet.weights(data))
    return model


def train(kind: str, data: Arrays) -> Variants:
    def build() -> Variant:
        model = _model(kind, data)
        return Variant(
            lambda: model.train_on_batch(data["x"], data["labels"]),
            lambda loss: lenet.changes(data, float(loss), model.get_weights()),
            stateful=True,
        )

    return {"train_on_batch": build}


def infer(data: Arrays) -> Variants:
    def build() -> Variant:
        model = _model("", data)
        return Variant(lambda: model.predict_on_batch(data["x"]), lambda y: {"y": np.asarray(y)})

    return {"predict_on_batch": build}


def epoch(kind: str, batch: int, data: Arrays) -> Variants:
    def build() -> Variant:
        model = _model(kind, data)
        return Variant(
            lambda: model.fit(data["x"], data["labels"], batch_size=batch, verbose=0),
            lambda history: {"loss": np.array(history.history["loss"][-1])},
            stateful=True,
        )

    return {"fit": build}
