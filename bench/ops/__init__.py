"""One file for each contract in csrc/ops: what is timed, for brasa and every peer side by side."""
