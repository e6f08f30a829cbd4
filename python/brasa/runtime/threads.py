"""How many threads, and whose."""

from __future__ import annotations

from pathlib import Path

from brasa import _core


def threads() -> int:
    """The number of threads that ops and plans use.

    >>> from brasa import runtime
    >>> runtime.set_threads(2)
    >>> runtime.threads()
    2
    >>> runtime.set_threads(None)
    """
    return int(_core.thread_count())


def set_threads(count: int | None) -> None:
    """Use ``count`` threads; None or 0 returns to the default.

    The default is ``BRASA_NUM_THREADS``, else ``OMP_NUM_THREADS``, else the smaller of the affinity
    mask and the container's CPU quota. The count never changes a result.

    ValueError for numbers outside of 0 to 1024, TypeError for others.

    >>> from brasa import runtime
    >>> runtime.set_threads(3)
    >>> runtime.threads()
    3
    >>> runtime.set_threads(None)
    """
    from brasa.ops.arguments import whole

    wanted = 0 if count is None else whole("set_threads", "count", count)
    if not 0 <= wanted <= 1024:
        raise ValueError(f"set_threads: threads must be 0 (the default) to 1024, got {wanted}")
    _core.set_thread_count(wanted)


def openmp_runtimes() -> list[str]:
    """The OpenMP libraries loaded into this process. More than one means more than one pool."""
    try:
        with Path("/proc/self/maps").open(encoding="utf-8") as maps:
            paths = {line.split(maxsplit=5)[-1].strip() for line in maps if "omp" in line}
    except OSError:
        return []
    names = ("libgomp", "libomp", "libiomp")
    return sorted(path for path in paths if path.rsplit("/", 1)[-1].startswith(names))
