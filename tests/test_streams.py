"""fit, evaluate and predict on batches that come one by one."""

import sys

import numpy as np
import pytest

import brasa
from brasa import Input, Model, Sequential, callbacks, layers, utils

ROWS, SIZE = 40, 8


@pytest.fixture
def x():
    return np.random.default_rng(0).standard_normal((ROWS, 4)).astype(np.float32)


@pytest.fixture
def y(x):
    return (x.sum(axis=1) > 0).astype(np.int64)


def make(*, shape=(4,), **options):
    brasa.set_seed(5)
    model = Sequential(
        [layers.Dense(6, "relu", input_shape=shape), layers.Dropout(0.2), layers.Dense(2)]
    )
    loss = brasa.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"], **options)
    return model


def in_batches(*arrays, size=SIZE):
    return [tuple(a[i : i + size] for a in arrays) for i in range(0, len(arrays[0]), size)]


def forever(items):
    while True:
        yield from items


class Loader:
    """As Keras's data sets: by number, with a length, and told of the end of an epoch."""

    def __init__(self, items):
        self.items, self.ends = items, 0

    def __len__(self):
        return len(self.items)

    def __getitem__(self, number):
        return self.items[number % len(self.items)]

    def on_epoch_end(self):
        self.ends += 1


class Based(Loader, utils.PyDataset):
    """One that names its base."""


def same(first, second):
    return all(
        np.array_equal(a, b) for a, b in zip(first.get_weights(), second.get_weights(), strict=True)
    )


def test_a_data_set_without_a_length_says_so(x, y):
    with pytest.raises(NotImplementedError, match=r"PyDataset does not define __len__\(\)"):
        make().fit(utils.PyDataset())


@pytest.mark.parametrize(
    "wrap",
    [list, forever, Loader, Based, lambda b: iter([list(item) for item in b])],
    ids=["list", "generator", "loader", "based", "iterator"],
)
def test_batches_train_as_arrays_do(wrap, x, y):
    arrays, stream = make(), make()
    expected = arrays.fit(x, y, batch_size=SIZE, shuffle=False, verbose=0).history
    got = stream.fit(wrap(in_batches(x, y)), steps_per_epoch=5, verbose=0).history
    assert same(arrays, stream)
    assert got == expected


def test_the_last_batch_may_be_smaller_and_means_are_over_samples(x, y):
    model = make()
    expected = model.evaluate(x, y, return_dict=True)
    got = model.evaluate(iter(in_batches(x, y, size=15)), return_dict=True)
    assert got == pytest.approx(expected, rel=1e-5)


def test_what_begins_anew_does_so_in_each_epoch(x, y):
    loader = Loader(in_batches(x, y))
    model = make()
    model.fit(loader, epochs=3, verbose=0)
    assert model.optimizer.iterations == 3 * 5
    assert loader.ends == 3


def test_an_iterator_goes_on_from_epoch_to_epoch(x, y):
    seen = []

    def batches():
        for number, item in enumerate(forever(in_batches(x, y))):
            seen.append(number)
            yield item

    make().fit(batches(), epochs=3, steps_per_epoch=2, verbose=0)
    assert seen == list(range(6))


def test_a_model_without_an_input_shape_takes_that_of_the_first_batch(x, y):
    known, unknown = make(), make(shape=None)
    for model in (known, unknown):
        model.fit(forever(in_batches(x, y)), steps_per_epoch=5, verbose=0)
    assert same(known, unknown)


def test_weights_of_samples_and_of_classes(x, y):
    weight = np.where(y == 1, 3.0, 1.0).astype(np.float32)
    arrays, weighted, classes = make(), make(), make()
    arrays.fit(x, y, sample_weight=weight, batch_size=SIZE, shuffle=False, verbose=0)
    weighted.fit(in_batches(x, y, weight), verbose=0)
    classes.fit(in_batches(x, y), class_weight={0: 1, 1: 3}, verbose=0)
    assert same(arrays, weighted)
    assert same(arrays, classes)


