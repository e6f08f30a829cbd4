"""Initializers, optimizers and schedules of the user's own, in files and copies."""

import copy
import pickle

import numpy as np
import pytest

import brasa
from brasa import (
    FormatError,
    Input,
    Sequential,
    initializers,
    layers,
    losses,
    metrics,
    models,
    optimizers,
)
from brasa.optimizers import schedules
from brasa.testing.assertions import assert_same_bits


class Constants(initializers.Initializer):
    def __init__(self, value=0.25):
        self.value = value

    def __call__(self, shape, dtype=None):
        return np.full(shape, self.value, np.float32)

    def get_config(self):
        return {"value": self.value}


class Noam(schedules.LearningRateSchedule):
    """The schedule of the first transformer."""

    def __init__(self, width, warmup=4):
        self.width, self.warmup = width, warmup

    def __call__(self, step):
        return self.width**-0.5 * min((step + 1) ** -0.5, (step + 1) * self.warmup**-1.5)

    def get_config(self):
        return {"width": self.width, "warmup": self.warmup}


class Descent(optimizers.SGD):
    pass


OWN = {cls.__name__: cls for cls in (Constants, Noam, Descent)}
LAYERS = {
    "dense": lambda: layers.Dense(3, kernel_initializer=Constants(0.5), input_shape=(4,)),
    "batch normalization": lambda: layers.BatchNormalization(
        gamma_initializer=Constants(), input_shape=(4,)
    ),
    "inside": lambda: layers.TimeDistributed(
        layers.Dense(2, bias_initializer=Constants()), input_shape=(2, 4)
    ),
}
OPTIMIZERS = {
    "schedule": lambda: optimizers.Adam(Noam(16)),
    "optimizer": lambda: Descent(0.1, momentum=0.9),
    "both": lambda: Descent(Noam(16)),
}


@pytest.mark.parametrize("kind", LAYERS)
def test_an_initializer_survives_files_and_clones(kind, tmp_path):
    model = Sequential([LAYERS[kind]()])
    model.save(tmp_path / "m.brasa")
    twin = brasa.load_model(tmp_path / "m.brasa", custom_objects=OWN)
    assert as_told(twin) == as_told(model)
    for one, other in zip(models.clone_model(twin).get_weights(), model.get_weights(), strict=True):
        if np.ptp(other) == 0:  # what was drawn is drawn anew
            assert_same_bits(one, other)
    with pytest.raises(FormatError, match=r"'Constants' is unknown.*custom_objects={'Constants'"):
        brasa.load_model(tmp_path / "m.brasa")


def as_told(model):
    return str([layer.get_config() for layer in model.layers])


@pytest.mark.parametrize("kind", OPTIMIZERS)
@pytest.mark.parametrize("way", ["file", "deepcopy", "pickle"])
def test_training_goes_on_with_them(kind, way, tmp_path, rng):
    x, y = rng.standard_normal((12, 4)).astype(np.float32), np.zeros((12, 1), np.float32)
    model = Sequential([Input((4,)), layers.Dense(1)])
    model.compile(OPTIMIZERS[kind](), "mse")
    model.fit(x, y, batch_size=4, verbose=0)
    if way == "file":
        model.save(tmp_path / "m.brasa")
        twin = brasa.load_model(tmp_path / "m.brasa", custom_objects=OWN)
    else:
        twin = copy.deepcopy(model) if way == "deepcopy" else pickle.loads(pickle.dumps(model))
    assert type(twin.optimizer) is type(model.optimizer)
    assert twin.optimizer.learning_rate == model.optimizer.learning_rate
    for each in (model, twin):
        each.fit(x, y, batch_size=4, verbose=0)
    for one, other in zip(model.get_weights(), twin.get_weights(), strict=True):
        assert_same_bits(one, other)


@pytest.mark.parametrize(("kind", "name"), [("schedule", "Noam"), ("optimizer", "Descent")])
def test_without_them_a_model_comes_without_its_optimizer(kind, name, tmp_path, rng):
    x = rng.standard_normal((3, 4)).astype(np.float32)
    model = Sequential([Input((4,)), layers.Dense(1)])
    model.compile(OPTIMIZERS[kind](), "mse")
    model.save(tmp_path / "m.brasa")
    with pytest.warns(UserWarning, match=f"not here: {name}.*custom_objects={{'{name}'"):
        twin = brasa.load_model(tmp_path / "m.brasa")
    assert_same_bits(twin.predict(x), model.predict(x))
    with pytest.raises(RuntimeError, match="not compiled"):
        twin.fit(x, np.zeros((3, 1)))


@pytest.mark.parametrize("compiled", [False, True])
def test_one_dictionary_serves_all_files(compiled, tmp_path):
    class Error(losses.Loss):
        def call(self, y_true, y_pred):
            return abs(y_true - y_pred)

    class Seen(metrics.Metric):
        def update_state(self, y_true, y_pred, sample_weight=None):
            pass

        def result(self):
            return 1.0

    own = {**OWN, "Error": Error, "Seen": Seen}
    model = Sequential([Input((4,)), layers.Dense(1)])
    model.compile("sgd", Error(), metrics=[Seen()])
    model.save(tmp_path / "m.brasa")
    loaded = brasa.load_model(tmp_path / "m.brasa", custom_objects=own, compile=compiled)
    assert type(loaded.loss) is (Error if compiled else type(None))
    Sequential([Input((4,)), layers.Dense(1)]).save(tmp_path / "m.brasa")
    assert brasa.load_model(tmp_path / "m.brasa", custom_objects=own).loss is None


def test_schedules_are_made_again_from_their_configs():
    made = schedules.deserialize(schedules.serialize(Noam(16)), {"Noam": Noam})
    assert isinstance(made, Noam)
    assert made(0) == Noam(16)(0)


def test_a_layer_of_the_user_says_how_it_is_found(tmp_path):
    class Twice(layers.Layer):
        def call(self, x):
            return 2 * x

    Sequential([Input((4,)), Twice()]).save(tmp_path / "m.brasa")
    with pytest.raises(FormatError, match=r"'Twice' is unknown.*custom_objects={'Twice'"):
        brasa.load_model(tmp_path / "m.brasa")
