"""Regularizers: what they add to losses and gradients, wherever those are told or used."""

import json

import numpy as np
import pytest

import brasa
from brasa import Input, Model, Sequential, layers, load_model, optimizers, regularizers, runtime
from brasa.saving import model_from_config
from brasa.testing import reference
from brasa.testing.assertions import assert_same_bits

X = np.random.default_rng(3).standard_normal((8, 5)).astype(np.float32)
Y = np.random.default_rng(4).standard_normal((8, 3)).astype(np.float32)
BOTH = regularizers.L1L2(0.02, 0.03)


def net(optimizer, *, penalized=True, **options):
    """Two layers with three kinds of penalties, one weight without any."""
    brasa.set_seed(7)
    first, second = (
        {"kernel_regularizer": BOTH, "bias_regularizer": "l1"},
        {"kernel_regularizer": "l2"},
    )
    stack = [
        Input((5,)),
        layers.Dense(7, "tanh", bias_initializer="ones", **(first if penalized else {})),
        layers.Dense(3, **(second if penalized else {})),
    ]
    model = Sequential(stack)
    model.compile(optimizer, "mse", **options)
    return model


def penalties(model):
    """The value, and the slope for each trainable weight, by their definition."""
    total, slopes = 0.0, []
    for parameter in model.trainable_weights:
        kind = parameter.regularizer
        l1, l2 = (0, 0) if kind is None else (kind.l1, kind.l2)
        total += reference.penalty(parameter.value, l1, l2)
        slopes.append(reference.penalty_backward(parameter.value, l1, l2))
    return total, slopes


def bare(model, **options):
    """The same net without penalties, with the same weights."""
    twin = net(options.pop("optimizer", "sgd"), penalized=False, **options)
    twin.set_weights(model.get_weights())
    return twin


def test_the_loss_has_the_penalty_wherever_it_is_told(impl):
    model = net(optimizers.SGD(0.0))
    want, _ = penalties(model)
    assert want > 0.1
    plain = bare(model).evaluate(X, Y)
    close = pytest.approx(plain + want, rel=1e-5)
    assert model.evaluate(X, Y) == close
    assert model.evaluate(X, Y, batch_size=3) == close
    assert model.test_on_batch(X, Y) == close
    assert model.train_on_batch(X, Y) == close
    assert model.compute_gradients(X, Y)[0] == close
    history = model.fit(X, Y, batch_size=3, epochs=2, validation_data=(X, Y), verbose=0).history
    assert set(history) == {"loss", "val_loss"}
    assert history["loss"] == [close, close]
    assert history["val_loss"] == [close, close]


def test_each_batch_counts_with_the_weights_it_found():
    """The loss of an epoch is the mean over samples of losses whose penalties fall meanwhile."""
    model, losses = net(optimizers.SGD(0.5)), []
    twin = net(optimizers.SGD(0.5))
    twin.set_weights(model.get_weights())
    for start in (0, 3, 6):
        losses += [model.train_on_batch(X[start : start + 3], Y[start : start + 3])]
    history = twin.fit(X, Y, batch_size=3, shuffle=False, verbose=0).history
    assert history["loss"] == [pytest.approx(np.average(losses, weights=[3, 3, 2]), rel=1e-6)]
    assert_same_bits(twin.get_weights(), model.get_weights())


def test_the_gradients_have_the_slopes(impl):
    model = net("sgd")
    _, slopes = penalties(model)
    _, plain = bare(model).compute_gradients(X, Y)
    _, gradients = model.compute_gradients(X, Y)
    for gradient, part, slope in zip(gradients, plain, slopes, strict=True):
        np.testing.assert_allclose(gradient, part + slope, rtol=1e-5, atol=1e-6)


STEPS = (
    optimizers.SGD(0.5),
    optimizers.SGD(0.5, clipvalue=0.05),
    optimizers.SGD(0.5, clipnorm=0.1),
    optimizers.SGD(0.5, global_clipnorm=0.1),
)


@pytest.mark.parametrize("optimizer", STEPS, ids=repr)
def test_a_step_follows_the_whole_gradient_clipped(optimizer, impl):
    model = net(optimizers.get(optimizers.serialize(optimizer)))
    before = model.get_weights()
    _, gradients = model.compute_gradients(X, Y)
    for name, limit in optimizer.clipping.items():
        if name == "clipvalue":
            gradients = [reference.clip_value(g, limit) for g in gradients]
        elif name == "clipnorm":
            gradients = [reference.clip_norm(g, limit) for g in gradients]
        else:
            norm = np.sqrt(sum((g.astype(np.float64) ** 2).sum() for g in gradients))
            gradients = [g * (limit / max(norm, limit)) for g in gradients]
    model.train_on_batch(X, Y)
    for old, new, gradient in zip(before, model.get_weights(), gradients, strict=True):
        np.testing.assert_allclose(new, old - 0.5 * gradient, rtol=1e-5, atol=1e-6)


