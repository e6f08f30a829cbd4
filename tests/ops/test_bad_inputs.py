"""What a user can get wrong: each call raises the named exception, with a message that helps.

A message starts with the op and names the argument; where one value is at fault, it is there, too.
"""

import subprocess
import sys
import textwrap

import numpy as np
import pytest

from brasa import ops
from brasa.testing.assertions import assert_refused, assert_same_bits


def ones(*shape):
    return np.ones(shape, np.float32)


X, W, B = ones(2, 6, 5, 4), ones(3, 3, 4, 8), ones(8)
DY = ones(2, 4, 3, 8)
POOL_DY, PLACES = ones(2, 3, 2, 4), np.zeros((2, 3, 2, 4), np.int32)
FAR = np.full(PLACES.shape, 2**40)
LOGITS, LABELS = ones(3, 5), np.array([0, 4, 2])
HALVES = np.full((2, 2), 0.5, np.float32)
FLAT = ones(6)
NAN, INF = float("nan"), float("inf")


def conv(x=X, w=W, b=B, **window):
    return lambda: ops.conv2d(x, w, b, **window)


def conv_backward(dy=DY, x=X, w=W, **window):
    return lambda: ops.conv2d_backward(dy, x, w, **window)


def pool(op=ops.max_pool2d, x=X, **window):
    return lambda: op(x, **window)


def pool_backward(dy=POOL_DY, argmax=PLACES, x_shape=X.shape, **window):
    return lambda: ops.max_pool2d_backward(dy, argmax, x_shape, **window)


def entropy(pred=LOGITS, labels=LABELS, **weights):
    return lambda: ops.softmax_cross_entropy(pred, labels, **weights)


def sgd(p=None, g=FLAT, velocity=None, **options):
    return lambda: ops.sgd_step(ones(6) if p is None else p, g, velocity, **options)


def adam(p=None, g=FLAT, m=None, v=None, step=1, **options):
    spans = [ones(6) if span is None else span for span in (p, m, v)]
    return lambda: ops.adam_step(spans[0], g, *spans[1:], step, **options)


def rmsprop(p=None, g=FLAT, velocity=None, **options):
    spans = [ones(6) if span is None else span for span in (p, velocity)]
    return lambda: ops.rmsprop_step(spans[0], g, spans[1], **options)


def adagrad(p=None, g=FLAT, accumulator=None, **options):
    spans = [ones(6) if span is None else span for span in (p, accumulator)]
    return lambda: ops.adagrad_step(spans[0], g, spans[1], **options)


def locked(array):
    array.flags.writeable = False
    return array


def misaligned(count):
    return np.frombuffer(bytearray(4 * count + 1), np.uint8)[1:].view(np.float32)


SHARED = ones(9)

