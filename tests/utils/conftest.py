"""What the tests of brasa.utils share."""

import importlib.util

import pytest

from tests.keras_apart import keras_apart


@pytest.fixture(scope="module")
def keras():
    """Calls functions of Keras by their names, in another process."""
    backends = [name for name in ("jax", "torch") if importlib.util.find_spec(name)]
    if not importlib.util.find_spec("keras") or not backends:
        pytest.skip("Keras is not installed, or none of its backends")
    with keras_apart(backends[0]) as call:
        yield call
