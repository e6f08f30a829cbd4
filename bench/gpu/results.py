"""Rows of measurements, written after each one: a stage that is stopped keeps what it has."""

from __future__ import annotations

import argparse
import json
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.gpu.timing import hurry

Row = dict[str, Any]


class Results:
    """Rows of one stage, in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: list[Row] = []

    def measure(self, case: str, who: str, run: Callable[[], Row], **about: Any) -> None:
        """Add a row; what goes wrong becomes its text."""
        row: Row = {"case": case, "who": who, **about}
        try:
            row.update(run())
            seconds = row.get("seconds")
            if seconds and "flops" in about:
                row["tflops"] = about["flops"] / seconds / 1e12
            if seconds and "bytes" in about:
                row["gbs"] = about["bytes"] / seconds / 1e9
        except Exception as error:  # noqa: BLE001  one case of many
            row["failed"] = f"{type(error).__name__}: {error}"[:400]
            traceback.print_exc()
        print({k: v for k, v in row.items() if k != "repeat"}, flush=True)
        self.rows.append(row)
        self.path.write_text(json.dumps(self.rows, indent=1) + "\n", encoding="utf-8")


def arguments(description: str) -> argparse.Namespace:
    """What every stage of benchmarks takes."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--out", type=Path, required=True, help="the file of rows")
    parser.add_argument("--device", default="cuda", help="brasa's device")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does it run at all")
    given = parser.parse_args()
    if given.quick:
        hurry()
    return given
