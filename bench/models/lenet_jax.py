"""LeNet-5 in JAX, one jitted function a step; weights and slots are donated."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from bench.case import Arrays, Variant, Variants
from bench.models import lenet
from bench.models.lenet import BETA_1, BETA_2, EPSILON, MOMENTUM, RATES


def _conv(x: Any, w: Any, b: Any) -> Any:
    layout = ("NHWC", "HWIO", "NHWC")
    return jax.lax.conv_general_dilated(x, w, (1, 1), "VALID", dimension_numbers=layout) + b


def _pool(x: Any) -> Any:
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def _logits(w: list[Any], x: Any) -> Any:
    x = _pool(jax.nn.relu(_conv(x, w[0], w[1])))
    x = _pool(jax.nn.relu(_conv(x, w[2], w[3])))
    x = jax.nn.relu(x.reshape(len(x), -1) @ w[4] + w[5])
    x = jax.nn.relu(x @ w[6] + w[7])
    return x @ w[8] + w[9]


def _loss(w: list[Any], x: Any, labels: Any) -> Any:
    log_p = jax.nn.log_softmax(_logits(w, x))
    return -jnp.take_along_axis(log_p, labels[:, None], 1).mean()


def _step(kind: str, state: Any, x: Any, labels: Any) -> Any:
    w, m, v, t = state
    loss, g = jax.value_and_grad(_loss)(w, x, labels)
    rate, t = RATES[kind], t + 1
    if kind == "sgdm":
        m = [MOMENTUM * a - rate * b for a, b in zip(m, g, strict=True)]
        return loss, ([a + b for a, b in zip(w, m, strict=True)], m, v, t)
    m = [a + (1 - BETA_1) * (b - a) for a, b in zip(m, g, strict=True)]
    v = [a + (1 - BETA_2) * (b * b - a) for a, b in zip(v, g, strict=True)]
    rate = rate * jnp.sqrt(1 - BETA_2**t) / (1 - BETA_1**t)
    w = [a - rate * b / (jnp.sqrt(c) + EPSILON) for a, b, c in zip(w, m, v, strict=True)]
    return loss, (w, m, v, t)


def train(kind: str, data: Arrays) -> Variants:
    def build() -> Variant:
        w = [jnp.array(a) for a in lenet.weights(data)]
        state = [(w, [a * 0 for a in w], [a * 0 for a in w], jnp.zeros(()))]
        x, labels = jnp.array(data["x"]), jnp.array(data["labels"])
        step = jax.jit(lambda s, x, labels: _step(kind, s, x, labels), donate_argnums=0)

        def run() -> Any:
            loss, state[0] = jax.block_until_ready(step(state[0], x, labels))
            return loss

        def arrays(loss: Any) -> Arrays:
            return lenet.changes(data, float(loss), [np.asarray(a) for a in state[0][0]])

        return Variant(run, arrays, stateful=True)

    return {"jit": build}


def infer(data: Arrays) -> Variants:
    def build() -> Variant:
        w, x = [jnp.array(a) for a in lenet.weights(data)], jnp.array(data["x"])
        predict = jax.jit(lambda w, x: jax.nn.softmax(_logits(w, x)))
        return Variant(lambda: jax.block_until_ready(predict(w, x)), lambda y: {"y": np.asarray(y)})

    return {"jit": build}
