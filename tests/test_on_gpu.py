"""bench/on_gpu.sh: its plan, and what its parts do where there is no GPU."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from brasa import runtime

ROOT = Path(__file__).parent.parent
SCRIPT = ROOT / "bench" / "on_gpu.sh"

pytestmark = pytest.mark.skipif(
    not SCRIPT.exists() or shutil.which("bash") is None, reason="needs the sources and bash"
)
NAMES = ["build", "check", "models", "kernels", "tests", "memcheck", "racecheck"]


def script(*arguments):
    environment = {**os.environ, "PYTHON": sys.executable}
    options = {"capture_output": True, "text": True, "env": environment, "timeout": 120}
    return subprocess.run(["bash", SCRIPT, *arguments], check=False, **options)


def test_the_script_is_bash():
    subprocess.run(["bash", "-n", SCRIPT], check=True)


def test_the_plan_is_printed_and_takes_less_than_nine_minutes():
    done = script("--dry-run")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.partition(":")[0] for line in lines] == NAMES
    assert "--no-build-isolation --no-deps" in lines[0]
    assert all(Path(path).exists() for path in lines[4].split() if path.startswith("tests/"))
    from bench.gpu.stages import TOTAL_SECONDS

    assert TOTAL_SECONDS < 530 < 9 * 60


@pytest.mark.parametrize(
    ("capability", "want"), [("9.0", "90a-real"), ("8.6", "86-real"), ("12.0", "120-real")]
)
def test_the_build_is_for_the_device_alone(capability, want, tmp_path):
    from bench.gpu.stages import stages

    build = stages(tmp_path, capability, 3)[0]
    assert build.environment["CMAKE_ARGS"] == f"-DCMAKE_CUDA_ARCHITECTURES={want}"


@pytest.mark.skipif("cuda" in runtime.devices(), reason="there is a CUDA device")
def test_a_stage_that_fails_does_not_lose_the_others(tmp_path):
    folders = ["--out", str(tmp_path / "out"), "--work", str(tmp_path / "work")]
    done = script("--only", "check", "memcheck", "--seconds", "60", *folders)
    assert done.returncode == 1
    (result,) = (tmp_path / "out").glob("*.json")
    stages = json.loads(result.read_text())["stages"]
    assert list(stages) == ["check", "memcheck"]
    assert all(stage["status"] != "ok" for stage in stages.values())
    assert "memcheck" in done.stdout
    assert result.name in done.stdout


def test_a_stage_that_hangs_is_stopped(tmp_path):
    import time

    from bench.gpu.run import _run
    from bench.gpu.stages import Stage

    sleeper = Stage("sleeper", [sys.executable, "-c", "import time; time.sleep(60)"], 1)
    got = _run(sleeper, tmp_path, time.monotonic() + 30)
    assert got["status"] == "stopped after 1 s"
    assert _run(sleeper, tmp_path, time.monotonic())["status"] == "no time was left"


def test_rows_become_a_table():
    from bench.gpu.report import table

    rows = [
        {"case": "gemm", "who": "torch (cuBLAS)", "seconds": 2e-3, "tflops": 50.0},
        {"case": "gemm", "who": "brasa", "seconds": 1e-3, "tflops": 100.0},
        {"case": "lstm", "who": "brasa", "failed": "RuntimeError: lstm: there are no kernels"},
    ]
    stage = {"status": "ok", "seconds": 3, "rows": rows}
    text = table({"gpu": "G", "driver": "1", "date": "today", "stages": {"kernels": stage}})
    assert "2000.0 us  50.00 TFLOP/s     2.00" in text
    assert "RuntimeError: lstm: there are no kernels" in text


@pytest.mark.skipif("cuda_on_cpu" not in runtime.devices(), reason="needs BRASA_CUDA_ON_CPU")
def test_the_benchmarks_of_kernels_run_and_check_their_results(tmp_path):
    pytest.importorskip("torch")
    out = tmp_path / "rows.json"
    command = [sys.executable, "-m", "bench.gpu.kernels", "--quick", "--out", str(out)]
    subprocess.run([*command, "--device", "cuda_on_cpu"], cwd=ROOT, check=True, timeout=200)
    rows = json.loads(out.read_text())
    assert not [row for row in rows if "failed" in row]
    assert {"copy", "gemm 64", "conv3x3 2x8x8x4 to 8", "conv3x3 2x9x8x33 to 8", "relu 8x16"} <= {
        r["case"] for r in rows
    }


@pytest.mark.skipif("cuda_on_cpu" not in runtime.devices(), reason="needs BRASA_CUDA_ON_CPU")
def test_rows_are_turned_and_placed_on_a_device_and_in_a_graph():
    from bench.gpu.one_op import OneOp

    x = np.arange(1, 25, dtype=np.float32).reshape(2, 4, 3)
    between = {"axis": 1, "start": 2, "length": 4, "x_shape": [2, 9, 3]}
    placed = OneOp("cuda_on_cpu", "slice_backward", [x], between)
    turned = OneOp("cuda_on_cpu", "flip", [x], {"axis": 1})
    for _ in range(3):  # at once, captured, replayed
        placed.run(), turned.run()
        placed.sync(), turned.sync()
        assert np.array_equal(placed.outputs[0].numpy(), np.pad(x, ((0, 0), (2, 3), (0, 0))))
        assert np.array_equal(turned.outputs[0].numpy(), x[:, ::-1])


@pytest.mark.skipif("cuda_on_cpu" not in runtime.devices(), reason="needs BRASA_CUDA_ON_CPU")
def test_the_list_for_the_sanitizer_runs():
    command = [sys.executable, "-W", "ignore", "-m", "bench.gpu.smoke", "cuda_on_cpu"]
    options = {"cwd": ROOT, "capture_output": True, "text": True, "timeout": 200}
    done = subprocess.run(command, check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr
