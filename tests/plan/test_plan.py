"""Compiled plans: what they run, and what they tell of it."""

import threading

import numpy as np
import pytest

from brasa import _core, ops, runtime
from brasa.testing.assertions import assert_same_bits
from tests.plan.conftest import ARENA, SEGMENTS, at, chain, tanh

# ---- constant steps ------------------------------------------------------------------------


def with_constant_product():
    """y = tanh(a @ b), the product made once."""
    return [
        ("matmul", "product", {}, [at(1, 0, 3, 4), at(2, 0, 4, 5), None], [at(ARENA, 0, 3, 5)]),
        tanh(at(ARENA, 0, 3, 5), at(3, 0, 3, 5)),
    ]


def test_constant_steps_run_only_when_asked(arrays):
    plan = _core.Plan(with_constant_product(), 64, SEGMENTS, 1)
    assert plan.constant_steps == 1
    plan.prepare(arrays)
    want = ops.tanh(ops.matmul(arrays[0], arrays[1]))
    arrays[0][...] = 0
    for _ in range(2):
        plan.run(arrays)
        assert_same_bits(arrays[2], want)
    plan.prepare(arrays)
    plan.run(arrays)
    assert_same_bits(arrays[2], np.zeros_like(want))


def test_constant_steps_must_have_run(arrays):
    plan = _core.Plan(with_constant_product(), 64, SEGMENTS, 1)
    with pytest.raises(ValueError, match="prepare"):
        plan.run(arrays)
    with pytest.raises(ValueError, match="3 of 2 steps"):
        _core.Plan(with_constant_product(), 64, SEGMENTS, 3)


# ---- running -------------------------------------------------------------------------------


def test_a_plan_runs_its_steps_in_order_on_what_is_bound(arrays, impl):
    plan = _core.Plan(chain(), 128, SEGMENTS)
    plan.run(arrays)
    want = ops.scale(ops.tanh(ops.matmul(arrays[0], arrays[1])), 2.0)
    assert_same_bits(arrays[2], want)
    other = [array[::-1].copy() for array in arrays]
    plan.run(other)
    assert_same_bits(other[2], ops.scale(ops.tanh(ops.matmul(other[0], other[1])), 2.0))
    assert_same_bits(arrays[2], want)


def test_a_segment_may_be_larger_and_of_any_type(arrays):
    plan = _core.Plan(chain(), 128, SEGMENTS)
    plan.run(arrays)
    bytes_of = np.zeros(1000, np.uint8)
    bytes_of[:48] = arrays[0].view(np.uint8).reshape(-1)
    result = np.zeros(100, np.float64)
    plan.run([bytes_of, arrays[1].reshape(-1), result])
    assert_same_bits(result.view(np.float32)[:15].reshape(3, 5), arrays[2])
    assert not result[8:].any()


def test_an_offset_leads_into_its_segment(rng):
    plan = _core.Plan([tanh(at(1, 64, 4), at(1, 128, 4))], 0, [144])
    segment = rng.standard_normal(36).astype(np.float32)
    before = segment.copy()
    plan.run([segment])
    assert_same_bits(segment[32:], ops.tanh(before[16:20]))
    assert_same_bits(segment[:32], before[:32])


def test_a_plan_without_steps_or_with_empty_tensors_runs():
    _core.Plan([], 0, []).run([])
    nothing = np.zeros(0, np.float32)
    plan = _core.Plan([tanh(at(1, 0, 0, 3), at(2, 0, 0, 3))], 0, [0, 0])
    plan.run([nothing, nothing.copy()])
    assert plan.arena_bytes == 0


def test_results_that_are_optional_may_be_left_out(rng):
    x = rng.standard_normal((1, 4, 4, 2)).astype(np.float32)
    window = {"pool_size": [2, 2], "strides": [2, 2], "padding": "valid"}
    step = ("max_pool2d", "pool", window, [at(1, 0, 1, 4, 4, 2)], [at(2, 0, 1, 2, 2, 2), None])
    y = np.zeros((1, 2, 2, 2), np.float32)
    _core.Plan([step], 0, [x.nbytes, y.nbytes]).run([x, y])
    assert_same_bits(y, ops.max_pool2d(x)[0])


