"""Optimizer steps on flat arrays, in place. Contract: csrc/ops/optimizer.h."""

from __future__ import annotations

import math
from typing import Any

from brasa.arrays import FloatArray
from brasa.ops.arguments import number, truth, whole
from brasa.ops.spans import update


def check_learning_rate(op: str, value: Any, name: str = "learning_rate") -> float:
    """A finite number of at least 0."""
    rate = number(op, name, value)
    if not (math.isfinite(rate) and rate >= 0):
        raise ValueError(f"{op}: {name} must be finite and >= 0, got {rate}")
    return rate


def check_momentum(op: str, value: Any, name: str = "momentum") -> float:
    """A number in [0, 1]."""
    momentum = number(op, name, value)
    if not 0 <= momentum <= 1:
        raise ValueError(f"{op}: {name} must be in [0, 1], got {momentum}")
    return momentum


def check_step(op: str, value: Any) -> float:
    """The number of a step, from 1, as a float holds it."""
    step = whole(op, "step", value)
    if not 1 <= step < 1 << 53:
        raise ValueError(f"{op}: step counts from 1 and stays below 2**53, got {step}")
    return float(step)


def sgd_step(
    p: FloatArray,
    g: FloatArray,
    velocity: FloatArray | None,
    learning_rate: float = 0.01,
    momentum: float = 0.0,
    nesterov: bool = False,
    *,
    weight_decay: float = 0.0,
    l1: float = 0.0,
    l2: float = 0.0,
) -> None:
    """Gradient descent in place: ``v = momentum v - lr g; p += v``.

    With ``nesterov``: ``p += momentum v - lr g``. ``velocity`` may be None without momentum.

    Before all that, as in every optimizer step: the slope of the penalty ``l1 |p| + l2 p^2`` joins
    the gradient, then ``p -= lr weight_decay p``.

    All arrays are float32 NumPy arrays of one shape, dense and apart from each other, here and in
    the other steps: a TypeError or ValueError says which is not. So does one for a rate below 0,
    and for a momentum without ``velocity``.

    >>> import numpy as np
    >>> from brasa import ops
    >>> p = np.ones(1, np.float32)
    >>> ops.sgd_step(p, np.ones(1, np.float32), None, learning_rate=0.25)
    >>> p
    array([0.75], dtype=float32)
    """
    op = "sgd_step"
    rate = check_learning_rate(op, learning_rate)
    momentum = check_momentum(op, momentum)
    updated = {"p": p}
    if momentum:
        if velocity is None:
            raise ValueError(f"{op}: momentum {momentum} needs a velocity array")
        updated["velocity"] = velocity
    attributes = {"momentum": momentum, "nesterov": truth("sgd_step", "nesterov", nesterov)}
    first = {"weight_decay": weight_decay, "l1": l1, "l2": l2}
    update(op, g, updated, (rate, 1.0), attributes, first)


def adam_step(
    p: FloatArray,
    g: FloatArray,
    m: FloatArray,
    v: FloatArray,
    step: int,
    learning_rate: float = 1e-3,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
    *,
    v_hat: FloatArray | None = None,
    weight_decay: float = 0.0,
    l1: float = 0.0,
    l2: float = 0.0,
) -> None:
    """Adam in place; ``step`` counts from 1. With ``weight_decay`` it is AdamW.

    ``m += (1 - b1)(g - m); v += (1 - b2)(g^2 - v);``
    ``p -= lr sqrt(1 - b2^step) / (1 - b1^step) m / (sqrt(v) + epsilon)``

    With ``v_hat`` it is AMSGrad: ``v_hat = max(v_hat, v)``, and its root divides.

    Source: Kingma & Ba, arXiv:1412.6980, in the form of the end of section 2 (as in Keras);
    Reddi, Kale & Kumar, arXiv:1904.09237.

    Arrays and errors as in ``sgd_step``; a step below 1 is a ValueError, too.

    >>> import numpy as np
    >>> from brasa import ops
    >>> p, m, v = np.ones(1, np.float32), np.zeros(1, np.float32), np.zeros(1, np.float32)
    >>> ops.adam_step(p, np.full(1, 4, np.float32), m, v, step=1, learning_rate=0.25)
    >>> p.round(4)
    array([0.75], dtype=float32)
    """
    op = "adam_step"
    hyper = check_learning_rate(op, learning_rate), check_step(op, step)
    attributes = {
        "beta_1": number(op, "beta_1", beta_1),
        "beta_2": number(op, "beta_2", beta_2),
        "epsilon": number(op, "epsilon", epsilon),
    }
    updated = {"p": p, "m": m, "v": v}
    if v_hat is not None:
        attributes["amsgrad"] = True
        updated["v_hat"] = v_hat
    first = {"weight_decay": weight_decay, "l1": l1, "l2": l2}
    update(op, g, updated, hyper, attributes, first)


