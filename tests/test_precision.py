"""compile(precision=...): what it changes, what it leaves, and what it says where it cannot."""

import warnings

import numpy as np
import pytest

import brasa
from brasa import Sequential, datasets, layers, load_model, ops, runtime
from brasa.models import lenet5
from brasa.testing.assertions import assert_same_bits

LOWER = ("bf16", "bf16x3")


@pytest.fixture
def offered():
    """The preferred table that computes all products of a model in a lower precision.

    The reference does everywhere, AVX512-BF16 where it gains: see tests/graph/test_precision.py.
    """
    for name in runtime.implementations():
        with runtime.force(name):
            if runtime.products_by() not in ("", "AVX512-BF16"):
                yield name
                return


@pytest.fixture
def without():
    """A table of float32 alone."""
    for name in runtime.implementations():
        with runtime.force(name):
            if len(runtime.precisions()) == 1:
                yield name
                return
    pytest.skip("every table has them here")


def mlp(precision="float32", optimizer="sgd"):
    brasa.set_seed(3)
    model = Sequential(
        [
            layers.Dense(40, activation="relu", input_shape=(30,)),
            layers.Dense(5, activation="softmax"),
        ]
    )
    model.compile(optimizer, "sparse_categorical_crossentropy", precision=precision)
    return model


@pytest.fixture
def batch(rng):
    return rng.normal(size=(50, 30)).astype(np.float32), rng.integers(0, 5, 50)


@pytest.mark.parametrize("precision", LOWER)
def test_predictions_are_those_of_the_ops(precision, offered, batch):
    model, (x, _) = mlp(precision), batch
    w1, b1, w2, b2 = model.get_weights()
    hidden = ops.dense(x, w1, b1, "relu", precision=precision)
    want = ops.softmax(ops.dense(hidden, w2, b2, precision=precision))
    assert_same_bits(model.predict(x), want)
    assert precision != "bf16" or not np.array_equal(want, mlp().predict(x))


@pytest.mark.parametrize("precision", LOWER)
def test_convolutions_predict_what_the_ops_give(precision, offered, rng):
    """Neither packed weights nor Winograd's tiles nor lanes come between.

    But for bf16x3 where the tiles are faster, and as exact: at 3x3.
    """
    size = {"bf16": 3, "bf16x3": 5}[precision]
    x = rng.normal(size=(16, 12, 12, 3)).astype(np.float32)
    first = layers.Conv2D(40, 3, padding="same", activation="relu", input_shape=(12, 12, 3))
    model = Sequential(
        [first, layers.Conv2D(32, size, padding="same"), layers.Conv2D(6, 2, strides=2)]
    )
    model.compile("sgd", "mse", precision=precision)
    w1, b1, w2, b2, w3, b3 = model.get_weights()
    y = ops.conv2d(x, w1, b1, padding="same", activation="relu", precision=precision)
    y = ops.conv2d(y, w2, b2, padding="same", precision=precision)
    want = ops.conv2d(y, w3, b3, strides=2, precision=precision)
    assert_same_bits(model.predict(x, batch_size=16), want)


@pytest.mark.parametrize("precision", LOWER)
def test_gradients_are_products_of_that_precision(precision, offered, batch):
    model, (x, y) = mlp(precision), batch
    w1, b1, w2, b2 = model.get_weights()
    _, gradients = model.compute_gradients(x, y)
    hidden = ops.dense(x, w1, b1, "relu", precision=precision)
    p = ops.softmax(ops.dense(hidden, w2, b2, precision=precision)).astype(np.float64)
    dy = ((p - np.eye(5)[y]) / 50).astype(np.float32)
    dx, dw2, _ = ops.dense_backward(dy, hidden, w2, precision=precision)
    _, dw1, _ = ops.dense_backward(dx * (hidden > 0), x, w1, precision=precision)
    # dy may differ by a rounding, which can tip one into another bf16.
    scale = {"bf16": 2e-3, "bf16x3": 1e-5}[precision]
    for got, want in ((gradients[0], dw1), (gradients[2], dw2)):
        assert np.abs(got - want).max() <= scale * np.abs(want).max()


def test_every_product_of_a_plan_has_it_and_no_convolution_hides_from_it(offered):
    model = lenet5(10, (32, 32, 1))
    model.compile("sgd", "sparse_categorical_crossentropy", precision="bf16")
    steps = [step["op"] for step in model.plan(16, "train")._plan.steps()]
    assert not any("lanes" in op for op in steps)
    assert {"conv2d", "conv2d_backward_weight", "conv2d_backward_data", "matmul"} <= set(steps)
    x = np.random.default_rng(0).random((16, 32, 32, 1), np.float32)
    before = model.predict(x)
    model.compile("sgd", "sparse_categorical_crossentropy")
    assert not np.array_equal(before, model.predict(x))


