"""Plans that cannot be made, and bindings that cannot be run on."""

import numpy as np
import pytest

from brasa import _core
from tests.plan.conftest import SEGMENTS, at, chain, tanh


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (tanh(at(1, 0, 5), at(2, 0, 4)), "output 0 is .*4.*its op gives .*5"),
        (tanh(at(1, 0, 4), at(2, 0, 4, dtype="int32")), "output 0 is"),
        (tanh(at(1, 0, 5), at(2, 0, 5)), "outside segment 1"),
        (tanh(at(1, 4, 4), at(2, 0, 4)), "outside segment 1"),
        (tanh(at(1, -4, 4), at(2, 0, 4)), "outside segment 1"),
        (tanh(at(1, 0, 4), at(2, 1 << 62, 4)), "outside segment 2"),
        (tanh(at(1, 0, 4), at(2, (1 << 63) - 1, 4)), "outside segment 2"),
        (tanh(at(1, 0, 4), at(0, 0, 4)), "outside segment 0"),
        (tanh(at(3, 0, 4), at(2, 0, 4)), "names segment 3"),
        (tanh(at(-2, 0, 4), at(2, 0, 4)), "names segment -2"),
        (tanh(at(1, 0, 1 << 40, 1 << 40), at(2, 0, 4)), "overflow|64 bits|too large"),
        (tanh(at(1, 0, -1), at(2, 0, -1)), "negative|>= 0|extent"),
        (tanh(None, at(2, 0, 4)), "x is missing"),
        (("activation", "s", {}, [at(1, 0, 4)], []), "has 0 outputs, its op gives 1"),
        (("activation", "s", {}, [at(1, 0, 4)] * 2, [at(2, 0, 4)]), "takes 1 inputs, got 2"),
        (("frobnicate", "s", {}, [at(1, 0, 4)], [at(2, 0, 4)]), "no op named 'frobnicate'"),
        (("scale", "s", {}, [at(1, 0, 2, 2)], [at(2, 0, 4)]), "its op gives"),
    ],
)
def test_a_step_that_cannot_run_is_refused_when_the_plan_is_made(step, message):
    with pytest.raises(ValueError, match=message):
        _core.Plan([step], 0, [16, 16])


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (tanh(at(1, 0, 4, dtype="float16"), at(2, 0, 4)), "dtype must be .* got float16"),
        (tanh(at(1, 0, 4, dtype="int32"), at(2, 0, 4)), "x must be float32, got int32"),
        (("activation", "s", {"activation": 3}, [at(1, 0, 4)], [at(2, 0, 4)]), "must be text"),
        (("scale", "s", {"factor": "two"}, [at(1, 0, 4)], [at(2, 0, 4)]), "must be a number"),
    ],
)
def test_a_step_of_wrong_types_is_refused_when_the_plan_is_made(step, message):
    with pytest.raises(TypeError, match=message):
        _core.Plan([step], 0, [16, 16])


@pytest.mark.parametrize(
    ("arena", "error"), [(1 << 62, MemoryError), ((1 << 63) - 1, (MemoryError, ValueError))]
)
def test_an_arena_that_no_machine_has_is_refused(arena, error):
    with pytest.raises(error):
        _core.Plan([tanh(at(2, 0, 4), at(2, 0, 4))], arena, [16, 16])


def test_what_is_bound_must_be_there_large_enough_and_plain(arrays):
    plan = _core.Plan(chain(), 128, SEGMENTS)
    a, b, y = arrays
    with pytest.raises(ValueError, match="needs 3 segments, got 2"):
        plan.run([a, b])
    with pytest.raises(ValueError, match="segment 2 needs 80 bytes, got 64"):
        plan.run([a, b[:, :4].copy(), y])
    for unusual in (np.asfortranarray(a), np.repeat(a, 2, 1)[:, ::2]):
        with pytest.raises(TypeError, match="aligned and C-contiguous"):
            plan.run([unusual, b, y])
    for method in (plan.run, plan.profile):
        with pytest.raises(TypeError, match="must be a NumPy array"):
            method([a.tolist(), b, y])  # a temporary array would be gone before the run
        with pytest.raises(TypeError, match="must be a NumPy array"):
            method([None, b, y])
    plan.run([a, b, y])


def test_a_result_that_is_read_only_is_refused(arrays):
    plan = _core.Plan(chain(), 128, SEGMENTS)
    arrays[0].flags.writeable = False  # operands may be
    plan.run(arrays)
    arrays[2].flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        plan.run(arrays)
