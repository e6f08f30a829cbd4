"""Stacks of layers: how they are put together, their weights, and the facts about them."""

import numpy as np
import pytest

import brasa
from brasa import Input, Sequential, layers
from brasa.testing.assertions import assert_same_bits
from tests import with_keras
from tests.small import small


@pytest.fixture
def images(rng):
    return rng.standard_normal((6, 4, 4, 1)).astype(np.float32)


# ---- Sequential ----------------------------------------------------------------------------


def test_a_stack_can_be_put_together_in_every_way(images):
    def stack():
        return [layers.Flatten(), layers.Dense(3, name="last")]

    def first(**options):
        return layers.Conv2D(2, 3, **options)

    added = Sequential()
    for layer in (first(input_shape=(4, 4, 1)), *stack()):
        added.add(layer)
    built = Sequential([first(), *stack()])
    built.build((None, 4, 4, 1))
    late = Sequential([first(), *stack()])
    late.predict(images)
    for model in (
        added,
        built,
        late,
        Sequential([Input((4, 4, 1)), first(), *stack()]),
        Sequential([layers.InputLayer((4, 4, 1)), first(), *stack()]),
        Sequential([first(input_shape=(4, 4, 1)), *stack()]),
    ):
        assert [layer.name for layer in model.layers] == ["conv2d", "flatten", "last"]
        assert [p.name for p in model.weights] == [
            "conv2d/kernel",
            "conv2d/bias",
            "last/kernel",
            "last/bias",
        ]
        assert model.input_shape == (None, 4, 4, 1)
        assert model.output_shape == (None, 3)
        assert model.predict(images).shape == (6, 3)


def test_a_list_of_numbers_is_data_like_another():
    model = Sequential([layers.Dense(2)])
    assert model.predict([[1.0, 2.0, 3.0]]).shape == (1, 2)
    assert model.predict([[1, 2, 3], [4, 5, 6]]).shape == (2, 2)


def test_layers_can_be_added_and_taken_off_later(images):
    model = small()
    before = model.predict(images)
    kept = model.get_weights()
    assert model.pop().name == "dense"
    assert model.output_shape == (None, 8)
    model.add(layers.Dense(3, activation="softmax"))
    model.set_weights(kept)
    assert_same_bits(model.predict(images), before)
    model.fit(images, [0, 1, 2] * 2, verbose=0)


def test_what_cannot_be_stacked_is_refused():
    stack = Sequential([layers.Dense(2, input_shape=(3,))])
    with pytest.raises(TypeError, match="wanted a layer, got int"):
        stack.add(3)
    with pytest.raises(ValueError, match="an Input can only stand at the front"):
        stack.add(Input((3,)))
    with pytest.raises(ValueError, match=r"layer number 1: layer 'conv2d'.*rank 4"):
        stack.add(layers.Conv2D(2, 3))
    with pytest.raises(ValueError, match="no layer to take off"):
        Sequential().pop()


def test_a_model_without_an_input_shape_says_how_to_give_one():
    model = Sequential([layers.Dense(2)])
    model.compile("sgd", "mse")
    for ask in (
        model.get_weights,
        lambda: model.input_shape,
        lambda: model.plan(3),
        lambda: model.fit(None, None),
    ):
        with pytest.raises(
            (ValueError, TypeError), match=r"input_shape=|must be an array, got None"
        ):
            ask()
    # compile() before the shape is known takes effect with the first data.
    assert model.train_on_batch(np.ones((2, 3)), np.ones((2, 2))) > 0


def test_two_layers_of_one_name_are_refused():
    with pytest.raises(ValueError, match="two layers of the model are named 'a'"):
        Sequential([layers.Dense(2, name="a", input_shape=(3,)), layers.Dense(2, name="a")])


# ---- weights and facts ---------------------------------------------------------------------


def test_weights_are_copies_in_the_order_of_the_layers(images):
    model = small()
    weights = model.get_weights()
    assert [w.shape for w in weights] == [(3, 3, 1, 2), (2,), (8, 3), (3,)]
    before = model.predict(images)
    weights = [np.add(w, 1, out=w) for w in weights]
    assert_same_bits(model.predict(images), before)
    model.set_weights(weights)
    assert_same_bits(model.get_weights(), weights)
    assert (model.predict(images) != before).any()


@pytest.mark.parametrize(
    ("spoil", "error", "message"),
    [
        (lambda w: w[:-1], ValueError, "has 4 weights, got 3 arrays"),
        (lambda w: [*w[:-1], w[-1][:2]], ValueError, r"'dense/bias' has the shape \(3,\)"),
        (lambda w: [*w[:-1], w[-1] + 1j], TypeError, "real numbers"),
        (lambda w: [*w[:-1], ["a", "b", "c"]], TypeError, "real numbers"),
        (lambda w: [*w[:-1], np.full(3, 1e300)], ValueError, "too large for float32"),
    ],
)
def test_weights_that_do_not_fit_change_nothing(spoil, error, message):
    model = small()
    before = model.get_weights()
    with pytest.raises(error, match=message):
        model.set_weights(spoil([w + 1.0 for w in before]))
    assert_same_bits(model.get_weights(), before)


def test_a_layer_is_found_by_name():
    model = small()
    assert model.get_layer("dense") is model.layers[-1]
    with pytest.raises(ValueError, match=r"layer 'dense_1' is unknown\. Did you mean 'dense'"):
        model.get_layer("dense_1")


