"""What users pass as data: what is taken, what is refused, and what the refusal says."""

import numpy as np
import pytest

import brasa
from brasa import Input, Model, Sequential, layers
from brasa.testing.assertions import assert_same_bits

ROWS = 6
LABELS = [0, 1, 2, 0, 1, 2]


def make(shape=(4, 4, 1), loss="sparse_categorical_crossentropy"):
    """A classifier of small images, the same one each time."""
    brasa.set_seed(3)
    model = Sequential([layers.Flatten(input_shape=shape), layers.Dense(3, activation="softmax")])
    model.compile("sgd", loss)
    return model


@pytest.fixture
def x(rng):
    return rng.standard_normal((ROWS, 4, 4, 1)).astype(np.float32)


def spoilt(x, at, value):
    x = x.copy()
    x[at] = value
    return x


# ---- x -------------------------------------------------------------------------------------

BAD_X = [
    (lambda x: x.astype(np.complex64), TypeError, "x must hold real numbers, got dtype complex64"),
    (lambda x: x.astype(object), TypeError, "got dtype object"),
    (lambda x: x.astype(str), TypeError, "got dtype <U"),
    (lambda x: x.astype("M8[s]"), TypeError, "got dtype datetime64"),
    (lambda x: x.view([("a", "f4")]), TypeError, "got dtype"),
    (lambda x: np.ma.masked_less(x, 0), TypeError, r"masked array.*x.filled\(0\)"),
    (lambda x: None, TypeError, "x must be an array, got None"),
    (lambda x: "image.png", TypeError, "x must hold real numbers"),
    (lambda x: [[1.0, 2.0], [3.0]], ValueError, "x is not a regular array"),
    (lambda x: spoilt(x.astype(np.float64), (2, 3, 1, 0), 1e300), ValueError, r"x\[2, 3, 1, 0\]"),
    (lambda x: spoilt(x.astype(np.int64), (2, 3, 1, 0), 1 << 25), ValueError, "holds 33554432"),
    (lambda x: spoilt(x.astype(np.int64), (2, 3, 1, 0), -(1 << 62)), ValueError, "holds 46116860"),
    (lambda x: x[0], ValueError, r"single sample: add a batch axis, x\[None\]"),
    (lambda x: x[..., :3, :], ValueError, r"of shape \(samples, 4, 4, 1\), got \(6, 4, 3, 1\)"),
    (lambda x: x.reshape(ROWS, 16), ValueError, r"got \(6, 16\)"),
    (lambda x: x.transpose(0, 3, 1, 2), ValueError, r"channels-first.*np.moveaxis\(x, 1, -1\)"),
    (lambda x: x[..., None], ValueError, r"got \(6, 4, 4, 1, 1\)"),
    (lambda x: np.float32(3), ValueError, r"got \(\)"),
    (lambda x: [x, x], ValueError, r"got \(2, 6, 4, 4, 1\)"),
    (lambda x: {"other": x}, ValueError, r"x needs the keys \['input'\], got \['other'\]"),
]


@pytest.mark.parametrize(
    "method", ["fit", "evaluate", "predict", "train_on_batch", "predict_on_batch"]
)
@pytest.mark.parametrize(("spoil", "error", "message"), BAD_X)
def test_bad_data_is_refused_and_named(method, spoil, error, message, x):
    model = make()
    before = model.get_weights()
    targets = [] if "predict" in method else [LABELS]
    with pytest.raises(error, match=f"^{method}: .*{message}"):
        getattr(model, method)(spoil(x), *targets)
    assert_same_bits(model.get_weights(), before)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_fit_names_the_first_value_that_is_not_finite(value, dtype, x):
    model = make()
    bad = spoilt(spoilt(x, (5, 0, 0, 0), value), (4, 1, 2, 0), value).astype(dtype)
    with pytest.raises(ValueError, match=rf"^fit: x\[4, 1, 2, 0\] is {value}.*check_finite=False"):
        model.fit(bad, LABELS, verbose=0)
    with pytest.raises(ValueError, match=r"^fit, validation_data: x\[4, 1, 2, 0\]"):
        model.fit(x, LABELS, verbose=0, validation_data=(bad, LABELS))
    history = model.fit(bad, LABELS, verbose=0, check_finite=False)
    assert np.isnan(history.history["loss"][0])


