"""Which arrays the ops take and which they refuse.

What is unusual but has a meaning gives the same bits as the plain array; the rest is refused before
anything runs.
"""

import numpy as np
import pytest

from brasa import ops
from brasa.testing.assertions import assert_refused, assert_same_bits


def ones(*shape):
    return np.ones(shape, np.float32)


def locked(array):
    array.flags.writeable = False
    return array


def misaligned(count):
    return np.frombuffer(bytearray(4 * count + 1), np.uint8)[1:].view(np.float32)


BAD_ARRAYS = [
    ("None", None, TypeError, "None"),
    ("int64", np.ones((3, 3), np.int64), TypeError, "int64 float32"),
    ("uint8", np.ones((3, 3), np.uint8), TypeError, "uint8 float32"),
    ("bool", np.ones((3, 3), bool), TypeError, "bool"),
    ("complex64", np.ones((3, 3), np.complex64), TypeError, "complex64"),
    ("object", np.array([[1.0, None, 2.0]] * 3, object), TypeError, "object"),
    ("strings", np.array([["1.5", "2", "3"]] * 3), TypeError, "<U3"),
    ("datetime", np.full((3, 3), 50, "datetime64[s]"), TypeError, "datetime64"),
    ("structured", np.ones((3, 3), [("a", "f4")]), TypeError, "dtype"),
    ("masked", np.ma.masked_equal(ones(3, 3), 0.0), TypeError, "mask filled"),
    ("float64 over the range", np.full((3, 3), 1e300), ValueError, "1e+300 float32"),
    ("ragged list", [[1.0, 2.0], [1.0]], ValueError, ""),
    ("a word", "abc", TypeError, ""),
    ("a dict", {"a": 1.0}, TypeError, ""),
]

# Each takes one square matrix in the place under test.
DOORS = {
    "relu": ops.relu,
    "softmax": ops.softmax,
    "matmul": lambda a: ops.matmul(a, ones(3, 3)),
    "dense": lambda a: ops.dense(ones(3, 3), a),
    "multiply": lambda a: ops.multiply(ones(3, 3), a),
    "maximum": lambda a: ops.maximum(ones(3, 3), a),
    "exp": ops.exp,
    "huber": lambda a: ops.huber(a, ones(3, 3)),
    "mean_absolute_error": lambda a: ops.mean_absolute_error(a, ones(3, 3)),
    "mean_squared_error": lambda a: ops.mean_squared_error(a, ones(3, 3)),
    "dropout": lambda a: ops.dropout(a, 0.5),
    "gaussian_noise": ops.gaussian_noise,
    "concatenate": lambda a: ops.concatenate([ones(3, 3), a]),
    "accuracy": lambda a: ops.accuracy(a, [0, 1, 2]),
}


@pytest.mark.parametrize("op", DOORS)
@pytest.mark.parametrize(
    ("value", "error", "words"), [pytest.param(*rest, id=what) for what, *rest in BAD_ARRAYS]
)
def test_what_is_no_float_array_is_refused(op, value, error, words):
    assert_refused(lambda: DOORS[op](value), error, op, words)


def fortran(a):
    return np.asfortranarray(a)


def backwards(a):
    return np.ascontiguousarray(a[..., ::-1])[..., ::-1]


def every_second(a):
    wide = np.zeros((*a.shape[:-1], 2 * a.shape[-1]), a.dtype)
    wide[..., ::2] = a
    return wide[..., ::2]


def off_by_a_byte(a):
    raw = np.zeros(a.nbytes + 1, np.uint8)
    moved = raw[1:].view(a.dtype).reshape(a.shape)
    moved[...] = a
    assert not moved.flags.aligned
    return moved


class Subclass(np.ndarray):
    """Has no behaviour of its own."""


class Exporter:
    """Something that NumPy can read, such as a tensor of another library."""

    def __init__(self, a):
        self.a = a

    def __array__(self, dtype=None, copy=None):
        return self.a