def rmsprop_step(
    p: FloatArray,
    g: FloatArray,
    velocity: FloatArray,
    moment: FloatArray | None = None,
    average: FloatArray | None = None,
    learning_rate: float = 1e-3,
    rho: float = 0.9,
    momentum: float = 0.0,
    epsilon: float = 1e-7,
    centered: bool = False,
    *,
    weight_decay: float = 0.0,
    l1: float = 0.0,
    l2: float = 0.0,
) -> None:
    """RMSprop in place: ``v += (1 - rho)(g^2 - v); p -= lr g / sqrt(v + epsilon)``.

    With ``momentum``: ``moment = momentum moment + lr g / sqrt(v + epsilon); p -= moment``.
    ``centered``: ``average`` follows ``g`` as ``velocity`` its square, and ``v - average^2`` stands
    in the place of ``v``. Either array may be None where it is not used.

    Source: Hinton, Neural Networks for Machine Learning, lecture 6e (as in Keras).

    Arrays and errors as in ``sgd_step``.

    >>> import numpy as np
    >>> from brasa import ops
    >>> p, v = np.ones(1, np.float32), np.zeros(1, np.float32)
    >>> ops.rmsprop_step(p, np.full(1, 4, np.float32), v, learning_rate=0.125, rho=0.75)
    >>> p, v
    (array([0.75], dtype=float32), array([4.], dtype=float32))
    """
    op = "rmsprop_step"
    rate = check_learning_rate(op, learning_rate)
    attributes = {
        "rho": number(op, "rho", rho),
        "momentum": check_momentum(op, momentum),
        "epsilon": number(op, "epsilon", epsilon),
        "centered": truth(op, "centered", centered),
    }
    updated = {"p": p, "velocity": velocity}
    if attributes["momentum"]:
        if moment is None:
            raise ValueError(f"{op}: momentum {momentum} needs an array moment")
        updated["moment"] = moment
    if attributes["centered"]:
        if average is None:
            raise ValueError(f"{op}: centered=True needs an array average")
        updated["average"] = average
    first = {"weight_decay": weight_decay, "l1": l1, "l2": l2}
    update(op, g, updated, (rate, 1.0), attributes, first)


def adagrad_step(
    p: FloatArray,
    g: FloatArray,
    accumulator: FloatArray,
    learning_rate: float = 1e-3,
    epsilon: float = 1e-7,
    *,
    weight_decay: float = 0.0,
    l1: float = 0.0,
    l2: float = 0.0,
) -> None:
    """Adagrad in place: ``accumulator += g^2; p -= lr g / sqrt(accumulator + epsilon)``.

    Source: Duchi, Hazan & Singer, JMLR 12, 2011 (as in Keras).

    Arrays and errors as in ``sgd_step``.

    >>> import numpy as np
    >>> from brasa import ops
    >>> p, v = np.ones(1, np.float32), np.zeros(1, np.float32)
    >>> ops.adagrad_step(p, np.full(1, 4, np.float32), v, learning_rate=0.125)
    >>> p, v
    (array([0.875], dtype=float32), array([16.], dtype=float32))
    """
    op = "adagrad_step"
    rate = check_learning_rate(op, learning_rate)
    first = {"weight_decay": weight_decay, "l1": l1, "l2": l2}
    attributes = {"epsilon": number(op, "epsilon", epsilon)}
    update(op, g, {"p": p, "accumulator": accumulator}, (rate, 1.0), attributes, first)
