"""Random programs: each table, team, file and copy against the reference, and against Keras.

``BRASA_RANDOM_PROGRAMS=500`` runs more of them, ``BRASA_RANDOM_PROGRAMS=1@417`` only the 417th.
"""

import importlib.util
import os
import warnings

import numpy as np
import pytest

import brasa
from brasa import runtime
from brasa.testing.assertions import assert_same_bits
from tests.keras_apart import keras_apart
from tests.random_programs.comparing import BF16, NOISE, WrongNumberError, check
from tests.random_programs.running import Data, disturbed, predictions, results
from tests.random_programs.writer import Writer

COUNT, _, FIRST = os.environ.get("BRASA_RANDOM_PROGRAMS", "14").partition("@")
SEEDS = range(int(FIRST or 0), int(FIRST or 0) + int(COUNT))
TRIES = 3


@pytest.fixture(scope="module")
def beside():
    """Calls functions of Keras in another process: on PyTorch, which compiles nothing first."""
    backends = [name for name in ("torch", "jax") if importlib.util.find_spec(name)]
    if not importlib.util.find_spec("keras") or not backends:
        pytest.skip("Keras is not installed, or none of its backends")
    with keras_apart(backends[0]) as call:
        yield call


@pytest.fixture(params=SEEDS)
def program(request):
    """A program; a failure prints it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of masks that end
        program = Writer(request.param).program()
        program.seed = request.param
        yield program


def ran(program, data, **compiled):
    """The trained model and what it computed."""
    model = program.built(brasa)
    program.compile(model, brasa, **compiled)
    return model, results(model, data, program.training)


def told(program, error):
    return f"BRASA_RANDOM_PROGRAMS=1@{program.seed}: {error}\n{program}"


def until_rounding_is_no_excuse(program, compare):
    """``compare(data)``, with other data where numbers are off.

    Rounding may move a value across the corner of a ReLU, or make another pixel the largest; not
    with other data as well.
    """
    for attempt in range(TRIES):
        data = Data(program, program.seed + 1_000_003 * attempt).drawn(program.built(brasa))
        try:
            return compare(data)
        except WrongNumberError as error:
            if attempt == TRIES - 1:
                raise WrongNumberError(told(program, error)) from None
    return None


def test_all_tables_compute_what_the_reference_does(program, threads):
    best = runtime.implementation()
    others = [t for t in runtime.implementations() if t not in ("ref", "cuda_on_cpu", best)]

    def compare(data):
        with runtime.force("ref"):
            truth = ran(program, data)[1]
            near = [ran(program, disturbed(data, NOISE, i))[1] for i in range(2)]
        for table in (best, *others[program.seed % max(len(others), 1) :][:1]):
            with runtime.force(table):
                check(ran(program, data)[1], truth, near)

    until_rounding_is_no_excuse(program, compare)


def test_teams_files_and_copies_compute_the_same_bits(program, threads, tmp_path):
    data = Data(program, program.seed).drawn(program.built(brasa))
    found = {}
    for count in (1, 2):
        runtime.set_threads(count)
        model, found[count] = ran(program, data)
    for name, arrays in found[1].items():
        assert_same_bits(found[2][name], arrays, told(program, f"{name} with 2 threads"))
    model.save(tmp_path / "model.brasa")
    loaded = brasa.load_model(tmp_path / "model.brasa")
    clone = brasa.models.clone_model(model)
    clone.set_weights(model.get_weights())
    want = predictions(model, data, program.training)
    for name, other in (("loaded", loaded), ("clone", clone)):
        got = predictions(other, data, program.training)
        assert_same_bits(got, want, told(program, name))


def test_products_in_bf16_stay_near(program):
    if "bf16" not in runtime.precisions():
        pytest.skip("no products in bf16 on this machine")

    def compare(data):
        truth = ran(program, data)[1]
        near = [ran(program, disturbed(data, BF16, i))[1] for i in range(2)]
        found = ran(program, data, precision="bf16")[1]
        few = {"predicted": truth["predicted"]}
        check(found, few, near, floor=0.03)
        assert all(
            np.isfinite(a).all() == np.isfinite(b).all()
            for name in truth
            for a, b in zip(found[name], truth[name], strict=True)
        )

    until_rounding_is_no_excuse(program, compare)


def test_keras_computes_the_same(program, beside):
    if program.loses_masks_in_keras():
        pytest.skip("Keras loses the mask")

    def compare(data):
        try:
            truth, *near = beside("tests.random_programs.in_keras.keras_results", program, data)
        except (ValueError, RuntimeError, TypeError) as error:
            pytest.skip(f"Keras: {str(error)[:200]}")
        check(ran(program, data)[1], truth, near)

    until_rounding_is_no_excuse(program, compare)
