"""What several tests of ops share."""

from collections.abc import Callable
from typing import Any

import pytest

from brasa.ops.activations import activation_attributes
from brasa.ops.conv2d import _attributes
from brasa.ops.dispatch import run


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
