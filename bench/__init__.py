"""Benchmarks: brasa, its peers and the machine's limits, measured in turn in one run."""
