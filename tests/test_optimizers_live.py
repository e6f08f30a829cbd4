"""Averages of weights and gathered gradients beside Keras's, step by step and in files."""

import numpy as np
import pytest

import brasa
from tests.with_keras import keras

KERAS = keras()

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

X = np.random.default_rng(3).standard_normal((12, 5)).astype(np.float32)
Y = 3 * np.random.default_rng(4).standard_normal((12, 3)).astype(np.float32)
LIMITS = [{}, {"clipnorm": 0.3}, {"global_clipnorm": 0.4}, {"weight_decay": 0.1}]
BESIDE = [
    {"use_ema": True, "ema_momentum": 0.7},
    {"use_ema": True, "ema_momentum": 0.7, "ema_overwrite_frequency": 2},
    {"gradient_accumulation_steps": 3},
    {
        "gradient_accumulation_steps": 2,
        "use_ema": True,
        "ema_momentum": 0.6,
        "ema_overwrite_frequency": 2,
    },
]


def nets(name, **arguments):
    """The same network in both libraries."""
    brasa.set_seed(3)
    models = []
    for module in (brasa, KERAS):
        stack = [module.layers.Dense(7, "tanh", name="a"), module.layers.Dense(3, name="b")]
        model = module.Sequential([module.layers.Input((5,)), *stack])
        model.compile(getattr(module.optimizers, name)(**arguments), "mse")
        models.append(model)
    ours, theirs = models
    theirs.set_weights(ours.get_weights())
    return ours, theirs


def assert_alike(ours, theirs):
    """Within the rounding of some steps."""
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("name", ["SGD", "AdamW", "RMSprop"])
@pytest.mark.parametrize("limits", LIMITS, ids=str)
@pytest.mark.parametrize("beside", BESIDE, ids="-".join)
def test_steps_and_the_end_of_fit(name, limits, beside):
    ours, theirs = nets(name, learning_rate=0.05, **limits, **beside)
    for number in range(7):
        x, y = np.split(X, 3)[number % 3], np.split(Y, 3)[number % 3]
        ours.train_on_batch(x, y)
        theirs.train_on_batch(x, y)
        assert_alike(ours, theirs)
    assert ours.optimizer.iterations == int(theirs.optimizer.iterations)
    for model in (ours, theirs):
        model.fit(X, Y, batch_size=4, epochs=2, shuffle=False, verbose=0)
    assert_alike(ours, theirs)


REGULARIZED = [
    ("Ftrl", {"learning_rate": 0.2, "initial_accumulator_value": 0.3}),
    ("Ftrl", {"learning_rate": 0.2, "learning_rate_power": -0.7, "beta": 0.5}),
    (
        "Ftrl",
        {
            "learning_rate": 0.3,
            "l1_regularization_strength": 0.05,
            "l2_regularization_strength": 0.1,
            "l2_shrinkage_regularization_strength": 0.02,
        },
    ),
    ("Lamb", {"learning_rate": 0.05}),
    ("Lamb", {"learning_rate": 0.1, "beta_1": 0.7, "beta_2": 0.8, "epsilon": 1e-3}),
    ("Lamb", {"learning_rate": 0.05, "gradient_accumulation_steps": 2}),
]


@pytest.mark.parametrize("limits", LIMITS, ids=str)
@pytest.mark.parametrize(("name", "arguments"), REGULARIZED, ids=str)
def test_steps_of_ftrl_and_lamb(name, arguments, limits):
    ours, theirs = nets(name, **arguments, **limits)
    for number in range(8):
        x, y = np.split(X, 3)[number % 3], np.split(Y, 3)[number % 3]
        ours.train_on_batch(x, y)
        theirs.train_on_batch(x, y)
        assert_alike(ours, theirs)
    if "l1_regularization_strength" in arguments:
        mine, keras_s = (np.asarray(m.get_weights()[0]) == 0 for m in (ours, theirs))
        np.testing.assert_array_equal(mine, keras_s)


def test_the_callback():
    ours, theirs = nets("SGD", learning_rate=0.3, use_ema=True, ema_momentum=0.7)
    told = []
    for module, model in ((brasa, ours), (KERAS, theirs)):
        watch = [module.callbacks.SwapEMAWeights(swap_on_epoch=True)]
        data = {"validation_data": (X, Y), "batch_size": 5, "epochs": 3, "shuffle": False}
        told.append(model.fit(X, Y, verbose=0, callbacks=watch, **data).history["val_loss"])
    np.testing.assert_allclose(*told, rtol=1e-4)
    assert_alike(ours, theirs)


@pytest.mark.parametrize("beside", BESIDE, ids="-".join)
def test_training_goes_on_from_the_other_librarys_file(beside, tmp_path):
    pytest.importorskip("h5py")
    _, theirs = nets("Adam", learning_rate=0.02, **beside)
    for _ in range(3):
        theirs.train_on_batch(X, Y)
    theirs.save(tmp_path / "net.keras")
    ours = brasa.load_model(tmp_path / "net.keras")
    assert ours.optimizer.steps == 3
    for _ in range(2):
        theirs.train_on_batch(X, Y)
        ours.train_on_batch(X, Y)
    assert_alike(ours, theirs)
    ours.save(tmp_path / "back.keras")
    theirs = KERAS.saving.load_model(tmp_path / "back.keras")
    for _ in range(4):
        theirs.train_on_batch(X, Y)
        ours.train_on_batch(X, Y)
    assert_alike(ours, theirs)
    assert ours.optimizer.iterations == int(theirs.optimizer.iterations)
