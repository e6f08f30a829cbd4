"""What is run on a GPU, in which order, and for how long at most: 8 minutes and a half in all."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOTAL_SECONDS = 510

_ON_CUDA = "(cuda and not cuda_on_cpu) or gpu"
_TESTED = [
    "tests/test_gpu.py",
    "tests/device",
    "tests/models/test_on_device.py",
    "tests/ops",
    "tests/plan",
    "tests/layers",
]


@dataclass
class Stage:
    """A command with a time of its own; the others go on when it fails."""

    name: str
    command: list[str]
    seconds: int
    environment: dict[str, str] = field(default_factory=dict)
    needs_build: bool = True


def architecture(capability: str) -> str:
    """What CMake calls the machine code for a compute capability such as 9.0."""
    number = capability.strip().replace(".", "") or "80"
    return f"{number}a-real" if number == "90" else f"{number}-real"


def stages(work: Path, capability: str, cores: int) -> list[Stage]:
    """All of them. What they leave goes into the folder ``work``."""
    python, site = sys.executable, str(work / "site")
    install = [python, "-m", "pip", "install", "--no-build-isolation", "--no-deps", "--no-index"]
    sanitizer = ["compute-sanitizer", "--error-exitcode", "9", "--tool"]
    smoke = [python, "-m", "bench.gpu.smoke"]
    no_graphs = {"BRASA_CUDA_GRAPHS": "0", "OMP_NUM_THREADS": "2"}

    def bench(name: str) -> list[str]:
        return [python, "-m", f"bench.gpu.{name}", "--out", str(work / f"{name}.json")]

    return [
        Stage(
            "build",
            [*install, "--target", site, "--upgrade", str(ROOT)],
            200,
            {
                "BRASA_CUDA": "ON",
                "CMAKE_ARGS": f"-DCMAKE_CUDA_ARCHITECTURES={architecture(capability)}",
                "CMAKE_BUILD_PARALLEL_LEVEL": str(cores),
                "SKBUILD_BUILD_DIR": str(work / "build"),
            },
            needs_build=False,
        ),
        Stage("check", [python, "-m", "bench.gpu.check"], 30),
        Stage("models", bench("models"), 100),
        Stage("kernels", bench("kernels"), 60),
        Stage(
            "tests",
            [python, "-m", "pytest", "-v", "-p", "no:cacheprovider", "-k", _ON_CUDA, *_TESTED],
            90,
        ),
        Stage("memcheck", [*sanitizer, "memcheck", *smoke], 60, no_graphs),
        Stage("racecheck", [*sanitizer, "racecheck", *smoke], 60, no_graphs),
    ]
