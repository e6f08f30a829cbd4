"""Loops of one's own: steps by gradients, with what optimizers remember."""

import copy
import pickle

import numpy as np
import pytest

import brasa
from brasa import Sequential, layers, losses, ops
from brasa.optimizers import SGD, Adagrad, Adam, AdamW, RMSprop
from brasa.optimizers.schedules import ExponentialDecay
from brasa.testing.assertions import assert_close, assert_same_bits

RATE = ExponentialDecay(0.05, 2, 0.5)
CASES = [
    lambda: SGD(0.1),
    lambda: SGD(RATE, momentum=0.9, nesterov=True, clipvalue=0.01),
    lambda: Adam(RATE, amsgrad=True),
    lambda: AdamW(0.02, clipnorm=0.05),
    lambda: AdamW(0.02, global_clipnorm=0.1),
    lambda: RMSprop(0.01, momentum=0.5, centered=True),
    lambda: Adagrad(0.1),
]
LOSS = losses.SparseCategoricalCrossentropy()


def network(seed=5):
    brasa.set_seed(seed)
    return Sequential(
        [
            layers.Conv2D(3, 3, activation="relu", input_shape=(6, 6, 1)),
            layers.BatchNormalization(),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(4, activation="softmax"),
        ]
    )


@pytest.fixture
def data(rng):
    return rng.standard_normal((8, 6, 6, 1)).astype(np.float32), rng.integers(0, 4, 8)


def step_of(model):
    return brasa.value_and_grad(lambda x, y: LOSS(y, model(x, training=True)), weights=model)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case().op)
def test_a_loop_of_ones_own_is_that_of_train_on_batch(case, compiled, data):
    want, own = network(), network()
    want.compile(case(), "sparse_categorical_crossentropy")
    optimizer = case()
    if compiled:  # some of the steps are train_on_batch's
        own.compile(optimizer, "sparse_categorical_crossentropy")
    step = step_of(own)
    for number in range(5):
        told = want.train_on_batch(*data)
        if compiled and number % 2:
            assert own.train_on_batch(*data) == told
            continue
        loss, gradients = step(*data)
        optimizer.apply_gradients(zip(gradients, own.trainable_variables, strict=True))
        assert loss == pytest.approx(told, rel=1e-6)
    assert optimizer.iterations == want.optimizer.iterations == 5
    assert_same_bits(own.get_weights(), want.get_weights())  # the moving statistics are among them
    assert_same_bits(own.predict(data[0]), want.predict(data[0]))


def test_a_model_that_is_compiled_later_goes_on_from_there(data):
    want, own, optimizer = network(), network(), Adam(0.05)
    want.compile(Adam(0.05), "sparse_categorical_crossentropy")
    step = step_of(own)
    for _ in range(3):
        want.train_on_batch(*data)
        optimizer.apply(step(*data)[1], own.trainable_variables)
    own.compile(optimizer, "sparse_categorical_crossentropy")
    assert own.train_on_batch(*data) == want.train_on_batch(*data)
    assert_same_bits(own.get_weights(), want.get_weights())


def test_one_optimizer_may_change_some_of_its_weights_at_a_time(rng):
    a, b, optimizer = layers.Dense(2), layers.Dense(2), SGD(1.0, momentum=0.5)
    for layer in (a, b):
        layer.build((None, 1))
        layer.set_weights([np.zeros((1, 2)), np.zeros(2)])
    one = np.ones(2, np.float32)
    optimizer.apply([one], [a.bias])
    optimizer.apply([one, one], [b.bias, a.bias])
    assert_same_bits([a.bias.numpy(), b.bias.numpy()], [-2.5 * one, -one])


