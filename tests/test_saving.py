"""Models as files: what is read is what was written, and training goes on as if never stopped."""

import json
from pathlib import Path

import numpy as np
import pytest

import brasa
from brasa import FormatError, Input, Model, Sequential, callbacks, layers, ops, optimizers
from brasa.io import read_tensors
from brasa.losses import Huber
from brasa.testing.assertions import assert_same_bits
from tests.saved_models import MODELS, compiled, state, train

FORMAT_1 = Path(__file__).parent / "data" / "format1.brasa"


@pytest.fixture
def samples(rng):
    """Small images and class numbers."""
    return rng.standard_normal((30, 6, 6, 1)).astype(np.float32), rng.integers(0, 3, 30)


def assert_same_state(one, other):
    found, want = state(one), state(other)
    assert list(found) == list(want)
    for name, values in want.items():
        assert_same_bits(found[name], values, name)


def as_json(config):
    """A config as a file gives it back: tuples become lists."""
    return json.loads(json.dumps(config))


# ---- round trips ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", MODELS)
def test_a_model_survives_the_file(kind, samples, tmp_path):
    x, y = samples
    model = compiled(kind)
    train(model, x, y)
    model.save(tmp_path / "model.brasa")
    brasa.set_seed(99)
    twin = brasa.load_model(tmp_path / "model.brasa")
    assert type(twin) is type(model)
    assert twin.name == model.name
    assert as_json(twin.get_config()) == as_json(model.get_config())
    assert [layer.name for layer in twin.layers] == [layer.name for layer in model.layers]
    assert_same_state(twin, model)
    assert_same_bits(twin.predict(x), model.predict(x))
    assert twin.evaluate(x, y) == model.evaluate(x, y)
    assert twin.optimizer.get_config() == model.optimizer.get_config()


@pytest.mark.parametrize("kind", MODELS)
def test_the_same_model_gives_the_same_bytes(kind, tmp_path):
    for name in ("one", "two"):
        compiled(kind).save(tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.parametrize("kind", MODELS)
def test_a_model_that_is_not_compiled_survives_the_file(kind, samples, tmp_path):
    model = MODELS[kind]()
    model.save(tmp_path / "model.brasa")
    twin = brasa.load_model(tmp_path / "model.brasa")
    assert_same_bits(twin.predict(samples[0]), model.predict(samples[0]))
    with pytest.raises(RuntimeError, match="not compiled"):
        twin.evaluate(*samples)


def test_a_model_may_be_loaded_without_its_training(samples, tmp_path, recwarn):
    def smallness(y_true, y_pred):
        return ops.mean(y_pred * y_pred, axis=-1)

    x, y = samples
    model = Sequential([layers.Flatten(), layers.Dense(3)])
    model.compile("adam", smallness)
    model.fit(x, y, verbose=0)
    model.save(tmp_path / "model.brasa")
    again = brasa.load_model(tmp_path / "model.brasa", compile=False)
    assert not recwarn  # of the loss, which is not here
    assert_same_bits(again.predict(x), model.predict(x))
    with pytest.raises(RuntimeError, match="not compiled"):
        again.evaluate(x, y)
    again.compile("sgd", "sparse_categorical_crossentropy")
    again.fit(x, y, verbose=0)


@pytest.mark.parametrize("error", ["mae", "mse", Huber(0.125)], ids=str)
def test_several_inputs_and_outputs_survive_the_file(rng, tmp_path, error):
    a, b = Input((3,), name="left"), Input((3,), name="right")
    half = layers.Dense(4, name="half")
    both = layers.Add()([half(a), half(b)])
    kind = layers.Dense(2, activation="softmax", name="kind")(both)
    model = Model([a, b], [kind, layers.Dense(1, name="size")(both)])
    losses = {"kind": "sparse_categorical_crossentropy", "size": error}
    metrics = {"kind": ["accuracy"], "size": [error if isinstance(error, str) else "mae"]}
    model.compile("sgd", losses, {"kind": 1.0, "size": 0.25}, metrics)
    x = [rng.standard_normal((5, 3)).astype(np.float32) for _ in range(2)]
    y = [np.arange(5) % 2, rng.standard_normal((5, 1))]
    model.fit(x, y, verbose=0)
    model.save(tmp_path / "model.brasa")
    twin = brasa.load_model(tmp_path / "model.brasa")
    assert_same_bits(twin.predict(x), model.predict(x))
    assert twin.evaluate(x, y, return_dict=True) == model.evaluate(x, y, return_dict=True)
    assert twin.train_on_batch(x, y) == model.train_on_batch(x, y)
    assert_same_bits(twin.get_weights(), model.get_weights())


def test_a_layer_that_stands_in_a_stack_twice_is_still_one(samples, tmp_path):
    shared = layers.Dense(4, activation="tanh")
    stack = [layers.Flatten(), layers.Dense(4), shared, shared]
    model = Sequential([Input((6, 6, 1)), *stack])
    model.compile("adam", "mse")
    train(model, samples[0], np.ones((30, 4)))
    model.save(tmp_path / "model.brasa")
    twin = brasa.load_model(tmp_path / "model.brasa")
    assert twin.count_params() == model.count_params()
    assert_same_state(twin, model)
    assert_same_bits(twin.predict(samples[0]), model.predict(samples[0]))


class Squared(layers.Layer):
    """A layer that the library does not know."""

    def call(self, x):
        return ops.multiply(x, x)


def test_a_layer_may_be_named_like_the_state_of_training(samples, tmp_path):
    model = Sequential([layers.Flatten(), layers.Dense(3, name="optimizer")])
    model.compile("adam", "mse")
    x, y = samples
    train(model, x, np.eye(3)[y])
    model.save(tmp_path / "model.brasa")
    assert_same_state(brasa.load_model(tmp_path / "model.brasa"), model)


def test_a_layer_of_the_user_must_be_given(tmp_path, rng):
    model = Sequential([layers.Dense(2, input_shape=(3,)), Squared()])
    model.save(tmp_path / "model.brasa")
    with pytest.raises(FormatError, match="Squared"):
        brasa.load_model(tmp_path / "model.brasa")
    twin = brasa.load_model(tmp_path / "model.brasa", custom_objects={"Squared": Squared})
    x = rng.standard_normal((4, 3)).astype(np.float32)
    assert_same_bits(twin.predict(x), model.predict(x))


# ---- going on ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize(
    "optimizer", [optimizers.Adam(0.01), optimizers.SGD(0.1, 0.9), optimizers.SGD(0.1)], ids=repr
)
def test_a_resumed_run_equals_an_uninterrupted_one(kind, optimizer, samples, tmp_path):
    settings = optimizers.serialize(optimizer)
    whole = compiled(kind, settings)
    want = train(whole, *samples, epochs=4)
    first = compiled(kind, settings)
    history = train(first, *samples, epochs=2)
    first.save(tmp_path / "model.brasa")
    brasa.set_seed(99)
    second = brasa.load_model(tmp_path / "model.brasa")
    rest = train(second, *samples, epochs=4, initial_epoch=2)
    assert {name: history[name] + rest[name] for name in want} == want
    assert_same_state(second, whole)
    assert second.optimizer.iterations == whole.optimizer.iterations == 16


