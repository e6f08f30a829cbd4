"""TimeDistributed and RepeatVector."""

import copy

import numpy as np
import pytest

from brasa import Input, Model, Sequential, layers, load_model
from brasa.testing.assertions import assert_same_bits


def test_is_the_layer_at_every_step(check_layer):
    inner = layers.Conv2D(3, 2)
    layer = layers.TimeDistributed(inner)
    weights = [("kernel", (2, 2, 2, 3)), ("bias", (3,))]
    x, y = check_layer(layer, (4, 5, 6, 2), output=(4, 4, 5, 3), weights=weights)
    for t in range(4):
        np.testing.assert_allclose(y[:, t], inner(x[:, t]), rtol=1e-5, atol=1e-6)


def test_dense_needs_no_wrapper(check_layer):
    inner = layers.Dense(3)
    weights = [("kernel", (2, 3)), ("bias", (3,))]
    x, y = check_layer(layers.TimeDistributed(inner), (4, 2), output=(4, 3), weights=weights)
    assert_same_bits(inner(x), y)


def test_names_tell_two_wrappers_apart():
    model = Sequential(
        [layers.TimeDistributed(layers.Dense(2), input_shape=(3, 4))]
        + [layers.TimeDistributed(layers.Dense(2))]
    )
    assert [p.name for p in model.weights] == [
        "time_distributed/kernel",
        "time_distributed/bias",
        "time_distributed_1/kernel",
        "time_distributed_1/bias",
    ]


@pytest.mark.parametrize("who", ["wrapper", "layer"])
def test_frozen_by_either(who):
    layer = layers.TimeDistributed(
        layers.Dense(2, trainable=who != "layer"), trainable=who != "wrapper"
    )
    layer(Input((3, 4)))
    assert layer.trainable_weights == []
    assert layer.non_trainable_weights == layer.weights != []


def test_what_differs_in_training_does_so_inside():
    layer = layers.TimeDistributed(layers.Dropout(0.5, seed=3))
    x = np.ones((2, 3, 50), np.float32)
    assert_same_bits(layer(x), x)
    assert set(np.unique(layer(x, training=True))) == {0.0, 2.0}


def test_moving_averages_inside_move():
    model = Sequential(
        [layers.TimeDistributed(layers.BatchNormalization(momentum=0.5), input_shape=(3, 2))]
    )
    model.compile("sgd", "mse")
    model.fit(np.full((4, 3, 2), 8.0), np.zeros((4, 3, 2)), verbose=0)
    np.testing.assert_array_equal(model.get_weights()[2], [4, 4])


def test_time_distributed_refuses():
    with pytest.raises(TypeError, match="layer must be a layer"):
        layers.TimeDistributed("dense")
    with pytest.raises(ValueError, match="rank 3 or more"):
        layers.TimeDistributed(layers.Dense(2))(Input((3,)))


@pytest.mark.parametrize("n", [1, 2, 17, 40])
def test_repeat_vector_keeps_the_contract(check_layer, n):
    x, y = check_layer(layers.RepeatVector(n), (5,), output=(n, 5))
    assert_same_bits(y, np.repeat(x[:, None], n, axis=1))


def test_the_gradient_of_a_repeated_vector_is_the_sum_over_the_steps():
    model = Sequential([layers.Dense(2, input_shape=(3,)), layers.RepeatVector(20)])
    model.compile("sgd", "mse")
    x, y = np.ones((4, 3)), np.zeros((4, 20, 2))
    _, (kernel, _) = model.compute_gradients(x, y)
    out = model.predict(x)
    want = x.T @ (2 * out.sum(1) / out[..., 0].size / 2)
    np.testing.assert_allclose(kernel, want, rtol=1e-5)


def test_repeat_vector_refuses():
    with pytest.raises(ValueError, match="n must be >= 1"):
        layers.RepeatVector(0)
    with pytest.raises(ValueError, match="rank 2"):
        layers.RepeatVector(2)(Input((3, 4)))


def test_free_lengths():
    frames = layers.TimeDistributed(layers.Conv2D(2, 3))(Input((None, 8, 8, 1)))
    assert frames.shape == (None, None, 6, 6, 2)
    both = layers.Concatenate(axis=1)([frames, frames])
    assert both.shape == (None, None, 6, 6, 2)
    assert layers.TimeDistributed(layers.Flatten())(both).shape == (None, None, 72)


