"""Sequences as arrays: padding, buckets of similar length, streams."""

import numpy as np
import pytest

from brasa import Sequential, layers
from brasa.datasets import bucket_by_length, pad_sequences, stateful_batches

RAGGED = [[1, 2, 3], [4], [], [5, 6]]


@pytest.mark.parametrize(
    ("arguments", "want"),
    [
        ({}, [[1, 2, 3], [0, 0, 4], [0, 0, 0], [0, 5, 6]]),
        ({"padding": "post"}, [[1, 2, 3], [4, 0, 0], [0, 0, 0], [5, 6, 0]]),
        ({"maxlen": 2}, [[2, 3], [0, 4], [0, 0], [5, 6]]),
        ({"maxlen": 2, "truncating": "post"}, [[1, 2], [0, 4], [0, 0], [5, 6]]),
        ({"maxlen": 4, "value": -1}, [[-1, 1, 2, 3], [-1] * 3 + [4], [-1] * 4, [-1, -1, 5, 6]]),
    ],
    ids=str,
)
def test_padding_and_cutting(arguments, want):
    x = pad_sequences(RAGGED, **arguments)
    assert x.dtype == np.int32
    assert x.tolist() == want


def test_fractions_and_features_are_kept():
    x = pad_sequences([[0.5], [1, 2.5]])
    assert (x.dtype, x.tolist()) == (np.float32, [[0, 0.5], [1, 2.5]])
    x = pad_sequences([np.ones((2, 3)), np.zeros((0,)), np.full((1, 3), 2.0)], padding="post")
    assert (x.dtype, x.shape) == (np.float32, (3, 2, 3))
    assert x[..., 0].tolist() == [[1, 1], [0, 0], [2, 0]]
    assert pad_sequences([[1]], dtype="float64").dtype == np.float64
    assert pad_sequences(np.arange(6).reshape(2, 3)).tolist() == [[0, 1, 2], [3, 4, 5]]


def test_no_sequences():
    assert pad_sequences([]).shape == (0, 0)
    assert pad_sequences([[], []]).shape == (2, 0)
    assert bucket_by_length([]) == []


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: pad_sequences(RAGGED, padding="left"), ValueError, "padding must be 'pre' or"),
        (lambda: pad_sequences(RAGGED, truncating=None), ValueError, "truncating must be"),
        (lambda: pad_sequences(RAGGED, 0), ValueError, "maxlen must be >= 1, got 0"),
        (lambda: pad_sequences(RAGGED, 2.0), TypeError, "maxlen must be a whole number"),
        (lambda: pad_sequences([1, 2]), TypeError, "sequence 0 is no sequence: 1"),
        (lambda: pad_sequences([["a"]]), TypeError, "sequence 0 holds <U1"),
        (lambda: pad_sequences("abc"), TypeError, "must be a list of sequences"),
        (lambda: pad_sequences(3), TypeError, "must be a list of sequences"),
        (lambda: pad_sequences([[[1, 2], [3]]]), ValueError, "sequence 0 is not regular"),
        (lambda: pad_sequences([np.ones((1, 2)), np.ones((1, 3))]), ValueError, "different sizes"),
        (lambda: pad_sequences([[2**31]]), ValueError, "does not fit into int32"),
    ],
)
def test_pad_sequences_refuses(call, error, message):
    with pytest.raises(error, match=f"pad_sequences: .*{message}"):
        call()


# ---- buckets -------------------------------------------------------------------------------


def sequences(count=100, longest=40):
    rng = np.random.default_rng(0)
    return [np.full(n, i + 1) for i, n in enumerate(rng.integers(0, longest + 1, count))]


@pytest.mark.parametrize("seed", [None, 0, 7])
@pytest.mark.parametrize("boundaries", [None, (5, 40)], ids=str)
def test_every_sequence_is_in_one_batch_with_its_target(seed, boundaries):
    data = sequences()
    batches = bucket_by_length(data, range(100), 8, boundaries, seed=seed)
    seen = []
    for x, y, weight in batches:
        assert weight is None
        assert x.dtype == np.int32
        assert len(x) == len(y) <= 8
        assert x.shape[1] in (boundaries or range(1, 41))
        for row, target in zip(x, y, strict=True):
            np.testing.assert_array_equal(row[row > 0], data[target])
            assert (row[: len(row) - len(data[target])] == 0).all()
            seen.append(int(target))
    assert sorted(seen) == list(range(100))
    assert len({x.shape[1] for x, *_ in batches}) <= 8


