"""Bad inputs of the steps of optimizers and of penalties."""

import numpy as np
import pytest

from brasa import ops
from brasa.testing.assertions import assert_refused, assert_same_bits
from tests.ops.refusals import FLAT, INF, NAN, B, ones, refused


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

ROWS = [
    ("sgd_step", "an array for a bool",
     lambda: ops.sgd_step(ones(6), FLAT, ones(6), nesterov=B, momentum=0.9), TypeError, "bool"),
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
    ("adam_step", "v_hat of another shape", adam(v_hat=ones(7)), ValueError, "v_hat (6,) (7,)"),
    ("adam_step", "float64 v_hat", adam(v_hat=np.ones(6)), TypeError, "v_hat float32 float64"),
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
    ("adadelta_step", "rho 1", lambda: ops.adadelta_step(ones(6), FLAT, ones(6), ones(6), rho=1.0),
     ValueError, "rho 1"),
    ("adamax_step", "step 0", lambda: ops.adamax_step(ones(6), FLAT, ones(6), ones(6), 0),
     ValueError, "step 0"),
    ("nadam_step", "beta_1 1",
     lambda: ops.nadam_step(ones(6), FLAT, ones(6), ones(6), 1, beta_1=1.0), ValueError,
     "beta_1 1"),
    ("nadam_step", "slot of another shape",
     lambda: ops.nadam_step(ones(6), FLAT, ones(6), ones(5), 1), ValueError, "v (6,) (5,)"),
    ("lion_step", "no slot", lambda: ops.lion_step(ones(6), FLAT, None), TypeError, "m NumPy"),
    ("ftrl_step", "power 1", lambda: ops.ftrl_step(*(ones(6) for _ in "pgnz"), 0.1, 1.0),
     ValueError, "learning_rate_power 1"),
    ("ftrl_step", "lasso -1",
     lambda: ops.ftrl_step(*(ones(6) for _ in "pgnz"), l1_regularization_strength=-1.0),
     ValueError, "lasso -1"),
    ("ftrl_step", "beta 'a'", lambda: ops.ftrl_step(*(ones(6) for _ in "pgnz"), beta="a"),
     TypeError, "beta 'a'"),
    ("ftrl_step", "slot of another shape",
     lambda: ops.ftrl_step(ones(6), FLAT, ones(6), ones(5)), ValueError, "linear (6,) (5,)"),
    ("lamb_step", "step 0", lambda: ops.lamb_step(ones(6), FLAT, ones(6), ones(6), 0),
     ValueError, "step 0"),
    ("lamb_step", "epsilon 0",
     lambda: ops.lamb_step(ones(6), FLAT, ones(6), ones(6), 1, epsilon=0.0), ValueError,
     "epsilon 0"),
    ("lamb_step", "no slot", lambda: ops.lamb_step(ones(6), FLAT, None, ones(6), 1),
     TypeError, "m NumPy"),
    ("penalty", "l1 -1", lambda: ops.penalty(FLAT, l1=-1.0), ValueError, "l1 -1"),
    ("penalty", "l2 'a'", lambda: ops.penalty(FLAT, l2="a"), TypeError, "l2 'a'"),
    ("penalty", "whole numbers", lambda: ops.penalty([1, 2], 1.0), TypeError, "x int64"),
    ("penalty_backward", "l2 NaN", lambda: ops.penalty_backward(FLAT, l2=NAN), ValueError, "l2"),
]  # fmt: skip


@refused(ROWS)
def test_a_bad_argument_is_refused(op, call, error, words):
    assert_refused(call, error, op, words)


def test_a_refused_step_leaves_the_parameters_alone():
    p, m, v = ones(6), ones(6), locked(ones(6))
    with pytest.raises(ValueError, match="read-only"):
        ops.adam_step(p, ones(6), m, v, 1)
    with pytest.raises(ValueError, match="learning_rate"):
        ops.sgd_step(p, ones(6), m, learning_rate=INF, momentum=0.9)
    assert_same_bits((p, m), (ones(6), ones(6)))
