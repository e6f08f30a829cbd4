"""Arrays from and to other libraries without copies: DLPack and __cuda_array_interface__."""

import gc

import numpy as np
import pytest

import brasa
from brasa import _core, ops, runtime
from brasa.buffers import upload
from brasa.layers import Dense
from brasa.testing.assertions import assert_same_bits
from tests.interop.conftest import DEVICE, Foreign, OnlyDLPack, address, emulated, there_or_here

# ---- the host's memory ---------------------------------------------------------------------


def test_arrays_of_the_host_come_in_by_dlpack(x):
    assert_same_bits(ops.relu(OnlyDLPack(x)), ops.relu(x))


def test_pytorch_tensors_of_the_host_are_read_where_they_lie(x):
    torch = pytest.importorskip("torch")
    tensor = torch.from_numpy(x)
    assert np.shares_memory(brasa.arrays.as_floats("op", "x", tensor), x)
    assert_same_bits(ops.relu(tensor), ops.relu(x))
    with pytest.raises(TypeError, match=r"relu: x cannot be read as an array: .*detach"):
        ops.relu(tensor.clone().requires_grad_())
    with pytest.raises(TypeError, match="BFloat16"):
        ops.relu(tensor.bfloat16())
    assert torch.from_dlpack(ops.relu(x)).shape == x.shape


def test_results_are_given_by_dlpack(x):
    y = ops.relu(x)
    assert np.shares_memory(np.from_dlpack(y), y)


# ---- a device's memory ---------------------------------------------------------------------


@emulated
def test_ops_run_where_their_operands_lie(x, rng):
    w, b = rng.standard_normal((6, 3)).astype(np.float32), np.ones(3, np.float32)
    there = upload(x, DEVICE)
    y = ops.dense(there, w, b)  # the weights are copied there
    assert isinstance(y, _core.DeviceArray)
    np.testing.assert_allclose(y.numpy(), ops.dense(x, w, b), rtol=1e-5)
    np.testing.assert_allclose(ops.softmax(y).numpy(), ops.softmax(y.numpy()), rtol=1e-5)
    assert_same_bits(there.numpy(), x)


@emulated
def test_other_libraries_arrays_are_read_where_they_lie(x):
    there = upload(x, DEVICE)
    with brasa.device(DEVICE):
        for foreign in (Foreign(there), OnlyDLPack(there)):
            assert address(_core.borrow(foreign, DEVICE)) == address(there)
        assert_same_bits(ops.relu(Foreign(there)).numpy(), ops.relu(there).numpy())


@emulated
def test_lent_memory_lives_as_long_as_somebody_uses_it(x):
    gc.collect()
    free = runtime.free_memory(DEVICE)
    view = np.from_dlpack(upload(x, DEVICE))  # the emulated device's memory can be read
    assert_same_bits(view, x)
    assert runtime.free_memory(DEVICE) == free - x.nbytes
    borrowed = _core.borrow(Foreign(upload(x, DEVICE)), DEVICE)
    assert runtime.free_memory(DEVICE) == free - 2 * x.nbytes
    assert_same_bits(borrowed.rows(1, 3).numpy(), x[1:3])
    again = _core.borrow(OnlyDLPack(borrowed), DEVICE)
    del borrowed, view
    assert runtime.free_memory(DEVICE) == free - x.nbytes
    assert_same_bits(again.numpy(), x)
    for version in (None, (1, 0)):  # a capsule that nobody takes
        again.__dlpack__(max_version=version)
    del again
    assert runtime.free_memory(DEVICE) == free


