"""Names of devices, and copies between one's memory and the host's."""

import numpy as np
import pytest

import brasa
from brasa import runtime
from brasa.buffers import Buffer, upload
from tests.device.conftest import DEVICES, mlp, net


def test_an_unknown_device_is_refused():
    with pytest.raises(ValueError, match="no device 'gpu': the names are 'cpu' and 'cuda'"):
        mlp().to("gpu")
    with pytest.raises(TypeError, match="must be a string"):
        mlp().to(0)
    with pytest.raises(ValueError, match="no device 'tpu'"), brasa.device("tpu"):
        pass
    assert runtime.current_device() == "cpu"


@pytest.mark.skipif("cuda" in DEVICES, reason="there is a CUDA device")
def test_without_cuda_the_reason_is_said():
    for attempt in (
        mlp().to,
        lambda name: net(mlp, name),
        lambda name: brasa.device(name).__enter__(),
    ):
        with pytest.raises(RuntimeError) as caught:
            attempt("cuda")
        assert runtime.cuda_reason() in str(caught.value)
    assert "cuda" not in runtime.devices()


def test_a_block_that_fails_leaves_the_device(device):
    with pytest.raises(KeyError), brasa.device(device):
        raise KeyError
    assert runtime.current_device() == "cpu"


def test_buffers_give_the_newer_copy(device):
    buffer = Buffer(3, device=device)
    there = buffer.bound()
    buffer.to_write()[:] = 1, 2, 3
    assert buffer.bound() is there
    np.testing.assert_array_equal(there.numpy(), [1, 2, 3])
    there.copy_from(np.float32([4, 5, 6]))
    np.testing.assert_array_equal(buffer.host(), [1, 2, 3])  # nobody said that it was written
    buffer.written()
    np.testing.assert_array_equal(buffer.host(), [4, 5, 6])
    buffer.written()
    buffer.fill(7)
    np.testing.assert_array_equal(there.numpy(), [7, 7, 7])
    buffer.move("cpu")
    assert buffer.bound() is buffer.host()
    np.testing.assert_array_equal(buffer.host(), [7, 7, 7])


def test_copies_must_be_of_one_size(device):
    there = upload(np.arange(6, dtype=np.int32).reshape(2, 3), device)
    assert (there.dtype, there.shape, there.nbytes, there.device) == ("int32", (2, 3), 24, device)
    np.testing.assert_array_equal(there.numpy(), [[0, 1, 2], [3, 4, 5]])
    with pytest.raises(ValueError, match="24 bytes with an array of 20"):
        there.copy_to(np.zeros(5, np.int32))
