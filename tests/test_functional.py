"""Graphs of layers: several inputs and outputs, branches, shared layers, layers of one's own."""

import copy

import numpy as np
import pytest

import brasa
from brasa import Input, Model, Sequential, layers, ops, optimizers
from brasa.testing.assertions import ROUNDING, assert_close, assert_same_bits


def test_a_shared_layer_is_one_set_of_weights(rng):
    x = Input((3,))
    shared = layers.Dense(3, activation="tanh")
    model = Model(x, shared(shared(shared(x))))
    kernel, bias = model.get_weights()
    values = rng.standard_normal((5, 3)).astype(np.float32)
    want = values.astype(np.float64)
    for _ in range(3):
        want = np.tanh(want @ kernel + bias)
    assert_close(model.predict(values), want, 64 * ROUNDING)
    assert model.count_params() == 12


def two_in_two_out():
    """Two inputs that share a layer; two outputs of different kinds."""
    a, b = Input((3,), name="a"), Input((2,), name="b")
    narrow = layers.Dense(2, use_bias=False, name="narrow")
    joined = layers.Concatenate(name="join")([narrow(a), b, layers.Add()([narrow(a), b])])
    kind = layers.Dense(2, activation="softmax", name="kind")(joined)
    size = layers.Dense(1, name="size")(layers.Dense(2, activation="relu")(joined))
    return Model([a, b], [kind, size], name="pairs")


def test_several_inputs_and_outputs_are_lists_in_order(rng):
    model = two_in_two_out()
    assert model.input_shape == [(None, 3), (None, 2)]
    assert model.output_shape == [(None, 2), (None, 1)]
    a, b = rng.standard_normal((4, 3)), rng.standard_normal((4, 2))
    kind, size = model.predict([a, b])
    assert (kind.shape, size.shape) == ((4, 2), (4, 1))
    for again in (model.predict({"b": b, "a": a}), model([a, b]), model.predict((a, b), 3)):
        assert_same_bits(again, [kind, size])


def test_losses_of_several_outputs_are_weighted_and_reported_by_name(rng):
    model = two_in_two_out()
    model.compile(
        optimizers.SGD(0.0),
        {"kind": "sparse_categorical_crossentropy", "size": "mse"},
        loss_weights=[1.0, 0.25],
        metrics={"kind": ["accuracy"], "size": ["mse"]},
    )
    x = [rng.standard_normal((9, 3)), rng.standard_normal((9, 2))]
    y = [rng.integers(0, 2, 9), rng.standard_normal((9, 1))]
    kind, size = (p.astype(np.float64) for p in model.predict(x))
    entropy = -np.log(kind[np.arange(9), y[0]]).mean()
    square = ((size - y[1]) ** 2).mean()
    logs = model.evaluate(x, y, batch_size=4, return_dict=True)
    assert list(logs) == ["loss", "kind_loss", "size_loss", "kind_accuracy", "size_mse"]
    assert_close(logs["kind_loss"], entropy, 64 * ROUNDING * entropy)
    assert_close(logs["size_loss"], square, 64 * ROUNDING * square)
    assert_close(logs["loss"], entropy + 0.25 * square, 64 * ROUNDING * logs["loss"])
    assert logs["size_mse"] == logs["size_loss"]
    assert logs["kind_accuracy"] == (kind.argmax(1) == y[0]).mean().astype(np.float32)
    history = model.fit(x, {"kind": y[0], "size": y[1]}, batch_size=4, verbose=0).history
    assert_close(history["loss"][0], logs["loss"], 64 * ROUNDING * logs["loss"])
    loss, gradients = model.compute_gradients(x, y)
    assert_close(loss, logs["loss"], 64 * ROUNDING * logs["loss"])
    assert [g.shape for g in gradients] == [w.shape for w in model.get_weights()]


