"""Steps of optimizers with penalties: what they add, and that they stay one step."""

import numpy as np
import pytest

import brasa
from brasa import Input, Sequential, layers, load_model, optimizers, runtime
from brasa.testing import reference
from brasa.testing.assertions import assert_same_bits
from tests.penalized import BOTH, X, Y, net

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
