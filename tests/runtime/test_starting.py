"""What importing brasa loads and how soon the first step is done."""

import pytest

import brasa
from tests.runtime.conftest import run_python


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
    """A generous bound: 0.2 s on an idle machine, 0.12 of them for Python and NumPy.

    Processor seconds, and one thread, so that a busy machine counts as an idle one; beside NumPy's
    own, so that a slow one counts as a fast one.
    """
    without = """
        import time
        import numpy as np
        print(time.process_time())
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
    assert quickest(script, tmp_path) < 2.5 * quickest(without, tmp_path)


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
