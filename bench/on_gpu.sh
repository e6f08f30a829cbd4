#!/usr/bin/env bash
# Builds brasa for this machine's GPU, tests it, checks it with compute-sanitizer and measures it against
# PyTorch, in less than 9 minutes and without a network. Needs CUDA's compiler, cmake, and a Python with
# torch, pybind11, scikit-build-core, numpy and pytest. Writes bench/results/<gpu>-<date>.json.
#
#   bench/on_gpu.sh [--dry-run] [--only STAGE ...] [--out FOLDER] [--work FOLDER] [--seconds N]
set -u
cd "$(dirname "$0")/.." || exit 1
for folder in /usr/local/cuda/bin /usr/local/cuda/compute-sanitizer; do
  [ -d "$folder" ] && PATH="$folder:$PATH"
done
export PATH PYTHONUNBUFFERED=1
exec timeout --kill-after=5 530 "${PYTHON:-python3}" -m bench.gpu.run "$@"
