"""Models whose inputs have an axis of any length."""

import numpy as np
import pytest

from brasa import Input, Model, Sequential, layers, load_model, ops
from brasa.testing.assertions import assert_same_bits
from tests.sequences import IDS, LABELS, C, N, T, V, tagger


def open_tagger(**options):
    return tagger(front=[Input((None,), dtype="int32")], **options)


def test_every_length_gets_its_plan():
    model = open_tagger()
    assert model.input_shape == (None, None)
    assert model.output_shape == (None, None, C)
    whole = model.predict(IDS)
    for length in (1, 3, T):
        assert_same_bits(model.predict(IDS[:, :length], batch_size=4), whole[:, :length])
        model.fit(IDS[:, :length], LABELS[:, :length], verbose=0)
        assert len(model.evaluate(IDS[:, :length], LABELS[:, :length], batch_size=4)) == 2
        whole = model.predict(IDS)
    assert model.predict_on_batch(IDS[:2, :2]).shape == (2, 2, C)
    assert model.predict(IDS[:0]).shape == (0, T, C)


def test_features_along_a_free_axis(rng):
    model = Sequential([Input((None, 2)), layers.Dense(4, "tanh"), layers.Dense(3)])
    model.compile("adam", "mse")
    for length in (2, 7, 2):
        x = rng.standard_normal((N, length, 2)).astype(np.float32)
        assert model.predict(x).shape == (N, length, 3)
        assert model.fit(x, np.zeros((N, length, 3)), verbose=0).history["loss"][0] > 0


def test_images_of_any_size():
    model = Sequential([Input((None, None, 1)), layers.Conv2D(2, 3), layers.MaxPooling2D(2)])
    assert model.output_shape == (None, None, None, 2)
    assert model.predict(np.zeros((1, 12, 9, 1))).shape == (1, 5, 3, 2)


def joined_scales(x, padding="same", crop=0):
    """Halves images, doubles them and joins what it kept, as a U-Net does."""
    wide = layers.Conv2D(2, 3, padding=padding)(x)
    deep = layers.Conv2D(4, 3, padding=padding)(layers.MaxPooling2D(2)(wide))
    kept = layers.Cropping2D(crop)(wide) if crop else wide
    return layers.Conv2D(1, 1)(layers.Concatenate()([layers.UpSampling2D(2)(deep), kept]))


# Without padding, only images of even extents come out of a pooling whole.
@pytest.mark.parametrize(("padding", "crop", "smaller"), [("same", 0, 0), ("valid", 2, 6)])
def test_networks_that_fit_some_lengths_alone(padding, crop, smaller):
    image = Input((None, None, 1))
    model = Model(image, joined_scales(image, padding, crop))
    model.compile("adam", "mse")
    for height, width in ((16, 12), (20, 24)):
        row = (height - smaller, width - smaller, 1)
        x = np.ones((2, height, width, 1), np.float32)
        assert model.fit(x, np.zeros((2, *row)), verbose=0).history["loss"][0] > 0
        assert model.predict(x).shape == (2, *row)
    with pytest.raises(ValueError, match="concatenate: shapes must agree"):
        model.predict(np.ones((2, 17, 16, 1)))


def test_they_may_learn_from_added_losses_alone():
    class Small(layers.Layer):
        def call(self, x):
            self.add_loss(ops.mean(x * x))
            return x

    image = Input((None, None, 1))
    model = Model(image, Small()(joined_scales(image)))
    model.compile("sgd")
    assert model.fit(np.ones((2, 8, 12, 1)), verbose=0).history["loss"][0] > 0


def test_a_layer_that_fits_some_lengths_alone():
    class Scales(layers.Layer):
        def call(self, x):
            small = layers.MaxPooling2D(2)(x)
            return x + layers.UpSampling2D(2)(small)

    x = Scales()(Input((None, None, 1)))
    assert x.shape == (None, None, None, 1)
    assert Model(x.call.inputs, x).predict(np.ones((1, 6, 8, 1))).shape == (1, 6, 8, 1)


