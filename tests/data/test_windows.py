"""Windows over time series as batches."""

import numpy as np
import pytest

from brasa import Sequential, layers, utils

SERIES = np.arange(24.0).reshape(12, 2)


def cut(*args, **options):
    return utils.timeseries_dataset_from_array(*args, **options)


def test_windows_with_stride_and_rate():
    batches = list(cut(SERIES, SERIES[4:, 0], 3, 2, 2, batch_size=3, start_index=1))
    starts = [1, 3, 5, 7]
    assert [len(y) for _, y in batches] == [3, 1]
    x, y = (np.concatenate(part) for part in zip(*batches, strict=True))
    np.testing.assert_array_equal(x, [SERIES[i : i + 5 : 2] for i in starts])
    np.testing.assert_array_equal(y, [SERIES[i + 4, 0] for i in starts])


def test_orders_follow_from_the_seed_and_the_epoch():
    first, again = (cut(np.arange(40), None, 1, shuffle=True, seed=3) for _ in range(2))
    orders = []
    for _ in range(2):
        np.testing.assert_array_equal(first[0], again[0])
        orders.append(first[0][:, 0].tolist())
        first.on_epoch_end(), again.on_epoch_end()
    assert orders[0] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1]) == list(range(40))


def test_models_learn_from_windows():
    batches = cut(SERIES / 24, SERIES[3:, 0] / 24, 3, batch_size=4, shuffle=True)
    model = Sequential([layers.Flatten(), layers.Dense(1)])
    model.compile("sgd", "mse")
    losses = model.fit(batches, epochs=20, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    assert model.predict(cut(SERIES, None, 3)).shape == (10, 1)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"sequence_length": 13}, "no window of 13 steps"),
        ({"sequence_length": 0}, "sequence_length must be >= 1, got 0"),
        ({"sequence_length": 2, "end_index": 20}, "of 12 steps, got 0 and 20"),
    ],
)
def test_what_cannot_be_cut(options, match):
    with pytest.raises(ValueError, match=match):
        cut(SERIES, None, **options)


def test_normalize():
    x = np.array([[3.0, 0.0, 1.0], [4.0, 0.0, -1.0]])
    np.testing.assert_allclose(utils.normalize(x, 0), [[0.6, 0, 0.5**0.5], [0.8, 0, -(0.5**0.5)]])
    np.testing.assert_allclose(utils.normalize(x, order=1), x / np.array([[4.0], [5.0]]))