OPTIMIZERS = (
    optimizers.SGD(0.1, momentum=0.9, nesterov=True),
    optimizers.Adam(0.01),
    optimizers.AdamW(0.01, weight_decay=0.1),
    optimizers.RMSprop(0.01, momentum=0.5, centered=True, epsilon=1e-3),
    optimizers.Adagrad(0.1),
)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: type(o).__name__)
def test_the_step_adds_the_slopes_as_the_gradient_pass_does(optimizer, impl):
    """A limit that nothing reaches sends the slopes through the gradients: same but for bits."""
    config = optimizer.get_config()
    near = net(type(optimizer).from_config(config))
    far = net(type(optimizer).from_config(config | {"global_clipnorm": 1e6}))
    ops = [step for step in near.plan(8).describe().splitlines() if "penalty_backward" in step]
    assert not ops
    assert "penalty_backward" in far.plan(8).describe()
    start = near.get_weights()
    far.set_weights(start)
    for _ in range(5):
        near.train_on_batch(X, Y)
        far.train_on_batch(X, Y)
    for a, b, first in zip(near.get_weights(), far.get_weights(), start, strict=True):
        assert np.abs(a - first).max() > 1e-3
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=2e-6)


def test_a_shared_layer_counts_once(impl):
    shared = layers.Dense(5, kernel_regularizer=BOTH)
    x = Input((5,))
    model = Model(x, layers.Add()([shared(x), shared(shared(x))]))
    model.compile("sgd", "mse")
    total, _ = penalties(model)
    plain = Model(x, layers.Add()([shared(x), shared(shared(x))]))
    assert len(model.trainable_weights) == 2
    found = model.evaluate(X, X) - np.mean(np.square(plain.predict(X) - X))
    assert found == pytest.approx(total, rel=1e-4)


def test_frozen_weights_count_nothing():
    model = net("sgd")
    for layer in model.layers:
        layer.trainable = layer.name != "dense"
    model.compile("sgd", "mse")
    total, _ = penalties(model)
    assert model.evaluate(X, Y) == pytest.approx(bare(model).evaluate(X, Y) + total, rel=1e-6)
    for layer in model.layers:
        layer.trainable = False
    model.compile("sgd", "mse")
    assert model.evaluate(X, Y) == bare(model).evaluate(X, Y)


def test_a_weight_that_the_loss_does_not_read_follows_its_penalty(impl):
    class Idle(layers.Layer):
        def build(self, input_shape):
            self.idle = self.add_weight("idle", (3,), "ones", "l2")

        def call(self, x):
            return x

    model = Sequential([Input((5,)), Idle(), layers.Dense(3)])
    model.compile(optimizers.SGD(0.5), "mse")
    for step in range(3):  # plans for gradients and for steps use one buffer
        _, gradients = model.compute_gradients(X, Y)
        np.testing.assert_allclose(gradients[0], 0.02 * 0.99**step, rtol=1e-6)
        model.train_on_batch(X, Y)
        np.testing.assert_allclose(model.get_weights()[0], 0.99 ** (step + 1), rtol=1e-6)


def test_several_outputs_have_the_penalty_in_the_total_alone():
    x = Input((5,))
    first = layers.Dense(3, kernel_regularizer=BOTH, name="first")(x)
    model = Model(x, [first, layers.Dense(3, name="second", bias_regularizer="l2")(x)])
    model.compile("sgd", "mse", loss_weights=[1.0, 0.25], metrics=["mse"])
    total, _ = penalties(model)
    logs = model.evaluate(X, [Y, Y], return_dict=True)
    assert list(logs)[:2] == ["loss", "first_loss"]
    assert not any("penalty" in name for name in logs)
    parts = logs["first_loss"] + 0.25 * logs["second_loss"]
    assert logs["loss"] == pytest.approx(parts + total, rel=1e-6)


def test_the_number_of_threads_changes_no_bit(threads):
    states = []
    for count in (1, 2):
        runtime.set_threads(count)
        brasa.set_seed(1)
        model = Sequential(
            [Input((64,)), layers.Dense(900, "relu", kernel_regularizer=BOTH), layers.Dense(3)]
        )
        model.compile(optimizers.RMSprop(0.01, weight_decay=0.1), "mse")
        rng = np.random.default_rng(0)
        x, y = (rng.standard_normal((32, n)).astype(np.float32) for n in (64, 3))
        losses = [model.train_on_batch(x, y) for _ in range(3)]
        states.append([*model.get_weights(), *model.store.slots.values(), np.array(losses)])
    assert_same_bits(states[1], states[0])


