"""Random models against PyTorch: every pass and every choice of a plan, in combinations.

``BRASA_RANDOM_MODELS=5000`` runs more of them, ``BRASA_RANDOM_MODELS=1@417`` only the 417th.
"""

import os
import warnings

import numpy as np
import pytest

from brasa import runtime

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from tests.random_models.comparing import WrongNumberError, compare  # noqa: E402
from tests.random_models.models import RandomModel  # noqa: E402

COUNT, _, FIRST = os.environ.get("BRASA_RANDOM_MODELS", "48").partition("@")
SIZES = (1, 2, 3, 7, 8, 16, 16, 17, 24, 32, 33, 33, 64, 100)
MOST = {"cuda_on_cpu": 3e3, "ref": 3e4}  # elements of a batch, weighed by what they cost
TRIES = 3


@pytest.fixture(autouse=True)
def settings(threads):
    """One thread for PyTorch, whose pool would wait beside ours; the defaults of ours later."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
    runtime.set_winograd(True)


def drawn(seed):
    """A model, the table and the batch sizes it runs with, and what Winograd's method may do."""
    rng = np.random.default_rng([seed, 2])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of masks that end
        case = RandomModel(seed)
    best, *others = runtime.implementations()
    table = best if rng.random() < 0.6 else str(rng.choice([best, *others]))
    if case.cost > MOST.get(table, 3e5):
        table = best
    fitting = [n for n in SIZES if n * case.cost <= MOST.get(table, 3e5)] or [1]
    sizes = [int(rng.choice(fitting)) for _ in range(2)]
    return case, table, sizes, (False, True, "always")[rng.integers(3)]


@pytest.mark.parametrize("seed", range(int(FIRST or 0), int(FIRST or 0) + int(COUNT)))
def test_a_random_model_computes_what_pytorch_does(seed):
    case, table, sizes, winograd = drawn(seed)
    runtime.set_winograd(winograd)
    # Rounding may move a value across the corner of a ReLU, or make another pixel the largest: once
    # in some thousand models, and not with other data as well.
    with runtime.force(table), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for attempt in range(TRIES):
            try:
                compare(case, sizes, seed + 1_000_003 * attempt)
            except WrongNumberError as error:
                if attempt == TRIES - 1:
                    raise WrongNumberError(
                        f"{table}, batches of {sizes}, Winograd {winograd}: {error}\n{case}"
                    ) from None
            else:
                return
