"""How weights follow their gradients. Contract of the ops: csrc/ops/optimizer.h."""

from __future__ import annotations

from typing import Any

from brasa import configurable
from brasa.optimizers import schedules
from brasa.optimizers.adadelta import Adadelta
from brasa.optimizers.adagrad import Adagrad
from brasa.optimizers.adam import Adam, AdamW
from brasa.optimizers.adamax import Adamax
from brasa.optimizers.base import Optimizer
from brasa.optimizers.ftrl import Ftrl
from brasa.optimizers.lamb import Lamb
from brasa.optimizers.lion import Lion
from brasa.optimizers.nadam import Nadam
from brasa.optimizers.rmsprop import RMSprop
from brasa.optimizers.sgd import SGD

__all__ = [
    "OPTIMIZERS",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lamb",
    "Lion",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "deserialize",
    "get",
    "schedules",
    "serialize",
]

OPTIMIZERS: dict[str, type[Optimizer]] = {
    "adadelta": Adadelta,
    "adagrad": Adagrad,
    "adam": Adam,
    "adamax": Adamax,
    "adamw": AdamW,
    "ftrl": Ftrl,
    "lamb": Lamb,
    "lion": Lion,
    "nadam": Nadam,
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


def deserialize(config: Any, custom_objects: Any = None) -> Optimizer:
    """The optimizer that ``serialize`` described.

    ``custom_objects`` are classes of the user's own, by name.

    Raises:
        ValueError: ``config`` is no description, or of an unknown class. TypeError:
            ``custom_objects`` is no dictionary of classes.

    >>> from brasa import optimizers
    >>> optimizers.deserialize(optimizers.serialize(optimizers.SGD(0.5))).learning_rate
    0.5
    """
    classes = configurable.made_by(OPTIMIZERS)
    made: Optimizer = configurable.deserialize("optimizer", config, classes, custom_objects)
    return made
