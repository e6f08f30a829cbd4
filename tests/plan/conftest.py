"""A chain of two steps over segments, and what it is run on."""

import numpy as np
import pytest

ARENA = 0


def at(segment, offset, *shape, dtype="float32"):
    """An operand: where it lies and what it is."""
    return (segment, offset, dtype, shape)


def tanh(x, y, name="step"):
    return ("activation", name, {"activation": "tanh"}, [x], [y])


def chain():
    """y = 2 tanh(a @ b), with both intermediates in the arena."""
    return [
        ("matmul", "product", {}, [at(1, 0, 3, 4), at(2, 0, 4, 5), None], [at(ARENA, 0, 3, 5)]),
        tanh(at(ARENA, 0, 3, 5), at(ARENA, 64, 3, 5), "squash"),
        ("scale", "double", {"factor": 2.0}, [at(ARENA, 64, 3, 5)], [at(3, 0, 3, 5)]),
    ]


SEGMENTS = [48, 80, 60]


@pytest.fixture
def arrays(rng):
    a, b = rng.standard_normal((3, 4)), rng.standard_normal((4, 5))
    return [a.astype(np.float32), b.astype(np.float32), np.zeros((3, 5), np.float32)]
