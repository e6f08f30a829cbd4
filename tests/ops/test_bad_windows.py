"""Bad inputs of convolutions and poolings."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest

from brasa import ops
from brasa.testing.assertions import assert_refused, assert_same_bits
from tests.ops.refusals import B, X, ones, refused

W, DY = ones(3, 3, 4, 8), ones(2, 4, 3, 8)
POOL_DY, PLACES = ones(2, 3, 2, 4), np.zeros((2, 3, 2, 4), np.int32)
FAR = np.full(PLACES.shape, 2**40)


def conv(x=X, w=W, b=B, **window):
    return lambda: ops.conv2d(x, w, b, **window)


def conv_backward(dy=DY, x=X, w=W, **window):
    return lambda: ops.conv2d_backward(dy, x, w, **window)


def pool(op=ops.max_pool2d, x=X, **window):
    return lambda: op(x, **window)


def pool_backward(dy=POOL_DY, argmax=PLACES, x_shape=X.shape, **window):
    return lambda: ops.max_pool2d_backward(dy, argmax, x_shape, **window)


ROWS = [
    ("conv2d", "stride 0", conv(strides=0), ValueError, "strides >= 1 0"),
    ("conv2d", "stride -1", conv(strides=-1), ValueError, "strides -1"),
    ("conv2d", "stride of one axis 0", conv(strides=(1, 0)), ValueError, "strides 0"),
    ("conv2d", "stride 1.5", conv(strides=1.5), TypeError, "strides 1.5"),
    ("conv2d", "stride None", conv(strides=None), TypeError, "strides None"),
    ("conv2d", "three strides", conv(strides=(1, 2, 3)), ValueError, "strides (1, 2, 3)"),
    ("conv2d", "stride 2**64", conv(strides=2**64), ValueError, "strides"),
    ("conv2d", "padding -1", conv(padding=-1), ValueError, "padding -1"),
    ("conv2d", "one pad -1", conv(padding=((0, 0), (0, -1))), ValueError, "padding -1"),
    ("conv2d", "padding 2**62", conv(padding=2**62), ValueError, "padding"),
    ("conv2d", "padding 2**61", conv(padding=2**61), ValueError, ""),
    ("conv2d", "padding 2**40", conv(padding=2**40), ValueError, ""),
    ("conv2d", "padding 2**29", conv(padding=2**29), (ValueError, MemoryError), ""),
    ("conv2d", "padding 2**20", conv(padding=2**20), MemoryError, "bytes"),
    ("conv2d", "padding BOGUS", conv(padding="BOGUS"), ValueError, "padding valid same BOGUS"),
    ("conv2d", "padding 1.0", conv(padding=1.0), TypeError, "padding 1.0"),
    ("conv2d", "three pads", conv(padding=(1, 2, 3)), ValueError, "padding (1, 2, 3)"),
    ("conv2d", "three sides", conv(padding=((1, 2, 3), 0)), ValueError, "padding (1, 2, 3)"),
    ("conv2d", "dilation 0", conv(dilation_rate=0), ValueError, "dilation_rate 0"),
    ("conv2d", "dilation -1", conv(dilation_rate=-1), ValueError, "dilation_rate -1"),
    ("conv2d", "dilation 2**31", conv(dilation_rate=2**31), ValueError, "height 4294967297 6"),
    ("conv2d", "dilation 2**62", conv(dilation_rate=2**62), ValueError, ""),
    ("conv2d", "kernel over the image", conv(w=ones(7, 3, 4, 8)), ValueError, "height 7 6"),
    ("conv2d", "kernel over the width", conv(w=ones(3, 8, 4, 8), padding=1), ValueError,
     "width 8 7"),
    ("conv2d", "kernel 0x0", conv(w=ones(0, 0, 4, 8)), ValueError, "0"),
    ("conv2d", "0 filters", conv(w=ones(3, 3, 4, 0), b=None), ValueError, "w filter"),
    ("conv2d", "0 channels", conv(x=ones(2, 6, 5, 0), w=ones(3, 3, 0, 8)), ValueError, "x channel"),
    ("conv2d", "height 0", conv(x=ones(2, 0, 5, 4), padding=3), ValueError, "height 0"),
    ("conv2d", "groups 0", conv(groups=0), ValueError, "groups 0"),
    ("conv2d", "groups -1", conv(groups=-1), ValueError, "groups -1"),
    ("conv2d", "groups 1.0", conv(groups=1.0), TypeError, "groups 1.0"),
    ("conv2d", "groups 2**64", conv(groups=2**64), ValueError, "groups"),
    ("conv2d", "groups 3 of 4 channels", conv(groups=3), ValueError, "groups 4 3"),
    ("conv2d", "groups 2 of 3 filters", conv(w=ones(3, 3, 2, 3), b=None, groups=2), ValueError,
     "groups 3 2"),
    ("conv2d", "channels differ", conv(w=ones(3, 3, 3, 8)), ValueError, "w 3 x 4 channels-last"),
    ("conv2d", "rank 3 weights", conv(w=ones(3, 4, 8)), ValueError, "w 3 4"),
    ("conv2d", "rank 5 input", conv(x=ones(1, 2, 6, 5, 4)), ValueError, "x 4 5"),
    ("conv2d", "rank 2 input", conv(x=ones(6, 5)), ValueError, "x 4 2"),
    ("conv2d", "rank 0 input", conv(x=1.0), ValueError, "x 4 0"),
    ("conv2d", "bias too short", conv(b=ones(7)), ValueError, "b (8,) (7,)"),
    ("conv2d", "bias rank 2", conv(b=ones(1, 8)), ValueError, "b (8,) (1, 8)"),
    ("conv2d", "an array for activation", conv(activation=B), ValueError, "activation array (8,)"),
    ("conv2d", "an array for precision", conv(precision=B), ValueError, "precision array (8,)"),
    ("conv2d", "no such activation", conv(activation="rleu"), ValueError, "activation relu rleu"),
    ("conv2d_backward", "dy of another size", conv_backward(ones(2, 4, 4, 8)), ValueError,
     "dy (2, 4, 3, 8) (2, 4, 4, 8)"),
    ("conv2d_backward", "dy of 0 elements", conv_backward(ones(2, 0, 3, 8)), ValueError, "dy"),
    ("conv2d_backward", "dy of another batch", conv_backward(ones(1, 4, 3, 8)), ValueError, "dy"),
    ("conv2d_backward", "dy of other filters", conv_backward(ones(2, 4, 3, 7)), ValueError, "dy"),
    ("conv2d_backward", "dy of rank 2", conv_backward(ones(24, 8)), ValueError, "dy"),
    ("conv2d_backward", "w of other channels", conv_backward(w=ones(3, 3, 3, 8)), ValueError, "w"),
    ("conv2d_backward", "stride 0", conv_backward(strides=0), ValueError, "strides 0"),
    ("conv2d_backward_data", "x_shape 2**64",
     lambda: ops.conv2d_backward_data(DY, W, (2, 2**64, 5, 4)), ValueError, "x_shape"),
    ("conv2d_backward_data", "x_shape of another size",
     lambda: ops.conv2d_backward_data(DY, W, (2, 7, 5, 4)), ValueError, "dy"),
    ("conv2d_backward_weight", "w_shape 2**64",
     lambda: ops.conv2d_backward_weight(DY, X, (3, 2**64, 4, 8)), ValueError, "w_shape"),
    ("conv2d_backward_weight", "w_shape of rank 3",
     lambda: ops.conv2d_backward_weight(DY, X, (3, 3, 4)), ValueError, "w_shape 4 3"),
    ("bias_gradient", "a scalar", lambda: ops.bias_gradient(1.0), ValueError, "dy"),
    ("max_pool2d", "kernel 0", pool(pool_size=0), ValueError, "pool_size 0"),
    ("max_pool2d", "kernel -1", pool(pool_size=-1), ValueError, "pool_size -1"),
    ("max_pool2d", "kernel 2.0", pool(pool_size=2.0), TypeError, "pool_size 2.0"),
    ("max_pool2d", "three kernels", pool(pool_size=(1, 2, 3)), ValueError, "pool_size (1, 2, 3)"),
    ("max_pool2d", "stride 0", pool(strides=0), ValueError, "strides 0"),
    ("max_pool2d", "a window in the padding", pool(padding=2), ValueError, "padding 2"),
    ("max_pool2d", "padding -1", pool(padding=-1), ValueError, "padding -1"),
    ("max_pool2d", "padding 2**61", pool(padding=2**61), ValueError, "padding"),
    ("max_pool2d", "kernel over the image", pool(pool_size=7), ValueError, "height 7 6"),
    ("max_pool2d", "height 0", pool(x=ones(2, 0, 5, 4)), ValueError, "height 0"),
    ("max_pool2d", "0 channels", pool(x=ones(2, 6, 5, 0)), ValueError, "x channel"),
    ("max_pool2d", "rank 2 input", pool(x=ones(6, 5)), ValueError, "x 4 2"),
    ("average_pool2d", "kernel 0", pool(ops.average_pool2d, pool_size=0), ValueError,
     "pool_size 0"),
    ("average_pool2d", "a window in the padding", pool(ops.average_pool2d, padding=2), ValueError,
     "padding 2"),
    ("average_pool2d", "rank 3 input", pool(ops.average_pool2d, ones(6, 5, 4)), ValueError,
     "x 4 3"),
    ("max_pool2d_backward", "argmax 2**40", pool_backward(argmax=FAR), IndexError,
     f"argmax 30 {2**40}"),
    ("max_pool2d_backward", "argmax behind the last pixel", pool_backward(argmax=PLACES + 30),
     IndexError, "argmax 30"),
    ("max_pool2d_backward", "argmax -1", pool_backward(argmax=PLACES - 1), IndexError, "argmax -1"),
    ("max_pool2d_backward", "float argmax", pool_backward(argmax=ones(2, 3, 2, 4)), TypeError,
     "argmax float32"),
    ("max_pool2d_backward", "argmax of another shape", pool_backward(argmax=PLACES[:1]), ValueError,
     "argmax (2, 3, 2, 4) (1, 3, 2, 4)"),
    ("max_pool2d_backward", "dy of 0 elements", pool_backward(ones(0, 3, 2, 4)), ValueError, "dy"),
    ("max_pool2d_backward", "x_shape of rank 3", pool_backward(x_shape=(6, 5, 4)), ValueError,
     "x_shape 4 3"),
    ("max_pool2d_backward", "x_shape of floats", pool_backward(x_shape=(2, 6, 5, 4.0)), TypeError,
     "x_shape 4.0"),
    ("average_pool2d_backward", "dy of another size",
     lambda: ops.average_pool2d_backward(ones(2, 3, 3, 4), X.shape), ValueError, "dy"),
    ("average_pool2d_backward", "x_shape None",
     lambda: ops.average_pool2d_backward(POOL_DY, None), TypeError, "x_shape None"),
    ("average_pool2d_backward", "x_shape -1",
     lambda: ops.average_pool2d_backward(ones(2, 3, 3, 4), (2, -1, 5, 4)), ValueError, ""),
]  # fmt: skip


@refused(ROWS)
def test_a_bad_argument_is_refused(op, call, error, words):
    assert_refused(call, error, op, words)


def test_a_stride_over_the_image_gives_one_pixel():
    y = ops.conv2d(X, W, B, strides=2**31)
    assert_same_bits(y, ops.conv2d(X, W, B)[:, :1, :1])
    assert ops.max_pool2d(X, 2, 2**62)[0].shape == (2, 1, 1, 4)


@pytest.mark.skipif(sys.platform == "win32", reason="the memory of a process is limited by POSIX")
def test_a_result_over_the_memory_is_refused_before_it_is_filled():
    script = """
        import resource
        import numpy as np
        from brasa import ops

        resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
        one = np.ones((1, 1, 1, 1), np.float32)
        for x, padding in ((np.broadcast_to(one, (1, 60_000, 60_000, 1)), 0), (one, 30_000)):
            try:
                ops.conv2d(x, one, padding=padding)
            except MemoryError as error:
                print("conv2d" in str(error), error)
    """
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert len(lines) == 2, result.stdout
    assert all(line.startswith("True") for line in lines), "the message must name the op"
    assert all("14,400," in line or "GiB" in line for line in lines), "and the bytes"
