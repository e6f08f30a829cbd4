"""What fit, callbacks, files and copies do with models that make their steps themselves."""

import copy

import numpy as np
import pytest

import brasa
from brasa import Input, Model, layers, load_model, models, optimizers
from brasa.callbacks import Callback, EarlyStopping, ModelCheckpoint
from brasa.testing.assertions import assert_same_bits
from tests.own_steps import Counted, CountedStack, Parts, compiled, plain, stack


@pytest.fixture
def data(rng):
    return rng.standard_normal((20, 4)).astype(np.float32), rng.integers(0, 3, 20)


@pytest.mark.parametrize("kind", [(plain, Counted), (stack, CountedStack)])
@pytest.mark.parametrize(
    "how",
    [
        {},
        {"validation_split": 0.25, "shuffle": False},
        {"class_weight": {0: 1.0, 1: 2.0, 2: 0.5}},
        {"sample_weight": np.arange(20.0), "steps_per_epoch": 2},
    ],
)
def test_default_steps_are_those_of_plans(kind, how, data):
    make, cls = kind
    want, own = (compiled(model, metrics=["accuracy"]) for model in (make(), make(cls)))
    own.set_weights(want.get_weights())
    own.engine.seed = want.engine.seed
    how = {"batch_size": 6, "epochs": 3, "verbose": 0, **how}
    told, found = want.fit(*data, **how).history, own.fit(*data, **how).history
    assert list(found) == list(told)
    if "sample_weight" not in how:  # there losses are means by weights, as Keras has them
        for name, values in told.items():
            assert found[name] == pytest.approx(values, rel=1e-4), name
    for mine, theirs in zip(own.get_weights(), want.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-6)
    assert own.steps == 3 * (2 if "steps_per_epoch" in how else 3 if "shuffle" in how else 4)
    logs = own.evaluate(*data, batch_size=7, verbose=0)
    assert logs == pytest.approx(want.evaluate(*data, batch_size=7, verbose=0), rel=1e-4)
    np.testing.assert_allclose(own.predict(data[0], 7), want.predict(data[0], 7), rtol=1e-3)
    assert (own.asked, own.tests) == (3, 3 + 3 * ("shuffle" in how))
    assert own.train_on_batch(*data) == pytest.approx(want.train_on_batch(*data), rel=1e-4)
    assert own.test_on_batch(*data) == pytest.approx(want.test_on_batch(*data), rel=1e-3)
    assert own.predict_on_batch(data[0]).shape == own(data[0]).shape == (20, 3)


def test_batches_that_come_one_by_one(data):
    x, y = data
    pairs = [(x[:8], y[:8]), (x[8:], y[8:])]
    own, want = compiled(plain(Counted)), compiled(plain())
    own.set_weights(want.get_weights())
    for model in (own, want):
        model.told = model.fit(
            pairs,
            epochs=2,
            validation_data=iter(pairs),
            validation_steps=1,
            validation_freq=2,
            verbose=0,
        ).history
    assert own.told["loss"] == pytest.approx(want.told["loss"], rel=1e-4)
    assert own.told["val_loss"] == pytest.approx(want.told["val_loss"], rel=1e-4)
    assert own.evaluate(pairs, verbose=0) == pytest.approx(want.evaluate(pairs, verbose=0), 1e-4)
    assert own.predict(iter([x[:5], x[5:]])).shape == (20, 3)


def test_callbacks_see_the_steps(data):
    class Watched(Callback):
        def __init__(self):
            super().__init__()
            self.seen = []

        def on_train_batch_end(self, batch, logs=None):
            self.seen.append((batch, sorted(logs)))
            self.model.stop_training = len(self.seen) == 4

        def on_test_batch_end(self, batch, logs=None):
            self.seen.append(("test", sorted(logs)))

    model, watched = compiled(plain(Counted)), Watched()
    model.fit(*data, batch_size=8, epochs=9, verbose=0, callbacks=[watched], validation_split=0.2)
    # One that stops leaves the rest of the epoch out, not its validation.
    steps = [0, 1, "test", 0, "test"]
    assert watched.seen == [(step, ["loss"]) for step in steps]