def test_two_networks_play_against_each_other_with_clipped_weights(rng):
    brasa.set_seed(1)
    maker = Sequential([layers.Dense(8, activation="relu", input_shape=(2,)), layers.Dense(2)])
    critic = Sequential([layers.Dense(16, activation="relu", input_shape=(2,)), layers.Dense(1)])
    real = np.float32(rng.normal(size=(64, 2)) * 0.1 + [0.6, -0.4])

    def gap(real, noise):
        return ops.mean(critic(maker(noise))) - ops.mean(critic(real))

    def fooled(noise):
        return -ops.mean(critic(maker(noise)))

    judge, make = brasa.grad(gap, weights=critic), brasa.grad(fooled, weights=maker)
    ours, theirs = RMSprop(0.01), RMSprop(0.02)
    for _ in range(60):
        noise = np.float32(rng.normal(size=(64, 2)))
        for _ in range(3):
            ours.apply(judge(real, noise), critic.trainable_variables)
            for weight in critic.trainable_variables:
                weight.assign(np.clip(weight.numpy(), -0.1, 0.1))
        theirs.apply(make(noise), maker.trainable_variables)
    made = maker.predict(np.float32(rng.normal(size=(256, 2))))
    assert_close(made.mean(0), real.mean(0), 0.2)
    assert max(np.abs(w).max() for w in critic.get_weights()) <= np.float32(0.1)


def test_pairs_are_drawn_together_and_pushed_apart(rng):
    brasa.set_seed(2)
    encoder = Sequential([layers.Dense(8, activation="tanh", input_shape=(4,)), layers.Dense(2)])
    x = np.float32(rng.normal(size=(40, 4)))
    same = np.float32(np.sign(x[:20, 0]) == np.sign(x[20:, 0]))

    def contrast(x, same):
        z = encoder(x)
        distance = ops.sqrt(ops.sum((z[:20] - z[20:]) ** 2, axis=-1) + 1e-6)
        apart = ops.relu(1 - distance)
        return ops.mean(same * distance**2 + (1 - same) * apart**2)

    step, optimizer = brasa.value_and_grad(contrast, weights=encoder), Adam(0.02)
    told = []
    for _ in range(60):
        loss, gradients = step(x, same)
        optimizer.apply_gradients(zip(gradients, encoder.trainable_weights, strict=True))
        told.append(loss)
    assert told[-1] < 0.3 * told[0]


def test_weights_frozen_between_two_steps_are_left_out(data):
    model = network()
    step = step_of(model)
    assert len(step(*data)[1]) == 6
    model.layers[0].trainable = False
    assert len(step(*data)[1]) == len(model.trainable_weights) == 4


@pytest.mark.parametrize(
    ("gradients", "weights", "error", "message"),
    [
        ([1], "kernel bias", ValueError, "1 gradients of 2 weights"),
        ([], "", ValueError, "there are no weights"),
        ([np.ones(3)], "bias", ValueError, r"dense/bias' must have the shape \(2,\)"),
        ([None], "bias", TypeError, "must be an array, got None"),
        ([np.ones(2), np.ones(2)], "bias bias", ValueError, "a weight comes twice"),
        ([np.ones(2)], "name", TypeError, "wanted weights of layers, got str"),
    ],
)
def test_what_is_no_step_changes_nothing(gradients, weights, error, message):
    dense, optimizer = layers.Dense(2), Adam()
    dense.build((None, 1))
    before = dense.get_weights()
    with pytest.raises(error, match=message):
        optimizer.apply(gradients, [getattr(dense, name) for name in weights.split()])
    assert_same_bits(dense.get_weights(), before)
    assert optimizer.iterations == 0


def test_the_optimizer_of_a_model_is_for_what_the_model_trains(data):
    model, other = network(), network()
    model.compile("adam", "sparse_categorical_crossentropy")
    with pytest.raises(ValueError, match=r"the optimizer is that of model .* does not train"):
        model.optimizer.apply(step_of(other)(*data)[1], other.trainable_weights)
    twin = copy.deepcopy(model.optimizer)
    twin.apply(step_of(other)(*data)[1], other.trainable_weights)
    assert (twin.iterations, model.optimizer.iterations) == (1, 0)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda pair: pickle.loads(pickle.dumps(pair))])
def test_a_copy_with_its_weights_goes_on_with_what_was_remembered(copied):
    dense, optimizer = layers.Dense(2), Adam(0.1)
    dense.build((None, 1))
    steps = [[np.full((1, 2), size), np.full(2, -size)] for size in (1.0, 3.0)]
    optimizer.apply(steps[0], dense.weights)
    twin, other = copied((optimizer, dense))
    optimizer.apply(steps[1], dense.weights)
    twin.apply(steps[1], other.weights)
    assert_same_bits(other.get_weights(), dense.get_weights())
