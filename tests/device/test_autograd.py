"""Gradients of functions, and steps by them, where a model lives on a device."""

from contextlib import nullcontext

import pytest

import brasa
from tests.device.conftest import assert_near, assert_same_models, net, normalized, samples


@pytest.mark.parametrize("there_too", [False, True])
def test_a_loop_of_ones_own_agrees_with_the_cpu(rng, device, there_too):
    x, y = samples(rng, (6, 6, 2))
    there, here = net(normalized, device), net(normalized)
    told = []
    for model in (here, there):
        loss = brasa.losses.SparseCategoricalCrossentropy(from_logits=True)
        step = brasa.value_and_grad(
            lambda x, y, loss=loss, model=model: loss(y, model(x, training=True)), 0, model
        )
        brasa.set_seed(8)
        with brasa.device(device) if there_too and model is there else nullcontext():
            for _ in range(3):
                value, (by_x, gradients) = step(x, y)
                model.optimizer.apply(gradients, model.trainable_weights)
        told.append((value, by_x))
    for got, want in zip(*told, strict=True):
        assert_near(got, want)
    assert_same_models(there, here)
    assert_near(there.train_on_batch(x, y), here.train_on_batch(x, y))
