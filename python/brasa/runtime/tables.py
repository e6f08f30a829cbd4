"""Which kernels run: implementations, precisions, Winograd's method."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
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