def test_validation_on_batches(x, y):
    expected = make().fit(x, y, shuffle=False, validation_data=(x, y), epochs=2, verbose=0).history
    for data, steps in ((in_batches(x, y), None), (forever(in_batches(x, y)), 5)):
        model = make()
        got = model.fit(
            x, y, shuffle=False, validation_data=data, validation_steps=steps, epochs=2, verbose=0
        ).history
        assert list(got) == ["loss", "accuracy", "val_loss", "val_accuracy"]
        assert got["val_loss"] == pytest.approx(expected["val_loss"], rel=1e-5)


def test_steps_of_arrays_count_their_first_batches(x, y):
    model = make()
    first = model.evaluate(x[:16], y[:16], batch_size=SIZE)
    assert model.evaluate(x, y, batch_size=SIZE, steps=2) == first
    model.optimizer.learning_rate = 0.0
    logs = model.fit(
        x, y, batch_size=SIZE, validation_data=(x, y), validation_steps=2, verbose=0
    ).history
    assert logs["val_loss"] == [first[0]]


def test_predictions_of_batches(x, y):
    model = make()
    expected = model.predict(x)
    for items in (in_batches(x), in_batches(x, y), [a for (a,) in in_batches(x)]):
        got = model.predict(iter(items))
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)
    assert len(model.predict(forever(in_batches(x)), steps=2)) == 2 * SIZE


def test_batches_of_several_inputs_and_of_any_length():
    ids, extra = Input((None,), dtype="int32"), Input((2,))
    last = layers.LSTM(3)(layers.Embedding(7, 4)(ids))
    model = Model([ids, extra], layers.Dense(1)(layers.Concatenate()([last, extra])))
    model.compile("adam", "mse")
    rng = np.random.default_rng(0)
    items = [
        ([rng.integers(0, 7, (4, length)), np.ones((4, 2))], np.ones(4)) for length in (3, 9, 5)
    ]
    losses = model.fit(items, epochs=20, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


def test_callbacks_see_the_steps(x, y):
    class Watch(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            steps.append((batch, logs["loss"]))

    steps = []
    history = make().fit(in_batches(x, y), verbose=0, callbacks=[Watch()])
    assert [batch for batch, _ in steps] == [0, 1, 2, 3, 4]
    assert steps[-1][1] == history.history["loss"][0]
    assert history.params["steps"] is None


def test_terminate_on_nan_stops_without_a_reason(x, y, capsys):
    x[20] = np.nan
    watch = callbacks.TerminateOnNaN()
    make().fit(in_batches(x, y), verbose=0, callbacks=[watch], check_finite=False)
    assert watch.stopped == (0, 2)
    assert "where fit gets arrays, not an iterable" in capsys.readouterr().out


def test_loaders_of_pytorch(x, y):
    data = pytest.importorskip("torch.utils.data")
    torch = pytest.importorskip("torch")
    loader = data.DataLoader(data.TensorDataset(torch.tensor(x), torch.tensor(y)), batch_size=SIZE)
    arrays, stream = make(), make()
    arrays.fit(x, y, batch_size=SIZE, shuffle=False, epochs=2, verbose=0)
    stream.fit(loader, epochs=2, verbose=0)
    assert same(arrays, stream)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda m, b: m.fit(iter(b), epochs=2),
            r"the iterator ended with epoch 1, .*steps_per_",
        ),
        (
            lambda m, b: m.fit(b, steps_per_epoch=6),
            r"ended after 5 batches of epoch 1, steps_per_",
        ),
        (lambda m, b: m.fit(iter([])), r"fit: the iterable gave no batch"),
        (lambda m, b: m.evaluate(iter([])), r"evaluate: the iterable gave no batch"),
        (lambda m, b: m.predict(iter([])), r"predict: the iterable gave no batch"),
        (lambda m, b: m.evaluate(iter(b), steps=9), r"evaluate: .* 5 batches of epoch 1, steps=9"),
        (
            lambda m, b: m.fit(iter([b[0], b[0][0]])),
            r"epoch 1, batch 2: wanted \(x, y\) .*array",
        ),
        (
            lambda m, b: m.fit(iter([(b[0][0], b[0][1][:3])])),
            r"fit, .* batch 1: x has 8 .* has 3",
        ),
        (lambda m, b: m.fit(iter([(b[0][0][:, 1:], b[0][1])])), r"batch 1: the model expects x"),
        (lambda m, b: m.fit(iter([(b[0][0][:0], b[0][1][:0])])), "no samples|the batch is empty"),
        (lambda m, b: m.fit(iter(b), b[0][1]), r"fit: x gives batches: y cannot be given"),
        (lambda m, b: m.fit(b, batch_size=8), r"fit: x gives batches: batch_size cannot be"),
        (lambda m, b: m.fit(b, sample_weight=[1]), r"fit: x gives batches: sample_weight"),
        (lambda m, b: m.fit(b, validation_split=0.5), r"fit: x gives batches: validation_split"),
        (lambda m, b: m.evaluate(iter(b), b[0][1]), r"evaluate: x gives batches: y cannot"),
        (lambda m, b: m.fit(b, steps_per_epoch=0), r"fit: steps_per_epoch must be >= 1, got 0"),
        (lambda m, b: m.fit(b, validation_data=3), r"validation_data must be \(x, y\), .* got int"),
        (
            lambda m, b: m.fit(b, validation_data=iter([])),
            "fit, validation_data: the iterable",
        ),
    ],
)
def test_what_is_wrong_is_named(call, message, x, y):
    with pytest.raises(ValueError, match=message):
        call(make(), in_batches(x, y))


