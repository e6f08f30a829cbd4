"""All tables of kernels compute the same function, on shapes too large for the NumPy reference."""

import os
import subprocess
import sys

import numpy as np
import pytest

from brasa import ops, runtime
from brasa.testing import cases
from brasa.testing.assertions import ROUNDING, assert_close, assert_same_bits, reduction_bound

LARGE = (
    cases.Conv2dCase(80, 14, 14, 6, 16, 5),
    cases.Conv2dCase(40, 28, 28, 1, 6, 5, padding="same"),
    cases.Conv2dCase(1, 28, 28, 64, 64, padding=1),
    cases.Conv2dCase(1, 14, 14, 128, 160, padding=1),
    cases.Conv2dCase(1, 20, 20, 256, 96, 1),
    cases.Conv2dCase(1, 33, 31, 32, 72, 5, strides=2, padding="same"),
    cases.Conv2dCase(1, 113, 115, 3, 64, 7, strides=2, padding=3),
)


def in_each_table(work):
    """The results of the reference table, then those of every other one."""
    with runtime.force("ref"):
        want = work()
    for name in runtime.implementations():
        if name != "ref":
            with runtime.force(name):
                yield name, work(), want


def test_the_reference_and_at_least_one_tuned_table_are_here():
    names = runtime.implementations()
    assert names[-1] == "ref"
    assert "cpu.generic" in names
    assert len(set(names)) == len(names)


def test_a_table_that_is_not_here_is_refused_and_the_others_are_named():
    with pytest.raises(ValueError, match=r"cpu\.generic"), runtime.force("cpu.abacus"):
        pass


def test_force_ends_with_its_block():
    before = runtime.implementation()
    with runtime.force("ref"):
        assert runtime.implementation() == "ref"
    assert runtime.implementation() == before


@pytest.mark.parametrize("name", ["ref", "cpu.generic", "cpu.abacus"])
def test_the_environment_names_the_table_or_gets_a_clear_refusal(name):
    script = "from brasa import ops, runtime; ops.relu([1.0]); print(runtime.implementation())"
    result = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "BRASA_IMPL": name},
    )
    if name == "cpu.abacus":
        assert result.returncode == 1, "must end with an exception, not a signal"
        assert "cpu.abacus" in result.stderr
        assert "cpu.generic" in result.stderr
    else:
        assert result.stdout.split() == [name], result.stderr


@pytest.mark.parametrize("case", LARGE, ids=str)
def test_large_convolutions_agree(case):
    (x, w, b), dy = case.inputs(), case.dy()
    lengths = {"y": case.length, "dx": case.length // case.C * case.K, "db": dy[..., 0].size}
    lengths["dw"] = lengths["db"]

    def work():
        y = ops.conv2d(x, w, b, **case.window)
        return dict(
            zip(
                ("y", "dx", "dw", "db"),
                (y, *ops.conv2d_backward(dy, x, w, **case.window)),
                strict=True,
            )
        )

    for table, got, want in in_each_table(work):
        for name, length in lengths.items():
            # All operands are normal: a sum of n products has the size of sqrt(n), and the sum of
            # their absolute values is 2 n / pi.
            bound = reduction_bound(
                length, 2 / np.pi * length, 4.0 if case.may_use_winograd else 1.5
            )
            assert_close(got[name], want[name], bound, f"{name} of {table}")


def test_selections_and_masks_are_the_same_bits():
    pool, flat = cases.Pool2dCase(33, 28, 28, 19, 3, 2, 1), cases.FlatCase(300_001)
    x, dy, image, ties = flat.values(), flat.values("dy"), pool.x(), pool.x_with_ties()
    rows = cases.RowsCase(5003, 10)

    def work():
        y = ops.relu(x)
        return (
            y,
            ops.relu_backward(dy, y),
            ops.add(x, dy, y),
            ops.multiply(x, dy),
            ops.add(image, image[:, :1, :1]),
            ops.multiply(image, image[..., :1]),
            ops.max_pool2d(image, **pool.window),
            ops.max_pool2d(ties, **pool.window),
            ops.dropout(x, 0.3, seed=7) == 0,
            ops.accuracy(rows.values(), rows.labels()),
            ops.concatenate([x, dy]),
        )

    for table, got, want in in_each_table(work):
        assert_same_bits(got, want, table)


def test_long_spans_are_updated_alike():
    flat = cases.FlatCase(300_001)
    g = flat.values("g")

    def work():
        p, q, m = flat.values("p"), flat.values("p"), np.zeros(flat.count, np.float32)
        v, velocity, r, square, s, squares = m.copy(), m.copy(), p.copy(), m.copy(), p.copy(), m + 1
        n, of_n = p.copy(), (m.copy(), m.copy())
        for step in range(1, 4):
            ops.sgd_step(p, g, velocity, 0.01, 0.9)
            ops.adam_step(q, g, m, v, step)
            ops.rmsprop_step(r, g, square, learning_rate=1e-3, epsilon=0.1, weight_decay=0.1)
            ops.adagrad_step(s, g, squares, l1=0.1, l2=0.2)
            ops.nadam_step(n, g, *of_n, step)
        return p, q, r, s, n

    for table, got, want in in_each_table(work):
        for found, truth in zip(got, want, strict=True):
            assert_close(found, truth, 8 * ROUNDING * (np.abs(truth) + np.abs(g)), table)