# op, what is wrong, call, exception, words that the message must hold
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
    ("activation", "an array for the name", lambda: ops.activation(X, B), ValueError, "array (8,)"),
    ("matmul", "an array for a bool", lambda: ops.matmul(FLAT[None], FLAT[:, None], B), TypeError,
     "transpose_a bool array (8,)"),
    ("accuracy", "an array for a bool", lambda: ops.accuracy(LOGITS, LABELS, binary=B), TypeError,
     "binary bool array (8,)"),
    ("binary_cross_entropy", "an array for a bool",
     lambda: ops.binary_cross_entropy(HALVES, HALVES, B), TypeError, "from_logits bool array (8,)"),
    ("sgd_step", "an array for a bool",
     lambda: ops.sgd_step(ones(6), FLAT, ones(6), nesterov=B, momentum=0.9), TypeError, "bool"),
    ("reshape", "a number for a shape", lambda: ops.reshape(FLAT, 6), TypeError, "shape tuple 6"),
    ("dense_backward", "a single number for x",
     lambda: ops.dense_backward(FLAT, 1.0, FLAT[None]), ValueError, "x ()"),
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
    ("dense", "inner sizes differ", lambda: ops.dense(ones(2, 3), ones(4, 5)), ValueError,
     "w 4 x 3 (2, 3) (4, 5)"),
    ("dense", "rank 3 weights", lambda: ops.dense(ones(2, 3), ones(1, 3, 5)), ValueError, "w 2"),
    ("dense", "scalar input", lambda: ops.dense(1.0, ones(1, 5)), ValueError, "x"),
    ("dense", "bias too long", lambda: ops.dense(ones(2, 3), ones(3, 5), ones(6)), ValueError,
     "(5,) (6,)"),
    ("dense_backward", "dy of another width",
     lambda: ops.dense_backward(ones(2, 4), ones(2, 3), ones(3, 5)), ValueError, "dy (2, 4)"),
    ("matmul", "inner sizes differ", lambda: ops.matmul(ones(2, 3), ones(4, 5)), ValueError, "3 4"),
    ("matmul", "inner sizes differ, transposed",
     lambda: ops.matmul(ones(2, 3), ones(3, 5), transpose_a=True), ValueError, "2 3"),
    ("matmul", "rank 1", lambda: ops.matmul(ones(3), ones(3, 5)), ValueError, "a"),
    ("matmul", "batches differ", lambda: ops.matmul(ones(2, 4, 3), ones(3, 3, 5)), ValueError, ""),
    ("relu_backward", "shapes differ", lambda: ops.relu_backward(ones(3), ones(4)), ValueError,
     "(3,) (4,)"),
    ("leaky_relu", "negative slope", lambda: ops.leaky_relu(X, -0.1), ValueError,
     "negative_slope -0.1"),
    ("leaky_relu", "slope NaN", lambda: ops.leaky_relu(X, NAN), ValueError, "negative_slope nan"),
    ("leaky_relu", "slope 'a'", lambda: ops.leaky_relu(X, "a"), TypeError, "negative_slope 'a'"),
    ("softmax", "a scalar", lambda: ops.softmax(3.0), ValueError, ""),
    ("softmax", "another axis than the last", lambda: ops.softmax(X, axis=0), ValueError,
     "axis 0 last"),
    ("softmax", "axis 4 of rank 4", lambda: ops.softmax(X, axis=4), ValueError, "axis 4"),
    ("softmax", "axis -5 of rank 4", lambda: ops.softmax(X, axis=-5), ValueError, "axis -5"),
    ("softmax", "axis 1.0", lambda: ops.softmax(X, axis=1.0), TypeError, "axis 1.0"),
    ("softmax_backward", "shapes differ", lambda: ops.softmax_backward(ones(3), ones(4)),
     ValueError, "(3,) (4,)"),
    ("softmax_cross_entropy", "label == classes", entropy(labels=[0, 5, 2]), IndexError,
     "row 1 5 classes 0 4"),
    ("softmax_cross_entropy", "label -1", entropy(labels=[0, 1, -1]), IndexError, "row 2 -1 5"),
    ("softmax_cross_entropy", "label 2**40", entropy(labels=[0, 2**40, 1]), IndexError,
     f"row 1 {2**40}"),
    ("softmax_cross_entropy", "label 255 of uint8", entropy(labels=np.uint8([255, 0, 0])),
     IndexError, "row 0 255"),
    ("softmax_cross_entropy", "float labels", entropy(labels=ones(3)), TypeError,
     "whole float32"),
    ("softmax_cross_entropy", "NaN labels", entropy(labels=[0, NAN, 1]), TypeError,
     "whole float64"),
    ("softmax_cross_entropy", "bool labels", entropy(labels=[True, False, True]), TypeError,
     "whole bool"),
    ("softmax_cross_entropy", "string labels", entropy(labels=["0", "1", "2"]), TypeError,
     "labels"),
    ("softmax_cross_entropy", "no labels", entropy(labels=None), TypeError, "labels None"),
    ("softmax_cross_entropy", "fewer labels", entropy(labels=[0, 1]), ValueError, "2 3"),
    ("softmax_cross_entropy", "one-hot too wide", entropy(labels=np.eye(3, 6)), ValueError,
     "(3, 5) (3, 6)"),
    ("softmax_cross_entropy", "one-hot sums to 2", entropy(labels=np.eye(3, 5) * [[1], [2], [1]]),
     ValueError, "row 1 2"),
    ("softmax_cross_entropy", "one-hot with -1", entropy(labels=[[2, -1, 0, 0, 0]] * 3), ValueError,
     "row 0"),
    ("softmax_cross_entropy", "one-hot with NaN", entropy(labels=[[NAN, 1, 0, 0, 0]] * 3),
     ValueError, "0 nan"),
    ("softmax_cross_entropy", "0 classes", entropy(ones(3, 0)), ValueError, "class"),
    ("softmax_cross_entropy", "batch 0", entropy(ones(0, 5), np.zeros(0, int)), ValueError,
     "no samples"),
    ("softmax_cross_entropy", "scalar logits", entropy(1.0, 0), ValueError, ""),
    ("softmax_cross_entropy", "weights too short", entropy(sample_weight=ones(2)), ValueError,
     "sample_weight 3 (2,)"),
    ("softmax_cross_entropy", "weight -1", entropy(sample_weight=[1.0, -1.0, 1.0]), ValueError,
     "sample_weight >= 0"),
    ("softmax_cross_entropy", "weight NaN", entropy(sample_weight=[1.0, NAN, 1.0]), ValueError,
     "sample_weight"),
    ("softmax_cross_entropy", "weights all zero", entropy(sample_weight=[0.0] * 3), ValueError,
     "sample_weight zero"),
    ("cross_entropy", "label == classes", lambda: ops.cross_entropy(HALVES, [0, 2]), IndexError,
     "row 1 2"),
    ("cross_entropy", "float labels", lambda: ops.cross_entropy(HALVES, [0.0, 1.0]), TypeError,
     "whole float64"),
    ("binary_cross_entropy", "target 2", lambda: ops.binary_cross_entropy(HALVES, 2 * ones(2, 2)),
     ValueError, "2 targets [0, 1]"),
    ("binary_cross_entropy", "target NaN",
     lambda: ops.binary_cross_entropy(HALVES, np.full((2, 2), NAN)), ValueError, "nan targets"),
    ("binary_cross_entropy", "shapes differ", lambda: ops.binary_cross_entropy(HALVES, ones(2, 1)),
     ValueError, "(2, 2) (2, 1)"),
    ("mean_squared_error", "shapes differ", lambda: ops.mean_squared_error(HALVES, ones(2)),
     ValueError, "(2, 2) (2,)"),
    ("mean_squared_error", "batch 0", lambda: ops.mean_squared_error(ones(0, 2), ones(0, 2)),
     ValueError, "no samples"),
    ("accuracy", "label == classes", lambda: ops.accuracy(HALVES, [0, 2]), IndexError, "row 1 2"),
    ("accuracy", "fewer labels", lambda: ops.accuracy(HALVES, [0]), ValueError, "1 2"),
    ("accuracy", "float labels", lambda: ops.accuracy(HALVES, [0.0, 1.0]), TypeError,
     "whole float64"),
    ("accuracy", "threshold 'a'", lambda: ops.accuracy(HALVES, HALVES, "a", True), TypeError,
     "threshold 'a'"),
    ("accuracy", "threshold NaN", lambda: ops.accuracy(HALVES, HALVES, NAN, True), ValueError,
     "threshold nan"),
    ("accuracy", "batch 0", lambda: ops.accuracy(ones(0, 2), np.zeros(0, int)), ValueError,
     "empty"),
    ("dropout", "rate 1.5", lambda: ops.dropout(X, 1.5), ValueError, "rate 1.5"),
    ("dropout", "rate 1", lambda: ops.dropout(X, 1.0), ValueError, "rate [0, 1) 1.0"),
    ("dropout", "rate -0.1", lambda: ops.dropout(X, -0.1), ValueError, "rate -0.1"),
    ("dropout", "rate NaN", lambda: ops.dropout(X, NAN), ValueError, "rate nan"),
    ("dropout", "rate 'half'", lambda: ops.dropout(X, "half"), TypeError, "rate 'half'"),
    ("dropout", "node -1", lambda: ops.dropout(X, 0.5, node=-1), ValueError, "node -1"),
    ("dropout", "node 2**64", lambda: ops.dropout(X, 0.5, node=2**64), ValueError, "node"),
    ("dropout", "seed 0.5", lambda: ops.dropout(X, 0.5, seed=0.5), TypeError, "seed 0.5"),
    ("add", "no inputs", ops.add, ValueError, "1 input"),
    ("add", "17 inputs", lambda: ops.add(*[FLAT] * 17), ValueError, "16 17"),
    ("add", "shapes differ", lambda: ops.add(ones(3), ones(2)), ValueError, "(3,) (2,)"),
    ("add_bias", "another length", lambda: ops.add_bias(X, ones(3)), ValueError, "b (4,) (3,)"),
    ("add_bias", "b is a matrix", lambda: ops.add_bias(X, ones(5, 4)), ValueError, "b (4,) (5, 4)"),
    ("add_bias", "a scalar", lambda: ops.add_bias(1.0, ones(1)), ValueError, "x rank 1"),
    ("add_bias", "softmax", lambda: ops.add_bias(X, ones(4), "softmax"), ValueError, "'softmax'"),
    ("multiply", "shapes differ", lambda: ops.multiply(ones(3), ones(2)), ValueError, "(3,) (2,)"),
    ("scale", "factor 'a'", lambda: ops.scale(X, "a"), TypeError, "factor 'a'"),
    ("concatenate", "no inputs", lambda: ops.concatenate([]), ValueError, "1 input"),
    ("concatenate", "shapes differ off the axis",
     lambda: ops.concatenate([ones(2, 3), ones(3, 3)], 1), ValueError, "(2, 3) (3, 3)"),
    ("concatenate", "ranks differ", lambda: ops.concatenate([ones(2, 3), ones(2)], 0), ValueError,
     "(2, 3) (2,)"),
    ("concatenate", "axis 9", lambda: ops.concatenate([FLAT], 9), ValueError, "axis 9"),
    ("concatenate", "axis 0.0", lambda: ops.concatenate([FLAT], 0.0), TypeError, "axis 0.0"),
    ("pad", "axis 1 of rank 1", lambda: ops.pad(FLAT, 1, 0, 0), ValueError, "axis 1"),
    ("pad", "before -1", lambda: ops.pad(FLAT, 0, -1, 0), ValueError, "before -1"),
    ("pad", "after 0.5", lambda: ops.pad(FLAT, 0, 0, 0.5), TypeError, "after 0.5"),
    ("pad", "after 2**64", lambda: ops.pad(FLAT, 0, 0, 2**64), ValueError, ""),
    ("flip", "axis 9", lambda: ops.flip(FLAT, 9), ValueError, "axis 9"),
    ("flip", "axis 0.0", lambda: ops.flip(FLAT, 0.0), TypeError, "axis 0.0"),
    ("pad", "axis 1 of rank 1", lambda: ops.pad(FLAT, 1, 0, 1), ValueError, "axis 1"),
    ("pad", "before -1", lambda: ops.pad(FLAT, 0, -1, 1), ValueError, "-1"),
    ("pad", "after 1.0", lambda: ops.pad(FLAT, 0, 1, 1.0), TypeError, "after 1.0"),
    ("pad", "after 2**64", lambda: ops.pad(FLAT, 0, 0, 2**64), ValueError, ""),
    ("pad", "a scalar", lambda: ops.pad(1.0, 0, 0, 1), ValueError, "rank 0"),
    ("slice", "axis 1 of rank 1", lambda: ops.slice(FLAT, 1, 0, 1), ValueError, "axis 1"),
    ("slice", "start -1", lambda: ops.slice(FLAT, 0, -1, 1), ValueError, "-1"),
    ("slice", "length -1", lambda: ops.slice(FLAT, 0, 1, -1), ValueError, "-1"),
    ("slice", "past the end", lambda: ops.slice(FLAT, 0, 4, 3), ValueError, "6"),
    ("slice", "start 2**64", lambda: ops.slice(FLAT, 0, 2**64, 3), ValueError, ""),
    ("slice", "axis 2**64", lambda: ops.slice(FLAT, 2**64, 0, 3), ValueError, "axis"),
    ("slice", "start 2**63 - 1", lambda: ops.slice(FLAT, 0, 2**63 - 1, 3), ValueError, ""),
    ("reshape", "two -1", lambda: ops.reshape(FLAT, (-1, -1)), ValueError, "(-1, -1)"),
    ("reshape", "extent -2", lambda: ops.reshape(FLAT, (-2, 3)), ValueError, "(-2, 3)"),
    ("reshape", "product overflows", lambda: ops.reshape(FLAT, (2**40, 2**40)), ValueError, "6"),
    ("reshape", "another count", lambda: ops.reshape(FLAT, (2, 2)), ValueError, "6 (2, 2)"),
    ("reshape", "-1 does not come out", lambda: ops.reshape(FLAT, (4, -1)), ValueError, "6"),
    ("sgd_step", "learning rate -0.1", sgd(learning_rate=-0.1), ValueError, "learning_rate -0.1"),
    ("sgd_step", "learning rate NaN", sgd(learning_rate=NAN), ValueError, "learning_rate nan"),
    ("sgd_step", "learning rate inf", sgd(learning_rate=INF), ValueError, "learning_rate inf"),
    ("sgd_step", "learning rate 'a'", sgd(learning_rate="a"), TypeError, "learning_rate 'a'"),
    ("sgd_step", "momentum 1.5", sgd(velocity=ones(6), momentum=1.5), ValueError, "momentum 1.5"),
    ("sgd_step", "momentum -0.1", sgd(velocity=ones(6), momentum=-0.1), ValueError,
     "momentum -0.1"),
    ("sgd_step", "momentum NaN", sgd(velocity=ones(6), momentum=NAN), ValueError, "momentum nan"),
    ("sgd_step", "momentum without velocity", sgd(momentum=0.9), ValueError, "momentum velocity"),
    ("sgd_step", "gradient of another shape", sgd(g=ones(5)), ValueError, "p (5,) (6,)"),
    ("sgd_step", "float64 gradient", sgd(g=np.ones(6)), TypeError, "g float32 float64"),
    ("sgd_step", "float64 parameters", sgd(p=np.ones(6)), TypeError, "p float32 float64"),
    ("sgd_step", "big-endian parameters", sgd(p=np.ones(6, ">f4")), TypeError, "p float32"),
    ("sgd_step", "a list of parameters", sgd(p=[1.0] * 6), TypeError, "p list"),
    ("sgd_step", "no parameters", sgd(p=ones(0), g=ones(0)), ValueError, "parameters"),
    ("sgd_step", "read-only parameters", sgd(p=locked(ones(6))), ValueError, "p read-only"),
    ("sgd_step", "strided parameters", sgd(p=ones(12)[::2]), ValueError, "p contiguous"),
    ("sgd_step", "misaligned parameters", sgd(p=misaligned(6)), ValueError, "p aligned"),
    ("sgd_step", "broadcast parameters", sgd(p=np.broadcast_to(ones(1), 6)), ValueError, "p"),
    ("sgd_step", "parameters are the gradient", sgd(p=FLAT), ValueError, "p g overlap"),
    ("sgd_step", "parameters overlap the velocity",
     sgd(p=SHARED[:6], velocity=SHARED[3:], momentum=0.9), ValueError, "velocity p overlap"),
    ("adam_step", "learning rate -0.1", adam(learning_rate=-0.1), ValueError, "learning_rate -0.1"),
    ("adam_step", "beta_1 1", adam(beta_1=1.0), ValueError, "beta_1 1"),
    ("adam_step", "beta_2 1", adam(beta_2=1.0), ValueError, "beta_2 1"),
    ("adam_step", "beta_1 -0.1", adam(beta_1=-0.1), ValueError, "beta_1 -0.1"),
    ("adam_step", "beta_2 NaN", adam(beta_2=NAN), ValueError, "beta_2 nan"),
    ("adam_step", "epsilon 0", adam(epsilon=0.0), ValueError, "epsilon > 0"),
    ("adam_step", "epsilon -1", adam(epsilon=-1.0), ValueError, "epsilon -1"),
    ("adam_step", "epsilon NaN", adam(epsilon=NAN), ValueError, "epsilon nan"),
    ("adam_step", "step 0", adam(step=0), ValueError, "step 0"),
    ("adam_step", "step 2**1025", adam(step=2**1025), ValueError, "step"),
    ("adam_step", "step 1.5", adam(step=1.5), TypeError, "step 1.5"),
    ("adam_step", "slot of another shape", adam(m=ones(7)), ValueError, "m (6,) (7,)"),
    ("adam_step", "float64 slot", adam(v=np.ones(6)), TypeError, "v float32 float64"),
    ("adam_step", "one slot given twice", adam(m=SHARED[:6], v=SHARED[:6]), ValueError,
     "v m overlap"),
    ("adam_step", "read-only slot", adam(v=locked(ones(6))), ValueError, "v read-only"),
    ("adam_step", "decay -1", adam(weight_decay=-1.0), ValueError, "weight_decay -1"),
    ("adam_step", "decay 1e39", adam(weight_decay=1e39), ValueError, "weight_decay finite"),
    ("sgd_step", "decay 'a'", sgd(weight_decay="a"), TypeError, "weight_decay 'a'"),
    ("sgd_step", "l1 NaN", sgd(l1=NAN), ValueError, "l1 nan"),
    ("sgd_step", "l2 inf", sgd(l2=INF), ValueError, "l2 inf"),
    ("rmsprop_step", "learning rate NaN", rmsprop(learning_rate=NAN), ValueError, "learning_rate"),
    ("rmsprop_step", "rho 1", rmsprop(rho=1.0), ValueError, "rho 1"),
    ("rmsprop_step", "momentum 1.5", rmsprop(momentum=1.5), ValueError, "momentum 1.5"),
    ("rmsprop_step", "no moment", rmsprop(momentum=0.5), ValueError, "moment"),
    ("rmsprop_step", "no average", rmsprop(centered=True), ValueError, "average"),
    ("rmsprop_step", "centered 2", rmsprop(centered=2), TypeError, "centered 2"),
    ("rmsprop_step", "epsilon 0", rmsprop(epsilon=0.0), ValueError, "epsilon > 0"),
    ("rmsprop_step", "short velocity", rmsprop(velocity=ones(5)), ValueError, "velocity (5,)"),
    ("rmsprop_step", "velocity is the average",
     rmsprop(velocity=SHARED[:6], average=SHARED[:6], centered=True), ValueError, "overlap"),
    ("adagrad_step", "learning rate -1", adagrad(learning_rate=-1), ValueError, "learning_rate"),
    ("adagrad_step", "epsilon -1", adagrad(epsilon=-1.0), ValueError, "epsilon -1"),
    ("adagrad_step", "float64 slot", adagrad(accumulator=np.ones(6)), TypeError, "accumulator"),
    ("penalty", "l1 -1", lambda: ops.penalty(FLAT, l1=-1.0), ValueError, "l1 -1"),
    ("penalty", "l2 'a'", lambda: ops.penalty(FLAT, l2="a"), TypeError, "l2 'a'"),
    ("penalty", "whole numbers", lambda: ops.penalty([1, 2], 1.0), TypeError, "x int64"),
    ("penalty_backward", "l2 NaN", lambda: ops.penalty_backward(FLAT, l2=NAN), ValueError, "l2"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("op", "call", "error", "words"),
    [pytest.param(op, *rest, id=f"{op}: {what}") for op, what, *rest in ROWS],
)
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


def test_a_refused_step_leaves_the_parameters_alone():
    p, m, v = ones(6), ones(6), locked(ones(6))
    with pytest.raises(ValueError, match="read-only"):
        ops.adam_step(p, ones(6), m, v, 1)
    with pytest.raises(ValueError, match="learning_rate"):
        ops.sgd_step(p, ones(6), m, learning_rate=INF, momentum=0.9)
    assert_same_bits((p, m), (ones(6), ones(6)))