def test_a_saved_model_goes_on_as_if_never_stopped(tmp_path):
    model = net(optimizers.Adagrad(0.1, weight_decay=0.01))
    model.fit(X, Y, batch_size=3, verbose=0)
    model.save(tmp_path / "model.brasa")
    twin = load_model(tmp_path / "model.brasa")
    for one in (model, twin):
        one.fit(X, Y, batch_size=3, epochs=2, verbose=0)
    assert_same_bits(twin.get_weights(), model.get_weights())
    assert twin.evaluate(X, Y) == model.evaluate(X, Y)
    assert repr(twin.layers[0].kernel_regularizer) == repr(BOTH)


def test_a_diagnosis_sees_the_whole_loss_and_gradient():
    model = net("adam")
    loss, gradients = model.compute_gradients(X, Y)
    before = model.get_weights()
    diagnosis = model.diagnose(X, Y)
    assert diagnosis.loss == pytest.approx(loss, rel=1e-6)
    found = [w.gradient for row in diagnosis.rows for w in row.weights]
    want = [np.linalg.norm(g) for g in gradients]
    np.testing.assert_allclose(found, want, rtol=1e-5)
    assert_same_bits(model.get_weights(), before)


def test_a_model_without_penalties_has_the_plan_it_had():
    model = net("adam", penalized=False)
    text = model.plan(8).describe()
    assert "penalty" not in text
    assert text.count("adam_step") == 2  # its name and its op, in one line


def test_weights_that_are_treated_alike_take_one_step():
    brasa.set_seed(0)
    stack = [layers.Dense(4, kernel_regularizer="l2") for _ in range(6)]
    model = Sequential([Input((4,)), *stack])
    model.compile("adam", "mse")
    ops = [step.split()[1] for step in model.plan(8).describe().splitlines()[1:-1]]
    assert ops.count("adam_step") == 2  # kernels, biases
    assert ops.count("penalty") == 1


RECURRENT = {
    "kernel_regularizer": regularizers.L2(0.1),
    "recurrent_regularizer": regularizers.L1(0.2),
    "bias_regularizer": regularizers.L1L2(0.3, 0.4),
}
AFFINE = {"kernel_regularizer": "l2", "bias_regularizer": "l1"}
DEPTHWISE = {"depthwise_regularizer": "l2", "bias_regularizer": "l1"}
CASES = {
    "one channel": (lambda: layers.Conv2D(4, 3, **AFFINE), (8, 8, 1)),
    "dense": (lambda: layers.Dense(3, **AFFINE), (5,)),
    "conv2d": (lambda: layers.Conv2D(3, 2, **AFFINE), (5, 5, 2)),
    "conv1d": (lambda: layers.Conv1D(3, 2, **AFFINE), (5, 2)),
    "conv2d_transpose": (lambda: layers.Conv2DTranspose(3, 2, 2, **AFFINE), (5, 5, 2)),
    "conv1d_transpose": (lambda: layers.Conv1DTranspose(3, 2, **AFFINE), (5, 2)),
    "depthwise_conv2d": (lambda: layers.DepthwiseConv2D(3, **DEPTHWISE), (5, 5, 2)),
    "separable_conv2d": (
        lambda: layers.SeparableConv2D(3, 2, pointwise_regularizer="l1_l2", **DEPTHWISE),
        (5, 5, 2),
    ),
    "batch_normalization": (
        lambda: layers.BatchNormalization(gamma_regularizer="l2", beta_regularizer="l1"),
        (5,),
    ),
    "simple_rnn": (lambda: layers.SimpleRNN(3, **RECURRENT), (4, 5)),
    "lstm": (lambda: layers.LSTM(3, **RECURRENT), (4, 5)),
    "gru": (lambda: layers.GRU(3, **RECURRENT), (4, 5)),
    "both_ways": (lambda: layers.Bidirectional(layers.LSTM(3, **RECURRENT)), (4, 5)),
    "at_each_step": (
        lambda: layers.TimeDistributed(layers.Dense(3, bias_regularizer="l2")),
        (4, 5),
    ),
}


def without_penalties(model):
    """A twin from the configs of the layers, without what they say of penalties."""

    def bare(config):
        if isinstance(config, dict):
            return {k: None if k.endswith("_regularizer") else bare(v) for k, v in config.items()}
        return [bare(item) for item in config] if isinstance(config, list) else config

    twin = model_from_config(bare(model.get_config()))
    twin.set_weights(model.get_weights())
    return twin