def test_each_output_may_have_sample_weights_of_its_own(rng):
    model = two_in_two_out()
    model.compile(optimizers.SGD(0.0), ["sparse_categorical_crossentropy", "mse"])
    x = [rng.standard_normal((9, 3)), rng.standard_normal((9, 2))]
    y = [rng.integers(0, 2, 9), rng.standard_normal((9, 1))]
    kind, size = (p.astype(np.float64) for p in model.predict(x))
    weight = np.arange(9, dtype=np.float32)
    entropy = (weight * -np.log(kind[np.arange(9), y[0]])).mean()
    square = ((size - y[1]) ** 2).mean()
    for given in ({"kind": weight}, {"size": None, "kind": weight}, [weight, np.ones(9)]):
        logs = model.evaluate(x, y, sample_weight=given, return_dict=True)
        assert_close(logs["kind_loss"], entropy, 64 * ROUNDING * entropy)
        assert_close(logs["size_loss"], square, 64 * ROUNDING * square)
        history = model.fit(x, y, sample_weight=given, batch_size=4, verbose=0).history
        assert_close(history["kind_loss"][0], entropy, 64 * ROUNDING * entropy)
    both = model.evaluate(x, y, sample_weight=list(weight), return_dict=True)
    assert both == model.evaluate(x, y, sample_weight=weight, return_dict=True)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sort": np.ones(9)}, r"names no output: \['sort'\], the outputs are \['kind', 'size'\]"),
        ([np.ones(9)], r"a list of 2 arrays \(\['kind', 'size'\]\), got 1"),
        ({"kind": np.ones(8)}, r"must have the shape \(9,\), got \(8,\)"),
    ],
)
def test_sample_weights_that_fit_no_output_are_refused(given, message, rng):
    model = two_in_two_out()
    model.compile("sgd", ["sparse_categorical_crossentropy", "mse"])
    x = [rng.standard_normal((9, 3)), rng.standard_normal((9, 2))]
    with pytest.raises(ValueError, match=message):
        model.fit(x, [np.zeros(9, int), np.zeros((9, 1))], sample_weight=given, verbose=0)


def test_a_model_is_applied_to_a_dictionary(rng):
    model = two_in_two_out()
    a, b = rng.standard_normal((4, 3)), rng.standard_normal((4, 2))
    first, second = model.network.input_names
    assert_same_bits(model({second: b, first: a}), model([a, b]))
    left, right = Input((3,)), Input((2,))
    outer = Model([left, right], model({second: right, first: left}))
    assert_same_bits(outer.predict([a, b]), model.predict([a, b]))
    with pytest.raises(ValueError, match=r"model 'pairs': the argument needs the keys"):
        model({first: left})


def test_outputs_without_names_of_their_own_are_told_apart(rng):
    x = Input((3,))
    model = Model(x, [layers.Dense(2)(x), layers.Dense(2)(x), layers.Dense(2)(x)])
    model.compile(optimizers.SGD(0.0), "mse")
    values = rng.standard_normal((5, 3))
    targets = [rng.standard_normal((5, 2)) for _ in range(3)]
    logs = model.evaluate(values, targets, return_dict=True)
    assert list(logs) == ["loss", "dense_loss", "dense_1_loss", "dense_2_loss"]
    want = [((p - t) ** 2).mean() for p, t in zip(model.predict(values), targets, strict=True)]
    assert_close(logs["loss"], sum(want), 64 * ROUNDING * logs["loss"])
    model.compile("sgd", {"dense": "mse", "dense_2": "mse", "dense_1": "mse"})


def test_one_tensor_may_be_two_outputs(rng):
    x = Input((3,))
    y = layers.Dense(2)(x)
    model = Model(x, [y, y])
    model.compile(optimizers.SGD(0.0), "mse")
    values, target = rng.standard_normal((5, 3)), rng.standard_normal((5, 2))
    first, second = model.predict(values)
    assert_same_bits(first, second)
    once = ((first - target) ** 2).mean()
    zero = (first.astype(np.float64) ** 2).mean()
    loss, (by_kernel, _) = model.compute_gradients(values, [target, np.zeros((5, 2))])
    assert_close(loss, once + zero, 64 * ROUNDING * loss)
    want = values.T @ (2 * (2 * first - target)) / 10
    assert_close(by_kernel, want, 64 * ROUNDING * np.abs(want).max())


