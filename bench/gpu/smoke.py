"""A short list for compute-sanitizer: each kind of kernel on small, odd shapes, once."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable

import numpy as np

import brasa
from brasa import Input, Model, Sequential, layers, runtime
from brasa.models import lenet5


def _fit(model: Model, device: str, shape: tuple[int, ...], optimizer: str) -> None:
    rng = np.random.default_rng(2)
    x, y = rng.standard_normal((13, *shape)).astype(np.float32), rng.integers(0, 3, 13)
    loss = brasa.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, metrics=["accuracy"], device=device)
    model.fit(x, y, batch_size=5, epochs=1, verbose=0)
    assert np.isfinite(model.predict(x)).all()


def _lenet(device: str) -> None:
    _fit(lenet5(3, (12, 12, 1)), device, (12, 12, 1), "adam")


def _normalized(device: str) -> None:
    x = Input((7, 5, 3))
    y = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(33, 3, padding="same")(x)))
    y = layers.Dropout(0.4)(layers.AveragePooling2D(2)(y))
    y = layers.LayerNormalization()(layers.Flatten()(y))
    _fit(Model(x, layers.Dense(3)(y)), device, (7, 5, 3), "sgd")


def _lstm(device: str) -> None:
    model = Sequential([layers.LSTM(7, input_shape=(5, 3)), layers.Dense(3)])
    _fit(model, device, (5, 3), "adam")


CASES: dict[str, Callable[[str], None]] = {
    "lenet": _lenet,
    "normalized": _normalized,
    "lstm": _lstm,
}


def main() -> int:
    device = sys.argv[1] if len(sys.argv) > 1 else "cuda"
    failed = 0
    for name, case in CASES.items():
        try:
            case(device)
            print(f"{name}: ran", flush=True)
        except Exception:  # noqa: BLE001  the others shall run
            failed += 1
            print(f"{name}: failed", flush=True)
            traceback.print_exc()
    print(f"{runtime.build_info()['devices']}: {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
