"""Finds the benchmark files and selects cases."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from bench.case import Benchmark, Case

_FOLDERS = ("ops", "models")


def stems(folder: str) -> list[str]:
    files = (Path(__file__).parent / folder).glob("bench_*.py")
    return sorted(file.stem.removeprefix("bench_") for file in files)


def load(stem: str) -> Benchmark:
    for folder in _FOLDERS:
        if stem in stems(folder):
            return cast("Benchmark", importlib.import_module(f"bench.{folder}.bench_{stem}"))
    known = ", ".join(name for folder in _FOLDERS for name in stems(folder))
    raise ValueError(f"no benchmark named {stem!r}. There are: {known}.")


def select(
    ops: Sequence[str], models: Sequence[str], substrings: Sequence[str], quick: bool
) -> list[Case]:
    """Cases of the named files (of all when none is named) whose name holds one of ``substrings``.

    ``quick`` keeps the cases marked so, unless ``substrings`` asks for particular ones.
    """
    names = [*ops, *models] or [*stems("models"), *stems("ops")]
    cases = [case for name in names for case in load(name).CASES]
    if substrings:
        return [case for case in cases if any(part in case.full_name for part in substrings)]
    return [case for case in cases if case.quick or not quick]


def find(full_name: str) -> tuple[Benchmark, Case]:
    benchmark = load(full_name.split("/", 1)[0])
    for case in benchmark.CASES:
        if case.full_name == full_name:
            return benchmark, case
    raise ValueError(f"no case named {full_name!r}")
