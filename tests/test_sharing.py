"""Layers and models that several others hold: saved, copied and loaded as one."""

import copy
import pickle

import numpy as np
import pytest

import brasa
from brasa import Input, Model, Sequential, layers, load_model, ops
from brasa.optimizers import AdamW
from brasa.testing.assertions import assert_same_bits

STEPS = np.random.default_rng(0).standard_normal((2, 4, 6)).astype(np.float32)
Distributed, Two = layers.TimeDistributed, layers.Bidirectional


class Residual(layers.Layer):
    """What makes its own layer from a description, without knowing of ``custom_objects``."""

    def __init__(self, inner, **options):
        super().__init__(**options)
        self.inner = inner

    def call(self, x):
        return ops.add(x, self.inner(x))

    def get_config(self):
        return {**super().get_config(), "inner": layers.serialize(self.inner)}

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "inner": layers.deserialize(config["inner"])})


class Own(layers.LSTM):
    """A recurrent layer that the library does not know."""


def wrapped(x):
    dense = layers.Dense(6)
    return [Distributed(dense)(Distributed(dense)(x)), dense(x[:, 0])]


def models_in_wrappers(x):
    dense = layers.Dense(6)
    inner, other = Sequential([dense]), Sequential([dense, layers.Dense(6)])
    return [Distributed(other)(Distributed(inner)(Distributed(inner)(x))), inner(x[:, 1])]


def recurrent(x):
    one, other = Own(3, return_sequences=True), Own(3, return_sequences=True, go_backwards=True)
    y = Two(one, backward_layer=other)(Two(one, backward_layer=other)(x))
    return [Two(one)(y), one(x)]


def of_ones_own(x):
    outer = Residual(Residual(layers.Dense(6)))
    return [outer(layers.Dense(6)(outer.inner(x))), outer.inner.inner(x)]


WAYS = {
    "save": lambda m, path: (m.save(path), load_model(path, {"Residual": Residual, "Own": Own}))[1],
    "deepcopy": lambda m, path: copy.deepcopy(m),
    "pickle": lambda m, path: pickle.loads(pickle.dumps(m)),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("make", [wrapped, models_in_wrappers, recurrent, of_ones_own])
def test_what_was_shared_is_shared_again(make, way, tmp_path):
    brasa.set_seed(1)
    x = Input(STEPS.shape[1:])
    model = Model(x, make(x))
    optimizer = AdamW(0.01, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(model.weights[:1])
    model.compile(optimizer, "mse")
    targets = [y + 1 for y in model.predict(STEPS)]
    model.train_on_batch(STEPS, targets)
    twin = WAYS[way](model, tmp_path / "model")
    assert twin.count_params() == model.count_params()
    assert_same_bits(twin.predict(STEPS), model.predict(STEPS))
    assert twin.train_on_batch(STEPS, targets) == model.train_on_batch(STEPS, targets)
    assert_same_bits(twin.get_weights(), model.get_weights())


def test_a_layer_held_by_another_model_has_its_own_name_in_files(tmp_path):
    first, second = layers.Dense(6), layers.Dense(6)
    x = Input(STEPS.shape[1:])
    model = Model(x, [Distributed(first)(x), second(x)])
    Sequential([Input(STEPS.shape[1:]), Distributed(second)])  # its wrapper has the same name
    model.save(tmp_path / "model")
    twin = load_model(tmp_path / "model")
    assert_same_bits(twin.predict(STEPS), model.predict(STEPS))


def test_a_description_names_what_is_shared():
    dense = layers.Dense(2)
    stack = Sequential([Distributed(dense), Distributed(dense), Distributed(layers.Dense(2))])
    inner = [item["config"]["layer"].get("shared") for item in stack.get_config()["layers"]]
    assert inner == [0, 0, None]
