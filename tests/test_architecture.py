"""Who may depend on whom, what may stand where, and that every op is complete.

The tables are the design: a new edge is a decision, and is made here.
"""

import ast
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CSRC = ROOT / "csrc"
PACKAGE = ROOT / "python" / "brasa"

pytestmark = pytest.mark.skipif(not CSRC.exists(), reason="the sources are not here")

# ---- Python --------------------------------------------------------------------------------

# Module or folder of python/brasa -> those that it may import when it runs. What is imported for
# the eyes of a type checker alone does not count.
PYTHON_EDGES = {
    # the ground: plain Python and NumPy
    "errors": "",
    "suggest": "",
    "progress": "",
    "arrays": "_core",
    "there": "_core arrays",
    "files": "errors",
    "plots": "files progress",
    "configurable": "suggest",
    "targets": "arrays there",
    # ops and the graph: the only ones that know the extension
    "graph": "_core",
    "parameter": "arrays",
    "ops": "_core arrays graph parameter targets there",
    "runtime": "_core ops",
    "seed": "ops",
    # what networks are made of
    "initializers": "arrays configurable ops seed",
    "regularizers": "configurable ops",
    "losses": "arrays configurable ops targets graph there",
    "metrics": "configurable graph losses ops targets there",
    "optimizers": "configurable ops",
    "layers": "arrays configurable graph initializers ops parameter regularizers seed suggest",
    # models
    "network": "graph layers parameter",
    "buffers": "_core graph there",
    "store": "arrays buffers graph parameter",
    "places": "graph",
    "plan_key": "losses metrics optimizers",
    "updates": "graph optimizers parameter places plan_key store",
    "plans": "graph network plan_key store updates",
    "inputs": "arrays layers network there",
    "feeds": "arrays inputs layers losses network ops plan_key there",
    "objective": "graph losses metrics network ops optimizers plan_key",
    "engine": "buffers feeds graph network optimizers plan_key plans runtime store there",
    "step": "engine feeds inputs",
    "training": "buffers engine feeds step there",
    "streams": "engine feeds step there training",
    "fit": "engine feeds progress step streams there training",
    "diagnosis": "buffers engine feeds graph layers parameter plans store suggest training",
    "summary": "",
    "saving": "configurable errors io layers model ops runtime seed sequential",
    "structure": "engine fit layers network ops optimizers parameter plan_key runtime seed store "
    "suggest",
    "inspection": "diagnosis feeds graph plan_key structure summary training",
    "evaluation": "arrays feeds inspection step streams structure training",
    "fitting": "callbacks evaluation feeds fit ops step streams structure training",
    "model": "engine fitting layers network objective runtime saving structure",
    "sequential": "configurable layers model network",
    # around models
    "io": "errors files",
    "callbacks": "diagnosis files plots progress",
    "datasets": "errors files",
    "models": "layers model ops sequential suggest",
    "testing": "",
    "cli": "callbacks datasets layers losses metrics model models optimizers plots runtime seed",
    "__main__": "cli",
}

# The modules that may import the extension.
KNOW_THE_EXTENSION = {
    "arrays.py",
    "buffers.py",
    "runtime.py",
    "there.py",
    "ops/dispatch.py",
    "graph/trace.py",
    "graph/lower.py",
}


def python_files():
    return sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))


def public_names():
    """Public name of the package -> the module that it lives in."""
    text = (PACKAGE / "__init__.py").read_text(encoding="utf-8")
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "_MEMBERS":
            return {k: v.split(".")[1] for k, v in ast.literal_eval(node.value).items()}
    raise AssertionError("brasa/__init__.py has no table _MEMBERS")


def is_for_types(node):
    test = node.test if isinstance(node, ast.If) else None
    return isinstance(test, ast.Name) and test.id == "TYPE_CHECKING"


def imports(tree):
    """Every import statement, wherever it stands, that is not for type checkers alone."""
    for node in ast.iter_child_nodes(tree):
        if is_for_types(node):
            continue
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node
        else:
            yield from imports(node)


