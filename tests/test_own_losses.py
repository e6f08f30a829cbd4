"""Functions and classes of one's own as losses and metrics of compile()."""

import copy
import pickle

import numpy as np
import pytest

from brasa import Input, Model, Sequential, layers, load_model, losses, metrics, ops
from brasa.testing.assertions import assert_close, assert_same_bits


def squares(y_true, y_pred):
    error = y_true - y_pred
    return ops.mean(error * error, axis=-1)


def mean_of_squares(y_true, y_pred):
    error = y_true - y_pred
    return ops.mean(error * error)


def chosen(y_true, y_pred):
    """Minus the probability of the right class: y_true holds class numbers."""
    return -ops.sum(ops.one_hot(y_true, 3) * y_pred, axis=-1)


class Weighted(losses.Loss):
    def __init__(self, factor=2.0):
        super().__init__()
        self.factor = factor

    def call(self, y_true, y_pred):
        return self.factor * squares(y_true, y_pred)

    def get_config(self):
        return {"factor": self.factor}


def dense(loss, units=3, seed=1, **options):
    from brasa import set_seed

    set_seed(seed)
    model = Sequential([Input((4,)), layers.Dense(5, activation="tanh"), layers.Dense(units)])
    model.compile("sgd", loss, **options)
    return model


def sequences(loss, units=2, mask=True):
    from brasa import set_seed

    set_seed(3)
    model = Sequential(
        [
            Input((6,), dtype="int32"),
            layers.Embedding(7, 4, mask_zero=mask),
            layers.SimpleRNN(5, return_sequences=True),
            layers.Dense(units),
        ]
    )
    model.compile("sgd", loss, metrics=["mse", squares])
    return model


@pytest.fixture
def data(rng):
    return rng.normal(size=(20, 4)).astype(np.float32), rng.normal(size=(20, 3)).astype(np.float32)


def assert_alike(left, right, x, y, weight=None):
    """Losses, metrics and gradients of two models with the same weights."""
    got, gradients = left.compute_gradients(x, y, weight)
    want, wanted = right.compute_gradients(x, y, weight)
    assert got == pytest.approx(want, rel=1e-5)
    for ours, theirs in zip(gradients, wanted, strict=True):
        assert_close(ours, theirs, 1e-5 * np.abs(theirs).max() + 1e-7)
    assert left.evaluate(x, y, sample_weight=weight, return_dict=True)["loss"] == pytest.approx(
        right.evaluate(x, y, sample_weight=weight, return_dict=True)["loss"], rel=1e-5
    )


@pytest.mark.parametrize("loss", [squares, mean_of_squares, Weighted(1.0)])
def test_a_squared_error_is_brasas_own(data, loss):
    x, y = data
    ours, own = dense(loss), dense("mse")
    assert_alike(ours, own, x, y)
    history = ours.fit(x, y, batch_size=8, epochs=3, verbose=0, shuffle=False)
    wanted = own.fit(x, y, batch_size=8, epochs=3, verbose=0, shuffle=False)
    assert history.history["loss"] == pytest.approx(wanted.history["loss"], rel=1e-5)
    if loss is not mean_of_squares:
        assert_alike(ours, own, x, y, np.arange(20.0))


def test_weights_of_samples_and_of_steps(rng):
    ids, y = rng.integers(1, 7, (9, 6)), rng.normal(size=(9, 6, 2)).astype(np.float32)
    ours, own = sequences(squares, mask=False), sequences("mse", mask=False)
    assert_alike(ours, own, ids, y, rng.random(9))
    assert_alike(ours, own, ids, y, rng.random((9, 6)))
    of_samples = sequences(lambda t, p: ops.mean(squares(t, p), axis=-1), mask=False)
    assert_alike(of_samples, own, ids, y, rng.random(9))


def test_what_a_mask_leaves_out_does_not_count(rng):
    ids, y = rng.integers(0, 7, (9, 6)), rng.normal(size=(9, 6, 2)).astype(np.float32)
    ours, own = sequences(squares), sequences("mse")
    assert_alike(ours, own, ids, y)
    assert_alike(ours, own, ids, y, rng.random(9))
    logs = ours.evaluate(ids, y, batch_size=4, return_dict=True)
    assert logs["squares"] == pytest.approx(logs["mse"], rel=1e-5)
    scalar = sequences(mean_of_squares)
    with pytest.raises(ValueError, match=r"mean_of_squares.*a mask of steps.*\(9, 6\)"):
        scalar.train_on_batch(ids, y)