def test_the_arena_holds_the_buffers_and_the_scratch_of_the_greediest_step():
    plan = _core.Plan(chain(), 128, SEGMENTS)
    assert plan.arena_bytes >= 128 + plan.scratch_bytes
    assert plan.arena_bytes % 64 == 0
    big = (
        "matmul",
        "big",
        {},
        [at(1, 0, 300, 300), at(1, 0, 300, 300), None],
        [at(2, 0, 300, 300)],
    )
    bytes_of = 4 * 300 * 300
    other = _core.Plan([big], 0, [bytes_of, bytes_of])
    both = _core.Plan([big, *chain()[:0]], 128, [bytes_of, bytes_of])
    assert both.scratch_bytes == other.scratch_bytes
    assert both.arena_bytes == 128 + other.arena_bytes


def test_two_threads_may_share_a_plan(arrays):
    plan = _core.Plan(chain(), 128, SEGMENTS)
    sets = [[array * (1 + i) for array in arrays] for i in range(4)]
    want = []
    for bound in sets:
        plan.run(bound)
        want.append(bound[2].copy())
        bound[2][:] = 0

    def work(bound, truth, failed):
        for _ in range(200):
            bound[2][:] = 0
            plan.run(bound)
            if (bound[2] != truth).any():
                failed.append(bound)

    failed = []
    threads = [
        threading.Thread(target=work, args=(bound, truth, failed))
        for bound, truth in zip(sets, want, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


# ---- looking -------------------------------------------------------------------------------


def test_steps_tell_names_bytes_flops_and_threads(threads):
    runtime.set_threads(2)
    plan = _core.Plan(chain(), 128, SEGMENTS)
    steps = plan.steps()
    assert [(step["name"], step["op"]) for step in steps] == [
        ("product", "matmul"),
        ("squash", "activation"),
        ("double", "scale"),
    ]
    assert [step["bytes"] for step in steps] == [48 + 80 + 60, 120, 120]
    assert steps[0]["flops"] == 2 * 3 * 4 * 5
    assert [step["threads"] for step in steps] == [1, 1, 1]  # too little for a team
    assert [step["seconds"] for step in steps] == [0, 0, 0]


SIZES = (75, 40, 9)  # of products that take one thread about 15, 2 and 0.03 us


@pytest.mark.parametrize(("count", "wanted"), [(1, [1, 1, 1]), (2, [2, 2, 1]), (64, [64, 1, 1])])
def test_steps_that_cost_less_than_a_meeting_have_one_thread(count, wanted, threads):
    runtime.set_threads(count)
    steps = [("matmul", "m", {}, [at(1, 0, n, n)] * 2 + [None], [at(2, 0, n, n)]) for n in SIZES]
    plan = _core.Plan(steps, 0, [75 * 75 * 4] * 2)
    assert [step["threads"] for step in plan.steps()] == wanted


@pytest.mark.parametrize("n", SIZES)
def test_a_plan_that_runs_again_and_again_keeps_its_bits(n, threads):
    runtime.set_threads(2)  # some runs alone, some in a team
    rng = np.random.default_rng(n)
    a, b = rng.standard_normal((2, n, n)).astype(np.float32)
    product = ("matmul", "m", {}, [at(1, 0, n, n), at(2, 0, n, n), None], [at(3, 0, n, n)])
    plan = _core.Plan([product], 0, [a.nbytes] * 3)
    results = set()
    for _ in range(600):
        c = np.full_like(a, np.nan)
        plan.run([a, b, c])
        results.add(c.tobytes())
    assert len(results) == 1


@pytest.mark.parametrize("count", [1, 3])
def test_profile_is_a_run_that_times_its_steps(count, arrays, threads):
    runtime.set_threads(count)
    a = np.ones((256, 256), np.float32)
    product = ("matmul", "m", {}, [at(1, 0, 256, 256)] * 2 + [None], [at(2, 0, 256, 256)])
    y = np.zeros_like(a)
    plan = _core.Plan([product, tanh(at(2, 0, 256, 256), at(2, 0, 256, 256))], 0, [a.nbytes] * 2)
    assert plan.steps()[0]["threads"] == count
    plan.profile([a, y])
    assert (y == 1).all()
    first = [step["seconds"] for step in plan.steps()]
    assert all(seconds > 0 for seconds in first)
    plan.run([a, y])
    assert [step["seconds"] for step in plan.steps()] == first
