"""What bench/on_gpu.sh runs on a machine with a GPU; stages.py lists it."""
