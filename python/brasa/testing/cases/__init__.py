"""Which shapes are tested and timed.

The shapes sit where kernels change their ways: around the width of a vector (8 and 16 floats), a
batch block (16 images), a register tile (6 x 16 and 14 x 32) and a cache block, with one less, one
more and primes between. Benchmarks read the second, short list of each op: layers of real networks.
"""

from .broadcast import BROADCAST, BroadcastCase
from .conv2d import CONV2D, CONV2D_LAYERS, Conv2dCase
from .flat import FLAT, FLAT_LAYERS, ROWS, ROWS_LAYERS, FlatCase, RowsCase
from .matmul import DENSE, MATMUL, MATMUL_LAYERS, DenseCase, MatmulCase
from .pool2d import POOL2D, POOL2D_LAYERS, Pool2dCase
from .recurrent import (
    RECURRENT,
    RECURRENT_CUTS,
    RECURRENT_LAYERS,
    RECURRENT_SEQUENCES,
    RecurrentCase,
)

__all__ = [
    "BROADCAST", "CONV2D", "CONV2D_LAYERS", "DENSE", "FLAT", "FLAT_LAYERS", "MATMUL",
    "MATMUL_LAYERS", "POOL2D", "POOL2D_LAYERS", "RECURRENT", "RECURRENT_CUTS", "RECURRENT_LAYERS",
    "RECURRENT_SEQUENCES", "ROWS", "ROWS_LAYERS", "BroadcastCase", "Conv2dCase", "DenseCase",
    "FlatCase", "MatmulCase", "Pool2dCase", "RecurrentCase", "RowsCase",
]  # fmt: skip
