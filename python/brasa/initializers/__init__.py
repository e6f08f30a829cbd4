"""The values that weights start from. Names, arguments and defaults are Keras's.

With ``seed`` an initializer gives the same values at each call; without, it draws from the source
that :func:`brasa.set_seed` controls.
"""

from __future__ import annotations

from typing import Any

from brasa import configurable
from brasa.initializers.base import Initializer, RandomInitializer
from brasa.initializers.fixed import Constant, Identity, Ones, Zeros
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
    "IdentityInitializer",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "OrthogonalInitializer",
    "RandomInitializer",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "constant",
    "deserialize",
    "fans",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "serialize",
    "truncated_normal",
    "variance_scaling",
    "zeros",
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

# As most code calls them.
constant = Constant
glorot_normal = GlorotNormal
glorot_uniform = GlorotUniform
he_normal = HeNormal
he_uniform = HeUniform
identity = Identity
lecun_normal = LecunNormal
lecun_uniform = LecunUniform
ones = Ones
orthogonal = Orthogonal
random_normal = RandomNormal
random_uniform = RandomUniform
truncated_normal = TruncatedNormal
variance_scaling = VarianceScaling
zeros = Zeros
IdentityInitializer, OrthogonalInitializer = Identity, Orthogonal


def get(identifier: Any, what: str = "initializer") -> Initializer:
    """The initializer that a name, a config or an instance stands for.

    >>> from brasa import initializers
    >>> initializers.get("zeros")((2,))
    array([0., 0.], dtype=float32)
    """
    return configurable.resolve(what, identifier, Initializer, INITIALIZERS)


serialize = configurable.serialize


def deserialize(config: Any, custom_objects: Any = None) -> Initializer:
    """The initializer that ``serialize`` described.

    ``custom_objects`` are classes of the user's own, by name.

    Raises:
        ValueError: ``config`` is no description, or of an unknown class. TypeError:
            ``custom_objects`` is no dictionary of classes.

    >>> from brasa import initializers
    >>> initializers.deserialize(initializers.serialize(initializers.Constant(2.0)))((2,))
    array([2., 2.], dtype=float32)
    """
    classes = configurable.made_by(INITIALIZERS)
    made: Initializer = configurable.deserialize("initializer", config, classes, custom_objects)
    return made
