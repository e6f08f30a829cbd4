"""Random models, as ONNX Runtime computes them: what meets what, in combinations.

``BRASA_RANDOM_MODELS=5000`` runs more of them, ``BRASA_RANDOM_MODELS=1@417`` only the 417th.
"""

import os
import warnings

import numpy as np
import pytest

from tests.onnx.running import compare
from tests.random_models.models import RandomModel

COUNT, _, FIRST = os.environ.get("BRASA_RANDOM_MODELS", "48").partition("@")


@pytest.mark.parametrize("seed", range(int(FIRST or 0), int(FIRST or 0) + int(COUNT)))
def test_a_random_model(seed, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of masks that end
        case = RandomModel(seed)
    arrays = []
    for rows in (1, 3):
        tensors, values = case.model.network.inputs, case.batch(rows, seed).x
        pairs = zip(tensors, values if isinstance(values, list) else [values], strict=True)
        arrays.append([np.asarray(value, tensor.dtype) for tensor, value in pairs])
    # Sums of numbers that cancel each other differ more, relative to what is left.
    compare(case.model, tmp_path, arrays=arrays, tolerance=2e-4)
