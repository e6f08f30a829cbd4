"""The ``brasa`` command: train, evaluate, predict, sample, export, info.

Exit codes: 0 done, 1 failed (one line on stderr says why), 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from brasa.cli import evaluate, export, info, predict, sample, train

# What users can cause; anything else is a fault of brasa and deserves its traceback.
_EXPECTED = (ValueError, TypeError, IndexError, OSError, MemoryError, ImportError, RuntimeError)


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    root = argparse.ArgumentParser(
        prog="brasa", description="Train and use small neural networks, quickly."
    )
    root.add_argument("--version", action="store_true", help="print the version and exit")
    commands = root.add_subparsers(title="commands", metavar="COMMAND")
    for module in (train, evaluate, predict, sample, export, info):
        module.add_command(commands)
    return root


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    root = parser()
    options = root.parse_args(arguments)
    if options.version:
        import brasa

        print(f"brasa {brasa.__version__}")
        return 0
    if not hasattr(options, "run"):
        root.print_help()
        return 2
    try:
        options.run(options)
    except KeyboardInterrupt:
        print("brasa: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        return 1
    except _EXPECTED as error:
        print(f"brasa: {error}", file=sys.stderr)
        return 1
    return 0
