"""The peers: which library, with which environment."""

from __future__ import annotations

import ctypes.util
import importlib.util
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

BUILD = Path(__file__).parents[2] / "build" / "bench"

# Keeps every freed page, on huge pages: PyTorch then pays for page faults once, not at every step.
_JEMALLOC_CONF = "dirty_decay_ms:-1,muzzy_decay_ms:-1,thp:always"


@dataclass(frozen=True)
class Peer:
    """A process that runs cases.

    Args:
        name: Column of the table.
        library: Key of a benchmark's ``PEERS``; also the module that must be importable.
        env: What this peer adds to the environment.
    """

    name: str
    library: str
    env: dict[str, str] = field(default_factory=dict)


def environment(peer: Peer, threads: int) -> dict[str, str]:
    """The worker's environment: ``threads`` for every pool, and pools that fall asleep.

    Only one worker computes at a time, but a pool spins for a while after its last task. libgomp's
    own limit (some milliseconds) is left alone, since a passive pool would be a slower peer, and
    the parent waits that long between workers. Only the long ones are shortened: Intel's OpenMP
    (200 ms) and OpenBLAS (2^26 ticks, tens of milliseconds; here 2^22, one or two).
    """
    count = str(threads)
    env = dict(os.environ)
    env.update(
        OMP_NUM_THREADS=count,
        MKL_NUM_THREADS=count,
        # Elsewhere NumPy only makes inputs: it needs no second pool there.
        OPENBLAS_NUM_THREADS=count if peer.library == "numpy" else "1",
        OPENBLAS_THREAD_TIMEOUT="22",
        KMP_BLOCKTIME="5",
        BRASA_NUM_THREADS=count,
        JAX_PLATFORMS="cpu",
        KERAS_BACKEND="torch",
        TORCHINDUCTOR_CACHE_DIR=str(BUILD / "inductor"),
        TORCHINDUCTOR_COMPILE_THREADS="1",
        PYTHONWARNINGS="ignore",
    )
    if threads == 1:
        env["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    env.update(peer.env)
    return env


def jemalloc() -> Path | None:
    """libjemalloc.so.2: from ``BRASA_BENCH_JEMALLOC``, or where the loader finds it."""
    named = os.environ.get("BRASA_BENCH_JEMALLOC") or ctypes.util.find_library("jemalloc")
    if not named:
        return None
    folders = [Path(), Path("/usr/lib"), Path("/usr/lib64"), *Path("/usr/lib").glob("*-linux-gnu")]
    found = (folder / named for folder in folders if (folder / named).is_file())
    return next(found, None)


def known() -> list[Peer]:
    """All peers besides brasa, installed or not."""
    peers = [Peer(name, name) for name in ("numpy", "torch", "jax", "keras", "onnxruntime")]
    library = jemalloc()
    if library is not None:
        env = {"LD_PRELOAD": str(library), "MALLOC_CONF": _JEMALLOC_CONF}
        peers.insert(2, Peer("torch+jemalloc", "torch", env))
    return peers


def ours(impls: Sequence[str], others: Sequence[str]) -> list[Peer]:
    """brasa's workers: one for each implementation of ``impls``, one for each other build.

    Args:
        impls: Names for ``BRASA_IMPL``; none lets brasa choose.
        others: ``LABEL=FOLDER`` of another build's ``brasa`` package.
    """
    if len(impls) == 1:
        peers = [Peer("brasa", "brasa", {"BRASA_IMPL": impls[0]})]
    else:
        peers = [Peer(f"brasa {impl}", "brasa", {"BRASA_IMPL": impl}) for impl in impls]
    peers = peers or [Peer("brasa", "brasa")]
    for other in others:
        label, equals, folder = other.partition("=")
        if not equals or not (Path(folder) / "brasa").is_dir():
            raise ValueError(f"--against wants LABEL=FOLDER with a package brasa in it: {other!r}")
        path = os.pathsep.join([folder, os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
        peers.append(Peer(f"brasa {label}", "brasa", {**peers[0].env, "PYTHONPATH": path}))
    return peers


def installed(peer: Peer) -> bool:
    return importlib.util.find_spec(peer.library) is not None
