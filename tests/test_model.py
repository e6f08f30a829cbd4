"""Models: how layers are put together, what they take, and what they say when it does not fit."""

import warnings

import numpy as np
import pytest

import brasa
from brasa import Input, Model, Sequential, layers, losses, metrics, ops, optimizers
from brasa.testing.assertions import ROUNDING, assert_close, assert_same_bits


def small(**options):
    """A compiled stack for images of 4 x 4."""
    model = Sequential(
        [
            layers.Conv2D(2, 3, activation="relu", input_shape=(4, 4, 1)),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ],
        **options,
    )
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@pytest.fixture
def images(rng):
    return rng.standard_normal((6, 4, 4, 1)).astype(np.float32)


# ---- Sequential ----------------------------------------------------------------------------


def test_a_stack_can_be_put_together_in_every_way(images):
    def stack():
        return [layers.Flatten(), layers.Dense(3, name="last")]

    def first(**options):
        return layers.Conv2D(2, 3, **options)

    added = Sequential()
    for layer in (first(input_shape=(4, 4, 1)), *stack()):
        added.add(layer)
    built = Sequential([first(), *stack()])
    built.build((None, 4, 4, 1))
    late = Sequential([first(), *stack()])
    late.predict(images)
    for model in (
        added,
        built,
        late,
        Sequential([Input((4, 4, 1)), first(), *stack()]),
        Sequential([layers.InputLayer((4, 4, 1)), first(), *stack()]),
        Sequential([first(input_shape=(4, 4, 1)), *stack()]),
    ):
        assert [layer.name for layer in model.layers] == ["conv2d", "flatten", "last"]
        assert [p.name for p in model.weights] == [
            "conv2d/kernel",
            "conv2d/bias",
            "last/kernel",
            "last/bias",
        ]
        assert model.input_shape == (None, 4, 4, 1)
        assert model.output_shape == (None, 3)
        assert model.predict(images).shape == (6, 3)


def test_a_list_of_numbers_is_data_like_another():
    model = Sequential([layers.Dense(2)])
    assert model.predict([[1.0, 2.0, 3.0]]).shape == (1, 2)
    assert model.predict([[1, 2, 3], [4, 5, 6]]).shape == (2, 2)


def test_layers_can_be_added_and_taken_off_later(images):
    model = small()
    before = model.predict(images)
    kept = model.get_weights()
    with pytest.warns(UserWarning, match="expects probabilities"):
        assert model.pop().name == "dense"
    assert model.output_shape == (None, 8)
    model.add(layers.Dense(3, activation="softmax"))
    model.set_weights(kept)
    assert_same_bits(model.predict(images), before)
    model.fit(images, [0, 1, 2] * 2, verbose=0)


def test_what_cannot_be_stacked_is_refused():
    stack = Sequential([layers.Dense(2, input_shape=(3,))])
    with pytest.raises(TypeError, match="wanted a layer, got int"):
        stack.add(3)
    with pytest.raises(ValueError, match="an Input can only stand at the front"):
        stack.add(Input((3,)))
    with pytest.raises(ValueError, match=r"layer number 1: layer 'conv2d'.*rank 4"):
        stack.add(layers.Conv2D(2, 3))
    with pytest.raises(ValueError, match="no layer to take off"):
        Sequential().pop()


def test_a_model_without_an_input_shape_says_how_to_give_one():
    model = Sequential([layers.Dense(2)])
    model.compile("sgd", "mse")
    for ask in (
        model.summary,
        model.get_weights,
        lambda: model.input_shape,
        lambda: model.plan(3),
        lambda: model.fit(None, None),
    ):
        with pytest.raises((ValueError, TypeError), match=r"input_shape=|must be an array, got None"):
            ask()
    # compile() before the shape is known takes effect with the first data.
    assert model.train_on_batch(np.ones((2, 3)), np.ones((2, 2))) > 0


def test_two_layers_of_one_name_are_refused():
    with pytest.raises(ValueError, match="two layers of the model are named 'a'"):
        Sequential([layers.Dense(2, name="a", input_shape=(3,)), layers.Dense(2, name="a")])


# ---- graphs of layers ----------------------------------------------------------------------


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
    assert list(logs) == ["loss", "kind_loss", "kind_accuracy", "size_loss", "size_mse"]
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
    model = Sequential([layers.Dense(6, input_shape=(4,)), type(last).from_config(last.get_config())])
    model.compile("sgd", "mse")
    x = rng.standard_normal((7, 4)).astype(np.float32)
    y = np.ones((7, *model.output_shape[1:]))
    first = model.evaluate(x, y)
    model.fit(x, y, epochs=20, verbose=0)
    assert model.evaluate(x, y) < first


def test_an_input_that_is_missing_is_named():
    a, b = Input((3,), name="a"), Input((3,), name="b")
    y = layers.Add()([a, b])
    with pytest.raises(ValueError, match=r"depend on the input 'b' \(None, 3\)"):
        Model(a, y)
    with pytest.raises(TypeError, match="outputs must be an Input or outputs of layers, got 3"):
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
    for got, want in zip(gradients, (x.T @ (dh * s * (1 - t**2)), x.T @ (dh * t * s * (1 - s))), strict=False):
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