def imported(path):
    """The modules of brasa that a file imports, as paths of names: ("ops", "dispatch")."""
    package = path.parts[:-1]
    for node in imports(ast.parse((PACKAGE / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for name in node.names:
                parts = name.name.split(".")
                if parts[0] == "brasa" and len(parts) > 1:
                    yield tuple(parts[1:])
            continue
        if node.level:  # from .base import x
            base = package[: len(package) - node.level + 1]
            base += tuple((node.module or "").split(".")) if node.module else ()
        elif node.module == "brasa" or (node.module or "").startswith("brasa."):
            base = tuple(node.module.split(".")[1:])
        else:
            continue
        if base:
            yield base
        else:  # from brasa import ops, Sequential
            yield from ((name.name,) for name in node.names)


@pytest.mark.parametrize("path", python_files(), ids=str)
def test_a_module_imports_only_what_it_may(path):
    if path.parts == ("__init__.py",):
        return  # it names everything and imports nothing, see test_runtime
    own = path.parts[0].removesuffix(".py")
    allowed = set(PYTHON_EDGES[own].split()) | {own}
    public = public_names()
    for target in imported(path):
        group = public.get(target[0], target[0])
        assert group in allowed, f"{path} imports brasa.{'.'.join(target)}"
        if group == "_core":
            assert path.as_posix() in KNOW_THE_EXTENSION, f"{path} imports the extension"


def test_the_table_of_modules_is_complete_and_current():
    assert set(PYTHON_EDGES) == {path.parts[0].removesuffix(".py") for path in python_files()} - {
        "__init__"
    }
    for name, edges in PYTHON_EDGES.items():
        assert set(edges.split()) <= {*PYTHON_EDGES, "_core"}, name


def test_models_below_the_public_face_do_not_know_it():
    """Nothing that a model is made of imports models, or the command line."""
    for name, edges in PYTHON_EDGES.items():
        if name not in ("cli", "__main__"):
            assert not {"cli", "models", "datasets", "testing"} & set(edges.split()), name


# ---- C++ -----------------------------------------------------------------------------------

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


def code_of(path):
    """The text of a source without comments and strings."""
    text = (CSRC / path).read_text(encoding="utf-8")
    pattern = r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"'
    return re.sub(pattern, lambda m: '""' if m[0][0] == '"' else " ", text, flags=re.DOTALL)


def includes(path):
    """The headers of a source: of csrc, and of the system."""
    text = (CSRC / path).read_text(encoding="utf-8")
    found = re.findall(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', text, re.MULTILINE)
    return [n for mark, n in found if mark == '"'], [n for mark, n in found if mark == "<"]


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


# ---- ops -----------------------------------------------------------------------------------


def op_stems():
    """The contracts that op_table.h includes."""
    return [Path(header).stem for header in includes(Path("ops/op_table.h"))[0]]


@pytest.mark.parametrize("stem", op_stems() if CSRC.exists() else [])
def test_an_op_is_complete(stem):
    assert (CSRC / "ops" / f"{stem}.cpp").exists(), "front end"
    assert (CSRC / "ref" / f"{stem}.cpp").exists(), "reference"
    assert list((CSRC / "cpu" / "isa").glob(f"{stem}*.cpp")), "tuned kernel"
    assert (ROOT / "tests" / "cpp" / f"test_{stem}.cpp").exists(), "C++ test"
    tests = ROOT / "tests" / "ops" / f"test_{stem}.py"
    # Only plans call gather: tests/cpp has its tests, and test_training those of every dtype.
    assert tests.exists() or stem == "gather", "Python test"
    if (ROOT / "bench").exists():
        assert (ROOT / "bench" / "ops" / f"bench_{stem}.py").exists(), "benchmark"


@pytest.mark.parametrize("stem", op_stems() if CSRC.exists() else [])
def test_a_contract_says_what_it_must(stem):
    """Computes, layout, writes: the order in which every contract is read."""
    text = (CSRC / "ops" / f"{stem}.h").read_text(encoding="utf-8")
    head = text[: text.index("#pragma once")]
    words = ["Layout", "Writes"]
    places = [head.find(f"// {word}") for word in words]
    assert -1 not in places, f"{stem}.h lacks one of {words}"
    assert places == sorted(places)


def test_the_cuda_table_has_every_kernel_or_says_why_not():
    """An op with a source in csrc/cuda has all its kernels there, or a reason in table.cpp."""
    text = (CSRC / "cuda" / "table.cpp").read_text(encoding="utf-8")
    filled = set(re.findall(r"^  t\.(\w+) = \1;", text, re.MULTILINE)) - {"name"}
    excused = dict(re.findall(r"^//   (\w+): (.+)", text, re.MULTILINE))
    table = code_of(Path("ops/op_table.h"))
    body = table[table.index("struct OpTable") :]
    entries = re.findall(r"^\s+([\w:]+) (\w+);", body, re.MULTILINE)
    names = {name for _, name in entries}
    assert len(filled) > 20
    assert filled <= names, filled - names
    assert set(excused) <= names - filled, set(excused) - (names - filled)
    stems = {path.stem for path in (CSRC / "cuda").glob("*.cu")}
    declared = {stem: code_of(Path(f"ops/{stem}.h")) for stem in op_stems()}
    for kind, name in entries:
        stem = next((s for s, code in declared.items() if f"using {kind} = " in code), None)
        if stem in stems:
            assert name in filled or name in excused, f"{name} of cuda/{stem}.cu"


def test_every_kernel_of_the_table_is_declared_by_a_contract():
    table = code_of(Path("ops/op_table.h"))
    body = table[table.index("struct OpTable") :]
    types = re.findall(r"^\s+([A-Z]\w+) \w+;", body, re.MULTILINE)
    assert len(types) > 20
    headers = "".join(code_of(Path(f"ops/{stem}.h")) for stem in op_stems())
    for name in types:
        assert f"using {name} = " in headers, name
