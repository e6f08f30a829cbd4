"""Results of a program against the truth, and what may be off."""

import numpy as np

SAFETY = 40.0  # what rounding did once is one draw, and the largest of many is compared
FLOOR = 3e-6  # of the largest value of a tensor
NOISE = 2.0**-22  # what float32 makes of weights and inputs, as a share of them
BF16 = 2.0**-8


class WrongNumberError(AssertionError):
    """A number that is off by more than rounding explains."""


def check(found, truth, others, safety=SAFETY, floor=FLOOR):
    """Each array of ``found`` as near to the truth as others, that rounding moved, allow."""
    for name, arrays in truth.items():
        assert len(found[name]) == len(arrays), f"{name}: {len(found[name])}, want {len(arrays)}"
        for i, want in enumerate(arrays):
            check_one(
                f"{name} {i}", found[name][i], want, [o[name][i] for o in others], safety, floor
            )


def check_one(name, found, want, others, safety, floor):
    found, want = np.asarray(found, np.float64), np.asarray(want, np.float64)
    if found.shape != want.shape:
        raise WrongNumberError(f"{name}: shape {found.shape}, want {want.shape}")
    if not want.size:
        return
    if not (np.isfinite(want).all() and all(np.isfinite(o).all() for o in others)):
        return
    spread = max(np.abs(np.asarray(o, np.float64) - want).max() for o in others)
    bound = safety * spread + floor * np.abs(want).max() + 1e-9
    error = np.nan_to_num(np.abs(found - want), nan=np.inf)
    if (error <= bound).all():
        return
    at = np.unravel_index(error.argmax(), error.shape)
    raise WrongNumberError(
        f"{name} {want.shape}: {(error > bound).sum()} of {error.size} off, worst at "
        f"{tuple(map(int, at))}: got {found[at]:.7g}, want {want[at]:.7g}, bound {bound:.3g}"
    )
