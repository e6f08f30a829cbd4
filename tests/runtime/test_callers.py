"""Forks, Python threads and the float state of who calls."""

import ctypes
import ctypes.util
import os
import platform
import sys
import threading

import numpy as np
import pytest

from brasa import Sequential, layers, runtime
from brasa.testing.assertions import assert_same_bits
from tests.runtime.conftest import make, run_python


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
