"""Losses made of ops, and metrics that read what a plan on a device shows: as on the CPU."""

import numpy as np

import brasa
from brasa import Input, Sequential, layers, losses, metrics
from tests.device.conftest import assert_near


def masked(device):
    """Steps of sequences, those with number 0 masked."""
    brasa.set_seed(4)
    model = Sequential([Input((5,), dtype="int32"), layers.Embedding(6, 4, mask_zero=True)])
    model.add(layers.Dense(2, "sigmoid"))
    watched = [metrics.AUC(), "root_mean_squared_error"]
    loss = losses.BinaryFocalCrossentropy()
    model.compile("sgd", loss, metrics=watched, weighted_metrics=["TruePositives"], device=device)
    return model


def test_metrics_beside_a_plan_agree_with_the_cpu(rng, device):
    x, y = rng.integers(0, 6, (20, 5)), rng.integers(0, 2, (20, 5, 2)).astype(np.float32)
    weight = rng.random(20).astype(np.float32)
    there, here = masked(device), masked("cpu")
    logs = []
    for model in (there, here):
        history = model.fit(x, y, 8, 2, verbose=0, sample_weight=weight, validation_data=(x, y))
        found = model.evaluate(x, y, 8, verbose=0, sample_weight=weight, return_dict=True)
        logs.append([history.history, found, model.test_on_batch(x, y, return_dict=True)])
    for got, want in zip(*logs, strict=True):
        assert list(got) == list(want)
        for name, value in want.items():
            assert_near(got[name], value)


def test_losses_of_functions_agree_with_the_cpu(rng, device):
    x = rng.standard_normal((6, 3)).astype(np.float32)
    y = np.eye(3, dtype=np.float32)[rng.integers(0, 3, 6)]
    for name in ("kld", "hinge", "log_cosh", "cosine_similarity", "tversky"):
        found = []
        for place in (device, "cpu"):
            brasa.set_seed(4)
            model = Sequential([Input((3,)), layers.Dense(3, "softmax")])
            model.compile("sgd", name, device=place)
            loss, gradients = model.compute_gradients(x, y)
            found.append(np.concatenate([[loss], *(gradient.ravel() for gradient in gradients)]))
        assert_near(*found)