def test_an_output_may_be_a_view_an_input_or_a_tensor_in_between(rng):
    x = Input((4,))
    hidden = layers.Dense(6, activation="relu")(x)
    outputs = [layers.Reshape((2, 2))(x), x, hidden, layers.Reshape((3, 2))(hidden)]
    model = Model(x, outputs)
    values = rng.standard_normal((5, 4)).astype(np.float32)
    view, same, between, between_view = model.predict(values)
    assert_same_bits([view.reshape(5, 4), same], [values, values])
    assert_same_bits(between_view.reshape(5, 6), between)
    model.compile(optimizers.SGD(0.0), "mse")
    zeros = [np.zeros(p.shape) for p in (view, same, between, between_view)]
    _, (by_kernel, _) = model.compute_gradients(values, zeros)
    want = values.T.astype(np.float64) @ (4 * between.astype(np.float64)) / between.size
    assert_close(by_kernel, want, 64 * ROUNDING * np.abs(want).max())


@pytest.mark.parametrize("last", [layers.Reshape((2, 3)), layers.Flatten(), layers.Dropout(0.5)])
def test_the_last_layer_may_be_one_without_arithmetic(last, rng):
    model = Sequential(
        [layers.Dense(6, input_shape=(4,)), type(last).from_config(last.get_config())]
    )
    model.compile("sgd", "mse")
    x = rng.standard_normal((7, 4)).astype(np.float32)
    y = np.ones((7, *model.output_shape[1:]))
    first = model.evaluate(x, y)
    model.fit(x, y, epochs=20, verbose=0)
    assert model.evaluate(x, y) < first


def test_a_model_may_begin_inside_another(rng, tmp_path):
    x = Input((8, 8, 1))
    features = layers.Conv2D(4, 3, name="features")
    whole = Model(x, layers.Dense(3)(layers.Flatten()(layers.MaxPooling2D(2)(features(x)))))
    front = Model(whole.input, whole.get_layer("features").output)
    rear = Model(whole.get_layer("features").output, whole.output)
    images = rng.standard_normal((2, 8, 8, 1)).astype(np.float32)
    between = front.predict(images)
    assert features not in rear.layers
    assert_close(rear.predict(between), whole.predict(images), 256 * ROUNDING)
    rear.save(tmp_path / "rear.brasa")
    again = [brasa.load_model(tmp_path / "rear.brasa"), copy.deepcopy(rear)]
    for twin in again:
        assert_same_bits(twin.predict(between), rear.predict(between))


def test_an_input_that_is_missing_is_named():
    a, b = Input((3,), name="a"), Input((3,), name="b")
    y = layers.Add()([a, b])
    with pytest.raises(ValueError, match=r"depend on the input 'b' \(None, 3\)"):
        Model(a, y)
    with pytest.raises(TypeError, match="outputs must be an Input or outputs of layers, got int"):
        Model(a, 3)
    with pytest.raises(TypeError, match="inputs must be"):
        Model([], y)


def test_a_deep_network_needs_no_deep_stack():
    x = tensor = Input((2,))
    for _ in range(1500):
        tensor = layers.Activation("tanh")(tensor)
    assert Model(x, tensor).predict(np.zeros((1, 2))).shape == (1, 2)


def test_models_that_share_layers_share_their_weights(rng):
    x = Input((3,))
    features = layers.Dense(4, activation="tanh")(x)
    whole = Model(x, layers.Dense(2)(features))
    whole.compile(optimizers.SGD(0.1), "mse")
    values, target = rng.standard_normal((8, 3)), rng.standard_normal((8, 2))
    part = Model(x, features)
    before = part.predict(values)
    whole.fit(values, target, epochs=3, verbose=0)
    after = part.predict(values)
    assert (after != before).any()
    kernel, bias = whole.get_weights()[:2]
    assert_close(after, np.tanh(values.astype(np.float32).astype(np.float64) @ kernel + bias), 1e-6)
    # Looking at one between the steps of the other does no harm.
    twin = Sequential([layers.Dense(4, activation="tanh", input_shape=(3,)), layers.Dense(2)])
    twin.compile(optimizers.SGD(0.1), "mse")
    twin.set_weights(whole.get_weights())
    for _ in range(3):
        assert whole.train_on_batch(values, target) == twin.train_on_batch(values, target)
        part.predict(values)
    assert_same_bits(whole.get_weights(), twin.get_weights())
    part.set_weights([np.zeros((3, 4)), np.zeros(4)])
    assert (whole.get_weights()[0] == 0).all()
    assert_same_bits(whole.predict(values), np.tile(whole.get_weights()[3], (8, 1)))


