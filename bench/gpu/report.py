"""One table of all stages and rows: python -m bench.gpu.report bench/results/FILE.json"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def table(report: dict[str, Any]) -> str:
    """Lines for people: brasa's time, the peers' and how many times brasa's that is."""
    lines = [f"{report['gpu'] or 'no GPU'}, driver {report['driver']}, {report['date']}", ""]
    for name, stage in report["stages"].items():
        counts = ", ".join(f"{n} {word}" for word, n in stage.get("counts", {}).items())
        lines.append(f"{name:<10} {stage['status']:<24} {stage['seconds']:>6} s  {counts}".rstrip())
    for stage in report["stages"].values():
        if stage.get("rows"):
            lines += ["", *_rows(stage["rows"])]
    return "\n".join(lines)


def _rows(rows: list[dict[str, Any]]) -> list[str]:
    ours = {
        r["case"]: r["seconds"] for r in rows if r["who"].startswith("brasa") and "seconds" in r
    }
    lines = [f"{'case':<32} {'who':<32} {'time':>12} {'rate':>14} {'x brasa':>8}"]
    for row in rows:
        head = f"{row['case']:<32} {row['who']:<32}"
        if "seconds" not in row:
            lines.append(f"{head} {row.get('failed', '?')[:80]}")
            continue
        own = ours.get(row["case"])
        ratio = f"{row['seconds'] / own:.2f}" if own else ""
        lines.append(f"{head} {row['seconds'] * 1e6:>9.1f} us {_rate(row):>14} {ratio:>8}")
    return lines


def _rate(row: dict[str, Any]) -> str:
    if "tflops" in row:
        return f"{row['tflops']:.2f} TFLOP/s"
    return f"{row['gbs']:.0f} GB/s" if "gbs" in row else ""


if __name__ == "__main__":
    print(table(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
