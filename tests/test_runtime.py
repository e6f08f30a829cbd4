"""The runtime: threads, forks, concurrency, the caller's float state, and how fast it starts."""

import ctypes
import ctypes.util
import os
import platform
import subprocess
import sys
import textwrap
import threading

import numpy as np
import pytest

import brasa
from brasa import Sequential, layers, runtime
from brasa.testing.assertions import assert_same_bits

THREAD_VARIABLES = ("BRASA_NUM_THREADS", "OMP_NUM_THREADS", "BRASA_IMPL")


def run_python(script, *, timeout=60, **environment):
    """What a fresh Python prints; fails when it ends with an error."""
    clean = {name: v for name, v in os.environ.items() if name not in THREAD_VARIABLES}
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
        env={**clean, **environment},
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def make(width=64, dropout=0.2):
    """A model whose steps are large enough for a team of threads."""
    brasa.set_seed(1)
    model = Sequential(
        [
            layers.Dense(width, activation="tanh", input_shape=(width,)),
            layers.Dropout(dropout),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


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


# ---- processes and threads of the caller ---------------------------------------------------


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_fork_after_a_parallel_region_does_not_hang():
    """The child's team is its own: libgomp's threads do not survive a fork."""
    script = """
        import os, signal, warnings
        warnings.simplefilter("ignore", DeprecationWarning)
        import numpy as np
        import brasa
        from brasa import ops, runtime
        runtime.set_threads(2)
        x = np.ones((256, 256), np.float32)
        want = ops.matmul(x, x)
        for generation in range(3):
            child = os.fork()
            if child == 0:
                signal.alarm(20)
                same = (ops.matmul(x, x) == want).all()
                grandchild = os.fork()
                if grandchild == 0:
                    signal.alarm(20)
                    os._exit(0 if (ops.matmul(x, x) == want).all() else 1)
                _, status = os.waitpid(grandchild, 0)
                os._exit(0 if same and status == 0 else 1)
            assert (ops.matmul(x, x) == want).all()
            _, status = os.waitpid(child, 0)
            assert status == 0, status
        print("done")
    """
    assert run_python(script) == "done"


def test_python_threads_that_predict_at_once_get_the_serial_bits(rng, threads):
    runtime.set_threads(2)
    model = make()
    batches = [rng.standard_normal((100 + i, 64)).astype(np.float32) for i in range(4)]
    want = [model.predict(x) for x in batches]
    wrong = []

    def work(x, truth):
        wrong.extend(len(x) for _ in range(10) if (model.predict(x) != truth).any())

    workers = [threading.Thread(target=work, args=pair) for pair in zip(batches, want, strict=True)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert wrong == []


def test_another_python_thread_runs_during_a_step(rng, threads):
    """The lock of the interpreter is released: a counter goes on while a plan runs."""
    runtime.set_threads(1)
    model = make(256)
    x = rng.standard_normal((512, 256)).astype(np.float32)
    plan = model.plan(512, "predict")
    bound = {**model.engine.arrays(), "x0": x, "out0": np.empty((512, 3), np.float32)}
    seen, done = [], threading.Event()

    def count():
        while not done.is_set():
            seen.append(len(seen))

    worker = threading.Thread(target=count)
    worker.start()
    try:
        before = len(seen)
        for _ in range(20):
            plan.run(bound)
        assert len(seen) > before
    finally:
        done.set()
        worker.join()


ROUNDINGS = {"x86_64": (0x800, 0xC00), "aarch64": (0x400000, 0xC00000)}


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in ROUNDINGS,
    reason="the rounding mode is set through glibc",
)
@pytest.mark.parametrize("count", [1, 2])
def test_a_plan_leaves_the_callers_float_state_and_does_not_depend_on_it(count, rng, threads):
    libm = ctypes.CDLL(ctypes.util.find_library("m"))
    runtime.set_threads(count)
    x = rng.standard_normal((64, 64)).astype(np.float32)
    y = rng.integers(0, 3, 64)
    one, other = make(), make()
    one.train_on_batch(x, y)
    want = one.train_on_batch(x, y)
    other.train_on_batch(x, y)
    for mode in ROUNDINGS[platform.machine()][:1]:
        libm.fesetround(mode)
        try:
            got, after = other.train_on_batch(x, y), libm.fegetround()
        finally:
            libm.fesetround(0)
        assert after == mode
        assert got == want
    assert_same_bits(other.get_weights(), one.get_weights())
    tiny = np.full(8, 1e-40, np.float32)  # denormal, for the caller still a number
    assert (tiny * np.float32(0.5) > 0).all()


def test_weights_in_the_denormal_range_are_zero_for_the_kernels(threads):
    model = Sequential([layers.Dense(1, use_bias=False, input_shape=(1,))])
    for count in (1, 2):
        runtime.set_threads(count)
        model.set_weights([[[1e-39]]])
        assert model.predict([[1.0]]) == 0


# ---- starting ------------------------------------------------------------------------------


def quickest(script, folder):
    """The least of several times that a script prints: what else the machine does only adds.

    The first run compiles all modules into `folder`, as an installation does.
    """
    cached = {"PYTHONPYCACHEPREFIX": str(folder), "PYTHONDONTWRITEBYTECODE": ""}
    return min(float(run_python(script, **cached)) for _ in range(5))


def test_importing_brasa_loads_nothing_and_takes_no_time(tmp_path):
    script = """
        import sys, time
        before = set(sys.modules)
        start = time.process_time()
        import brasa
        seconds = time.process_time() - start
        heavy = {"numpy", "tqdm", "safetensors", "asyncio", "brasa._core", "brasa.model"}
        assert not heavy & (set(sys.modules) - before), heavy & set(sys.modules)
        print(seconds)
    """
    assert quickest(script, tmp_path) < 0.03


def test_the_first_training_step_is_done_soon_after_the_start(tmp_path):
    """A generous bound: 0.2 s on an idle machine, most of it for importing NumPy.

    Processor seconds, and one thread, so that a busy machine counts as an idle one.
    """
    script = """
        import time
        import numpy as np
        from brasa import runtime
        runtime.set_threads(1)
        from brasa.models import lenet5
        model = lenet5()
        model.compile("adam", "sparse_categorical_crossentropy")
        model.train_on_batch(np.zeros((8, 28, 28, 1), np.float32), np.zeros(8, int))
        print(time.process_time())
    """
    assert quickest(script, tmp_path) < 0.4


def test_optional_packages_are_not_needed_to_train():
    script = """
        import sys
        for name in ("tqdm", "safetensors", "PIL", "pooch", "matplotlib", "torch", "scipy",
                     "typing_extensions", "h5py", "onnx", "sklearn"):
            sys.modules[name] = None
        import numpy as np
        from brasa.models import lenet5
        model = lenet5(10, (8, 8, 1))
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(np.zeros((8, 8, 8, 1)), np.zeros(8, int), verbose=2)
        model.summary()
    """
    run_python(script)


def test_the_public_names_are_all_there():
    for name in brasa.__all__:
        assert getattr(brasa, name) is not None
    assert set(brasa.__all__) <= set(dir(brasa))
    with pytest.raises(AttributeError, match="module 'brasa' has no attribute 'no_such_name'"):
        getattr(brasa, "no_such_name")  # noqa: B009
