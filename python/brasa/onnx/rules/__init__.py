"""The table of rules: what each op of the forward pass becomes in an ONNX file.

A rule gets the writer and a step, writes nodes, and says which value each result is. Ops without a
rule: those that draw at random (dropout, gaussian_noise, random crops and warps), images turned or
scaled by warp2d, statistics of a batch (batch_norm_training), losses, metrics, gradients and steps
of optimizers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from brasa.onnx.rules import elementwise, images, products, recurrent, sequences, shapes
from brasa.onnx.traces import Step
from brasa.onnx.writer import Writer

Rule = Callable[[Writer, Step], None]

RULES: Mapping[str, Rule] = {
    **elementwise.RULES,
    **images.RULES,
    **products.RULES,
    **recurrent.RULES,
    **sequences.RULES,
    **shapes.RULES,
}

__all__ = ["RULES", "Rule"]
