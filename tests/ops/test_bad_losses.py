"""Bad inputs of softmax, losses and metrics."""

import numpy as np

from brasa import ops
from brasa.testing.assertions import assert_refused
from tests.ops.refusals import HALVES, LABELS, LOGITS, NAN, B, X, ones, refused


def entropy(pred=LOGITS, labels=LABELS, **weights):
    return lambda: ops.softmax_cross_entropy(pred, labels, **weights)


ROWS = [
    ("accuracy", "an array for a bool", lambda: ops.accuracy(LOGITS, LABELS, binary=B), TypeError,
     "binary bool array (8,)"),
    ("binary_cross_entropy", "an array for a bool",
     lambda: ops.binary_cross_entropy(HALVES, HALVES, B), TypeError, "from_logits bool array (8,)"),
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
    ("mean_absolute_error", "shapes differ", lambda: ops.mean_absolute_error(HALVES, ones(2)),
     ValueError, "(2, 2) (2,)"),
    ("mean_absolute_error", "batch 0", lambda: ops.mean_absolute_error(ones(0, 2), ones(0, 2)),
     ValueError, "no samples"),
    ("mean_absolute_error", "target NaN",
     lambda: ops.mean_absolute_error(HALVES, np.full((2, 2), NAN)), ValueError, "y nan finite"),
    ("mean_absolute_error", "no target", lambda: ops.mean_absolute_error(HALVES, None), TypeError,
     "y None"),
    ("mean_absolute_error", "weights too short",
     lambda: ops.mean_absolute_error(HALVES, HALVES, ones(3)), ValueError,
     "sample_weight (2,) (3,)"),
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
]  # fmt: skip


@refused(ROWS)
def test_a_bad_argument_is_refused(op, call, error, words):
    assert_refused(call, error, op, words)
