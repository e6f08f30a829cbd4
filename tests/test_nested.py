"""Models as parts of models: the layers are shared, and with them the weights."""

import numpy as np
import pytest

import brasa
from brasa import Input, Model, Sequential, layers
from tests.differences import slope


@pytest.fixture
def x():
    return np.random.default_rng(0).standard_normal((24, 6)).astype(np.float32)


def encoder(**options):
    return Sequential([layers.Dense(5, "tanh", input_shape=(6,)), layers.Dense(2)], **options)


def decoder(**options):
    return Sequential([layers.Dense(5, "tanh"), layers.Dense(6)], **options)


def same(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_a_stack_of_models_is_one_after_the_other(x):
    first, second = encoder(), decoder()
    both = Sequential([first, second])
    assert both.output_shape == (None, 6)
    assert np.array_equal(both.predict(x), second.predict(first.predict(x)))


def test_training_the_whole_trains_the_parts(x):
    first, second = encoder(), decoder()
    both = Sequential([first, second])
    both.compile("adam", "mse")
    before = [*first.get_weights(), *second.get_weights()]
    losses = both.fit(x, x, epochs=30, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    after = [*first.get_weights(), *second.get_weights()]
    assert not any(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    assert np.array_equal(both.predict(x), second.predict(first.predict(x)))


def test_the_layers_of_parts_get_names_of_their_own():
    both = Sequential([encoder(), decoder()])
    assert [layer.name for layer in both.layers] == ["dense", "dense_1", "dense_2", "dense_3"]


def test_a_name_that_the_user_gave_stays():
    part = Sequential([layers.Dense(2, input_shape=(2,)), layers.Dense(2)])
    both = Sequential([part, layers.Dense(2, name="dense_1")])
    assert [layer.name for layer in both.layers] == ["dense", "dense_2", "dense_1"]


def test_one_model_on_two_inputs_has_its_weights_once(x):
    part = encoder()
    left, right = Input((6,)), Input((6,))
    model = Model([left, right], layers.Concatenate()([part(left), part(right)]))
    assert model.count_params() == part.count_params()
    expected = np.concatenate([part.predict(x), part.predict(x[::-1])], axis=1)
    assert np.array_equal(model.predict([x, x[::-1]]), expected)


def test_several_inputs_and_outputs_come_as_lists(x):
    a, b = Input((6,)), Input((6,))
    total = layers.Add()([a, b])
    inner = Model([a, b], [layers.Dense(3)(total), layers.Dense(2)(total)])
    c = Input((6,))
    three, two = inner([c, c])
    assert (three.shape, two.shape) == ((None, 3), (None, 2))
    outer = Model(c, [three, two])
    for got, wanted in zip(outer.predict(x), inner.predict([x, x]), strict=True):
        assert np.array_equal(got, wanted)


def test_a_stack_without_an_input_shape_takes_that_of_the_tensor():
    part = decoder()
    assert part(Input((2,))).shape == (None, 6)
    assert part.input_shape == (None, 2)


@pytest.mark.parametrize("functional", [True, False])
def test_files_keep_a_model_made_of_models(functional, x, tmp_path):
    first, second = encoder(), decoder()
    start = Input((6,))
    both = Model(start, second(first(start))) if functional else Sequential([first, second])
    both.compile("adam", "mse")
    both.fit(x, x, verbose=0)
    both.save(tmp_path / "both.brasa")
    again = brasa.load_model(tmp_path / "both.brasa")
    assert np.array_equal(again.predict(x), both.predict(x))
    both.fit(x, x, verbose=0)
    again.fit(x, x, verbose=0)
    assert same(again.get_weights(), both.get_weights())


def test_a_part_of_a_trained_model_is_saved_alone(x, tmp_path):
    second = decoder()
    Sequential([encoder(), second])
    second.save(tmp_path / "part.brasa")
    z = x[:, :2]
    assert np.array_equal(brasa.load_model(tmp_path / "part.brasa").predict(z), second.predict(z))


def test_two_networks_train_against_each_other(x):
    generator = Sequential([layers.Dense(6, "relu", input_shape=(3,)), layers.Dense(6)])
    judge = Sequential([layers.Dense(6, "relu", input_shape=(6,)), layers.Dense(1, "sigmoid")])
    judge.compile("adam", "binary_crossentropy")
    judge.trainable = False
    z = Input((3,))
    adversary = Model(z, judge(generator(z)))
    adversary.compile("adam", "binary_crossentropy")
    assert adversary.trainable_weights == generator.weights
    noise = np.random.default_rng(1).standard_normal((24, 3)).astype(np.float32)
    for _ in range(3):
        before = judge.get_weights(), generator.get_weights()
        judge.train_on_batch(generator.predict(noise), np.zeros(24))
        assert not same(judge.get_weights(), before[0])
        assert same(generator.get_weights(), before[1])
        before = judge.get_weights(), generator.get_weights()
        adversary.train_on_batch(noise, np.ones(24))
        assert same(judge.get_weights(), before[0])
        assert not same(generator.get_weights(), before[1])


def test_trainable_of_a_model_is_that_of_its_layers():
    model = Sequential([encoder(), layers.Dense(1)])
    model.trainable = False
    assert not model.trainable
    assert model.trainable_weights == []
    assert model.non_trainable_weights == model.weights
    model.layers[-1].trainable = True
    assert model.trainable
    assert model.trainable_weights == model.layers[-1].weights


def test_trainable_may_be_set_before_the_input_shape_is_known(x):
    model = decoder()
    model.trainable = False
    model.predict(x)
    assert model.trainable_weights == []


def test_a_model_that_ends_at_a_layer_of_another(x):
    model = encoder()
    features = Model(model.inputs, model.get_layer("dense").output)
    expected = np.tanh(x @ model.get_weights()[0])
    np.testing.assert_allclose(features.predict(x), expected, rtol=1e-5, atol=1e-6)


def test_shapes_that_do_not_fit_name_the_model_and_the_layer():
    with pytest.raises(ValueError, match=r"model 'enc': layer 'dense' for the input \(None, 7\)"):
        encoder(name="enc")(Input((7,)))
    with pytest.raises(ValueError, match=r"model 'enc': takes 1 inputs, got 2"):
        encoder(name="enc")([Input((6,)), Input((6,))])
    with pytest.raises(ValueError, match=r"model 'enc': takes float32, got a tensor of int32"):
        encoder(name="enc")(Input((6,), dtype="int32"))
    with pytest.raises(TypeError, match=r"model 'enc': the argument must be an Input"):
        encoder(name="enc")([Input((6,)), np.zeros((1, 6))])
    with pytest.raises(ValueError, match="model 'enc' cannot be a part of itself"):
        (model := encoder(name="enc")).add(model)
    with pytest.raises(TypeError, match=r"model 'enc': trainable must be a bool, got 'no'"):
        encoder(name="enc").trainable = "no"
    with pytest.raises(AttributeError, match="layer 'dense' was not applied to a tensor yet"):
        _ = layers.Dense(2).output


def frozen(*, training):
    brasa.set_seed(7)
    base = Sequential(
        [layers.Dense(4, input_shape=(6,)), layers.BatchNormalization(), layers.Dropout(0.5)]
    )
    start = Input((6,))
    return Model(start, layers.Dense(1)(base(start, training=training)))


def test_training_false_keeps_dropout_off_and_statistics_still(x, tmp_path):
    model = frozen(training=False)
    model.compile("sgd", "mse")
    y = np.ones(24, np.float32)
    loss = np.mean((model.predict(x) - 1) ** 2)
    model.save(tmp_path / "frozen.brasa")
    for one in (model, brasa.load_model(tmp_path / "frozen.brasa")):
        assert one.train_on_batch(x, y) == pytest.approx(loss, rel=1e-5)
        moving = one.get_layer("batch_normalization").get_weights()[2]
        assert np.array_equal(moving, np.zeros(4))
        assert one.layers[0].trainable
    other = frozen(training=None)
    other.compile("sgd", "mse")
    assert other.train_on_batch(x, y) != pytest.approx(loss, rel=1e-3)
    assert other.get_layer("batch_normalization").get_weights()[2].any()


def test_training_true_has_a_model_inside_always_train(x):
    model = frozen(training=True)
    assert not np.array_equal(model.predict(x), model.predict(x))
    other = frozen(training=None)
    assert np.array_equal(other(x, training=False), other.predict(x))
    brasa.set_seed(1)
    kept = model(x)
    brasa.set_seed(1)
    assert np.array_equal(other(x, training=True), kept)  # statistics of the batch, dropout's mask


def test_gradients_of_a_normalization_that_stands_still(x):
    model = frozen(training=False)
    layer = model.get_layer("batch_normalization")
    rng = np.random.default_rng(3)
    layer.set_weights([rng.uniform(0.5, 2, 4) for _ in range(4)])
    model.compile("sgd", "mse")
    y = rng.standard_normal(24).astype(np.float32)
    _, gradients = model.compute_gradients(x, y)
    assert len(gradients) == 6

    def loss():
        return np.mean((model.predict(x)[:, 0].astype(np.float64) - y) ** 2)

    for parameter, gradient in zip(model.trainable_weights, gradients, strict=True):
        direction = rng.standard_normal(gradient.shape).astype(np.float32)
        want = slope(model, loss, model.weights.index(parameter), direction)
        assert np.sum(gradient * direction) == pytest.approx(want, rel=1e-2, abs=1e-4)


def test_what_is_trained_is_decided_by_compile(x):
    """The judge of two networks is frozen for the other alone, though its plans are made later."""
    judge = Sequential(
        [layers.Dense(4, input_shape=(6,)), layers.BatchNormalization(), layers.Dense(1)]
    )
    judge.compile("sgd", "mse")
    judge.trainable = False
    start = Input((6,))
    other = Model(start, judge(layers.Dense(6)(start)))
    other.compile("sgd", "mse")
    moving = judge.get_layer("batch_normalization").weights[2]
    other.train_on_batch(x, np.zeros(24))
    assert not moving.value.any()
    judge.train_on_batch(x, np.zeros(24))
    assert moving.value.any()


def test_fit_warns_where_trainable_was_changed_since_compile(x):
    model = encoder()
    model.compile("sgd", "mse")
    model.layers[0].trainable = False
    with pytest.warns(UserWarning, match="trainable was changed since compile"):
        model.fit(x, x[:, :2], verbose=0)
    model.compile("sgd", "mse")
    before = model.layers[0].get_weights()
    model.fit(x, x[:, :2], verbose=0)
    assert same(before, model.layers[0].get_weights())


def test_weights_whose_names_alone_differ_say_so(tmp_path):
    part = decoder()
    Sequential([encoder(), part])
    part.save_weights(tmp_path / "part")
    other = decoder()
    other.build((None, 2))
    with pytest.raises(brasa.FormatError, match=r"missing dense/bias .* The names alone differ"):
        other.load_weights(tmp_path / "part")
    named = [layers.Dense(5, name="a", input_shape=(2,)), layers.Dense(6, name="b")]
    part = Sequential(named)
    Sequential([encoder(), part])
    part.save_weights(tmp_path / "named")
    other = Sequential([layers.Dense(5, name="a", input_shape=(2,)), layers.Dense(6, name="b")])
    other.load_weights(tmp_path / "named")
    assert same(other.get_weights(), part.get_weights())


@pytest.mark.parametrize("kind", ["stack", "open stack", "graph", "deep"])
@pytest.mark.parametrize("outer", [Model, Sequential])
def test_an_input_without_a_type_takes_that_of_the_model(kind, outer):
    """Numbers of things, where the model inside begins with an Embedding."""
    ids = np.array([[1, 2, 0], [4, 3, 3]])
    embedding, front = layers.Embedding(5, 2), Input((3,))
    inner = {
        "stack": lambda: Sequential([Input((3,)), embedding]),
        "open stack": lambda: Sequential([embedding]),
        "graph": lambda: Model(front, embedding(front)),
        "deep": lambda: Sequential([Sequential([embedding])]),
    }[kind]()
    x = Input((3,))
    model = Model(x, inner(x)) if outer is Model else Sequential([x, inner])
    np.testing.assert_array_equal(model.predict(ids), embedding.get_weights()[0][ids])
    with pytest.raises(TypeError, match="whole numbers"):
        model.predict(ids + 0.5)
