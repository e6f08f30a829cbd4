"""Optimizers, schedules and regularizers against Keras 3, whose results are stored."""

import runpy
from pathlib import Path

import numpy as np
import pytest

import brasa
from brasa.testing.assertions import ROUNDING

HERE = Path(__file__).parent
MAKE = runpy.run_path(str(HERE / "make_golden_keras_training.py"))

with np.load(HERE / "keras_training.npz") as file:
    WANT = {name: file[name] for name in file.files}


@pytest.mark.parametrize("name", MAKE["SCHEDULES"])
def test_schedule(name):
    # Both evaluate one short formula in float64.
    np.testing.assert_allclose(MAKE["rates"](brasa, name), WANT[f"rates_{name}"], rtol=1e-14)


@pytest.mark.parametrize("penalized", [False, True], ids=["train", "penalized"])
@pytest.mark.parametrize("name", MAKE["OPTIMIZERS"])
def test_training(name, penalized, impl):
    want = WANT[f"{'penalized' if penalized else 'train'}_{name}"]
    got = MAKE["train"](brasa, name, penalized)
    # Twelve steps of weights around 1, up to 43 roundings of 1 off. An epsilon in another place, or
    # the rate of another step, is off by thousands.
    bound = 200 * ROUNDING * np.maximum(np.abs(want), 1)
    np.testing.assert_array_less(np.abs(got - want), bound)


def test_every_result_is_compared():
    made = {f"rates_{name}" for name in MAKE["SCHEDULES"]}
    made |= {f"{kind}_{name}" for name in MAKE["OPTIMIZERS"] for kind in ("train", "penalized")}
    assert set(WANT) == made
