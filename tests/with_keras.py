"""Keras, for tests that compare with it live; they are skipped where it is not installed."""

import os

import pytest


def keras():
    """The module, on JAX unless the environment says otherwise."""
    os.environ.setdefault("KERAS_BACKEND", "jax")
    return pytest.importorskip("keras")