def test_a_checkpoint_of_an_epoch_resumes_with_the_next(samples, tmp_path):
    whole = compiled("sequential")
    checkpoint = callbacks.ModelCheckpoint(tmp_path / "{epoch}.brasa")
    want = train(whole, *samples, epochs=3, callbacks=[checkpoint])
    resumed = brasa.load_model(tmp_path / "1.brasa")
    assert train(resumed, *samples, epochs=3, initial_epoch=1)["loss"] == want["loss"][1:]
    assert_same_state(resumed, whole)


@pytest.mark.parametrize("frozen", [True, False])
def test_a_model_frozen_or_thawed_since_compile_goes_on_as_it_was_trained(
    frozen, samples, tmp_path
):
    model = compiled("functional")
    shared = model.get_layer("shared")
    shared.trainable = frozen
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    train(model, *samples)
    shared.trainable = not frozen
    model.save(tmp_path / "model.brasa")
    twin = brasa.load_model(tmp_path / "model.brasa")
    assert twin.get_layer("shared").trainable is not frozen
    assert_same_state(twin, model)
    for each in (twin, model):
        with pytest.warns(UserWarning, match="trainable was changed since compile"):
            train(each, *samples)
    assert_same_state(twin, model)


# ---- old files -----------------------------------------------------------------------------


def test_a_file_of_format_1_keeps_loading():
    """Written once by make_format1.py; what it holds must stay readable in every later version."""
    model = brasa.load_model(FORMAT_1)
    want = json.loads(FORMAT_1.with_suffix(".json").read_text(encoding="utf-8"))
    x = np.linspace(-1, 1, 72, dtype=np.float32).reshape(2, 6, 6, 1)
    assert np.abs(model.predict(x) - want["outputs"]).max() < 1e-5
    assert model.optimizer.iterations == want["iterations"]
    assert model.engine.epochs_trained == want["epochs_trained"]
    tensors, _ = read_tensors(FORMAT_1)
    assert sorted(tensors) == want["tensors"]
    model.fit(x, [0, 1], verbose=0)
    assert FORMAT_1.stat().st_size < 20_000
