"""Arrays in two parts."""

import numpy as np
import pytest

from brasa import utils

X, Y = np.arange(20.0).reshape(10, 2), np.arange(10)


def test_parts_are_like_the_whole():
    left, right = utils.split_dataset(X, left_size=0.8)
    np.testing.assert_array_equal(np.concatenate([left, right]), X)
    assert len(left) == 8
    assert left.base is not None  # nothing is copied
    (x, y), (x_test, y_test) = utils.split_dataset((X, Y), right_size=3)
    assert (len(x), len(y), len(x_test)) == (7, 7, 3)
    np.testing.assert_array_equal(y_test, [7, 8, 9])
    first, last = utils.split_dataset({"x": X, "y": Y}, 2, 0.5)
    assert first["y"].tolist() == [0, 1]
    assert last["y"].tolist() == [2, 3, 4, 5, 6]
    assert utils.split_dataset([1, 2, 3, 4], 0.5)[1].tolist() == [3, 4]


def test_rows_stay_together_when_mixed():
    (x, y), (x_test, y_test) = utils.split_dataset((X, Y), 0.7, shuffle=True, seed=3)
    np.testing.assert_array_equal(x, X[y])
    np.testing.assert_array_equal(x_test, X[y_test])
    assert sorted([*y, *y_test]) == list(range(10))
    assert [*y, *y_test] != list(range(10))
    (_, again), _ = utils.split_dataset((X, Y), 0.7, shuffle=True, seed=3)
    np.testing.assert_array_equal(y, again)


@pytest.mark.parametrize("sizes", [(0.33, None), (None, 0.15), (4, None), (0.5, 3), (2, 0.3)])
def test_sizes_are_those_of_keras(sizes, keras):
    left, right = utils.split_dataset(X, *sizes)
    name = "keras.src.utils.dataset_utils._rescale_dataset_split_sizes"
    assert (len(left), len(right)) == keras(name, *sizes, 10)


@pytest.mark.parametrize(
    ("sizes", "error", "match"),
    [
        ((None, None), ValueError, "give left_size, right_size or both"),
        ((1.5, None), ValueError, "left_size must lie between 0.0 and 1.0, got 1.5"),
        ((None, 10), ValueError, "right_size must be >= 1 and below the 10 rows, got 10"),
        ((0, None), ValueError, "left_size must be >= 1"),
        ((0.01, None), ValueError, "leave a part empty"),
        ((0.7, 0.7), ValueError, "are 7 and 7 of only 10 rows"),
        (("all", None), TypeError, "left_size must be a whole number"),
        ((float("nan"), None), ValueError, "between"),
    ],
)
def test_bad_sizes(sizes, error, match):
    with pytest.raises(error, match=f"split_dataset: .*{match}"):
        utils.split_dataset(X, *sizes)


def test_bad_data():
    with pytest.raises(ValueError, match="split_dataset: the inputs have different numbers"):
        utils.split_dataset((X, Y[:4]), 0.5)
    with pytest.raises(TypeError, match="split_dataset: dataset must hold real numbers"):
        utils.split_dataset("text", 0.5)