def test_predictions_of_what_is_not_finite_are_what_arithmetic_gives(x):
    result = make().predict(spoilt(x, (4, 0, 0, 0), np.nan))
    assert np.isnan(result[4]).all()
    assert np.isfinite(np.delete(result, 4, 0)).all()


def fortran(x):
    return np.asfortranarray(x)


def reversed_view(x):
    return np.ascontiguousarray(x[::-1, :, ::-1])[::-1, :, ::-1]


def every_second(x):
    wide = np.repeat(np.repeat(x, 2, axis=0), 2, axis=3)
    return wide[::2, :, :, ::2]


def misaligned(x):
    room = np.zeros(x.nbytes + 1, np.uint8)[1:]
    view = room.view(x.dtype).reshape(x.shape)
    view[...] = x
    assert not view.flags.aligned
    return view


def locked(x):
    x = x.copy()
    x.flags.writeable = False
    return x


@pytest.mark.parametrize(
    "how",
    [
        fortran,
        reversed_view,
        every_second,
        misaligned,
        locked,
        lambda x: x.astype(">f4"),
        lambda x: x.astype(">f8"),
        lambda x: fortran(x.astype(np.float64)),
        lambda x: misaligned(x.astype(np.float64)),
        lambda x: x[..., 0],  # a single channel may be left out
        lambda x: x.tolist(),
        lambda x: [x],
        lambda x: (x,),
        lambda x: {"input": x},
    ],
    ids=lambda how: how.__name__,
)
def test_an_unusual_array_gives_the_bits_of_the_plain_one(how, x):
    one, other = make(), make()
    assert_same_bits(other.predict(how(x)), one.predict(x))
    logs = one.fit(x, LABELS, batch_size=4, epochs=2, verbose=0, validation_split=0.4).history
    again = other.fit(
        how(x), LABELS, batch_size=4, epochs=2, verbose=0, validation_split=0.4
    ).history
    assert again == logs
    assert_same_bits(other.get_weights(), one.get_weights())
    assert_same_bits(other.compute_gradients(how(x), LABELS), one.compute_gradients(x, LABELS))


def test_a_broadcast_array_is_data_like_another(x):
    model = make()
    same = np.broadcast_to(x[:1], x.shape)
    assert_same_bits(model.predict(same), model.predict(same.copy()))


@pytest.mark.parametrize("dtype", [np.uint8, np.int64])
def test_an_image_may_hold_whole_numbers_in_any_order(dtype, rng):
    x = rng.integers(0, 256, (ROWS, 4, 4, 1)).astype(dtype)
    model = make()
    want = model.predict(x.astype(np.float32))
    for unusual in (x, fortran(x), reversed_view(x), every_second(x), locked(x)):
        assert_same_bits(model.predict(unusual), want)


# ---- how many ------------------------------------------------------------------------------


def test_lengths_that_differ_are_named(x):
    model = make()
    for method in ("fit", "evaluate", "train_on_batch", "test_on_batch", "compute_gradients"):
        with pytest.raises(ValueError, match=f"^{method}: x has 6 samples, y has 5"):
            getattr(model, method)(x, LABELS[:5])
    a, b = Input((2,)), Input((2,))
    pair = Model([a, b], layers.Add()([a, b]))
    with pytest.raises(
        ValueError, match=r"different numbers of samples: {'x\[0\]': 3, 'x\[1\]': 4}"
    ):
        pair.predict([np.ones((3, 2)), np.ones((4, 2))])
    with pytest.raises(ValueError, match=r"x must be a list of 2 arrays.*got ndarray"):
        pair.predict(np.ones((3, 2)))
    with pytest.raises(ValueError, match=r"x must be a list of 2 arrays.*got 3"):
        pair.predict([np.ones((3, 2))] * 3)


def test_nothing_is_predicted_from_nothing_and_trained_on_not_at_all(x):
    model = make()
    for empty in (model.predict(x[:0]), model.predict_on_batch(x[:0])):
        assert empty.shape == (0, 3)
        assert empty.dtype == np.float32
    for method in ("fit", "evaluate", "train_on_batch", "test_on_batch", "compute_gradients"):
        with pytest.raises(ValueError, match=r"no samples|empty"):
            getattr(model, method)(x[:0], [])