def test_little_is_padding():
    data = sequences(1000)
    padded = sum(batch.x.size for batch in bucket_by_length(data))
    assert padded < 1.2 * sum(map(len, data)) < 0.7 * pad_sequences(data).size


def test_the_seed_decides_the_order():
    def order(seed):
        return [batch.x.tolist() for batch in bucket_by_length(sequences(), seed=seed)]

    assert order(1) == order(1) != order(2)
    lengths = [batch.x.shape[1] for batch in bucket_by_length(sequences())]
    assert lengths == sorted(lengths)


def test_targets_of_steps_come_with_weights():
    data = [[3, 4], [5], [6, 7, 8]]
    (batch,) = bucket_by_length(data, data, boundaries=[3], per_step=True, padding="post")
    assert batch.x.tolist() == batch.y.tolist() == [[3, 4, 0], [5, 0, 0], [6, 7, 8]]
    assert batch.sample_weight.tolist() == [[1, 1, 0], [1, 0, 0], [1, 1, 1]]
    assert batch.sample_weight.dtype == np.float32


def test_a_model_trains_on_batches_of_every_length():
    data = sequences(50, 12)
    model = Sequential(
        [layers.Embedding(51, 2, mask_zero=True, input_shape=(None,)), layers.Dense(3, "softmax")]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    labels = [row % 3 for row in data]
    for batch in bucket_by_length(data, labels, 16, per_step=True, seed=0):
        assert model.train_on_batch(*batch) > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 0}, "batch_size must be >= 1"),
        ({"boundaries": []}, "boundaries must rise"),
        ({"boundaries": [3, 3]}, "boundaries must rise"),
        ({"boundaries": [0, 3]}, "boundaries must rise"),
        ({"boundaries": [1, 2]}, "a sequence has 3 steps, the last boundary is 2"),
        ({"y": [1]}, "there are 4 sequences, y has 1 entries"),
        ({"y": [[1], [1], [], [1, 2]], "per_step": True}, "sequence 0 has 3 steps"),
        ({"y": [1, 2, 3, 4], "per_step": True}, r"sequence 0 has 3 steps, its y the shape \(\)"),
    ],
)
def test_bucket_by_length_refuses(arguments, message):
    with pytest.raises(ValueError, match=f"bucket_by_length: {message}"):
        bucket_by_length(RAGGED, **arguments)


# ---- streams -------------------------------------------------------------------------------


@pytest.mark.parametrize(("length", "batch", "steps"), [(13, 2, 3), (100, 4, 5), (25, 1, 24)])
def test_rows_go_on_from_batch_to_batch(length, batch, steps):
    ids = np.random.default_rng(0).integers(0, 9, length).astype(np.int32)
    x, y = stateful_batches(ids, batch, steps)
    count = (length - 1) // (batch * steps)
    assert x.shape == y.shape == (count * batch, steps)
    assert x.dtype == y.dtype == np.int32
    assert x.flags.c_contiguous
    for row in range(batch):
        stream, ahead = x[row::batch].reshape(-1), y[row::batch].reshape(-1)
        start = row * count * steps
        np.testing.assert_array_equal(stream, ids[start : start + count * steps])
        np.testing.assert_array_equal(ahead, ids[start + 1 : start + count * steps + 1])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((range(6), 2, 3), ValueError, "2 streams of 3 steps need 7 numbers, there are 6"),
        ((range(9), 0, 3), ValueError, "batch_size must be >= 1"),
        ((range(9), 2, 1.5), TypeError, "steps must be a whole number"),
        (([[1, 2]], 1, 1), ValueError, "ids must be one row of numbers"),
    ],
)
def test_stateful_batches_refuses(arguments, error, message):
    with pytest.raises(error, match=f"stateful_batches: {message}"):
        stateful_batches(*arguments)