@pytest.mark.parametrize("name", CASES)
def test_the_gradients_of_every_layer_have_the_slopes(name, rng):
    make, shape = CASES[name]
    model = Sequential([Input(shape), make(), layers.Flatten(), layers.Dense(2)])
    model.set_weights([w + np.float32(0.1) for w in model.get_weights()])
    twin = without_penalties(model)
    x = rng.standard_normal((16, *shape)).astype(np.float32)
    y = rng.standard_normal((16, 2)).astype(np.float32)
    for one in (model, twin):
        one.compile(optimizers.SGD(0.5), "mse")
    _, slopes = penalties(model)
    assert any(np.abs(slope).max() > 1e-3 for slope in slopes)
    _, gradients = model.compute_gradients(x, y)
    _, plain = twin.compute_gradients(x, y)
    for gradient, part, slope in zip(gradients, plain, slopes, strict=True):
        np.testing.assert_allclose(gradient, part + slope, rtol=1e-5, atol=1e-5)
    before = [p.numpy() for p in model.trainable_weights]
    model.train_on_batch(x, y)
    for parameter, old, gradient in zip(model.trainable_weights, before, gradients, strict=True):
        np.testing.assert_allclose(parameter.value, old - 0.5 * gradient, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", CASES)
def test_every_layer_adds_what_its_arguments_say(name, rng):
    make, shape = CASES[name]
    model = Sequential([Input(shape), make()])
    model.compile("sgd", "mse")
    x = rng.standard_normal((4, *shape)).astype(np.float32)
    y = rng.standard_normal((4, *model.output_shape[1:])).astype(np.float32)
    plain = np.mean(np.square(model.predict(x) - y))
    for parameter in model.weights:
        assert parameter.trainable == (parameter.regularizer is not None) or name == "at_each_step"
    total, _ = penalties(model)
    assert total > 0 or name == "at_each_step"  # a bias of zeros
    assert model.evaluate(x, y) == pytest.approx(plain + total, rel=1e-5)
    twin = type(model.layers[0]).from_config(json.loads(json.dumps(model.layers[0].get_config())))
    assert twin.get_config() == model.layers[0].get_config()


def test_an_embedding_is_penalized_whole(rng):
    model = Sequential(
        [Input((4,), dtype="int32"), layers.Embedding(9, 3, embeddings_regularizer="l2")]
    )
    model.compile(optimizers.SGD(1.0), "mse")
    before, ids = model.get_weights()[0], np.full((2, 4), 5)
    model.train_on_batch(ids, np.zeros((2, 4, 3), np.float32))
    after = model.get_weights()[0]
    others = np.arange(9) != 5  # rows that the batch does not name shrink all the same
    np.testing.assert_allclose(after[others], 0.98 * before[others], rtol=1e-5)


@pytest.mark.parametrize("made", [regularizers.L1(0.5), regularizers.L2(0.25), BOTH], ids=repr)
def test_config_survives_json(made):
    twin = regularizers.get(json.loads(json.dumps(regularizers.serialize(made))))
    assert type(twin) is type(made)
    assert twin.get_config() == made.get_config()


def test_names_are_those_of_keras():
    assert repr(regularizers.get("l1")) == "L1(l1=0.01)"
    assert repr(regularizers.get("L2")) == "L2(l2=0.01)"
    assert repr(regularizers.get("l1_l2")) == "L1L2(l1=0.0, l2=0.0)"
    assert regularizers.get(None) is regularizers.serialize(None) is None


class Own(regularizers.Regularizer):
    pass


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: regularizers.L1(-1), ValueError, "L1: l1 must be finite and >= 0, got -1"),
        (lambda: regularizers.L2(np.nan), ValueError, "L2: l2 must be finite and >= 0, got nan"),
        (lambda: regularizers.L1L2(l2=np.inf), ValueError, "L1L2: l2 must be"),
        (lambda: regularizers.L2("much"), TypeError, "L2: l2 must be a number, got 'much'"),
        (lambda: layers.Dense(3, kernel_regularizer="l3"), ValueError,
         "Dense: kernel_regularizer 'l3' is unknown. Known: l1, l2, l1_l2"),
        (lambda: layers.Conv2D(3, 3, bias_regularizer=0.01), TypeError,
         "Conv2D: bias_regularizer must be one of the names l1, l2, l1_l2"),
        (lambda: layers.LSTM(3, recurrent_regularizer=3), TypeError, "LSTM: recurrent_reg"),
        (lambda: layers.Embedding(3, 3, embeddings_regularizer=3), TypeError,
         "Embedding: embeddings_regularizer must"),
        (lambda: layers.BatchNormalization(gamma_regularizer=3), TypeError,
         "BatchNormalization: gamma_regularizer must"),
        (lambda: layers.Dense(3, kernel_regularizer=Own()), TypeError,
         "Dense: kernel_regularizer must be an L1, L2 or L1L2, got Own"),
    ],
)  # fmt: skip
def test_bad_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()
