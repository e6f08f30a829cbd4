"""The values that weights start from. Names, arguments and defaults are Keras's.

With ``seed`` an initializer gives the same values at each call; without, it draws from the source
that :func:`brasa.set_seed` controls.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brasa import configurable
from brasa.initializers.base import Initializer, RandomInitializer
from brasa.initializers.constant import Constant, Identity, Ones, Zeros
from brasa.initializers.plain import RandomNormal, RandomUniform, TruncatedNormal
from brasa.initializers.scaled import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    Orthogonal,
    VarianceScaling,
    fans,
)

__all__ = [
    "INITIALIZERS",
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "RandomInitializer",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "deserialize",
    "fans",
    "get",
    "serialize",
]

INITIALIZERS: dict[str, type[Initializer]] = {
    "constant": Constant,
    "glorot_normal": GlorotNormal,
    "glorot_uniform": GlorotUniform,
    "he_normal": HeNormal,
    "he_uniform": HeUniform,
    "identity": Identity,
    "lecun_normal": LecunNormal,
    "lecun_uniform": LecunUniform,
    "normal": RandomNormal,
    "ones": Ones,
    "orthogonal": Orthogonal,
    "random_normal": RandomNormal,
    "random_uniform": RandomUniform,
    "truncated_normal": TruncatedNormal,
    "uniform": RandomUniform,
    "variance_scaling": VarianceScaling,
    "zeros": Zeros,
}


def get(identifier: Any, what: str = "initializer") -> Initializer:
    """The initializer that a name, a config or an instance stands for.

    >>> from brasa import initializers
    >>> initializers.get("zeros")((2,))
    array([0., 0.], dtype=float32)
    """
    return configurable.resolve(what, identifier, Initializer, INITIALIZERS)


serialize = configurable.serialize


def deserialize(config: Mapping[str, Any]) -> Initializer:
    """The initializer that ``serialize`` described."""
    classes = {cls.__name__: cls for cls in INITIALIZERS.values()}
    made: Initializer = configurable.deserialize("initializer", config, classes)
    return made
