"""MaxPooling2D, AveragePooling2D, and the global ones."""

import numpy as np
import pytest

from brasa import layers
from brasa.testing import reference
from brasa.testing.assertions import assert_close, reduction_bound

BOTH = pytest.mark.parametrize("pooling", [layers.MaxPooling2D, layers.AveragePooling2D])


@BOTH
@pytest.mark.parametrize(
    ("arguments", "output"),
    [
        ({}, (4, 3, 2)),
        ({"pool_size": 3}, (3, 2, 2)),
        ({"pool_size": (3, 1), "strides": 1}, (7, 7, 2)),
        ({"pool_size": 2, "strides": (1, 2)}, (8, 3, 2)),
        ({"padding": "same"}, (5, 4, 2)),
        ({"pool_size": 3, "strides": 2, "padding": 1}, (5, 4, 2)),
    ],
    ids=str,
)
def test_keeps_the_contract(check_layer, pooling, arguments, output):
    x, y = check_layer(pooling(**arguments), (9, 7, 2), output=output)
    window = {"pool_size": 2, "strides": None, "padding": "valid", **arguments}
    if pooling is layers.MaxPooling2D:
        assert_close(y, reference.max_pool2d(x, **window)[0], 0)
    else:
        bound = reduction_bound(9, reference.average_pool2d(np.abs(x), **window))
        assert_close(y, reference.average_pool2d(x, **window), bound)


@BOTH
def test_strides_are_the_window_by_default(pooling):
    assert pooling((3, 2)).strides == (3, 2)


@BOTH
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"pool_size": 0}, ValueError, "pool_size must be >= 1, got 0"),
        ({"pool_size": (2, -1)}, ValueError, "pool_size must be >= 1, got -1"),
        ({"pool_size": 2.0}, TypeError, "pool_size must be a whole number"),
        ({"strides": 0}, ValueError, "strides must be >= 1, got 0"),
        ({"strides": (1, 2, 3)}, ValueError, "strides must be 1 or 2 whole numbers"),
        ({"padding": "full"}, ValueError, "padding must be 'valid', 'same'"),
        ({"padding": -1}, ValueError, "padding must be >= 0"),
        ({"data_format": "channels_first"}, ValueError, "data_format must be 'channels_last'"),
    ],
    ids=str,
)
def test_bad_arguments(pooling, arguments, error, message):
    with pytest.raises(error, match=f"{pooling.__name__}: {message}"):
        pooling(**arguments)


@BOTH
@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((2, 8, 8), r"got rank 3. Add a channel axis"),
        ((2, 64), "got rank 2"),
        ((2, 1, 1, 3), "pool"),
        ((2, 0, 4, 3), "pool"),
    ],
    ids=str,
)
def test_bad_inputs(pooling, shape, message):
    with pytest.raises(ValueError, match=message):
        pooling(2)(np.zeros(shape, np.float32))


@pytest.mark.parametrize(
    ("pooling", "definition"),
    [(layers.GlobalAveragePooling2D, np.mean), (layers.GlobalMaxPooling2D, np.max)],
)
@pytest.mark.parametrize("keepdims", [False, True])
def test_global_pooling(check_layer, pooling, definition, keepdims):
    output = (1, 1, 3) if keepdims else (3,)
    x, y = check_layer(pooling(keepdims=keepdims), (5, 7, 3), output=output)
    want = definition(x.astype(np.float64), axis=(1, 2), keepdims=keepdims)
    np.testing.assert_allclose(y, want, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("pooling", [layers.GlobalAveragePooling2D, layers.GlobalMaxPooling2D])
def test_bad_arguments_of_global_pooling(pooling):
    with pytest.raises(TypeError, match=f"{pooling.__name__}: keepdims must be True or False"):
        pooling(keepdims=1)
    with pytest.raises(ValueError, match=f"{pooling.__name__}: data_format"):
        pooling(data_format="channels_first")
    with pytest.raises(ValueError, match="rank 4"):
        pooling()(np.zeros((2, 3), np.float32))
