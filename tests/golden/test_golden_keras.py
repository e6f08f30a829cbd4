"""The recurrent layers against Keras 3, whose results make_golden_keras.py stored."""

import runpy
from pathlib import Path

import numpy as np
import pytest

import brasa
from brasa import Sequential
from brasa.testing import cases
from brasa.testing.assertions import ROUNDING, assert_close

HERE = Path(__file__).parent
MAKE = runpy.run_path(str(HERE / "make_golden_keras.py"))

with np.load(HERE / "keras_recurrent.npz") as file:
    WANT = {name: file[name] for name in file.files}

CASE = cases.RecurrentCase(*(MAKE[name] for name in "TNDU"))


def bound(want):
    """That of the ops, and the rounding of the stored result."""
    return (CASE.forward_bound + ROUNDING) * max(1.0, float(np.abs(want).max()))


@pytest.mark.parametrize("name", MAKE["CASES"])
def test_layer(name, impl):
    model, arrays = MAKE["case"](brasa, name)
    found = MAKE["flat"](model.predict(arrays if len(arrays) > 1 else arrays[0]))
    assert_close(found, WANT[name], bound(WANT[name]), name)


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "SimpleRNN"])
def test_states_between_batches(kind, impl):
    layer = getattr(brasa.layers, kind)(MAKE["U"], stateful=True, return_sequences=True)
    model = Sequential([brasa.Input((None, MAKE["D"])), layer])
    MAKE["fill"](layer)
    x = MAKE["pattern"]((MAKE["N"], MAKE["T"], MAKE["D"]), 1)
    found = MAKE["flat"]([model.predict(x[:, start : start + 2]) for start in (0, 2, 4)])
    want = WANT[f"stateful_{kind.lower()}"]
    assert_close(found, want, bound(want))


def test_every_result_is_compared():
    stateful = {name for name in WANT if name.startswith("stateful_")}
    assert set(WANT) == set(MAKE["CASES"]) | stateful
    assert len(stateful) == 3