# ---- weights and facts ---------------------------------------------------------------------


def test_weights_are_copies_in_the_order_of_the_layers(images):
    model = small()
    weights = model.get_weights()
    assert [w.shape for w in weights] == [(3, 3, 1, 2), (2,), (8, 3), (3,)]
    before = model.predict(images)
    for w in weights:
        w += 1
    assert_same_bits(model.predict(images), before)
    model.set_weights(weights)
    assert_same_bits(model.get_weights(), weights)
    assert (model.predict(images) != before).any()


@pytest.mark.parametrize(
    ("spoil", "error", "message"),
    [
        (lambda w: w[:-1], ValueError, "has 4 weights, got 3 arrays"),
        (lambda w: [*w[:-1], w[-1][:2]], ValueError, r"'dense/bias' has the shape \(3,\)"),
        (lambda w: [*w[:-1], w[-1] + 1j], TypeError, "real numbers"),
        (lambda w: [*w[:-1], ["a", "b", "c"]], TypeError, "real numbers"),
        (lambda w: [*w[:-1], np.full(3, 1e300)], ValueError, "too large for float32"),
    ],
)
def test_weights_that_do_not_fit_change_nothing(spoil, error, message):
    model = small()
    before = model.get_weights()
    with pytest.raises(error, match=message):
        model.set_weights(spoil([w + 1.0 for w in before]))
    assert_same_bits(model.get_weights(), before)


def test_a_layer_is_found_by_name():
    model = small()
    assert model.get_layer("dense") is model.layers[-1]
    with pytest.raises(ValueError, match="layer 'dense_1' is unknown. Did you mean 'dense'"):
        model.get_layer("dense_1")


def test_the_summary_shows_layers_parameters_and_memory():
    lines = []
    model = small(name="tiny")
    model.summary(batch_size=7, print_fn=lines.append)
    text = "\n".join(lines)
    assert 'Model: "tiny"' in text
    for row in (
        "conv2d (Conv2D) (None, 2, 2, 2) 20",
        "flatten (Flatten) (None, 8) 0",
        "dense (Dense) (None, 3) 27",
        "Total params: 47 (188 bytes)",
        "Trainable params: 47",
        "Non-trainable params: 0",
        f"training step, batch 7: {model.memory(7):,} bytes",
        f"inference, batch 7: {model.memory(7, training=False):,} bytes",
    ):
        assert row in " ".join(text.split()), row


def test_the_summary_of_an_uncompiled_model_counts_inference_only(capsys):
    Sequential([layers.Dense(2, input_shape=(3,), trainable=False)]).summary()
    text = capsys.readouterr().out
    assert "Non-trainable params: 8" in text
    assert "training step" not in text


def test_a_profile_times_the_steps_and_leaves_the_weights(images):
    model = small()
    before = model.get_weights()
    steps = model.profile(images, [0, 1, 2, 0, 1, 2], repeats=2)
    assert steps[-1]["op"] == "sgd_step"
    assert {"name", "op", "seconds", "flops", "bytes", "threads"} <= set(steps[0])
    assert [s["op"] for s in model.profile(images, repeats=1)][0] == "conv2d"
    assert_same_bits(model.get_weights(), before)
    assert model.optimizer.iterations == 0


def test_plans_are_made_once_for_each_kind_of_batch(images):
    model = small()
    assert model.plan(6) is model.plan(6)
    assert model.plan(6) is not model.plan(5)
    assert model.plan(6) is not model.plan(6, "test")
    y = [0, 1, 2] * 2
    model.fit(images, y, batch_size=4, epochs=3, verbose=0)
    made = dict(model.engine._plans)
    model.fit(images, y, batch_size=4, epochs=3, verbose=0)
    assert model.engine._plans == made
    with pytest.raises(ValueError, match="mode must be"):
        model.plan(6, "training")


# ---- compile -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("units", "activation", "loss", "message"),
    [
        (3, None, "sparse_categorical_crossentropy", "ends with linear.*activation='softmax'"),
        (3, "relu", "categorical_crossentropy", "ends with relu"),
        (3, "sigmoid", "sparse_categorical_crossentropy", "ends with sigmoid"),
        (1, "softmax", "sparse_categorical_crossentropy", "has one unit"),
        (1, "sigmoid", "categorical_crossentropy", "has one unit"),
        (3, "softmax", losses.SparseCategoricalCrossentropy(from_logits=True), "use one of the two"),
        (3, "softmax", "binary_crossentropy", "looks at each unit on its own"),
        (1, None, "binary_crossentropy", "expects probabilities: use activation='sigmoid'"),
        (1, "sigmoid", losses.BinaryCrossentropy(from_logits=True), "use one of the two"),
    ],
)
def test_a_loss_that_cannot_belong_to_its_output_is_a_warning(units, activation, loss, message):
    model = Sequential([layers.Dense(units, activation=activation, input_shape=(2,), name="end")])
    with pytest.warns(UserWarning, match=message) as caught:
        model.compile("sgd", loss)
    assert "'end'" in str(caught[0].message)
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("units", "activation", "loss"),
    [
        (3, "softmax", "sparse_categorical_crossentropy"),
        (3, None, losses.CategoricalCrossentropy(from_logits=True)),
        (1, "sigmoid", "binary_crossentropy"),
        (3, "sigmoid", "binary_crossentropy"),
        (1, None, losses.BinaryCrossentropy(from_logits=True)),
        (3, "relu", "mse"),
    ],
)
def test_a_loss_that_belongs_to_its_output_is_no_warning(units, activation, loss):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Sequential([layers.Dense(units, activation=activation, input_shape=(2,))]).compile(loss=loss)


