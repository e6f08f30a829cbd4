"""The Huber loss of models: Keras's definition, its delta, and how far outliers pull."""

import numpy as np
import pytest

from brasa import Sequential, layers, losses, optimizers
from brasa.graph.trace import Graph
from brasa.losses import Huber


@pytest.mark.parametrize("delta", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("shape", [(6, 1), (6, 4), (6, 5, 3)], ids=str)
def test_the_value_is_keras_s_definition(delta, shape, rng):
    """0.5 x^2 up to delta, then 0.5 delta^2 + delta (|x| - delta), the mean over the last axis."""
    p, y = (rng.standard_normal(shape).astype(np.float32) * 2 for _ in range(2))
    x = np.abs(y.astype(np.float64) - p)
    each = np.where(x <= delta, 0.5 * x**2, 0.5 * delta**2 + delta * (x - delta))
    assert Huber(delta)(y, p) == pytest.approx(each.mean(-1).mean(), rel=1e-6)
    weight = rng.random(shape[:1]).astype(np.float32)
    weights = weight.reshape(-1, *[1] * (len(shape) - 2))
    want = (each.mean(-1) * weights).mean()
    assert Huber(delta)(y, p, weight) == pytest.approx(want, rel=1e-6)


def test_delta_is_kept():
    assert (Huber().delta, Huber(2).delta, Huber(delta=np.float32(0.5)).delta) == (1.0, 2.0, 0.5)
    loss = losses.get({"class_name": "Huber", "config": {"delta": 0.25}})
    assert (loss.delta, repr(loss)) == (0.25, "Huber(delta=0.25)")


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (0, ValueError),
        (-1.0, ValueError),
        (np.nan, ValueError),
        (np.inf, ValueError),
        (1e300, ValueError),
        (1e-300, ValueError),
        ("a", TypeError),
        (None, TypeError),
        (True, TypeError),
    ],
)
def test_a_bad_delta_is_refused(value, error):
    with pytest.raises(error, match=r"^Huber: delta must be .*, got"):
        Huber(value)


@pytest.mark.parametrize("delta", [0.0, -1.0, np.inf, np.nan, 1e39])
def test_the_op_of_a_graph_refuses_a_bad_delta(delta):
    graph = Graph()
    p, y = graph.external("p", (2, 3)), graph.external("y", (2, 3))
    with pytest.raises(ValueError, match="loss: delta must be > 0 and finite in float32, got"):
        graph.add("loss", [p, None, y, None], {"kind": "huber", "delta": delta})


def test_outliers_pull_a_model_no_further_than_delta():
    x = np.ones((8, 1), np.float32)
    y = np.float32([0.25, -0.25, 0.0, 0.0, 0.0, 0.0, 1e6, -1e3])
    model = Sequential([layers.Dense(1, kernel_initializer="zeros", input_shape=(1,))])
    model.compile(optimizers.SGD(1.0), Huber(0.5))
    model.fit(x, y, batch_size=8, verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], [[0.0]])
    y[7] = 0.0
    model.fit(x, y, batch_size=8, verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], [[0.0625]])