@pytest.mark.parametrize("precision", LOWER)
def test_lenet_learns_digits_nearly_as_in_float32(precision, offered):
    (x, y), _ = datasets.load_digits()
    x, y = x[:512], y[:512]
    losses = {}
    for name in ("float32", precision):
        brasa.set_seed(5)
        model = lenet5(10, x.shape[1:])
        model.compile("adam", "sparse_categorical_crossentropy", precision=name)
        losses[name] = model.fit(x, y, batch_size=64, epochs=3, verbose=0).history["loss"]
    apart = np.abs(np.subtract(losses[precision], losses["float32"])) / losses["float32"]
    assert losses["float32"][-1] < 0.7 * losses["float32"][0]
    assert apart.max() < {"bf16": 0.02, "bf16x3": 1e-4}[precision]
    assert precision != "bf16" or apart.max() > 0


def test_weights_and_slots_stay_float32_through_a_file(offered, batch, tmp_path):
    model, (x, y) = mlp("bf16", "adam"), batch
    model.fit(x, y, epochs=2, batch_size=16, verbose=0)
    assert all(w.dtype == np.float32 for w in model.get_weights())
    # Not one of them is a bf16 by chance: the lower half of the bits is used.
    assert (model.get_weights()[0].view(np.uint32) & 0xFFFF).any()
    model.save(tmp_path / "model.brasa")
    again = load_model(tmp_path / "model.brasa")
    assert again.objective.precision == "bf16"
    for one, other in zip(model.get_weights(), again.get_weights(), strict=True):
        assert_same_bits(one, other)
    for one in (model, again):
        one.fit(x, y, epochs=1, batch_size=16, verbose=0)
    assert_same_bits(model.predict(x), again.predict(x))


def test_a_machine_without_it_loads_the_model_and_says_so(offered, batch, tmp_path):
    model, (x, _) = mlp("bf16"), batch
    model.save(tmp_path / "model.brasa")
    others = [n for n in runtime.implementations() if n != offered]
    for name in others:
        with runtime.force(name):
            if len(runtime.precisions()) > 1:
                continue
            with pytest.warns(UserWarning, match="precision='bf16'.*goes on with 'float32'"):
                again = load_model(tmp_path / "model.brasa")
            assert again.objective.precision == "float32"
            assert np.isfinite(again.predict(x)).all()


def test_float32_models_load_without_a_word(batch, tmp_path):
    mlp().save(tmp_path / "model.brasa")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_model(tmp_path / "model.brasa")


def test_a_table_without_it_says_what_is_missing(without, batch):
    assert runtime.precisions() == ["float32"]
    with pytest.raises(RuntimeError, match=f"compile: precision 'bf16'.*'{without}'.*lacks .+ Use"):
        mlp("bf16")
    with pytest.raises(RuntimeError, match="matmul: precision 'bf16x3' is not offered by"):
        ops.matmul(np.ones((2, 2), np.float32), np.ones((2, 2), np.float32), precision="bf16x3")
    x, w = np.ones((1, 4, 4, 2), np.float32), np.ones((3, 3, 2, 2), np.float32)
    with pytest.raises(RuntimeError, match="conv2d: precision 'bf16' is not offered by"):
        ops.conv2d(x, w, precision="bf16")


def test_a_model_that_comes_to_such_a_table_says_it_too(offered, batch):
    model, (x, _) = mlp("bf16"), batch
    for name in runtime.implementations():
        with runtime.force(name):
            if len(runtime.precisions()) == 1:
                with pytest.raises(RuntimeError, match="precision 'bf16' is not offered by"):
                    model.predict(x)


@pytest.mark.parametrize("precision", ["float16", "BF16", None, 16])
def test_an_unknown_precision_is_refused(precision):
    with pytest.raises(ValueError, match="compile: precision must be one of float32, bf16, bf16x3"):
        mlp(precision)
    with pytest.raises(ValueError, match="matmul: precision must be one of float32, bf16, bf16x3"):
        ops.matmul([[1.0]], [[1.0]], precision=precision)


def test_recurrent_layers_stay_float32(offered, rng):
    x = rng.normal(size=(8, 6, 5)).astype(np.float32)
    results = []
    for precision in ("float32", "bf16"):
        brasa.set_seed(1)
        model = Sequential([layers.LSTM(7, input_shape=(6, 5))])
        model.compile("sgd", "mse", precision=precision)
        results.append(model.predict(x))
    assert_same_bits(*results)


class Rounded(layers.Layer):
    """A layer that chooses for itself."""

    def build(self, input_shape):
        self.kernel = self.add_weight("kernel", (input_shape[-1], 5))

    def call(self, x):
        return ops.dense(x, self.kernel, precision="bf16")


def test_a_layer_may_choose_for_itself(offered, batch):
    x, _ = batch
    for precision in ("float32", "bf16x3"):
        brasa.set_seed(4)
        model = Sequential([Rounded(input_shape=(30,))])
        model.compile("sgd", "mse", precision=precision)
        want = ops.dense(x, model.get_weights()[0], precision="bf16")
        assert_same_bits(model.predict(x), want)
        _, (gradient,) = model.compute_gradients(x, np.zeros((50, 5), np.float32))
        dy = (2 * want / want.size).astype(np.float32)
        _, dw, _ = ops.dense_backward(dy, x, model.get_weights()[0], precision="bf16")
        # The loss may round dy another way, which can tip one into another bf16.
        assert np.abs(gradient - dw).max() <= 2e-3 * np.abs(dw).max()