def test_a_layer_is_found_by_its_place():
    model = small()
    assert model.get_layer(index=0) is model.layers[0]
    assert model.get_layer(index=-1) is model.layers[-1]
    with pytest.raises(ValueError, match="there are 3 layers, got index 3"):
        model.get_layer(index=3)
    for wrong in ({}, {"name": "dense", "index": 0}):
        with pytest.raises(ValueError, match="either a name or an index"):
            model.get_layer(**wrong)


def test_the_layers_of_a_stack_are_known_before_its_input_shape():
    first, second = layers.Dense(2), layers.Dense(3, name="last")
    model = Sequential([Sequential([first, second]), second])
    assert model.layers == [first, second]
    assert model.get_layer("last") is second
    assert Sequential().layers == []


def test_a_config_makes_a_model_of_the_same_shape():
    model = small()
    twin = Sequential.from_config(model.get_config())
    assert twin.get_config() == model.get_config()
    assert [w.shape for w in twin.get_weights()] == [w.shape for w in model.get_weights()]


def test_the_summary_shows_layers_parameters_and_memory():
    lines = []
    model = small(name="tiny")
    model.summary(batch_size=7, print_fn=lines.append)
    text = "\n".join(lines)
    assert 'Model: "tiny"' in text
    for row in (
        "conv2d (Conv2D) (None, 2, 2, 2) 20",
        "flatten (Flatten) (None, 8) 0",
        "dense (Dense) (None, 3) 27",
        "Total params: 47 (188 bytes)",
        "Trainable params: 47",
        "Non-trainable params: 0",
        f"training step, batch 7: {model.memory(7):,} bytes",
        f"inference, batch 7: {model.memory(7, training=False):,} bytes",
    ):
        assert row in " ".join(text.split()), row


def test_the_summary_of_layers_without_an_input_shape(capsys):
    Sequential([layers.Dense(2, name="first"), layers.Flatten()]).summary()
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[4:6] == ["first (Dense) ? ?", "flatten (Flatten) ? ?"]
    assert "call build, fit or predict" in lines[-1]


@pytest.mark.parametrize("length", [40, 90])
def test_the_table_of_a_summary_is_as_wide_as_it_should_be(length):
    told = []
    model = Sequential([layers.Dense(2, input_shape=(3,), name="a_layer_with_a_long_name")])
    model.summary(line_length=length, positions=[0.5, 0.8, 1.0], print_fn=told.append)
    lines = told[0].splitlines()
    assert [len(line) for line in lines[1:5]] == [length] * 4
    assert ("…" in lines[4]) is (length == 40)


def named_layers(module, **options):
    names = ["stem", "block_1", "block_2", "head"]
    stack = [module.layers.Dense(2, name=name) for name in names]
    return module.Sequential([*([module.Input((3,))] if options else []), *stack])


def layers_in_summary(model, **options):
    told = []
    model.summary(print_fn=told.append, **options)
    text = "\n".join(told)
    return [name for name in ("stem", "block_1", "block_2", "head") if f"{name} (Dense)" in text]


RANGES = [
    ("block_1", "head"),
    ("block", "block"),
    ("head", "block_2"),
    ["stem", "stem"],
    (".*_1", ".*"),
    None,
]


@pytest.mark.parametrize("ends", RANGES, ids=str)
def test_the_rows_of_a_summary_are_those_of_keras(ends):
    want = layers_in_summary(named_layers(with_keras.keras(), built=True), layer_range=ends)
    for options in ({"built": True}, {}):
        assert layers_in_summary(named_layers(brasa, **options), layer_range=ends) == want


@pytest.mark.parametrize(
    ("ends", "error", "match"),
    [
        ("stem", TypeError, "must be two names of layers, got 'stem'"),
        ((0, 1), TypeError, r"must be two names of layers, got \(0, 1\)"),
        (("stem",), ValueError, "must be two names of layers"),
        (("stem", "tail"), ValueError, "no layer matches 'tail'; there are stem, block_1"),
        (("(", "stem"), ValueError, r"'\(' is no regular expression"),
    ],
)
def test_a_summary_of_layers_that_are_not_there(ends, error, match):
    with pytest.raises(error, match=f"summary: layer_range:? {match}"):
        named_layers(brasa, built=True).summary(layer_range=ends)


def test_the_summary_of_an_uncompiled_model_counts_inference_only(capsys):
    Sequential([layers.Dense(2, input_shape=(3,), trainable=False)]).summary()
    text = capsys.readouterr().out
    assert "Non-trainable params: 8" in text
    assert "training step" not in text


def test_a_profile_times_the_steps_and_leaves_the_weights(images):
    model = small()
    before = model.get_weights()
    steps = model.profile(images, [0, 1, 2, 0, 1, 2], repeats=2)
    assert steps[-1]["op"] == "sgd_step"
    assert {"name", "op", "seconds", "flops", "bytes", "threads"} <= set(steps[0])
    # Two images fill too few lanes of any machine: there is no other first step.
    assert model.profile(images[:2], repeats=1)[0]["op"] == "conv2d"
    assert_same_bits(model.get_weights(), before)
    assert model.optimizer.iterations == 0


def test_plans_are_made_once_for_each_kind_of_batch(images):
    model = small()
    assert model.plan(6) is model.plan(6)
    assert model.plan(6) is not model.plan(5)
    assert model.plan(6) is not model.plan(6, "test")
    y = [0, 1, 2] * 2
    model.fit(images, y, batch_size=4, epochs=3, verbose=0)
    made = dict(model.engine._plans)
    model.fit(images, y, batch_size=4, epochs=3, verbose=0)
    assert model.engine._plans == made
    with pytest.raises(ValueError, match="mode must be"):
        model.plan(6, "training")
