"""``brasa info``: what this installation is, for bug reports."""

from __future__ import annotations

import argparse
import platform
from typing import Any


def add_command(commands: Any) -> None:
    """Add ``info``."""
    info = commands.add_parser("info", help="version, instruction sets, threads, CUDA")
    info.set_defaults(run=run)


def run(_: argparse.Namespace) -> None:
    """Print one fact a line."""
    from brasa import runtime

    facts: dict[str, Any] = {"python": platform.python_version(), "platform": platform.platform()}
    facts |= runtime.build_info()
    for name, value in facts.items():
        text = ", ".join(map(str, value)) if isinstance(value, list) else value
        print(f"{name:16s} {text}")
