"""Models that shift, crop and mirror their images in training."""

import numpy as np
import pytest

import brasa
from brasa import Input, Sequential, layers
from brasa.testing import reference
from brasa.testing.assertions import assert_same_bits


def recipe(*more, seed=None):
    return [
        layers.ZeroPadding2D(2),
        layers.RandomCrop(8, 8, seed),
        layers.RandomFlip("horizontal", seed),
        *more,
    ]


def test_training_in_a_plan_draws_the_windows_of_the_contract(rng):
    """The loss of a model that sums weighted pixels tells which windows a step saw."""
    x = rng.integers(0, 256, (6, 8, 8, 3)).astype(np.uint8)
    weights = rng.integers(-3, 4, (8 * 8 * 3, 1)).astype(np.float32)
    model = Sequential([Input((8, 8, 3)), *recipe(layers.Flatten(), layers.Dense(1))])
    model.set_weights([weights, np.zeros(1, np.float32)])
    model.compile(brasa.optimizers.SGD(0.0), "mse")
    padded = np.pad(x.astype(np.float64), ((0, 0), (2, 2), (2, 2), (0, 0)))
    for step in range(3):
        numbers = {"seed": model.engine.seed, "step": step}
        seen = reference.crop_flip(padded, (8, 8), (0, 4), (0, 4), node=1, **numbers)
        seen = reference.crop_flip(seen, (8, 8), flip="horizontal", node=2, **numbers)
        want = ((seen.reshape(6, -1) @ weights) ** 2).mean()
        assert model.train_on_batch(x, np.zeros((6, 1))) == pytest.approx(want, rel=1e-6)
    plain = ((x.reshape(6, -1).astype(np.float64) @ weights) ** 2).mean()
    assert model.evaluate(x, np.zeros((6, 1)), verbose=0) == pytest.approx(plain, rel=1e-6)
    assert_same_bits(model.predict(x)[:, 0], (x.reshape(6, -1) @ weights)[:, 0])


def network():
    """Weights before the augmentation, so that gradients pass through it, and behind."""
    return Sequential(
        [
            Input((8, 8, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(4, 3, padding="same", activation="relu"),
            *recipe(),
            layers.RandomTranslation(0.2, 0.2),
            layers.Flatten(),
            layers.Dropout(0.2),
            layers.Dense(3, "softmax"),
        ]
    )


def compiled():
    brasa.set_seed(7)
    model = network()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@pytest.fixture
def samples(rng):
    return rng.integers(0, 256, (30, 8, 8, 3)).astype(np.uint8), rng.integers(0, 3, 30)


def test_a_resumed_run_equals_an_uninterrupted_one(samples, tmp_path):
    options = {"batch_size": 8, "verbose": 0}
    whole, first = compiled(), compiled()
    want = whole.fit(*samples, epochs=4, **options).history
    begun = first.fit(*samples, epochs=2, **options).history
    first.save(tmp_path / "model.brasa")
    brasa.set_seed(99)
    again = brasa.load_model(tmp_path / "model.brasa")
    rest = again.fit(*samples, epochs=4, initial_epoch=2, **options).history
    assert {name: begun[name] + rest[name] for name in want} == want
    for a, b in zip(again.get_weights(), whole.get_weights(), strict=True):
        assert_same_bits(a, b)


def test_neither_threads_nor_rerunning_change_a_bit(samples, impl, threads):
    runs = []
    for count in (1, 2, 3):
        brasa.runtime.set_threads(count)
        model = compiled()
        model.fit(*samples, epochs=1, batch_size=8, verbose=0)
        runs.append(model.get_weights())
    assert_same_bits(tuple(runs[1]), tuple(runs[0]))
    assert_same_bits(tuple(runs[2]), tuple(runs[0]))


def test_gradients_pass_through(samples):
    """In a plan: the way of steepest ascent is as steep as its gradient is long."""
    x, y = samples
    model = compiled()
    _, gradients = model.compute_gradients(x, y)
    steepness = np.linalg.norm(gradients[0])
    losses = []
    for way in (1e-3, -1e-3):
        moved = model.get_weights()
        moved[0] = moved[0] + way * gradients[0] / steepness
        twin = compiled()
        twin.set_weights(moved)
        losses.append(twin.compute_gradients(x, y)[0])
    assert (losses[0] - losses[1]) / 2e-3 == pytest.approx(steepness, rel=0.02)


def test_images_cannot_be_learned_by_heart_but_their_classes_can(rng):
    """One bright spot at any place, or two: flips and shifts leave the class what it is."""
    labels = rng.integers(0, 2, 256)
    x = np.zeros((256, 12, 12, 1), np.float32)
    for image, label in zip(x, labels, strict=True):
        for _ in range(1 + label):
            i, j = rng.integers(2, 10, 2)
            image[i - 1 : i + 1, j - 1 : j + 1] += 1
    brasa.set_seed(1)
    model = Sequential(
        [
            Input((12, 12, 1)),
            layers.ZeroPadding2D(2),
            layers.RandomCrop(12, 12),
            layers.RandomFlip(),
            layers.Conv2D(8, 3, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(1, "sigmoid"),
        ]
    )
    model.compile(brasa.optimizers.Adam(0.1), "binary_crossentropy", metrics=["accuracy"])
    losses = model.fit(x, labels, epochs=15, batch_size=32, verbose=0).history["loss"]
    assert losses[-1] < 0.7 * losses[0]
    assert model.evaluate(x, labels, verbose=0)[1] > 0.9


def test_summary_and_configs(tmp_path, capsys):
    model = Sequential([Input((8, 8, 3)), *recipe(seed=3)])
    model.summary()
    text = capsys.readouterr().out
    assert "RandomCrop" in text
    assert "RandomFlip" in text
    model.save(tmp_path / "model.brasa")
    again = brasa.load_model(tmp_path / "model.brasa")
    assert [layer.get_config() for layer in again.layers] == [
        layer.get_config() for layer in model.layers
    ]
    assert (again.layers[1].seed, again.layers[2].mode) == (3, "horizontal")
