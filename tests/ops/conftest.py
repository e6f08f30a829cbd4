"""What several tests of ops share."""

from collections.abc import Callable
from typing import Any

import pytest

from brasa import runtime
from brasa.ops.activations import activation_attributes
from brasa.ops.conv2d import _attributes
from brasa.ops.dispatch import run
from brasa.testing.assertions import assert_same_bits


@pytest.fixture
def packed_conv2d() -> Callable[..., Any]:
    """`packed_conv2d(x, w, b, window, activation)`: as a plan does it whose weights stay.

    Two calls: the weights are brought into the kernel's order, and then the sum.
    """

    def convolution(x, w, b, window, activation=None):
        attributes = {**_attributes("conv2d", **window), "w_shape": list(w.shape)}
        (packed,) = run("conv2d_pack", [w], {**attributes, "x_shape": list(x.shape)})
        attributes |= {"packed": True, **activation_attributes("conv2d", activation)}
        return run("conv2d", [x, packed, b], attributes)[0]

    return convolution


@pytest.fixture
def same_bits_for_all_threads(impl: str, threads: None) -> Callable[..., None]:
    """`same_bits_for_all_threads(work, flops)`: what work() gives with 1, 2 and 3 threads."""

    def check(work, flops):
        if impl == "ref":
            pytest.skip("one thread computes all of it")
        if impl == "cuda_on_cpu" and flops > 1 << 21:
            pytest.skip("the emulated device would take seconds")
        runtime.set_threads(1)
        want = work()
        for count in (2, 3):
            runtime.set_threads(count)
            assert_same_bits(work(), want, f"{count} threads")

    return check
