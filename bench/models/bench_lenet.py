"""LeNet-5: training steps with SGD and momentum and with Adam, inference, an epoch of fit.

Each step is checked: the loss, and how far every weight moved, against NumPy in float64.
"""

from __future__ import annotations

import importlib.util
import math
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from bench.case import Arrays, Case, Expected, Variant, Variants
from bench.models import lenet
from bench.models.lenet_numpy import LeNet

_IMAGES, _FIT_BATCH = 60_000, 128
_QUICK_TRAIN, _QUICK_INFER = (1, 32, 128), (1, 64)


def _step_case(kind: str, batch: int) -> Case:
    return Case(
        op="lenet",
        name=f"train_{kind}_b{batch}",
        spec={"mode": "train", "optimizer": kind, "batch": batch},
        flops=lenet.TRAIN_FLOPS * batch,
        quick=batch in _QUICK_TRAIN and (kind == "sgdm" or batch == 128),
        data=f"b{batch}",
    )


def _infer_case(batch: int) -> Case:
    return Case(
        op="lenet",
        name=f"infer_b{batch}",
        spec={"mode": "infer", "batch": batch},
        flops=lenet.FORWARD_FLOPS * batch,
        quick=batch in _QUICK_INFER,
        data=f"b{batch}",
    )


def _fit_case(kind: str) -> Case:
    return Case(
        op="lenet",
        name=f"fit_epoch_{kind}_{_IMAGES}_b{_FIT_BATCH}",
        spec={"mode": "fit", "optimizer": kind, "batch": _FIT_BATCH},
        flops=lenet.TRAIN_FLOPS * _IMAGES,
        data="images",
    )


CASES = [
    *(_step_case(kind, 2**i) for kind in ("sgdm", "adam") for i in (0, 3, 5, 6, 7, 8, 10)),
    *(_infer_case(batch) for batch in (1, 64, 1024)),
    *(_fit_case(kind) for kind in ("sgdm", "adam")),
]


def inputs(case: Case, rng: np.random.Generator) -> Arrays:
    if case.spec["mode"] == "fit":
        first = lenet.inputs(1, rng)
        return {**first, **lenet.image_set(_IMAGES, rng)}
    return lenet.inputs(case.spec["batch"], rng)


def reference(case: Case, data: Arrays) -> dict[str, Expected]:
    if case.spec["mode"] == "fit":
        # Random labels: nothing can be learned, and the loss stays near that of a guess.
        return {"loss": Expected(np.array(math.log(lenet.CLASSES)), 0.5)}
    net = LeNet([w.astype(np.float64) for w in lenet.weights(data)], case.spec.get("optimizer", ""))
    x = data["x"].astype(np.float64)
    if case.spec["mode"] == "infer":
        return {"y": Expected(net.predict(x), 1e-5)}
    loss = net.train(x, data["labels"])
    moved = lenet.changes(data, loss, net.weights)
    expected = {"loss": Expected(moved["loss"], 1e-5 * loss)}
    for i in range(len(lenet.SHAPES)):
        step = moved[f"step{i}"]
        # Two percent of a typical step, and the rounding of the weight. Adam's first step is nearly
        # the gradient's sign: where the gradient is rounding noise, it can fall either way.
        bound = 0.02 * float(np.sqrt((step**2).mean())) + 2e-7
        allowed = 0.005 if case.spec["optimizer"] == "adam" else 0.0
        expected[f"step{i}"] = Expected(step, bound, allowed=allowed)
    return expected


def _brasa_model(data: Arrays, optimizer: str | None) -> Any:
    import brasa

    model = brasa.models.lenet5(classes=lenet.CLASSES, input_shape=lenet.IMAGE)
    choice: Any = "sgd"
    if optimizer == "sgdm":
        choice = brasa.optimizers.SGD(lenet.RATES["sgdm"], momentum=lenet.MOMENTUM)
    elif optimizer == "adam":
        choice = brasa.optimizers.Adam(
            lenet.RATES["adam"], beta_1=lenet.BETA_1, beta_2=lenet.BETA_2, epsilon=lenet.EPSILON
        )
    model.compile(optimizer=choice, loss="sparse_categorical_crossentropy")
    model.set_weights(lenet.weights(data))
    return model


def _brasa(case: Case, data: Arrays) -> Variants:
    x, labels = data["x"], data["labels"]

    def train() -> Variant:
        model = _brasa_model(data, case.spec["optimizer"])
        return Variant(
            lambda: model.train_on_batch(x, labels),
            lambda loss: lenet.changes(data, float(loss), model.get_weights()),
            stateful=True,
        )

    def infer() -> Variant:
        model = _brasa_model(data, None)
        return Variant(lambda: model.predict_on_batch(x), lambda y: {"y": np.asarray(y)})

    def fit() -> Variant:
        model = _brasa_model(data, case.spec["optimizer"])
        return Variant(
            lambda: model.fit(x, labels, batch_size=_FIT_BATCH, epochs=1, verbose=0),
            lambda history: {"loss": np.array(history.history["loss"][-1])},
            stateful=True,
        )

    builders = {
        "train": ("train_on_batch", train),
        "infer": ("predict_on_batch", infer),
        "fit": ("fit", fit),
    }
    name, build = builders[case.spec["mode"]]
    return {name: build}


def _numpy(case: Case, data: Arrays) -> Variants:
    def build() -> Variant:
        net = LeNet(lenet.weights(data), case.spec.get("optimizer", ""))
        if case.spec["mode"] == "infer":
            return Variant(lambda: net.predict(data["x"]), lambda y: {"y": y})
        return Variant(
            lambda: net.train(data["x"], data["labels"]),
            lambda loss: lenet.changes(data, loss, net.weights),
            stateful=True,
        )

    return {} if case.spec["mode"] == "fit" else {"im2col": build}


def _torch(case: Case, data: Arrays) -> Variants:
    from bench.models import lenet_torch

    builders: dict[str, Callable[[], Variants]] = {
        "train": lambda: lenet_torch.train(case.spec["optimizer"], data),
        "infer": lambda: lenet_torch.infer(data),
        "fit": lambda: lenet_torch.epoch(
            case.spec["optimizer"], _FIT_BATCH, data, lenet.weights(data)
        ),
    }
    return builders[case.spec["mode"]]()


def _jax(case: Case, data: Arrays) -> Variants:
    from bench.models import lenet_jax

    if case.spec["mode"] == "train":
        return lenet_jax.train(case.spec["optimizer"], data)
    return lenet_jax.infer(data) if case.spec["mode"] == "infer" else {}


def _keras(case: Case, data: Arrays) -> Variants:
    from bench.models import lenet_keras

    mode = case.spec["mode"]
    if mode == "infer":
        return lenet_keras.infer(data)
    if mode == "train":
        return lenet_keras.train(case.spec["optimizer"], data)
    return lenet_keras.epoch(case.spec["optimizer"], _FIT_BATCH, data)


def _onnxruntime(case: Case, data: Arrays) -> Variants:
    if case.spec["mode"] != "infer" or importlib.util.find_spec("onnx") is None:
        return {}
    from bench.models import lenet_onnx

    return lenet_onnx.infer(data, int(os.environ["OMP_NUM_THREADS"]))


PEERS = {
    "brasa": _brasa,
    "numpy": _numpy,
    "torch": _torch,
    "jax": _jax,
    "keras": _keras,
    "onnxruntime": _onnxruntime,
}