def test_a_model_without_a_call_is_its_parts(data, rng):
    x, y = data[0], rng.standard_normal((20, 1)).astype(np.float32)
    model = Parts()
    assert model.count_params() == 5
    assert [w.shape for w in model.trainable_weights] == [(4, 1), (1,)]
    model.compile(optimizers.Adam(0.05))
    stop = EarlyStopping("val_error", patience=2, restore_best_weights=True)
    history = model.fit(
        x, y, epochs=30, validation_split=0.2, callbacks=[stop], verbose=0, batch_size=5
    ).history
    assert list(history) == ["error", "val_error"]
    assert history["error"][-1] < history["error"][0]
    assert model.evaluate(x, y, verbose=0, return_dict=True).keys() == {"error"}
    assert model.metrics_names == ["loss", "error"]
    other = copy.deepcopy(model)
    assert_same_bits(other.get_weights(), model.get_weights())
    for call in (model.predict, model):
        with pytest.raises((TypeError, ValueError), match=r"Parts.*no call\(\)"):
            call(x)
    with pytest.raises(ValueError, match=r"Parts defines no call\(\)"):
        model.save("never.brasa")


def test_the_order_follows_from_the_seed(data):
    found = []
    for seed in (3, 3, 4):
        brasa.set_seed(seed)
        model = Parts()
        model.compile("sgd")
        model.part.set_weights([np.ones((4, 1)), np.zeros(1)])
        model.fit(data[0], np.float32(data[1])[:, None], batch_size=4, epochs=2, verbose=0)
        found.append(model.get_weights())
    assert_same_bits(found[0], found[1])
    assert not np.array_equal(found[0][0], found[2][0])


def test_files_and_copies_keep_the_steps(data, tmp_path):
    model, path = compiled(plain(Counted)), tmp_path / "own.brasa"
    model.fit(*data, verbose=0, callbacks=[ModelCheckpoint(path)])
    with pytest.raises(ValueError, match=r"a Counted with training steps.*custom_objects="):
        load_model(path)
    assert type(load_model(path, compile=False)) is Model
    twins = [load_model(path, {"Counted": Counted}), copy.deepcopy(model)]
    want = model.fit(*data, epochs=2, verbose=0).history
    for twin in twins:
        assert type(twin) is Counted
        assert twin.fit(*data, epochs=2, verbose=0).history == want
        assert_same_bits(twin.get_weights(), model.get_weights())
    assert type(models.clone_model(model)) is Counted
    plain_stack = compiled(stack(CountedStack))
    plain_stack.save(path)
    assert type(load_model(path, {"CountedStack": CountedStack})) is CountedStack


def test_several_outputs_and_masks(rng):
    class Steps(Model):
        def train_step(self, data):
            return super().train_step(data)

    def make(cls):
        brasa.set_seed(5)
        x = Input((6,), dtype="int32")
        h = layers.LSTM(4)(layers.Embedding(9, 3, mask_zero=True)(x))
        steps = layers.Dense(2)(
            layers.LSTM(3, return_sequences=True)(layers.Embedding(9, 3, mask_zero=True)(x))
        )
        model = cls(x, {"one": layers.Dense(1)(h), "steps": steps})
        model.compile(
            "sgd",
            {"one": "mae", "steps": "mse"},
            loss_weights={"one": 2, "steps": 1},
            metrics={"one": ["mse"]},
        )
        return model

    ids = rng.integers(1, 9, (10, 6))
    ids[:, 4:] = 0
    y = {"one": rng.standard_normal(10), "steps": rng.standard_normal((10, 6, 2))}
    own, want = make(Steps), make(Model)
    own.engine.seed = want.engine.seed
    told, found = (m.fit(ids, y, epochs=2, verbose=0).history for m in (want, own))
    assert list(found) == ["loss", "one_mse"]
    for name, values in found.items():
        assert values == pytest.approx(told[name], rel=1e-4)
    for mine, theirs in zip(own.get_weights(), want.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-6)
