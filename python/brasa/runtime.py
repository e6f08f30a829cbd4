"""What runs where: implementations, threads, CUDA, and facts for bug reports."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from brasa import _core

# The tables of the `force` blocks that are open, the innermost last.
_forced: list[str] = []


def implementations() -> list[str]:
    """The kernel tables that this machine can run, the preferred one first.

    >>> from brasa import runtime
    >>> runtime.implementations()[-1]
    'ref'
    """
    return list(_core.implementations())


def implementation() -> str:
    """The kernel table in use: forced, else from ``BRASA_IMPL``, else the preferred one.

    >>> from brasa import runtime
    >>> with runtime.force("ref"):
    ...     print(runtime.implementation())
    ref
    """
    return str(_core.implementation())


def precisions() -> list[str]:
    """The precisions of products that the table in use offers; "float32" is the first.

    The others need a processor with AMX or AVX512-BF16 (``build_info()["bf16"]`` says which it
    has): "bf16" rounds the operands, "bf16x3" is as exact as float32 by products in bf16, which
    pays on AMX alone. See ``Model.compile``.

    >>> from brasa import runtime
    >>> runtime.precisions()[0]
    'float32'
    """
    return list(_core.precisions())


def products_by() -> str:
    """What multiplies in bf16 in the table in use: "AMX" or "AVX512-BF16"; "" for nothing.

    The reference says "loops".

    >>> from brasa import runtime
    >>> with runtime.force("ref"):
    ...     runtime.products_by()
    'loops'
    """
    return str(_core.build_info()["bf16"])


def require_precision(caller: str, name: Any) -> str:
    """``name`` where the table in use offers it; else an error that says what is missing.

    >>> from brasa import runtime
    >>> runtime.require_precision("compile", "float32")
    'float32'
    """
    from brasa.ops.arguments import precision_of

    known = precision_of(caller, name)
    if known not in precisions():
        raise RuntimeError(
            f"{caller}: precision {known!r} is not offered by {implementation()!r} on this "
            f"machine, which lacks {_core.precision_lacks()}. Use 'float32'."
        )
    return known


@contextmanager
def force(name: str) -> Iterator[None]:
    """Use one kernel table inside the block; ValueError lists the available ones.

    >>> from brasa import runtime
    >>> with runtime.force("ref"):
    ...     runtime.implementation()
    'ref'
    """
    _core.force_implementation(name)
    _forced.append(name)
    try:
        yield
    finally:
        _forced.pop()
        _core.force_implementation(_forced[-1] if _forced else "")


def devices() -> list[str]:
    """Where models can live: "cpu", and "cuda" where ``cuda_reason`` says that it can be used.

    >>> from brasa import runtime
    >>> runtime.devices()[0]
    'cpu'
    """
    names = ["cpu"]
    for name in ("cuda", "cuda_on_cpu"):
        try:
            _core.device_room(name)
        except (RuntimeError, ValueError):
            continue
        names.append(name)
    return names


def check_device(name: Any) -> str:
    """A device's name; RuntimeError where it cannot be used, ValueError where there is none.

    >>> from brasa import runtime
    >>> runtime.check_device("cpu")
    'cpu'
    """
    if not isinstance(name, str):
        raise TypeError(f"device: the name must be a string such as 'cuda', got {name!r}")
    _core.device_room(name)
    return name


def current_device() -> str:
    """The device of the innermost ``device`` block, else "cpu".

    >>> from brasa import runtime
    >>> runtime.current_device()
    'cpu'
    """
    return str(_core.current_device())


def free_memory(device: str) -> int:
    """The bytes that can still be allocated on a device.

    >>> from brasa import runtime
    >>> runtime.free_memory("cpu") > 0
    True
    """
    return int(_core.device_room(device))


@contextmanager
def device(name: str) -> Iterator[None]:
    """Models made inside the block live on this device, and ops run there.

    RuntimeError says why where "cuda" cannot be used.

    >>> import brasa
    >>> with brasa.device("cpu"):
    ...     brasa.runtime.current_device()
    'cpu'
    """
    check_device(name)
    before = _core.current_device()
    _core.enter_device(name)
    try:
        yield
    finally:
        _core.enter_device(before)


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


_WINOGRAD: dict[bool | str, str] = {False: "never", True: "auto", "always": "always"}
_CHOICES = {name: choice for choice, name in _WINOGRAD.items()}


def winograd() -> bool | str:
    """What ``set_winograd`` chose.

    >>> from brasa import runtime
    >>> chosen = runtime.winograd()
    >>> runtime.set_winograd(False)
    >>> runtime.winograd()
    False
    >>> runtime.set_winograd(chosen)
    """
    return _CHOICES[_core.winograd()]


def set_winograd(choice: bool | str) -> None:
    """Whether 3x3 convolutions at unit stride may use Winograd's method.

    It multiplies transformed tiles: a quarter of the products. True (the default) takes it where
    that was measured to be faster, False nowhere, ``"always"`` wherever the formula holds, however
    slow. Results then err by up to 2.5e-6 of their root mean square (direct sums: 0.4e-6), and an
    Inf or NaN spreads over the tiles that read it. The choice is the process's, for ops and plans
    made from now on; a model makes its plans anew. The table "ref" ignores it.

    >>> from brasa import runtime
    >>> runtime.set_winograd(False)
    >>> runtime.winograd()
    False
    >>> runtime.set_winograd(True)
    """
    for known, name in _WINOGRAD.items():
        if type(choice) is type(known) and choice == known:
            _core.set_winograd(name)
            return
    raise ValueError(f"set_winograd: the choice must be True, False or 'always', got {choice!r}")


def cuda_reason() -> str:
    """Why CUDA cannot be used, in one sentence."""
    return str(_core.cuda_reason())


def openmp_runtimes() -> list[str]:
    """The OpenMP libraries loaded into this process. More than one means more than one pool."""
    try:
        with Path("/proc/self/maps").open(encoding="utf-8") as maps:
            paths = {line.split(maxsplit=5)[-1].strip() for line in maps if "omp" in line}
    except OSError:
        return []
    names = ("libgomp", "libomp", "libiomp")
    return sorted(path for path in paths if path.rsplit("/", 1)[-1].startswith(names))


def build_info() -> dict[str, Any]:
    """Version, compiler, instruction sets, implementations, threads and CUDA's state.

    "bf16" is ``products_by()``.

    >>> from brasa import runtime
    >>> about = runtime.build_info()
    >>> about["implementation"] in about["implementations"]
    True
    """
    return {
        **_core.build_info(),
        "implementations": implementations(),
        "implementation": implementation(),
        "devices": devices(),
        "precisions": precisions(),
        "threads": threads(),
        "openmp": openmp_runtimes(),
        "cuda": cuda_reason(),
    }