def test_class_numbers_are_whole_numbers(rng):
    x = rng.normal(size=(30, 4)).astype(np.float32)
    labels = rng.integers(3, size=30)
    model = dense(chosen, metrics=["accuracy"])
    before = model.evaluate(x, labels, return_dict=True)
    right = np.mean(model.predict(x).argmax(-1) == labels)
    assert before["accuracy"] == pytest.approx(right)
    model.fit(x, labels[:, None], epochs=5, verbose=0)
    assert model.evaluate(x, labels)[0] < before["loss"]
    with pytest.raises(IndexError, match="3"):
        model.train_on_batch(x, labels + 1)
    assert model.memory(30) > 0
    assert "one_hot" in model.plan(30).describe()


def test_targets_of_another_shape_make_another_plan(data):
    """Steps on batches remember plans by the shape of x."""
    x, y = data
    model = dense(lambda t, p: squares(ops.reshape(t, (-1, 1)) if t.ndim == 1 else t, p))
    for target in (y, y[:, :1], y[:, 0], y):
        want = np.mean((model.predict(x) - target.reshape(20, -1)) ** 2)
        assert model.test_on_batch(x, target) == pytest.approx(want, rel=1e-5)
        assert model.test_on_batch(x, target) == pytest.approx(want, rel=1e-5)


def test_a_flat_target_of_one_unit_is_a_column(rng):
    x, y = rng.normal(size=(8, 4)).astype(np.float32), rng.integers(2, size=8)
    assert_alike(dense(squares, 1), dense("mse", 1), x, y)


def test_compile_again_forgets_the_function_before(data):
    x, y = data
    model = dense(squares)
    first = model.evaluate(x, y)
    model.compile("sgd", lambda t, p: 2.0 * squares(t, p))
    assert model.evaluate(x, y) == pytest.approx(2 * first)


def test_brasas_own_losses_as_parts(data):
    x, y = data
    mse, mae = losses.MeanSquaredError(), losses.MeanAbsoluteError()
    ours = dense(lambda t, p: 0.25 * mse(t, p) + mae(t, p))
    (_, by_mse), (_, by_mae) = (dense(loss).compute_gradients(x, y) for loss in (mse, mae))
    value, gradients = ours.compute_gradients(x, y)
    assert value == pytest.approx(0.25 * mse(y, ours.predict(x)) + mae(y, ours.predict(x)))
    for got, a, b in zip(gradients, by_mse, by_mae, strict=True):
        assert_close(got, 0.25 * a + b, 1e-6)


def test_each_output_has_its_own(data):
    x, y = data
    i = Input((4,))
    outputs = [layers.Dense(3, name="a")(i), layers.Dense(3, name="b")(i)]
    model = Model(i, outputs)
    model.compile(
        "sgd", {"a": squares, "b": "mse"}, loss_weights=[0.5, 2.0], metrics=[[squares], []]
    )
    logs = model.evaluate(x, [y, y], return_dict=True)
    assert logs["loss"] == pytest.approx(0.5 * logs["a_loss"] + 2 * logs["b_loss"])
    assert logs["a_squares"] == pytest.approx(logs["a_loss"])
    reference = Model(i, outputs)
    reference.compile("sgd", "mse", loss_weights=[0.5, 2.0])
    assert_alike(model, reference, x, [y, y])


def test_values_of_arrays(data):
    x, y = data[0][:, :3], data[1]
    weight = np.arange(20.0)
    mse = losses.MeanSquaredError()
    assert losses.get(squares)(y, x, weight) == pytest.approx(mse(y, x, weight), rel=1e-5)
    assert Weighted()(y, x) == pytest.approx(2 * mse(y, x), rel=1e-5)
    assert metrics.get(squares, mse, (None, 3))(y, x) == pytest.approx(mse(y, x), rel=1e-5)


# What cannot be meant.