def test_another_extent_says_how_to_leave_it_open():
    model = Sequential([layers.Conv2D(1, 1)])
    model.predict(np.zeros((1, 6, 4, 1)))
    with pytest.raises(ValueError, match=r"Input\(\(None, 4, 1\)\).*build\(\(None, None, 4, 1\)"):
        model.predict(np.zeros((1, 8, 4, 1)))


def test_a_fixed_extent_after_an_open_one_is_known():
    x = layers.Dense(4)(Input((None, 3)))
    assert layers.Reshape((-1, 2, 2))(x).shape == (None, None, 2, 2)


def test_weights_cannot_depend_on_an_open_axis():
    flat = layers.Flatten()(Input((None, 3)))
    assert flat.shape == (None, None)
    with pytest.raises(ValueError, match="the number of features is open"):
        layers.Dense(2)(flat)


def test_a_saved_model_stays_open(tmp_path):
    model = open_tagger()
    model.fit(IDS, LABELS, verbose=0)
    model.save(tmp_path / "m.brasa")
    again = load_model(tmp_path / "m.brasa")
    assert again.input_shape == (None, None)
    assert_same_bits(again.predict(IDS[:, :2]), model.predict(IDS[:, :2]))


def test_what_depends_on_the_length_asks_for_it():
    model = open_tagger()
    assert model.memory(4, length=10) > model.memory(4, length=5)
    assert "embedding" in model.plan(4, "predict", length=3).describe()
    with pytest.raises(ValueError, match=r"open axis: say its length"):
        model.plan(4)
    with pytest.raises(ValueError, match=r"length must be >= 1"):
        model.plan(4, length=0)
    text = []
    model.summary(print_fn=text.append)
    assert "(None, None, 4)" in text[0]
    assert "open axis" in text[0]


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (IDS[..., None], r"expects x of shape \(samples, None\)"),
        (IDS[0], r"expects x of shape \(samples, None\)"),
        (IDS[:, :0], "has no steps"),
    ],
)
def test_another_rank_or_no_steps_are_refused(x, message):
    with pytest.raises(ValueError, match=message):
        open_tagger().predict(x)


def test_labels_must_have_the_length_of_the_data():
    with pytest.raises(ValueError, match=r"y must have the shape \(6, 5\)"):
        open_tagger().fit(IDS, LABELS[:, :3], verbose=0)


def test_ids_are_checked_on_the_short_way_too():
    """A batch like one that was predicted before takes a shortcut, but not past the check."""
    model = tagger(front=[Input((T,), dtype="int32")])
    x = np.ascontiguousarray(IDS, np.int32)
    want = model.predict(x)
    assert_same_bits(model.predict(x), want)
    assert_same_bits(model.predict(x.astype(np.int64)), want)
    assert_same_bits(model.predict(np.asfortranarray(x)), want)
    for bad in (V, -1):
        wrong = x.copy()
        wrong[0, 0] = bad
        for predict in (model.predict, model.predict_on_batch):
            with pytest.raises(IndexError, match=rf"x\[0, 0\] is {bad}"):
                predict(wrong)
    with pytest.raises(TypeError, match="whole numbers"):
        model.predict(x.astype(np.float32))


def test_plans_of_many_lengths_do_not_pile_up(monkeypatch):
    from brasa import plan_cache

    model = tagger(front=[Input((None,), dtype="int32")])
    ids = np.ones((1, 40), np.int32)
    want = model.predict(ids)
    monkeypatch.setattr(plan_cache, "_MOST_PLANS", 10)
    for length in range(1, 40):
        model.predict(ids[:, :length])
    assert (
        len(model.engine._plans) == len({step.plan for step in model.engine.steps.values()}) == 10
    )
    monkeypatch.setattr(plan_cache, "_MOST_BYTES", 1)
    assert_same_bits(model.predict(ids), want)
    assert len(model.engine._plans) == 8