@pytest.mark.parametrize(
    ("size", "error", "message"),
    [
        (0, ValueError, "batch_size must be >= 1, got 0"),
        (-1, ValueError, "batch_size must be >= 1, got -1"),
        (2.5, TypeError, "batch_size must be a whole number, got 2.5"),
        ("4", TypeError, "batch_size must be a whole number"),
        (True, TypeError, "batch_size must be a whole number"),
    ],
)
def test_a_bad_batch_size_is_refused(size, error, message, x):
    model = make()
    for call in (
        lambda: model.fit(x, LABELS, batch_size=size),
        lambda: model.evaluate(x, LABELS, batch_size=size),
        lambda: model.predict(x, batch_size=size),
        lambda: model.plan(size),
        lambda: model.memory(size),
        lambda: model.summary(size),
    ):
        with pytest.raises(error, match=message):
            call()


def test_the_batch_size_changes_no_prediction_by_more_than_rounding(x):
    model = make()
    want = model.predict(x)
    for size in (1, 4, 6, 7, np.int64(3), 10**12):
        assert np.abs(model.predict(x, batch_size=size) - want).max() < 1e-6


# ---- y -------------------------------------------------------------------------------------

BAD_Y = [
    ("sparse", [0, 1, 2, 0, 1, 3], IndexError, "label in row 5 is 3, but there are 3 classes"),
    ("sparse", [0, 1, -1, 0, 1, 2], IndexError, "label in row 2 is -1"),
    ("sparse", [0, 1, 2, 0, 1 << 40, 2], IndexError, "label in row 4 is 1099511627776"),
    ("sparse", np.array(LABELS, np.uint8) + 253, IndexError, "label in row 0 is 253"),
    ("sparse", [0.0, 1.0, 2.0, 0.0, 1.0, 2.0], TypeError, "whole numbers, got float64"),
    ("sparse", [True, False] * 3, TypeError, "got bool"),
    ("sparse", ["a", "b"] * 3, TypeError, "real numbers"),
    ("sparse", np.eye(3)[LABELS], ValueError, "looks one-hot"),
    ("sparse", np.zeros((6, 2), int), ValueError, r"must have the shape \(6,\)"),
    ("sparse", np.ma.masked_equal(LABELS, 2), TypeError, "masked array"),
    ("sparse", None, TypeError, "y must be an array, got None"),
    ("sparse", 3, ValueError, "one row for each sample"),
    ("categorical", LABELS, ValueError, "looks like class numbers"),
    ("categorical", np.eye(3)[LABELS] * 2, ValueError, "row 0 of y sums to 2"),
    ("categorical", np.eye(4)[LABELS], ValueError, r"predictions' shape \(6, 3\)"),
    ("categorical", np.eye(3)[LABELS] * [1, 1, -1], ValueError, "no entry below 0"),
    ("categorical", np.eye(3)[LABELS] + np.nan, ValueError, "targets must be finite"),
]


@pytest.mark.parametrize(("kind", "y", "error", "message"), BAD_Y)
def test_bad_targets_are_refused_and_named(kind, y, error, message, x):
    model = make(
        loss=f"{kind}_categorical_crossentropy" if kind == "sparse" else "categorical_crossentropy"
    )
    before = model.get_weights()
    for call in (
        lambda: model.fit(x, y, verbose=0),
        lambda: model.evaluate(x, y),
        lambda: model.train_on_batch(x, y),
        lambda: model.fit(x, LABELS if kind == "sparse" else np.eye(3)[LABELS], verbose=0, epochs=0,
                          validation_data=(x, y)),
    ):  # fmt: skip
        with pytest.raises(error, match=message):
            call()
    assert_same_bits(model.get_weights(), before)


def test_the_data_are_only_read(x):
    y = np.array(LABELS)
    weight = np.ones(ROWS)
    before = [x.copy(), y.copy(), weight.copy()]
    arrays = [locked(x), locked(y), locked(weight)]
    model = make()
    model.fit(arrays[0], arrays[1], sample_weight=arrays[2], epochs=2, verbose=0)
    model.evaluate(*arrays[:2])
    model.predict(arrays[0])
    assert_same_bits(arrays, before)