LABELS = np.array([0, 1, 2, 5])  # int64, as PyTorch has them
WITH_NUMBERS = {
    "embedding": lambda a, x: ops.embedding(a(LABELS), a(np.vstack([x, x]))),
    "embedding_backward": lambda a, x: ops.embedding_backward(a(x), a(LABELS), 6),
    "one_hot": lambda a, x: ops.one_hot(a(LABELS), 6),
    "mask_of_ids": lambda a, x: ops.mask_of_ids(a(LABELS)),
    "softmax_cross_entropy": lambda a, x: ops.softmax_cross_entropy(a(x), a(LABELS)),
    "one-hot labels": lambda a, x: ops.softmax_cross_entropy(a(x), a(np.eye(4, 6, dtype="f"))),
    "weights": lambda a, x: ops.softmax_cross_entropy(a(x), a(LABELS), a(x[:, 0] ** 2)),
    "accuracy": lambda a, x: ops.accuracy(a(x), a(LABELS)),
    "huber": lambda a, x: ops.huber(a(x), a(x**2 / 9), 0.5),
    "mean_absolute_error": lambda a, x: ops.mean_absolute_error(a(x), a(x + 1)),
    "mean_squared_error": lambda a, x: ops.mean_squared_error(a(x), a(x + 1)),
    "binary_cross_entropy": lambda a, x: ops.binary_cross_entropy(a(x**2 / 99), a(x**2 / 99)),
    "a loss": lambda a, x: brasa.losses.SparseCategoricalCrossentropy(True)(a(LABELS), a(x)),
    "a metric": lambda a, x: brasa.metrics.SparseCategoricalAccuracy()(a(LABELS), a(x)),
    "pooling": lambda a, x: ops.max_pool2d(a(x.reshape(1, 4, 6, 1)))[1],
    "pooling back": lambda a, x: ops.max_pool2d_backward(
        a(x[:1].reshape(1, 2, 3, 1)), a(LABELS.repeat(2)[:6].reshape(1, 2, 3, 1)), (1, 4, 6, 1)
    ),
    "masked rows": lambda a, x: ops.simple_rnn(
        a(x[None]), a(x[:, :2].repeat(2, 0)[:6]), a(x[:2, :2]), a(x[0, :2]), mask=a(LABELS[None])
    )[:2],
}


@emulated
@pytest.mark.parametrize("name", WITH_NUMBERS)
def test_ops_take_whole_numbers_on_the_device(name, x):
    here = WITH_NUMBERS[name](lambda array: array, x)
    with brasa.device(DEVICE):
        there = WITH_NUMBERS[name](lambda array: Foreign(upload(array, DEVICE)), x)
    pairs = zip(there, here, strict=True) if isinstance(here, tuple) else [(there, here)]
    for got, want in pairs:
        assert isinstance(got, _core.DeviceArray) == isinstance(want, np.ndarray)
        np.testing.assert_allclose(there_or_here(got), want, rtol=1e-5, atol=1e-6)


@emulated
def test_whole_numbers_on_the_device_are_checked(x):
    ids = upload(LABELS, DEVICE)
    with pytest.raises(IndexError, match=r"embedding: ids\[3\] is 5, but the table has 4 rows"):
        ops.embedding(ids, x)
    with pytest.raises(TypeError, match="embedding: ids must hold whole numbers, got float32"):
        ops.embedding(upload(x, DEVICE), x)
    with pytest.raises(IndexError, match="the label in row 3 is 5"):
        ops.cross_entropy(upload(x[:, :3], DEVICE), ids)


@emulated
@pytest.mark.parametrize(
    ("changes", "error", "match"),
    [
        ({"typestr": "<f2"}, TypeError, r"relu: x: .*'<f2'; wanted float32"),
        ({"typestr": "<i4"}, TypeError, "relu: x must be float32 on a device, got int32"),
        ({"strides": (4, 16)}, ValueError, r"relu: x: .*\(4, 6\), is not contiguous"),
        ({"data": (4096, False)}, ValueError, "not in the memory of the device 'cuda_on_cpu'"),
    ],
)
def test_what_kernels_cannot_read_is_refused(x, changes, error, match):
    foreign = Foreign(upload(x, DEVICE), **changes)
    with brasa.device(DEVICE), pytest.raises(error, match=match):
        ops.relu(foreign)


@emulated
def test_axes_of_one_element_may_have_any_stride(x):
    there = upload(x[:1], DEVICE)
    with brasa.device(DEVICE):
        y = ops.relu(Foreign(there, strides=(1000, 4)))
    np.testing.assert_array_equal(y.numpy(), np.maximum(x[:1], 0))


@emulated
def test_a_wrong_place_is_said(x):
    there = upload(x, DEVICE)
    model = brasa.Sequential([Dense(3, input_shape=(6,))])
    with pytest.raises(ValueError, match=r"predict: x lies on a device, the model on 'cpu'"):
        model.predict(there)
    model.to(DEVICE)
    with pytest.raises(ValueError, match=r"expects x of shape \(samples, 6\), got \(4, 3\)"):
        model.predict(upload(x[:, :3], DEVICE))
    with pytest.raises(BufferError, match="brasa lends arrays where they lie"):
        there.__dlpack__(copy=True)
    with pytest.raises(TypeError, match="out must be a NumPy array"):
        ops.relu(x, out=there)


@pytest.mark.skipif("cuda" in runtime.devices(), reason="there is a CUDA device")
def test_without_cuda_its_arrays_are_refused_with_the_reason():
    class Cuda:
        shape = (2,)

        def __dlpack_device__(self):
            return (2, 0)

    with pytest.raises(RuntimeError) as caught:
        ops.relu(Cuda())
    assert runtime.cuda_reason() in str(caught.value)
