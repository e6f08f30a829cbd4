"""``brasa export``: a saved model as an ONNX file."""

from __future__ import annotations

import argparse
from typing import Any


def add_command(commands: Any) -> None:
    """Add ``export``."""
    export = commands.add_parser("export", help="write a saved model as an ONNX file")
    export.add_argument("model", help="a .brasa file")
    export.add_argument("file", help="where to write, such as model.onnx")
    export.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Write the file, and say how large it is."""
    from pathlib import Path

    import brasa

    brasa.load_model(options.model, compile=False).export(options.file)
    print(f"{options.file}: {Path(options.file).stat().st_size:,} bytes")
