"""More optimizer steps on flat arrays, in place. Contract: csrc/ops/optimizer.h."""

from __future__ import annotations

from brasa.arrays import FloatArray
from brasa.ops.arguments import number
from brasa.ops.optimizers import check_learning_rate, check_step
from brasa.ops.spans import update


def adadelta_step(
    p: FloatArray,
    g: FloatArray,
    accumulator: FloatArray,
    moved: FloatArray,
    learning_rate: float = 1e-3,
    rho: float = 0.95,
    epsilon: float = 1e-7,
    *,
    weight_decay: float = 0.0,
    l1: float = 0.0,
    l2: float = 0.0,
) -> None:
    """Adadelta in place, ``v`` the accumulator and ``u`` what was moved.

    ``v += (1 - rho)(g^2 - v); d = g sqrt((u + epsilon) / (v + epsilon));``
    ``u += (1 - rho)(d^2 - u); p -= lr d``

    Source: Zeiler, arXiv:1212.5701 (as in Keras).

    Arrays and errors as in ``sgd_step``.

    >>> import numpy as np
    >>> from brasa import ops
    >>> p, v, u = np.ones(1, np.float32), np.zeros(1, np.float32), np.ones(1, np.float32)
    >>> ops.adadelta_step(p, np.full(1, 4, np.float32), v, u, learning_rate=0.125, rho=0.75)
    >>> p.round(4), v, u.round(4)
    (array([0.75], dtype=float32), array([4.], dtype=float32), array([1.75], dtype=float32))
    """
    op = "adadelta_step"
    rate = check_learning_rate(op, learning_rate)
    first = {"weight_decay": weight_decay, "l1": l1, "l2": l2}
    attributes = {"rho": number(op, "rho", rho), "epsilon": number(op, "epsilon", epsilon)}
    updated = {"p": p, "accumulator": accumulator, "moved": moved}
    update(op, g, updated, (rate, 1.0), attributes, first)


def adamax_step(
    p: FloatArray,
    g: FloatArray,
    m: FloatArray,
    u: FloatArray,
    step: int,
    learning_rate: float = 1e-3,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
    *,
    weight_decay: float = 0.0,
    l1: float = 0.0,
    l2: float = 0.0,
) -> None:
    """Adamax in place; ``step`` counts from 1.

    ``m += (1 - b1)(g - m); u = max(b2 u, |g|); p -= lr / (1 - b1^step) m / (u + epsilon)``

    Source: Kingma & Ba, arXiv:1412.6980, section 7.1 (as in Keras).

    Arrays and errors as in ``sgd_step``.

    >>> import numpy as np
    >>> from brasa import ops
    >>> p, m, u = np.ones(1, np.float32), np.zeros(1, np.float32), np.zeros(1, np.float32)
    >>> ops.adamax_step(p, np.full(1, 4, np.float32), m, u, step=1, learning_rate=0.25)
    >>> p.round(4), u
    (array([0.75], dtype=float32), array([4.], dtype=float32))
    """
    op = "adamax_step"
    first = {"weight_decay": weight_decay, "l1": l1, "l2": l2}
    hyper = check_learning_rate(op, learning_rate), check_step(op, step)
    attributes = _means(op, beta_1, beta_2) | {"epsilon": number(op, "epsilon", epsilon)}
    update(op, g, {"p": p, "m": m, "u": u}, hyper, attributes, first)


def nadam_step(
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
    weight_decay: float = 0.0,
    l1: float = 0.0,
    l2: float = 0.0,
) -> None:
    """Nadam in place, Adam with Nesterov's momentum; ``step``, t below, counts from 1.

    ``b(t) = b1 (1 - 0.96^t / 2); B(t) = b(1) b(2) ... b(t);``
    ``m += (1 - b1)(g - m); v += (1 - b2)(g^2 - v);``
    ``d = b(t + 1) / (1 - B(t + 1)) m + (1 - b(t)) / (1 - B(t)) g;``
    ``p -= lr d / (sqrt(v / (1 - b2^t)) + epsilon)``

    Source: Dozat, ICLR workshop, 2016 (as in Keras).

    Arrays and errors as in ``sgd_step``.

    >>> import numpy as np
    >>> from brasa import ops
    >>> p, m, v = np.ones(1, np.float32), np.zeros(1, np.float32), np.zeros(1, np.float32)
    >>> ops.nadam_step(p, np.full(1, 4, np.float32), m, v, step=1, learning_rate=0.25)
    >>> p.round(4)
    array([0.7343], dtype=float32)
    """
    op = "nadam_step"
    first = {"weight_decay": weight_decay, "l1": l1, "l2": l2}
    hyper = check_learning_rate(op, learning_rate), check_step(op, step)
    attributes = _means(op, beta_1, beta_2) | {"epsilon": number(op, "epsilon", epsilon)}
    update(op, g, {"p": p, "m": m, "v": v}, hyper, attributes, first)


def lion_step(
    p: FloatArray,
    g: FloatArray,
    m: FloatArray,
    learning_rate: float = 1e-3,
    beta_1: float = 0.9,
    beta_2: float = 0.99,
    *,
    weight_decay: float = 0.0,
    l1: float = 0.0,
    l2: float = 0.0,
) -> None:
    """Lion in place: ``p -= lr sign(m + (1 - b1)(g - m)); m += (1 - b2)(g - m)``.

    Source: Chen et al., arXiv:2302.06675 (as in Keras).

    Arrays and errors as in ``sgd_step``.

    >>> import numpy as np
    >>> from brasa import ops
    >>> p, m = np.ones(1, np.float32), np.zeros(1, np.float32)
    >>> ops.lion_step(p, np.full(1, -4, np.float32), m, learning_rate=0.25, beta_2=0.75)
    >>> p, m
    (array([1.25], dtype=float32), array([-1.], dtype=float32))
    """
    op = "lion_step"
    rate = check_learning_rate(op, learning_rate)
    first = {"weight_decay": weight_decay, "l1": l1, "l2": l2}
    update(op, g, {"p": p, "m": m}, (rate, 1.0), _means(op, beta_1, beta_2), first)


def _means(op: str, beta_1: float, beta_2: float) -> dict[str, float]:
    return {"beta_1": number(op, "beta_1", beta_1), "beta_2": number(op, "beta_2", beta_2)}
