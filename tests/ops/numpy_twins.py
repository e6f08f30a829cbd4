"""What the tests of compositions share: values, slopes and models beside NumPy's function."""

import numpy as np
import pytest

import brasa
from brasa import Input, Model, layers


def assert_slopes(ours, theirs, operands, rng, rel=1e-4):
    """Gradients by all operands against differences of NumPy's function in float64."""
    value = np.asarray(theirs(*map(np.float64, operands)))
    weights = rng.standard_normal(value.shape)
    slopes = brasa.grad(
        lambda *xs: brasa.ops.sum(ours(*xs) * np.float32(weights)),
        argnums=tuple(range(len(operands))),
    )(*operands)
    step, along = 1e-6, [rng.standard_normal(x.shape) for x in operands]
    ends = [
        (
            theirs(*[x + sign * step * d for x, d in zip(operands, along, strict=True)]) * weights
        ).sum()
        for sign in (1, -1)
    ]
    got = sum(float((g * d).sum()) for g, d in zip(slopes, along, strict=True))
    assert got == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=rel, abs=1e-3)


def assert_in_models(compute, *arrays):
    """Between layers, and inside one: as on arrays. The first axis of all is the batch."""
    want = np.asarray(compute(*arrays), np.float32)
    tensors = [Input(x.shape[1:]) for x in arrays]

    class Own(layers.Layer):
        def call(self, *xs):
            return compute(*xs)

    given = list(arrays) if len(arrays) > 1 else arrays[0]
    for y in (compute(*tensors), Own()(*tensors)):
        got = Model(tensors, y).predict(given)
        assert got.shape == want.shape
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)
