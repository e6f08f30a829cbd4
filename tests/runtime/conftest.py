"""What the tests of the runtime share: scripts in a fresh Python, and a small model."""

import os
import subprocess
import sys
import textwrap

import brasa
from brasa import Sequential, layers

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
