"""What the tests of bad inputs share: operands, and a test for each row of a table of calls."""

import numpy as np
import pytest


def ones(*shape):
    return np.ones(shape, np.float32)


X, B = ones(2, 6, 5, 4), ones(8)
LOGITS, LABELS = ones(3, 5), np.array([0, 4, 2])
HALVES = np.full((2, 2), 0.5, np.float32)
FLAT = ones(6)
NAN, INF = float("nan"), float("inf")


def refused(rows):
    """Runs a test once for each row: op, what is wrong, call, exception, words of the message."""
    return pytest.mark.parametrize(
        ("op", "call", "error", "words"),
        [pytest.param(op, *rest, id=f"{op}: {what}") for op, what, *rest in rows],
    )
