"""Runs the stages one after the other, keeps what each left, and writes one file and one table."""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from bench.gpu.report import table
from bench.gpu.stages import ROOT, TOTAL_SECONDS, Stage, stages

_SCRIPT_LINES = 40  # of a stage's output that the result file keeps


def main() -> int:
    given = _arguments()
    name, capability, driver = _gpu()
    planned = stages(given.work, capability, os.cpu_count() or 1)
    if given.only:
        planned = [stage for stage in planned if stage.name in given.only]
    if given.dry_run:
        for stage in planned:
            print(f"{stage.name}: at most {stage.seconds} s: {' '.join(stage.command)}")
        return 0
    given.work.mkdir(parents=True, exist_ok=True)
    about = {"gpu": name, "compute_capability": capability, "driver": driver, "commit": _commit()}
    about["date"] = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "no-gpu"
    out = given.out / f"{slug}-{about['date'][:10]}.json"
    report: dict[str, Any] = {**about, "stages": {}}
    deadline = time.monotonic() + given.seconds
    for stage in planned:
        report["stages"][stage.name] = _run(stage, given.work, deadline)
        _write(out, report)
    print(table(report))
    print(f"written: {out}")
    return 0 if all(s["status"] == "ok" for s in report["stages"].values()) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dry-run", action="store_true", help="print what would be run")
    parser.add_argument("--out", type=Path, default=ROOT / "bench" / "results")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "on-gpu")
    parser.add_argument("--seconds", type=float, default=TOTAL_SECONDS, help="for all stages")
    parser.add_argument("--only", nargs="*", help="names of stages")
    return parser.parse_args()


def _run(stage: Stage, work: Path, deadline: float) -> dict[str, Any]:
    allowed = min(stage.seconds, deadline - time.monotonic())
    if allowed < 1:
        return {"status": "no time was left", "seconds": 0}
    print(f"== {stage.name}, at most {allowed:.0f} s", flush=True)
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    if stage.needs_build:
        paths.insert(0, str(work / "site"))
    environment = {
        **os.environ,
        **stage.environment,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
    }
    log = work / f"{stage.name}.log"
    start = time.monotonic()
    with log.open("w", encoding="utf-8") as output:
        status = _wait(stage.command, environment, output, allowed)
    text = log.read_text(encoding="utf-8", errors="replace")
    result: dict[str, Any] = {"status": status, "seconds": round(time.monotonic() - start, 1)}
    result["tail"] = text.splitlines()[-_SCRIPT_LINES:]
    rows = work / f"{stage.name}.json"
    if rows.exists():
        result["rows"] = json.loads(rows.read_text(encoding="utf-8"))
    if stage.name == "tests":
        result["counts"] = {
            word.lower(): len(re.findall(rf"{word}\b +\[", text))
            for word in ("PASSED", "FAILED", "ERROR", "SKIPPED")
        }
        result["failed"] = re.findall(r"^FAILED (\S+)", text, re.MULTILINE)[:100]
    print(f"   {status} after {result['seconds']} s", flush=True)
    return result


def _wait(command: list[str], environment: dict[str, str], output: Any, seconds: float) -> str:
    """Run a command with all that it starts; "ok", or what happened."""
    try:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        return f"cannot be started: {error}"
    try:
        code = process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return f"stopped after {seconds:.0f} s"
    return "ok" if code == 0 else f"exit code {code}"


def _gpu() -> tuple[str, str, str]:
    """Name, compute capability and driver of the first GPU; empty where there is none."""
    query = ["nvidia-smi", "--query-gpu=name,compute_cap,driver_version", "--format=csv,noheader"]
    try:
        text = subprocess.run(query, capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return "", "", ""
    name, capability, driver = (part.strip() for part in text.splitlines()[0].split(","))
    return name, capability, driver


def _commit() -> str:
    command = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def _write(path: Path, report: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
