"""Facts for bug reports."""

from __future__ import annotations

from typing import Any

from brasa import _core
from brasa.runtime.devices import cuda_reason, devices
from brasa.runtime.tables import implementation, implementations, precisions
from brasa.runtime.threads import openmp_runtimes, threads


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
