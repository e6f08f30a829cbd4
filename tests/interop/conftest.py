"""Arrays as other libraries lend them."""

import numpy as np
import pytest

from brasa import _core, runtime

DEVICE = "cuda_on_cpu"
emulated = pytest.mark.skipif(DEVICE not in runtime.devices(), reason="needs BRASA_CUDA_ON_CPU")


class Foreign:
    """What another library's array on the device shows of itself."""

    def __init__(self, array, **changes):
        self._array = array
        self.__cuda_array_interface__ = {**array.__cuda_array_interface__, **changes}
        self.shape = array.shape


class OnlyDLPack:
    def __init__(self, array):
        self._array = array

    def __dlpack__(self, **options):
        return self._array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self._array.__dlpack_device__()


@pytest.fixture
def x(rng):
    return rng.standard_normal((4, 6)).astype(np.float32)


def address(array):
    return array.__cuda_array_interface__["data"][0]


def there_or_here(array):
    return array.numpy() if isinstance(array, _core.DeviceArray) else array