def wrong(y, place, value):
    y = y.copy()
    y[place] = value
    return y


BAD = [
    (lambda x, y: (x, wrong(y, 9, 2)), IndexError, r"label in row 1 is 2, .* 2 classes"),
    (lambda x, y: (x, y.astype(np.float32)), TypeError, r"y must hold class numbers"),
    (lambda x, y: (wrong(x, (9, 3), np.nan), y), ValueError, r"x\[1, 3\] is nan"),
    (lambda x, y: (x[:, :3], y), ValueError, r"the model expects x"),
]


@pytest.mark.parametrize(("spoil", "error", "message"), BAD)
def test_errors_name_the_batch(spoil, error, message, x, y):
    good, bad = in_batches(x, y), in_batches(*spoil(x, y))
    calls = {
        "fit, epoch 1, batch 2": lambda m: m.fit(forever([good[0], bad[1]]), steps_per_epoch=3)
    }
    if "nan" not in message:
        calls["evaluate, epoch 1, batch 2"] = lambda m: m.evaluate(iter([good[0], bad[1]]))
        calls["fit, validation_data, epoch 1, batch 2"] = lambda m: m.fit(
            x, y, validation_data=iter([good[0], bad[1]]), verbose=0
        )
    for where, call in calls.items():
        with pytest.raises(error, match=f"^{where}: .*{message}") as caught:
            call(make())
        assert str(caught.value).count("batch 2") == 1


def test_errors_of_classes_and_weights_name_the_batch(x, y):
    with pytest.raises(ValueError, match=r"^fit, epoch 1, batch 1: sample_weight must be"):
        make().fit(in_batches(x, y), class_weight={0: -1.0}, verbose=0)
    with pytest.raises(ValueError, match=r"^fit, epoch 1, batch 1: sample_weight"):
        make().fit([(x, y, -np.ones(ROWS))], verbose=0)


def test_errors_of_a_generator_pass_through(x, y):
    def broken():
        yield x, y
        raise OSError("the disk is gone")

    model = make()
    with pytest.raises(OSError, match="the disk is gone") as caught:
        model.fit(broken(), verbose=0)
    assert model.optimizer.iterations == 1
    if sys.version_info >= (3, 11):
        assert caught.value.__notes__ == ["fit, epoch 1, batch 2: raised by the iterable"]