class Unit(layers.Layer):
    """A layer whose activation is part of its op."""

    def build(self, input_shape):
        self.w = self.add_weight("w", (input_shape[-1], 1))

    def call(self, x):
        return ops.dense(x, self.w, activation="sigmoid")


@pytest.mark.parametrize(
    "end",
    [
        lambda: [layers.Dense(3), layers.Softmax()],
        lambda: [layers.Dense(6), layers.Reshape((2, 3)), layers.Softmax()],
        lambda: [layers.Dense(3, "softmax"), layers.Dropout(0.1)],
        lambda: [layers.Dense(3, "softmax"), layers.Reshape((1, 3))],
        lambda: [Unit()],
    ],
)
def test_an_activation_counts_wherever_it_is(end):
    kind = "categorical_crossentropy"
    stack = end()
    if isinstance(stack[-1], Unit):
        kind = "binary_crossentropy"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Sequential([Input((2,)), *stack]).compile("sgd", kind)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({}, ValueError, "a loss is needed"),
        ({"loss": "mean_squared_eror"}, ValueError, "Did you mean 'mean_squared_error'"),
        ({"loss": 3}, TypeError, "loss must be one of the names"),
        ({"loss": "mse", "optimizer": "adem"}, ValueError, "Did you mean 'adam'"),
        ({"loss": "mse", "metrics": ["acuracy"]}, ValueError, "Did you mean 'accuracy'"),
        ({"loss": ["mse", "mse"]}, ValueError, "loss has 2 entries"),
        ({"loss": {"other": "mse"}}, ValueError, "needs the keys"),
        ({"loss": "mse", "metrics": {"other": "mse"}}, ValueError, "names no output"),
        ({"loss": "mse", "loss_weights": ["a"]}, TypeError, "loss_weights must be a number"),
        ({"loss": "mse", "loss_weights": [float("nan")]}, ValueError, "loss_weights must be finite"),
    ],
)
def test_compile_refuses_what_it_does_not_know(options, error, message):
    model = Sequential([layers.Dense(2, input_shape=(2,))])
    with pytest.raises(error, match=message):
        model.compile(**options)


def test_a_compile_that_fails_leaves_the_last_one(images):
    model = small()
    with pytest.raises(ValueError, match="unknown"):
        model.compile("sgd", "no such loss")
    model.add(layers.Softmax())
    assert model.train_on_batch(images, [0, 1, 2] * 2)[0] > 0


def test_compile_starts_training_anew_and_keeps_the_weights(images):
    model = small()
    y = [0, 1, 2] * 2
    model.fit(images, y, verbose=0)
    before = model.get_weights()
    model.compile("adam", "sparse_categorical_crossentropy")
    assert_same_bits(model.get_weights(), before)
    assert model.optimizer.iterations == 0
    assert not any(slot.any() for slot in model.store.slots.values())
    assert isinstance(model.fit(images, y, verbose=0).history["loss"][0], float)


def test_metrics_keep_their_names(images):
    model = Sequential([layers.Flatten(input_shape=(4, 4, 1)), layers.Dense(3, "softmax")])
    model.compile("sgd", "categorical_crossentropy", metrics=["acc", metrics.MeanSquaredError("m")])
    y = np.eye(3)[[0, 1, 2] * 2]
    assert list(model.evaluate(images, y, return_dict=True)) == ["loss", "acc", "m"]


@pytest.mark.parametrize(
    "call",
    [
        lambda m, x: m.fit(x, [0] * 6),
        lambda m, x: m.evaluate(x, [0] * 6),
        lambda m, x: m.train_on_batch(x, [0] * 6),
        lambda m, x: m.compute_gradients(x, [0] * 6),
        lambda m, x: m.memory(3),
        lambda m, x: m.plan(3),
        lambda m, x: m.optimizer,
    ],
)
def test_a_model_that_is_not_compiled_says_so(call, images):
    model = Sequential([layers.Flatten(input_shape=(4, 4, 1))], name="raw")
    with pytest.raises(RuntimeError, match=r"model 'raw' is not compiled: call model.compile"):
        call(model, images)
    assert model.predict(images).shape == (6, 16)
    assert model.memory(3, training=False) >= 0


def test_a_model_inside_a_model_is_refused():
    with pytest.raises(TypeError, match="a model inside a model"):
        small()(Input((4, 4, 1)))
