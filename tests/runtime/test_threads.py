"""How many threads there are, and what the build says of itself."""

import os

import numpy as np
import pytest

import brasa
from brasa import runtime
from brasa.testing.assertions import assert_same_bits
from tests.runtime.conftest import THREAD_VARIABLES, make, run_python

# ---- threads -------------------------------------------------------------------------------

SHOW_THREADS = "from brasa import runtime; print(runtime.threads())"


@pytest.mark.parametrize(
    ("environment", "threads"),
    [
        ({"BRASA_NUM_THREADS": "3"}, 3),
        ({"OMP_NUM_THREADS": "5"}, 5),
        ({"OMP_NUM_THREADS": "5,2"}, 5),
        ({"BRASA_NUM_THREADS": "3", "OMP_NUM_THREADS": "5"}, 3),
        ({"BRASA_NUM_THREADS": "many", "OMP_NUM_THREADS": "5"}, 5),
        ({"BRASA_NUM_THREADS": "0", "OMP_NUM_THREADS": "5"}, 5),
        ({"BRASA_NUM_THREADS": "-2", "OMP_NUM_THREADS": "5"}, 5),
        ({"BRASA_NUM_THREADS": "", "OMP_NUM_THREADS": "5"}, 5),
        ({"BRASA_NUM_THREADS": "99999999999999", "OMP_NUM_THREADS": "5"}, 5),
    ],
    ids=str,
)
def test_the_environment_says_how_many_threads(environment, threads):
    assert run_python(SHOW_THREADS, **environment) == str(threads)


def test_without_a_word_all_allowed_processors_are_used():
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert 1 <= int(run_python(SHOW_THREADS)) <= allowed


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="affinity is Linux's")
def test_the_affinity_mask_bounds_the_threads():
    script = f"import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]); {SHOW_THREADS}"
    assert run_python(script) == "1"


def test_set_threads_overrides_and_gives_back(threads):
    runtime.set_threads(3)
    assert runtime.threads() == 3
    runtime.set_threads(np.int64(2))
    assert runtime.threads() == 2
    default = int(
        run_python(SHOW_THREADS, **{k: os.environ[k] for k in THREAD_VARIABLES if k in os.environ})
    )
    for nothing in (None, 0):
        runtime.set_threads(3)
        runtime.set_threads(nothing)
        assert runtime.threads() == default


@pytest.mark.parametrize(
    ("count", "error"),
    [
        (-1, ValueError),
        (100_000, ValueError),
        (2.0, TypeError),
        ("2", TypeError),
        (True, TypeError),
    ],
)
def test_a_bad_number_of_threads_is_refused(count, error, threads):
    before = runtime.threads()
    with pytest.raises(error, match="threads"):
        runtime.set_threads(count)
    assert runtime.threads() == before


def test_more_threads_than_processors_give_the_same_bits(rng, threads):
    model = make()
    x = rng.standard_normal((256, 64)).astype(np.float32)
    runtime.set_threads(1)
    want = model.predict(x, 256)
    runtime.set_threads(16)
    assert_same_bits(model.predict(x, 256), want)


# ---- facts ---------------------------------------------------------------------------------


def test_build_info_is_complete_and_consistent():
    info = runtime.build_info()
    assert info["version"] == brasa.__version__
    assert info["implementations"] == runtime.implementations()
    assert info["implementation"] in info["implementations"]
    assert info["threads"] == runtime.threads()
    assert isinstance(info["avx2"], bool)
    assert info["cuda"] == runtime.cuda_reason()
    assert len(info["cuda"].splitlines()) == 1
    assert (info["bf16"] != "") == ("bf16" in info["precisions"])
    assert brasa.build_info() == info


def test_the_tables_run_where_the_machine_can():
    names, info = runtime.implementations(), runtime.build_info()
    assert ("cpu.avx512" in names) <= info["avx512"]
    assert ("cpu.avx2" in names) <= info["avx2"]


def test_one_openmp_library_is_loaded():
    script = """
        import numpy, brasa
        from brasa import runtime, ops
        ops.relu([1.0])
        print(len(runtime.openmp_runtimes()))
    """
    assert int(run_python(script)) <= 1


def test_a_plan_is_made_anew_for_another_table(rng):
    model = make(8)
    x = rng.standard_normal((5, 8)).astype(np.float32)
    results = {}
    for name in runtime.implementations():
        with runtime.force(name):
            results[name] = model.predict(x)
    for result in results.values():
        assert np.abs(result - results["ref"]).max() < 1e-6