UNUSUAL = {
    "Fortran order": fortran,
    "negative strides": backwards,
    "a slice": every_second,
    "big-endian": lambda a: a.astype(">f4"),
    "float64": lambda a: a.astype(np.float64),
    "misaligned": off_by_a_byte,
    "read-only": lambda a: locked(a.copy()),
    "a subclass": lambda a: a.view(Subclass),
    "nested lists": lambda a: a.tolist(),
    "__array__": Exporter,
}

READERS = {
    "relu": (ops.relu, [(3, 5)]),
    "tanh_backward": (ops.tanh_backward, [(3, 5), (3, 5)]),
    "softmax": (ops.softmax, [(3, 5)]),
    "group_norm": (lambda x, *of: ops.group_norm(x, 2, *of), [(2, 5, 4), (4,), (4,)]),
    "layer_norm": (ops.layer_norm, [(3, 5), (5,), (5,)]),
    "dense": (ops.dense, [(3, 5), (5, 4), (4,)]),
    "conv2d": (ops.conv2d, [(2, 5, 4, 3), (3, 2, 3, 4), (4,)]),
    "conv2d_backward": (ops.conv2d_backward, [(2, 3, 3, 4), (2, 5, 4, 3), (3, 2, 3, 4)]),
    "max_pool2d": (ops.max_pool2d, [(2, 5, 4, 3)]),
    "average_pool2d": (ops.average_pool2d, [(2, 5, 4, 3)]),
    "huber": (lambda x, y, w: ops.huber(x, y, 0.5, w), [(3, 5), (3, 5), (3,)]),
    "mean_absolute_error": (ops.mean_absolute_error, [(3, 5), (3, 5), (3,)]),
    "mean_squared_error": (ops.mean_squared_error, [(3, 5), (3, 5), (3,)]),
    "add": (ops.add, [(3, 5), (3, 5), (3, 5)]),
    "crop_flip": (lambda x: ops.crop_flip(x, 2, (0, 2), seed=1), [(3, 4, 5, 2)]),
    "warp2d": (lambda x: ops.warp2d(x, 2, (0, 0.5), seed=1), [(3, 4, 5, 2)]),
    "dropout": (lambda x: ops.dropout(x, 0.5), [(3, 5)]),
    "gaussian_noise": (ops.gaussian_noise, [(3, 5)]),
    "concatenate": (lambda *xs: ops.concatenate(xs, 0), [(3, 5), (2, 5)]),
    "pad": (lambda x: ops.pad(x, 0, 1, 2), [(3, 5)]),
    "slice": (lambda x: ops.slice(x, 0, 1, 2), [(3, 5)]),
    "transpose": (ops.transpose, [(3, 5)]),
    "log": (ops.log, [(3, 5)]),
    "divide": (ops.divide, [(3, 5), (3, 1)]),
    "einsum": (lambda a, b: ops.einsum("ij,kj->ki", a, b), [(3, 5), (4, 5)]),
    "sin": (ops.sin, [(3, 5)]),
    "cast": (lambda x: ops.cast(x, "int32"), [(3, 5)]),
    "less": (lambda a, b: ops.cast(ops.less(a, b), "float32"), [(3, 5), (3, 1)]),
}


@pytest.mark.parametrize("op", READERS)
@pytest.mark.parametrize("how", UNUSUAL)
def test_an_unusual_array_gives_the_bits_of_the_plain_one(op, how, rng):
    call, shapes = READERS[op]
    plain = [np.abs(rng.normal(size=shape)).astype(np.float32) for shape in shapes]
    want = call(*plain)
    assert_same_bits(call(*(UNUSUAL[how](a) for a in plain)), want)


# Each takes (4, 3) whole numbers from 0 to 2.
READERS_OF_NUMBERS = {
    "embedding": lambda ids: ops.embedding(ids, np.eye(3, dtype=np.float32)),
    "embedding_backward": lambda ids: ops.embedding_backward(ones(4, 3, 2), ids, 3),
    "one_hot": lambda ids: ops.one_hot(ids, 3),
    "mask_of_ids": ops.mask_of_ids,
    "softmax_cross_entropy": lambda labels: ops.softmax_cross_entropy(ones(4, 3, 3), labels),
    "accuracy": lambda labels: ops.accuracy(ones(4, 3, 3), labels),
    "max_pool2d_backward": lambda argmax: ops.max_pool2d_backward(
        ones(4, 1, 1, 3), argmax[:, None, None], (4, 2, 2, 3)
    ),
}


