"""What was measured on: processor, compiler, commit, and the machine's own limits."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shlex
import shutil
import subprocess
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

from bench.peers.spec import BUILD

_HERE = Path(__file__).parent
_FLAGS = "-O3 -march=native -ffp-contract=fast -std=c++17 -pthread"
_ISA_FLAGS = ("avx2", "fma", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "sve")

# Where the system does not tell: a common core and a small shared cache.
_USUAL_L2, _USUAL_L3 = 1 << 20, 32 << 20


def usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def describe() -> dict[str, Any]:
    """The part of a result file that says where and when it was measured."""
    return {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": _commit(),
        "cpu": _cpu_model(),
        "isa": [flag for flag in _ISA_FLAGS if flag in _cpu_flags()],
        "cores": usable_cores(),
        "l2_bytes": cache_bytes(2),
        "l3_bytes": cache_bytes(3),
        "system": f"{platform.system()} {platform.release()}",
        "compiler": _first_line([*_compiler(), "--version"]),
        "python": platform.python_version(),
        "numpy": np.__version__,
    }


def cache_bytes(level: int) -> int:
    """Size of one core's cache of this level (of the shared cache, for the last)."""
    for index in Path("/sys/devices/system/cpu/cpu0/cache").glob("index*"):
        if (index / "level").read_text().strip() == str(level):
            size = (index / "size").read_text().strip()
            return int(size.removesuffix("K")) << 10
    return _USUAL_L2 if level == 2 else _USUAL_L3


def limits(threads: int) -> dict[str, float]:
    """Measures this machine now (two to three seconds); empty when no compiler is there."""
    program = _limits_program()
    if program is None:
        return {}
    command = [str(program), str(threads), str(cache_bytes(2)), str(cache_bytes(3))]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    measured: dict[str, float] = json.loads(printed)
    return measured


def better(a: dict[str, float], b: dict[str, float]) -> dict[str, float]:
    """The higher of two measurements of each limit: nothing disturbs a machine upwards."""
    return {name: max(value, b.get(name, 0)) for name, value in a.items()}


def flops_limit(measured: dict[str, float]) -> float:
    return max((x for name, x in measured.items() if name.startswith("flops_")), default=0.0)


def bytes_limit(measured: dict[str, float], working_set: float, threads: int) -> tuple[str, float]:
    """The level of memory that a working set comes from, and its best bandwidth."""
    if working_set <= cache_bytes(2) * threads:
        level = "l2"
    elif working_set <= cache_bytes(3):
        level = "l3"
    else:
        level = "dram"
    return level, max((x for name, x in measured.items() if name.startswith(level)), default=0.0)


def _limits_program() -> Path | None:
    source = _HERE / "limits.cpp"
    compiler = _compiler()
    if not compiler:
        return None
    recipe = " ".join([*compiler, _FLAGS, _cpu_model(), source.read_text()])
    program = BUILD / f"limits-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"
    if not program.exists():
        BUILD.mkdir(parents=True, exist_ok=True)
        draft = program.with_suffix(f".{os.getpid()}")
        command = [*compiler, *_FLAGS.split(), str(source), "-o", str(draft)]
        subprocess.run(command, check=True)
        draft.replace(program)
    return program


def _compiler() -> list[str]:
    wanted = shlex.split(os.environ.get("CXX", "c++"))
    return wanted if wanted and shutil.which(wanted[0]) else []


def _commit() -> str:
    """Short name of the commit, with a + when the working tree differs from it."""
    name = _first_line(["git", "-C", str(_HERE), "rev-parse", "--short=10", "HEAD"])
    changed = _first_line(["git", "-C", str(_HERE), "status", "--porcelain"])
    return name + "+" if name and changed else name


def _first_line(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.split("\n", 1)[0].strip()


def _cpuinfo(*keys: str) -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return ""
    pairs = (line.split(":", 1) for line in lines if ":" in line)
    return next((value.strip() for key, value in pairs if key.strip() in keys), "")


def _cpu_model() -> str:
    return _cpuinfo("model name") or platform.processor() or platform.machine()


def _cpu_flags() -> set[str]:
    return set(_cpuinfo("flags", "Features").split())
