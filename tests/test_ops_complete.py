"""Every op has its contract, kernels, tests and benchmark."""

import re
from pathlib import Path

import pytest

from tests.sources import CSRC, ROOT, code_of, includes

pytestmark = pytest.mark.skipif(not CSRC.exists(), reason="the sources are not here")


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
    # Only plans call gather: tests/cpp has its tests, and tests/training those of every dtype.
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


def entries_of_the_table():
    """Type and name of what op_table.h has an entry for; types of kernels begin with a capital."""
    table = code_of(Path("ops/op_table.h"))
    body = table[table.index("struct OpTable") :]
    return re.findall(r"^\s+([\w:]+) (\w+);", body, re.MULTILINE)


def test_the_reference_has_every_kernel():
    text = (CSRC / "ref" / "table.cpp").read_text(encoding="utf-8")
    filled = set(re.findall(r"^  t\.(\w+) = \w+;", text, re.MULTILINE))
    kernels = {name for kind, name in entries_of_the_table() if kind[0].isupper()}
    assert len(kernels) > 20
    assert kernels <= filled, kernels - filled


def test_the_cuda_table_has_every_kernel_or_says_why_not():
    """An op with a source in csrc/cuda has all its kernels there, or a reason in table.cpp."""
    text = (CSRC / "cuda" / "table.cpp").read_text(encoding="utf-8")
    filled = set(re.findall(r"^  t\.(\w+) = \1;", text, re.MULTILINE)) - {"name"}
    excused = dict(re.findall(r"^//   (\w+): (.+)", text, re.MULTILINE))
    entries = entries_of_the_table()
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
    types = [kind for kind, _ in entries_of_the_table() if kind[0].isupper()]
    assert len(types) > 20
    headers = "".join(code_of(Path(f"ops/{stem}.h")) for stem in op_stems())
    for name in types:
        assert f"using {name} = " in headers, name
