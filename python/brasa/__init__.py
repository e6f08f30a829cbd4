"""brasa: a small deep-learning library, quick on small and middle-sized networks.

Everything is loaded on first use, so that ``import brasa`` costs next to nothing.
"""

from __future__ import annotations

import importlib

TYPE_CHECKING = False  # type checkers take it for True; importing typing would double the time
if TYPE_CHECKING:
    from typing import Any

    from brasa import (
        activations,
        callbacks,
        constraints,
        datasets,
        initializers,
        layers,
        losses,
        metrics,
        models,
        ops,
        optimizers,
        random,
        regularizers,
        runtime,
        utils,
    )
    from brasa.autograd import grad, value_and_grad
    from brasa.errors import FormatError
    from brasa.initializers import Initializer
    from brasa.layers.base import Layer
    from brasa.layers.input import Input
    from brasa.losses import Loss
    from brasa.metrics import Metric
    from brasa.model import Model, load_model
    from brasa.optimizers import Optimizer
    from brasa.regularizers import Regularizer
    from brasa.runtime import build_info, device
    from brasa.seed import set_seed
    from brasa.sequential import Sequential

# Public name -> where it lives; a module stands for itself.
_MEMBERS = {
    "FormatError": "brasa.errors",
    "Initializer": "brasa.initializers",
    "Input": "brasa.layers.input",
    "Layer": "brasa.layers.base",
    "Loss": "brasa.losses",
    "Metric": "brasa.metrics",
    "Model": "brasa.model",
    "Optimizer": "brasa.optimizers",
    "Regularizer": "brasa.regularizers",
    "Sequential": "brasa.sequential",
    "build_info": "brasa.runtime",
    "device": "brasa.runtime",
    "grad": "brasa.autograd",
    "load_model": "brasa.model",
    "set_seed": "brasa.seed",
    "value_and_grad": "brasa.autograd",
}
_MODULES = (
    "activations",
    "callbacks",
    "constraints",
    "datasets",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "ops",
    "optimizers",
    "random",
    "regularizers",
    "runtime",
    "testing",
    "utils",
)

__all__ = [
    "FormatError",
    "Initializer",
    "Input",
    "Layer",
    "Loss",
    "Metric",
    "Model",
    "Optimizer",
    "Regularizer",
    "Sequential",
    "activations",
    "build_info",
    "callbacks",
    "constraints",
    "datasets",
    "device",
    "grad",
    "initializers",
    "layers",
    "load_model",
    "losses",
    "metrics",
    "models",
    "ops",
    "optimizers",
    "random",
    "regularizers",
    "runtime",
    "set_seed",
    "utils",
    "value_and_grad",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return str(importlib.import_module("brasa._core").build_info()["version"])
    if name in _MODULES:
        return importlib.import_module(f"brasa.{name}")
    if name in _MEMBERS:
        value = getattr(importlib.import_module(_MEMBERS[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'brasa' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
