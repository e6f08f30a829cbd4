"""How weights follow their gradients. Contract of the ops: csrc/ops/optimizer.h."""

from __future__ import annotations

from typing import Any

from brasa import configurable
from brasa.optimizers import schedules
from brasa.optimizers.adagrad import Adagrad
from brasa.optimizers.adam import Adam, AdamW
from brasa.optimizers.base import Optimizer
from brasa.optimizers.rmsprop import RMSprop
from brasa.optimizers.sgd import SGD

__all__ = [
    "OPTIMIZERS",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Optimizer",
    "RMSprop",
    "get",
    "schedules",
    "serialize",
]

OPTIMIZERS: dict[str, type[Optimizer]] = {
    "adagrad": Adagrad,
    "adam": Adam,
    "adamw": AdamW,
    "rmsprop": RMSprop,
    "sgd": SGD,
}


def get(identifier: Any) -> Optimizer:
    """The optimizer that a name, a config or an instance stands for.

    >>> from brasa import optimizers
    >>> optimizers.get("sgd").learning_rate
    0.01
    """
    return configurable.resolve("optimizer", identifier, Optimizer, OPTIMIZERS)


serialize = configurable.serialize
