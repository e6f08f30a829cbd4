"""Compiles every CUDA kernel for every architecture and looks at what the compiler made of it.

Fails when a kernel spills registers or keeps a frame in local memory, when a block could not be
launched for want of registers, or when a kernel that is to move 16 bytes at a time does not.
Without nvcc it says so and passes; ``--require`` makes that a failure.

    python .ci/check_cuda.py [--require] [--architectures 80 90a] [stem ...]
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

CUDA = Path(__file__).parent.parent / "csrc" / "cuda"
ARCHITECTURES = ("75", "80", "90a", "120")
FLAGS = ("-std=c++17", "--expt-relaxed-constexpr", f"-I{CUDA.parent}", "-Xptxas", "-v")

# Kernels whose name says that they take four floats at once.
WIDE = re.compile(
    r"run_piecesILi4E|rated_flatILi4E|clip_to_normILi4E|followILi4E|multiply_tiles.*Li4E|correlate|"
    r"sum_weights"
)
# A block of so many threads must get its registers: 65536 on every architecture here.
THREADS = {"multiply_tiles.*128ELi128": 256, "multiply_tiles": 128, "count_rows": 1024, "": 256}
REGISTERS = 65536


@dataclass
class Kernel:
    name: str
    registers: int
    frame: int
    spilled: int

    def faults(self) -> list[str]:
        found = []
        if self.frame or self.spilled:
            found.append(f"{self.frame} bytes of frame, {self.spilled} bytes spilled")
        threads = next(n for pattern, n in THREADS.items() if re.search(pattern, self.name))
        if self.registers * threads > REGISTERS:
            found.append(f"{self.registers} registers in a block of {threads} threads")
        return found


def parse(log: str) -> list[Kernel]:
    """The kernels in what ``ptxas -v`` prints; device functions have no line of registers."""
    pattern = (
        r"Compiling entry function '(\w+)'.*?\n.*?(\d+) bytes stack frame, "
        r"(\d+) bytes spill stores, (\d+) bytes spill loads.*?Used (\d+) registers"
    )
    return [
        Kernel(m[1], int(m[5]), int(m[2]), int(m[3]) + int(m[4]))
        for m in re.finditer(pattern, log, re.DOTALL)
    ]


def run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def compile_one(nvcc: str, source: Path, architecture: str, folder: Path) -> list[str]:
    """The faults of one source for one architecture."""
    kept = folder / f"{source.stem}_{architecture}"
    kept.mkdir()
    # Once with the host's half, which a cubin leaves out and the host's compiler may refuse.
    what = "-c" if architecture == "80" else "-cubin"
    options = [f"-arch=sm_{architecture}", what, "--keep", "--keep-dir", str(kept)]
    log = run([nvcc, *FLAGS, *options, "-o", str(kept / "out"), str(source)])
    kernels = parse(log)
    if not kernels and source.stem not in ("gpu", "plugin"):
        return [f"{source.name} sm_{architecture}: no kernel in what ptxas says"]
    most = max((k.registers for k in kernels), default=0)
    print(f"{source.name:20} sm_{architecture:4} {len(kernels):3} kernels, up to {most} registers")
    faults = [f"{k.name}: {fault}" for k in kernels for fault in k.faults()]
    faults += narrow_accesses((kept / f"{source.stem}.ptx").read_text(encoding="utf-8"))
    return [f"{source.name} sm_{architecture}: {fault}" for fault in faults]


def narrow_accesses(intermediate_code: str) -> list[str]:
    """Kernels named wide load, or store, 16 bytes at a time; the faults of those that do not."""
    entries = re.split(r"\.entry (\w+)", intermediate_code)
    return [
        f"{name} loads no 16 bytes at once"
        for name, body in zip(entries[1::2], entries[2::2], strict=True)
        if WIDE.search(name) and not re.search(r"ld\.(global|param::entry)?[.\w]*v4\.\w32", body)
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stems", nargs="*", help="sources to check, all by default")
    parser.add_argument("--architectures", nargs="+", default=ARCHITECTURES)
    parser.add_argument("--require", action="store_true", help="fail where nvcc is missing")
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    nvcc = shutil.which("nvcc")
    if nvcc is None:
        print("check_cuda: skipped, nvcc is not installed")
        return int(arguments.require)
    sources = sorted(CUDA.glob("*.cu"))
    if arguments.stems:
        sources = [path for path in sources if path.stem in arguments.stems]
    faults: list[str] = []
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(arguments.jobs) as pool:
        folder = Path(name)
        waiting = [
            pool.submit(compile_one, nvcc, source, architecture, folder)
            for source in sources
            for architecture in arguments.architectures
        ]
        for task in waiting:
            faults += task.result()
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"check_cuda: {len(sources)} sources, {len(faults)} faults")
    return int(bool(faults))


if __name__ == "__main__":
    raise SystemExit(main())
