"""Gradients against central differences.

The step and the tolerance follow from the precision of the inputs, so the same check serves the
float64 reference, the float32 ops, layers, and whole models.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .assertions import SIGMAS

Array = NDArray[Any]


def _coordinates(shape: tuple[int, ...], samples: int, seed: int) -> list[tuple[int, ...]]:
    """All coordinates of a small array, or `samples` different ones drawn with `seed`."""
    size = int(np.prod(shape))
    flat = np.arange(size)
    if size > samples:
        flat = np.sort(np.random.default_rng(seed).choice(size, samples, replace=False))
    return [tuple(int(i) for i in np.unravel_index(j, shape)) for j in flat]


class _Line:
    """The function f(t) = sum(dy * fn(inputs)) as one coordinate of one input moves by t."""

    def __init__(
        self, fn: Callable[..., Any], inputs: list[Array], dy: Array | None, which: int, at: Any
    ) -> None:
        self.fn, self.inputs, self.dy, self.which, self.at = fn, inputs, dy, which, at
        self.centre = inputs[which][at].copy()
        self.roundoff = float(np.finfo(inputs[which].dtype).eps) / 2

    def terms(self, t: float) -> tuple[float, Array]:
        """The step that the input's precision really made of t, and the terms of f there."""
        moved = self.inputs[self.which]
        moved[self.at] = self.centre + t
        step = float(moved[self.at]) - float(self.centre)
        y = np.asarray(self.fn(*self.inputs), np.float64)
        moved[self.at] = self.centre
        return step, y if self.dy is None else self.dy * y

    def slopes(self, t: float) -> tuple[float, float, float]:
        """Central difference over t, how far its two halves are apart, and its rounding error."""
        (right, upper), (left, lower), (_, middle) = self.terms(t), self.terms(-t), self.terms(0)
        # Outputs that keep their bits add no noise, but one of them may have moved by less than it
        # can show.
        size = np.abs(upper) + np.abs(lower)
        reached = size[upper != lower]
        noise = SIGMAS * float(np.sqrt((reached**2).sum())) + float(size.max(initial=0.0))
        noise *= self.roundoff
        central = float((upper - lower).sum()) / (right - left)
        halves = (float((upper - middle).sum()) / right, float((middle - lower).sum()) / -left)
        return central, abs(halves[0] - halves[1]), noise / (right - left)


def check_gradient(
    fn: Callable[..., Any],
    inputs: Sequence[Array],
    grads: Sequence[Array | None],
    dy: Array | None = None,
    *,
    step: float | None = None,
    length: int = 1,
    samples: int = 16,
    kinks: bool = False,
    seed: int = 0,
    names: Sequence[str] | None = None,
) -> None:
    """Fails where a gradient is not the slope of ``sum(dy * fn(*inputs))``.

    With a step h the central difference errs by h^2 f'''/6, which the difference over 2h measures,
    and by the rounding of fn over h; their sum is the tolerance. The step that balances the two is
    the cube root of the inputs' rounding error; where fn is linear in each input any step is exact,
    and 0.5 drowns the noise.

    Args:
        fn: Takes the inputs, returns an array or a number.
        inputs: Float arrays; float32 ones are stepped in float32.
        grads: The gradient of each input, or None for inputs that have none.
        dy: Weight of each output. Default 1.
        step: Distance h. Default: the cube root of the rounding error.
        length: Terms in each sum that fn computes; its rounding error grows with the root.
        samples: Coordinates checked of each input; all of a smaller one.
        kinks: fn is smooth in pieces only (relu, max): where the two halves of a difference
            disagree, one of them may be across a kink, and the tolerance includes both.
        seed: Chooses the coordinates.
        names: What the message calls the inputs.
    """
    arrays = [np.array(x) for x in inputs]
    weight = None if dy is None else np.asarray(dy, np.float64)
    for which, grad in enumerate(grads):
        if grad is None:
            continue
        name = names[which] if names else f"input {which}"
        assert grad.shape == arrays[which].shape, (
            f"gradient of {name}: shape {grad.shape}, want {arrays[which].shape}"
        )
        for at in _coordinates(grad.shape, samples, seed):
            line = _Line(fn, arrays, weight, which, at)
            h = step or line.roundoff ** (1 / 3) * max(1.0, abs(float(line.centre)))
            slope, gap, noise = line.slopes(h)
            coarse, _, _ = line.slopes(2 * h)
            # A third of the difference is the error of the finer slope; the whole is a safe bound.
            tolerance = abs(coarse - slope) + np.sqrt(length) * noise
            tolerance += SIGMAS * np.sqrt(length) * line.roundoff * abs(slope)
            if kinks:
                tolerance += gap
            error = abs(float(grad[at]) - slope)
            assert error <= tolerance, (
                f"gradient of {name} at {at}: got {float(grad[at]):.9g}, central difference "
                f"{slope:.9g}, error {error:.3g} over tolerance {tolerance:.3g} (step {h:.3g})"
            )
