"""Imports a peer's library, sets its thread count and says what it is."""

from __future__ import annotations

import hashlib
import importlib
import platform
import sys
from pathlib import Path
from typing import Any


def start(library: str, threads: int) -> dict[str, Any]:
    module = importlib.import_module(library)
    about: dict[str, Any] = {
        "version": getattr(module, "__version__", "?"),
        "python": platform.python_version(),
        "threads": threads,
    }
    if library == "torch":
        module.set_num_threads(threads)
        module.set_grad_enabled(False)  # models switch it on for themselves
        about["cpu_capability"] = module.backends.cpu.get_cpu_capability()
    elif library == "keras":
        importlib.import_module("torch").set_num_threads(threads)
    elif library == "brasa":
        module.runtime.set_threads(threads)
        implementations = module.runtime.implementations()
        about["implementations"] = [str(one) for one in implementations]
        about["implementation"] = module.runtime.implementation()
        extension = Path(str(sys.modules["brasa._core"].__file__))
        about["build"] = hashlib.sha256(extension.read_bytes()).hexdigest()[:12]
    return about