def test_a_model_looked_at_in_a_callback_does_not_disturb_training(rng):
    x = Input((3,))
    features = layers.Dense(4, activation="tanh")(x)
    values, target = rng.standard_normal((8, 3)), rng.standard_normal((8, 2))

    class Look(brasa.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            part.predict(values)

    runs = []
    for watched in (False, True):
        brasa.set_seed(3)
        features = layers.Dense(4, activation="tanh")(x)
        whole = Model(x, layers.Dense(2)(features))
        part = Model(x, features)
        whole.compile("adam", "mse")
        whole.fit(values, target, 2, epochs=3, verbose=0, callbacks=[Look()] if watched else [])
        runs.append([*whole.get_weights(), whole.predict(values)])
    assert_same_bits(runs[1], runs[0])


def test_a_layer_of_ones_own_needs_no_gradient_of_its_own(rng):
    class Gated(layers.Layer):
        """``tanh(x w) * sigmoid(x v)``, with activations inside the ops."""

        def build(self, input_shape):
            self.w = self.add_weight("w", (input_shape[-1], 5))
            self.v = self.add_weight("v", (input_shape[-1], 5), "he_normal")

        def call(self, x):
            gate = ops.sigmoid(ops.matmul(x, self.v))
            return ops.multiply(ops.dense(x, self.w, activation="tanh"), gate)

    model = Sequential([Gated(input_shape=(4,)), layers.Dense(1)])
    model.compile(optimizers.SGD(0.0), "mse")
    x, y = rng.standard_normal((6, 4)), rng.standard_normal((6, 1))
    _, gradients = model.compute_gradients(x, y)
    w, v, k, _ = (a.astype(np.float64) for a in model.get_weights())
    t, s = np.tanh(x @ w), 1 / (1 + np.exp(-x @ v))
    dh = 2 * (model.predict(x) - y) / 6 @ k.T
    for got, want in zip(
        gradients, (x.T @ (dh * s * (1 - t**2)), x.T @ (dh * t * s * (1 - s))), strict=False
    ):
        assert_close(got, want, 128 * ROUNDING * np.abs(want).max())


def test_frozen_weights_stay(rng):
    model = Sequential(
        [layers.Dense(4, input_shape=(3,), trainable=False), layers.Dense(2), layers.Dense(2)]
    )
    model.compile("adam", "mse")
    before = model.get_weights()
    model.fit(rng.standard_normal((8, 3)), rng.standard_normal((8, 2)), verbose=0)
    after = model.get_weights()
    assert_same_bits(after[:2], before[:2])
    assert all((one != other).any() for one, other in zip(after[2:], before[2:], strict=True))
    assert len(model.trainable_weights) == 4
    assert len(model.compute_gradients(np.ones((1, 3)), np.ones((1, 2)))[1]) == 4
    # Thawed, they take part after the next compile.
    model.layers[0].trainable = True
    model.compile("adam", "mse")
    model.fit(rng.standard_normal((8, 3)), rng.standard_normal((8, 2)), verbose=0)
    assert (model.get_weights()[0] != before[0]).any()


def test_layers_come_in_kerass_order():
    """By distance from the outputs; at one distance, as a walk from the outputs meets them."""
    image = layers.Input((8, 8, 3))
    first = layers.Conv2D(4, 1, name="first")(image)
    long = layers.ReLU(name="relu")(layers.Conv2D(4, 1, name="long")(first))
    long = layers.Conv2D(4, 1, name="last")(long)
    short = layers.Conv2D(4, 1, name="short")(first)
    model = brasa.Model(image, layers.Add(name="add")([short, long]))
    assert [layer.name for layer in model.layers] == [
        "first", "long", "relu", "short", "last", "add"
    ]  # fmt: skip
