"""The precision pass: products are computed as compile() chose. Runs before the gradient pass."""

from __future__ import annotations

from brasa.graph.symbol import Node
from brasa.graph.trace import Graph

# The gradients of these are products of the same precision.
_PRODUCTS = {"conv2d", "conv2d_backward_data", "matmul"}

# From so many channels on Winograd's tiles beat direct sums (csrc/cpu/isa/winograd.cpp).
_CHANNELS_OF_TILES = 32

# What AVX512-BF16 needs to be faster than float32, with its gradients: else rounding the operands
# takes what the products save. On two cores of Zen 5, bf16 over float32: products of 32 x 1024 x
# 1024 0.7, of 8 x 4096 x 4096 1.6; convolutions of 256 to 1024 channels 0.62, of 128 to 512 0.8,
# of 256 to 64 1.2 to 2.3, of 3 to 64 with windows of 7 x 7 1.6 to 2.4.
_LEAST_OF_MATMUL, _LEAST_OF_CONVOLUTION = 32, 128


def use_precision(graph: Graph, precision: str, by: str, *, winograd: bool) -> None:
    """Give every product the precision, but those that a layer chose one for itself.

    Those stay in float32 that it computes faster on this machine, and more exactly; ``by``: what
    multiplies in bf16 here.
    """
    if precision == "float32":
        return
    for node in graph.nodes:
        in_tiles = winograd and _fits_tiles(node)
        if node.op in _PRODUCTS and not _is_faster_in_float32(node, precision, by, in_tiles):
            node.attributes = {"precision": precision, **node.attributes}


def _is_faster_in_float32(node: Node, precision: str, by: str, in_tiles: bool) -> bool:
    if by == "AVX512-BF16":  # six products for one take longer, whatever the shape
        return precision == "bf16x3" or in_tiles or _is_small(node)
    return by == "AMX" and precision == "bf16x3" and in_tiles


def _fits_tiles(node: Node) -> bool:
    """Whether Winograd's tiles compute it in float32: a fourth of the multiplications."""
    if node.op != "conv2d":
        return False
    if node.attributes.get("groups", 1) > 1 or node.attributes.get("strides", [1, 1]) != [1, 1]:
        return False
    rows, columns, channels, filters = _shape(node, 1)
    return rows == columns == 3 and min(channels, filters) >= _CHANNELS_OF_TILES


def _is_small(node: Node) -> bool:
    """Whether the product of two matrices that it stands for is short in one of its extents."""
    if node.op == "matmul":
        return min(*_shape(node, 0)[-2:], *_shape(node, 1)[-2:]) < _LEAST_OF_MATMUL
    rows, columns, channels, filters = _shape(node, 1)
    return min(rows * columns * channels, filters) < _LEAST_OF_CONVOLUTION


def _shape(node: Node, which: int) -> tuple[int, ...]:
    operand = node.inputs[which]
    assert operand is not None
    return operand.shape
