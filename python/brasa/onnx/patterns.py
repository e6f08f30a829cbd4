"""Steps that together are one ONNX operator.

``UpSampling2D`` copies pixels by laying copies of channels and of rows beside each other, which
keeps channels last: two concatenations and two reshapes. In an ONNX file that is one Resize, with
channels first.
"""

from __future__ import annotations

from collections import Counter

from brasa.onnx.traces import Step, Steps, Tensor

REPEAT = "repeat2d"
"""The step that takes their place: each pixel of x (N, H, W, C) ``size`` times, down and right."""


def joined(passes: Steps) -> list[Step]:
    """The steps with those of each pattern as one."""
    steps = passes.steps
    read = Counter(t for step in steps for t in step.inputs) + Counter(passes.outputs)
    makers = {tensor: step for step in steps for tensor in step.outputs}
    replaced: dict[Step, Step] = {}
    gone: set[Step] = set()
    for step in steps:
        chain = _chain(step, makers, read)
        if chain is not None:
            size = [len(chain[2].inputs), len(chain[0].inputs)]
            attributes = tuple({"size": size} for _ in step.attributes)
            replaced[step] = Step(REPEAT, step.name, chain[0].inputs[:1], step.outputs, attributes)
            gone.update(chain[:3])
    return [replaced.get(step, step) for step in steps if step not in gone]


def _chain(
    last: Step, makers: dict[Tensor, Step], read: Counter[Tensor | None]
) -> list[Step] | None:
    """The four steps that end here: copies beside copies, and rows of them beside each other."""
    chain = [last]
    for op in ("concatenate", "reshape", "concatenate"):
        operand = chain[0].inputs[0]
        step = makers.get(operand) if operand is not None else None
        copies = len(chain[0].inputs)
        if step is None or step.op != op or read[operand] != copies:
            return None
        chain.insert(0, step)
    if last.op != "reshape" or not all(_is_copies(step) for step in (chain[0], chain[2])):
        return None
    x, y = chain[0].inputs[0], last.outputs[0]
    if x is None or x.ndim != 4 or y.ndim != 4 or chain[2].outputs[0].ndim != 3:
        return None
    times = (1, len(chain[2].inputs), len(chain[0].inputs), 1)
    wanted = [tuple(k * e for e in extent) for k, extent in zip(times, x.shape, strict=True)]
    return chain if list(y.shape) == wanted else None


def _is_copies(step: Step) -> bool:
    """Whether a concatenation is of one tensor alone, along its last axis."""
    rank = step.outputs[0].ndim
    return len(set(step.inputs)) == 1 and step.get("axis", -1) in (-1, rank - 1)
