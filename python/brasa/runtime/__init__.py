"""What runs where: implementations, threads, devices, and facts for bug reports."""

from brasa.runtime.devices import (
    check_device,
    cuda_reason,
    current_device,
    device,
    devices,
    free_memory,
)
from brasa.runtime.info import build_info
from brasa.runtime.tables import (
    force,
    implementation,
    implementations,
    precisions,
    products_by,
    require_precision,
    set_winograd,
    winograd,
)
from brasa.runtime.threads import openmp_runtimes, set_threads, threads

__all__ = [
    "build_info",
    "check_device",
    "cuda_reason",
    "current_device",
    "device",
    "devices",
    "force",
    "free_memory",
    "implementation",
    "implementations",
    "openmp_runtimes",
    "precisions",
    "products_by",
    "require_precision",
    "set_threads",
    "set_winograd",
    "threads",
    "winograd",
]
