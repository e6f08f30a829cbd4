"""Which folder of csrc may depend on which, and what may stand where.

The tables are the design: a new edge is a decision, and is made here.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.sources import CSRC, ROOT, code_of, includes

pytestmark = pytest.mark.skipif(not CSRC.exists(), reason="the sources are not here")

# Folder of csrc -> folders whose headers it may include. backends.h stands beside the folders.
CPP_EDGES = {
    "core": "core",
    "ops": "ops core",
    "ref": "ref ops core",
    "cpu": "cpu ops core",
    "cuda": "cuda ops core",
    "plan": "plan ops core",
    "bindings": "bindings plan ops core backends.h",
    "backends.h": "ops",
    "backends.cpp": "backends.h core ref/table.h cpu/table.h cuda/table.h",
}

# Sources that are compiled with wide vectors may include nothing else of the system: an inline
# function of the standard library could be kept in its wide copy for every caller.
ISA_SYSTEM_HEADERS = {"stdint.h", "string.h", "math.h", "cstdint", "immintrin.h", "arm_neon.h"}


def cpp_files():
    files = (
        p.relative_to(CSRC) for p in CSRC.rglob("*") if p.suffix in (".h", ".cpp", ".cu", ".cuh")
    )
    return sorted(files)


@pytest.mark.parametrize("path", cpp_files(), ids=str)
def test_a_source_includes_only_what_it_may(path):
    own, system = includes(path)
    allowed = CPP_EDGES[path.parts[0]].split()
    for header in own:
        assert (CSRC / header).exists(), f"{path} includes {header}, which is not there"
        assert header in allowed or header.split("/")[0] in allowed, f"{path} includes {header}"
    for header in system:
        if header.startswith("pybind11"):
            assert path.parts[0] == "bindings", f"{path} includes {header}"
        if header == "omp.h":
            assert path.as_posix() == "core/parallel.cpp", f"{path} includes {header}"
        if re.match(r"cuda|cublas|cudnn|nv|mma", header):
            assert path.parts[0] == "cuda", f"{path} includes {header}"
    if path.suffix in (".h", ".cuh"):
        assert "#pragma once" in (CSRC / path).read_text(encoding="utf-8"), path


@pytest.mark.parametrize("path", cpp_files(), ids=str)
def test_a_source_neither_prints_nor_ends_the_process(path):
    code = code_of(path)
    for word in ("printf", "fprintf", "puts", "abort", "exit", "_Exit", "quick_exit", "terminate",
                 "assert", "rand", "system"):  # fmt: skip
        assert not re.search(rf"\b{word}\s*\(", code), f"{path} calls {word}()"
    assert not re.search(r"\bstd::(cout|cerr|clog)\b", code), f"{path} prints"
    if path.as_posix() != "core/parallel.cpp":
        assert not re.search(r"#\s*pragma\s+omp|\bomp_\w+\s*\(", code), f"{path} uses OpenMP"


# README of csrc -> folders of which it says what each header is for.
ROOMS = {
    "README.md": "core plan bindings",
    "cpu/isa/README.md": "cpu/isa",
    "cpu/tiles/README.md": "cpu/tiles",
    "cuda/README.md": "cuda",
    "cuda/on_cpu/README.md": "cuda/on_cpu",
}


@pytest.mark.parametrize("readme", ROOMS)
def test_a_readme_names_every_header_of_its_room(readme):
    text = (CSRC / readme).read_text(encoding="utf-8")
    rooms = {Path(folder) for folder in ROOMS[readme].split()}
    here = [p for p in cpp_files() if p.parent in rooms and p.suffix in (".h", ".cuh")]
    assert here
    for path in here:
        stem = re.escape(path.stem)
        named = re.search(rf"(?<![\w/]){stem}(\{path.suffix}|\.\*|\.cpp)", text)
        assert named, f"csrc/{readme} does not say what {path.name} is for"


# The emulated device keeps stacks and diaries, gpu.cu is the real one and plugin.cu the door to it:
# what runs on them are kernels, they are none themselves.
NO_KERNELS = {"gpu.cu", "plugin.cu"}
KERNEL_FILES = [
    p
    for p in cpp_files()
    if p.parts[0] in ("ref", "cpu", "cuda")
    and p.parts[:2] != ("cuda", "on_cpu")
    and p.name not in NO_KERNELS
]


@pytest.mark.parametrize("path", KERNEL_FILES, ids=str)
def test_a_kernel_neither_allocates_nor_throws(path):
    code = code_of(path)
    for pattern in (r"\bnew\b", r"\b(malloc|calloc|realloc|free)\s*\(", r"\bthrow\b",
                    r"\bstd::(vector|string|map|function|unique_ptr|shared_ptr)\b"):  # fmt: skip
        assert not re.search(pattern, code), f"{path}: {pattern}"


def test_a_cuda_kernel_knows_neither_of_its_two_devices():
    """launch.h alone decides what the names of CUDA mean."""
    for path in cpp_files():
        if path.suffix in (".cu", ".cuh") and path.name not in NO_KERNELS:
            own, system = includes(path)
            allowed = {"cuda/launch.h", "cuda/kernels.h"}
            for header in own:
                ours = header in allowed or header.endswith(".cuh")
                assert ours or header.split("/")[0] in ("core", "ops"), f"{path} includes {header}"
            assert set(system) <= {"cmath", "cstdint"}, f"{path} includes {system}"
            assert "on_cpu" not in code_of(path), path


def test_what_is_compiled_with_wide_vectors_sees_no_standard_library():
    folders = [("cpu", "isa"), ("cpu", "tiles")]
    todo = [p for p in cpp_files() if p.parts[:2] in folders and p.suffix == ".cpp"]
    assert todo
    seen = set(todo)
    while todo:
        path = todo.pop()
        own, system = includes(path)
        assert set(system) <= ISA_SYSTEM_HEADERS, f"{path} includes {system}"
        for header in map(Path, own):
            if header not in seen:
                seen.add(header)
                todo.append(header)
    for path in seen:
        if path.parts[0] == "cpu":
            assert "std::" not in code_of(path), f"{path} uses the standard library"


def isa_objects():
    """The objects of cpu/isa in the build folders of this checkout, by instruction set.

    Sanitizers add weak symbols of their own, and what they build is never installed.
    """
    folders = [Path(os.environ["BRASA_BUILD_DIR"])] if "BRASA_BUILD_DIR" in os.environ else []
    folders += [ROOT / "build"]
    found = [
        (match[1], path)
        for folder in folders
        for path in sorted(folder.rglob("*.o"))
        if (match := re.search(r"brasa_cpu_(\w+)\.dir", path.as_posix()))
    ]
    special = re.compile("emulat|build/asan")
    return [(isa, path) for isa, path in found if not special.search(path.as_posix())]


@pytest.mark.skipif(shutil.which("nm") is None, reason="nm is not installed")
def test_no_function_of_a_wide_object_can_replace_another():
    objects = isa_objects()
    if not objects:
        pytest.skip("no build folder is here (BRASA_BUILD_DIR names one elsewhere)")
    for isa, path in objects:
        listing = subprocess.run(
            ["nm", "--demangle", "--defined-only", str(path)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for line in listing.splitlines():
            kind, _, name = line[17:].partition(" ")
            if kind in "WVu":
                assert isa in name, f"{path}: {name} is weak and not named after {isa}"
