"""Fixtures of all tests: random numbers that a failure can be rerun with, and one run per table."""

import importlib.util
import zlib
from collections.abc import Iterator

import numpy as np
import pytest

from tests.keras_apart import keras_apart

SEED = pytest.StashKey[int]()


@pytest.fixture(autouse=True)
def seed(request: pytest.FixtureRequest) -> int:
    """What is random depends on the test's name alone, weights too; a failure prints the seed."""
    import brasa

    seed = zlib.crc32(request.node.nodeid.encode())
    request.node.stash[SEED] = seed
    brasa.set_seed(seed)
    return seed


@pytest.fixture
def rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    seed = item.stash.get(SEED, None)
    if report.failed and seed is not None:
        report.sections.append(
            ("seed", f"brasa.set_seed({seed}); rng = np.random.default_rng({seed})")
        )
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests marked `gpu` say why they cannot run."""
    marked = [item for item in items if item.get_closest_marker("gpu")]
    if not marked:
        return
    from brasa import runtime

    if "cuda" not in runtime.devices():
        for item in marked:
            item.add_marker(pytest.mark.skip(f"no GPU: {runtime.cuda_reason()}"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes `impl` runs once for every table of kernels that this machine can run."""
    if "impl" in metafunc.fixturenames:
        from brasa import runtime

        metafunc.parametrize("impl", runtime.implementations(), indirect=True)


@pytest.fixture
def impl(request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of the table that all ops of this test use."""
    from brasa import runtime

    with runtime.force(request.param):
        yield request.param


@pytest.fixture
def threads() -> Iterator[None]:
    """Returns to the default number of threads after a test that sets it."""
    from brasa import runtime

    yield
    runtime.set_threads(None)


@pytest.fixture(scope="module")
def keras():
    """Calls functions of Keras by their names, in another process."""
    backends = [name for name in ("jax", "torch") if importlib.util.find_spec(name)]
    if not importlib.util.find_spec("keras") or not backends:
        pytest.skip("Keras is not installed, or none of its backends")
    with keras_apart(backends[0]) as call:
        yield call