def frames_net(kind):
    """A model for one frame (6, 6, 2), three numbers, in the ways in which models are made."""
    parts = [layers.Conv2D(4, 3), layers.BatchNormalization(), layers.Dropout(0.5)]
    head = [layers.Flatten(), layers.Dense(5, "tanh"), layers.Dense(3)]
    if kind == "open":
        return Sequential([*parts, *head])
    if kind == "nested":
        return Sequential([Input((6, 6, 2)), Sequential(parts), *head])
    x = y = Input((6, 6, 2))
    for layer in (*parts, *head):
        y = layer(y)
    return Model(x, y)


@pytest.mark.parametrize("kind", ["open", "nested", "functional"])
def test_a_model_at_every_step_is_its_layers_there(kind, rng, tmp_path):
    """Dropout, moving statistics, weights, names and files, by the plain wrappers of its layers."""
    net = frames_net(kind)
    model = Sequential([Input((4, 6, 6, 2)), layers.TimeDistributed(net), layers.LSTM(2)])
    plain = Sequential([Input((4, 6, 6, 2))])
    for layer in net.layers:
        plain.add(layers.TimeDistributed(layers.deserialize(layers.serialize(layer))))
    plain.add(layers.LSTM(2))
    plain.set_weights(model.get_weights())
    plain.engine.seed = model.engine.seed
    x, y = (rng.standard_normal((6, *s)).astype(np.float32) for s in ((4, 6, 6, 2), (2,)))
    for one in (model, plain):
        one.compile("adam", "mse")
    for _ in range(3):
        assert model.train_on_batch(x, y) == plain.train_on_batch(x, y)
    np.testing.assert_allclose(model.predict(x), plain.predict(x), rtol=1e-5, atol=1e-6)
    assert_same_bits(model.layers[0](x), np.stack([net.predict(x[:, t]) for t in range(4)], 1))
    names = [p.name for p in model.weights]
    assert names[0] == "time_distributed/conv2d/kernel"
    assert len(set(names)) == len(names) == 13

    model.save(tmp_path / "m.brasa")
    twins = [load_model(tmp_path / "m.brasa"), copy.deepcopy(model)]
    net.save_weights(tmp_path / "net.brasa")
    fresh = frames_net("nested")
    fresh.load_weights(tmp_path / "net.brasa")
    assert_same_bits(fresh.predict(x[:, 0]), net.predict(x[:, 0]))
    step = model.train_on_batch(x, y)
    for twin in twins:
        assert [p.name for p in twin.weights] == names
        assert twin.train_on_batch(x, y) == step


def test_a_model_of_token_ids_reads_every_sentence(rng):
    """Words to sentences to a document: masks arise inside, and the parts may be frozen."""
    sentence = Sequential([layers.Embedding(9, 3, mask_zero=True), layers.LSTM(4)])
    wrapped = layers.TimeDistributed(sentence)
    assert wrapped.input_dtype == "int32"
    model = Sequential([Input((None, 5), dtype="int32"), wrapped, layers.LSTM(2)])
    ids = rng.integers(0, 9, (2, 3, 5))
    want = np.stack([sentence.predict(ids[:, t]) for t in range(3)], axis=1)
    assert_same_bits(wrapped(ids), want)
    sentence.trainable = False
    assert wrapped.trainable_weights == []
    sentence.trainable = True
    assert wrapped.trainable_weights == wrapped.weights
    model.compile("sgd", "mse")
    before = sentence.get_weights()
    model.train_on_batch(ids, np.ones((2, 2)))
    assert all((a != b).any() for a, b in zip(before, sentence.get_weights(), strict=True))


def test_models_that_do_not_fit():
    words = layers.TimeDistributed(Sequential([layers.Embedding(9, 3)]))
    with pytest.raises(ValueError, match=r"layer 'time_distributed'.*int32"):
        words(Input((3, 5), dtype="float32"))
    x = Input((4,))
    two = Model(x, [layers.Dense(1)(x), layers.Dense(1)(x)], name="two")
    with pytest.raises(ValueError, match="model 'two' has several outputs"):
        layers.TimeDistributed(two)(Input((3, 4)))