BAD = [
    (lambda t, p: None, TypeError, r"'<lambda>' must return.*None: is there a return\?"),
    (lambda t, p: np.zeros(20), TypeError, r"must return.*a NumPy array of \(20,\)"),
    (lambda t, p: 0.0, TypeError, "must return.*got 0.0"),
    (lambda t, p: np.square(t - p), TypeError, "cannot be computed.*brasa.ops"),
    (lambda t, p: ops.sum(t - p, axis=0), ValueError, r"must return.*\(20,\).*shape \(3,\)"),
    (lambda t, p: ops.mean(t - p, -1, keepdims=True), ValueError, r"shape \(20, 1\)"),
    (lambda t, p: t[:, :2] - p, ValueError, r"cannot be computed.*\(20, 2\).*\(20, 3\)"),
    (lambda t: t, TypeError, "cannot be computed.*2 were given"),
]


@pytest.mark.parametrize(("loss", "error", "message"), BAD)
def test_what_is_no_loss_is_refused(data, loss, error, message):
    x, y = data
    model = dense(loss)
    with pytest.raises(error, match="compile: loss.*" + message):
        model.fit(x, y, batch_size=20, verbose=0)
    model = dense("mse", metrics=[loss])
    with pytest.raises(error, match="compile: metric.*" + message):
        model.evaluate(x, y)


def test_more_that_is_refused(data):
    x, y = data
    with pytest.raises(ValueError, match=r"mean_of_squares.*sample_weight.*each of"):
        dense(mean_of_squares).train_on_batch(x, y, sample_weight=np.ones(20))
    with pytest.raises(ValueError, match="does not depend on y_pred"):
        dense(lambda t, p: ops.mean(t)).train_on_batch(x, y)
    with pytest.raises(NotImplementedError, match=r"call\(\)"):
        losses.Loss()([1.0], [[1.0]])
    with pytest.raises(TypeError, match="loss must be one of the names"):
        dense(Weighted)


# Files and copies.


def test_files_name_functions_and_classes(tmp_path, data):
    x, y = data
    path = tmp_path / "model.brasa"
    for loss, name, item in ((squares, "squares", squares), (Weighted(3.0), "Weighted", Weighted)):
        model = dense(loss, metrics=[mean_of_squares])
        model.compile("adam", loss, metrics=[mean_of_squares])
        model.fit(x, y, verbose=0)
        model.save(path)
        with pytest.warns(UserWarning, match=f"{name}, mean_of_squares.*compile|mean_.*{name}"):
            bare = load_model(path)
        assert_same_bits(bare.predict(x), model.predict(x))
        with pytest.raises(RuntimeError, match="compile"):
            bare.evaluate(x, y)
        again = load_model(path, {name: item, "mean_of_squares": mean_of_squares})
        assert again.evaluate(x, y) == model.evaluate(x, y)
        assert again.train_on_batch(x, y) == model.train_on_batch(x, y)  # with Adam's memory
        assert_same_bits(again.predict(x), model.predict(x))


@pytest.mark.parametrize("again", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_keep_them(data, again):
    x, y = data
    for loss in (squares, Weighted(3.0)):
        model = dense(loss, metrics=[squares])
        twin = again(model)
        assert twin.evaluate(x, y) == model.evaluate(x, y)
        assert twin.train_on_batch(x, y) == model.train_on_batch(x, y)
    anonymous = dense(lambda t, p: 2.0 * squares(t, p))
    assert copy.deepcopy(anonymous).evaluate(x, y) == anonymous.evaluate(x, y)


def test_an_array_beside_the_targets_weighs_the_classes(rng):
    weights = np.array([1.0, 2.0, 3.0])
    x, y = rng.standard_normal((6, 4)).astype("f"), np.eye(3, dtype="f")[[0, 1, 2, 0, 1, 2]]

    def by_array(y_true, y_pred):
        return -ops.sum(y_true * ops.log(y_pred) * weights, axis=-1)

    model = Sequential([Input((4,)), layers.Dense(3, "softmax")])
    model.compile("sgd", by_array)
    wanted = -(y * np.log(model.predict(x)) * weights).sum(-1).mean()
    assert model.evaluate(x, y) == pytest.approx(float(wanted), rel=1e-6)
