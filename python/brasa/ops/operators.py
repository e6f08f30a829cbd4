"""The ops behind the operators of tensors (brasa.graph.symbol.Operations)."""

from brasa.ops.comparisons import greater, greater_equal, less, less_equal
from brasa.ops.elementwise import add, multiply, part, scale
from brasa.ops.matmul import matmul
from brasa.ops.pairs import divide
from brasa.ops.unary import abs, power  # noqa: A004

__all__ = [
    "abs",
    "add",
    "divide",
    "greater",
    "greater_equal",
    "less",
    "less_equal",
    "matmul",
    "multiply",
    "part",
    "power",
    "scale",
]
