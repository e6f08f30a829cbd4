"""Averages of weights, and gradients gathered over batches, where a device has them."""

import numpy as np
import pytest

from brasa import optimizers
from brasa.callbacks import SwapEMAWeights
from tests.device.conftest import assert_near, assert_same_models, mlp, net, samples

OPTIONS = [
    {"use_ema": True, "ema_momentum": 0.7, "ema_overwrite_frequency": 2},
    {"gradient_accumulation_steps": 3, "global_clipnorm": 0.5},
    {"gradient_accumulation_steps": 2, "use_ema": True},
]


@pytest.mark.parametrize("options", OPTIONS, ids="-".join)
def test_they_agree_with_the_cpu(rng, device, options):
    x, y = samples(rng, (5,))
    models = [net(mlp, place, optimizers.Adam(0.01, **options)) for place in (device, "cpu")]
    for model in models:
        model.fit(x, y, batch_size=8, epochs=3, verbose=0)
        model.train_on_batch(x, y)
    assert_same_models(*models)
    there, here = models
    here.optimizer.variables[-1].assign(np.ones(3))
    there.optimizer.variables[-1].assign(np.ones(3))
    for model in models:
        model.train_on_batch(x, y)
        model.train_on_batch(x, y)
    assert_same_models(*models)
    for a, b in zip(there.optimizer.variables, here.optimizer.variables, strict=True):
        assert_near(a.numpy(), b.numpy())


def test_weights_and_averages_change_places_there(rng, device):
    x, y = samples(rng, (5,))
    told = []
    for place in (device, "cpu"):
        model = net(mlp, place, optimizers.SGD(0.3, use_ema=True, ema_momentum=0.8))
        watch = [SwapEMAWeights(swap_on_epoch=True)]
        data = {"validation_data": (x, y), "epochs": 3, "batch_size": 8}
        told.append(model.fit(x, y, verbose=0, callbacks=watch, **data).history["val_loss"])
        told.append(np.concatenate([w.reshape(-1) for w in model.get_weights()]))
        told.append(model.predict(x))
    for got, want in zip(told[:3], told[3:], strict=True):
        assert_near(got, want)


def test_a_model_takes_them_along(rng, device):
    x, y = samples(rng, (5,))
    options = {"gradient_accumulation_steps": 2, "use_ema": True}
    there, here = (net(mlp, "cpu", optimizers.Adam(0.01, **options)) for _ in range(2))
    for model in (there, here):
        model.train_on_batch(x, y)
    there.to(device)
    for model in (there, here):
        model.train_on_batch(x, y)
        model.train_on_batch(x, y)
    there.to("cpu")
    assert_same_models(there, here)