@pytest.mark.parametrize("op", READERS_OF_NUMBERS)
@pytest.mark.parametrize("how", ["Fortran order", "negative strides", "a slice", "misaligned"])
def test_unusual_whole_numbers_give_the_bits_of_the_plain_ones(op, how, rng):
    plain = rng.integers(0, 3, (4, 3)).astype(np.int32)
    call = READERS_OF_NUMBERS[op]
    assert_same_bits(call(UNUSUAL[how](plain)), call(plain))


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_a_numpy_matrix_is_a_plain_array(rng):
    x, w = rng.normal(size=(3, 4)).astype(np.float32), rng.normal(size=(4, 2)).astype(np.float32)
    y = ops.dense(np.matrix(x), np.matrix(w))
    assert type(y) is np.ndarray
    assert_same_bits(y, ops.dense(x, w))


def test_a_broadcast_array_is_an_input_like_another():
    x = np.broadcast_to(np.float32(2.0), (2, 6, 5, 4))
    w = ones(3, 3, 4, 8)
    assert_same_bits(ops.conv2d(x, w), ops.conv2d(2 * ones(2, 6, 5, 4), w))


def test_a_torch_tensor_is_read_through_numpy():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    assert_same_bits(ops.relu(torch.ones(3, 4)), ones(3, 4))


def test_labels_of_any_integer_type_and_list_are_accepted():
    logits, labels = ones(3, 5), np.array([0, 4, 2])
    want = ops.softmax_cross_entropy(logits, labels)
    for kind in ("u1", "i1", ">i2", "<i4", "u8"):
        assert_same_bits(ops.softmax_cross_entropy(logits, labels.astype(kind)), want)
    assert_same_bits(ops.softmax_cross_entropy(logits, labels.tolist()), want)
    assert_same_bits(ops.softmax_cross_entropy(logits.tolist(), np.eye(5)[labels]), want)


def test_out_is_written_and_returned(rng):
    x, out = rng.normal(size=(3, 5)).astype(np.float32), np.full((3, 5), 7, np.float32)
    got = ops.softmax(x, out=out)
    assert got is out
    assert_same_bits(out, ops.softmax(x))


OVERLAP = ones(20)
BAD_OUTPUTS = [
    ("of another shape", lambda: ones(5, 3), ValueError, "(3, 5) (5, 3)"),
    ("of float64", lambda: np.ones((3, 5)), TypeError, "out float32 float64"),
    ("big-endian", lambda: np.ones((3, 5), ">f4"), TypeError, "out float32"),
    ("read-only", lambda: locked(ones(3, 5)), ValueError, "out read-only"),
    ("broadcast", lambda: np.broadcast_to(ones(1), (3, 5)), ValueError, "out"),
    ("strided", lambda: ones(3, 10)[:, ::2], ValueError, "out contiguous"),
    ("misaligned", lambda: misaligned(15).reshape(3, 5), ValueError, "out aligned"),
    ("the input", lambda: OVERLAP[:15].reshape(3, 5), ValueError, "out overlap"),
    ("part of the input", lambda: OVERLAP[5:].reshape(3, 5), ValueError, "out overlap"),
    ("a list", lambda: [[1.0] * 5] * 3, TypeError, "out list"),
]


@pytest.mark.parametrize(
    ("make", "error", "words"), [pytest.param(*rest, id=what) for what, *rest in BAD_OUTPUTS]
)
def test_an_output_that_cannot_be_written_is_refused(make, error, words):
    x = OVERLAP[:15].reshape(3, 5)
    assert_refused(lambda: ops.softmax(x, out=make()), error, "softmax", words)
    assert (OVERLAP == 1.0).all()
