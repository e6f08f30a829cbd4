"""Networks with a known illness get its name, healthy ones none."""

import numpy as np
import pytest

import brasa
from brasa import Input, Model, Sequential, datasets, initializers, layers, models, optimizers
from brasa.diagnosis import advice, verdict

CLASSES = "sparse_categorical_crossentropy"


@pytest.fixture(autouse=True)
def seed():
    brasa.set_seed(7)


def diagnose(stack, x, y, optimizer="sgd", loss=CLASSES):
    model = Sequential(stack)
    model.compile(optimizer, loss)
    return model.diagnose(x, y)


def points(rng, rows=64, features=16):
    return rng.standard_normal((rows, features)).astype(np.float32), np.arange(rows) % 3


def sequences(rng, steps, rows=32):
    return rng.standard_normal((rows, steps, 4)).astype(np.float32), np.arange(rows) % 3


def kinds(found):
    return [finding.kind for finding in found.findings]


# ---- healthy --------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_lenet_is_healthy_before_and_after_training(optimizer):
    (x, y), _ = datasets.load_digits()
    model = models.lenet5(10, (8, 8, 1), rescale=1 / 16)
    model.compile(optimizer, CLASSES)
    for _ in range(2):
        found = model.diagnose(x[:64], y[:64])
        assert found.verdict == "healthy", found
        assert found.findings == []
        model.fit(x, y, epochs=2, verbose=0)


@pytest.mark.parametrize("cell", [layers.LSTM, layers.GRU, layers.SimpleRNN])
def test_a_recurrent_network_is_healthy(cell, rng):
    x, y = sequences(rng, steps=12)
    found = diagnose([cell(16), layers.Dense(3, "softmax")], x, y, "adam")
    assert found.verdict == "healthy", found


@pytest.mark.parametrize("depth", [3, 20])
def test_relus_and_normal_weights_are_healthy(depth, rng):
    stack = [layers.Dense(64, "relu", kernel_initializer="he_normal") for _ in range(depth)]
    found = diagnose([*stack, layers.Dense(3, "softmax")], *points(rng))
    assert found.verdict == "healthy", found


def test_resnet_is_healthy(rng):
    model = models.resnet18(4, (8, 8, 3))
    model.compile("adam", CLASSES)
    x = rng.standard_normal((16, 8, 8, 3)).astype(np.float32)
    assert model.diagnose(x, np.arange(16) % 4).verdict == "healthy"


def test_what_has_learned_all_is_healthy():
    found = diagnose([layers.Dense(1, kernel_initializer="zeros")], np.ones((4, 2)), np.zeros(4),
                     loss="mse")  # fmt: skip
    assert (found.loss, found.verdict) == (0, "healthy")


# ---- vanishing ------------------------------------------------------------------------------


def test_deep_sigmoids_vanish(rng):
    stack = [layers.Dense(32, "sigmoid", name=f"s{i}") for i in range(10)]
    found = diagnose([*stack, layers.Dense(3, "softmax", name="out")], *points(rng))
    assert found.verdict == "vanishing"
    (finding,) = found.findings
    assert finding.layer == "s0"
    assert "of what it is in 'out', and" in finding.text
    assert finding.advice == advice.VANISHING
    flows = [row.flow for row in found.rows]
    assert flows[:9] == sorted(flows[:9])
    assert flows[0] < 1e-3


def test_small_recurrent_weights_vanish_through_time(rng):
    x, y = sequences(rng, steps=40)
    small = initializers.RandomNormal(0.0, 0.05)
    rnn = layers.SimpleRNN(16, recurrent_initializer=small, name="rnn")
    found = diagnose([rnn, layers.Dense(3, "softmax")], x, y)
    assert found.verdict == "vanishing"
    (finding,) = found.findings
    assert finding.layer == "rnn"
    assert "through time, the gradient falls" in finding.text
    assert finding.text.endswith("-fold from step 39 to step 0")
    assert "LSTM or GRU" in finding.advice


def test_padding_is_no_vanishing(rng):
    """Steps without a gradient that are padding in all sequences say nothing."""
    x, y = sequences(rng, steps=40)
    x[:, :30] = 0
    found = diagnose([layers.Masking(), layers.GRU(16), layers.Dense(3, "softmax")], x, y)
    assert found.verdict == "healthy", found


def test_a_layer_without_a_gradient_vanishes(rng):
    x = Input((16,))
    off = layers.Dense(8, "relu", name="off", bias_initializer=initializers.Constant(-99.0))(x)
    on = layers.Dense(8, name="on")(x)
    model = Model(x, layers.Dense(3, "softmax")(layers.Add()([off, on])))
    model.compile("sgd", CLASSES)
    found = model.diagnose(*points(rng))
    assert kinds(found) == ["dead", "vanishing"]
    assert [finding.layer for finding in found.findings] == ["off", "off"]
    assert "the gradient of the weights is 0" in found.findings[1].text


# ---- exploding ------------------------------------------------------------------------------


def test_large_weights_explode_with_the_depth(rng):
    large = initializers.RandomNormal(0.0, 1.0)
    stack = [layers.Dense(32, kernel_initializer=large, name=f"d{i}") for i in range(8)]
    found = diagnose([*stack, layers.Dense(1, name="out")], points(rng)[0], np.ones(64), loss="mse")
    assert found.verdict == "exploding"
    assert found.findings[0].layer == "d0"
    assert "times what it is in 'out'" in found.findings[0].text


def test_large_recurrent_weights_explode_through_time(rng):
    x, y = sequences(rng, steps=30)
    twice = initializers.Orthogonal(gain=2.0)
    rnn = layers.SimpleRNN(16, "linear", recurrent_initializer=twice, name="rnn")
    found = diagnose([rnn, layers.Dense(3, "softmax")], x, y, optimizers.SGD(1e-12))
    assert found.verdict == "exploding"
    assert found.findings[0].layer == "rnn"
    assert "through time, the gradient grows" in found.findings[0].text
    assert "from step 29 to step 0" in found.findings[0].text
    assert found.layer("rnn").steps[0].grows == pytest.approx(2.0**29, rel=0.5)


def test_steps_as_long_as_the_weights_explode(rng):
    found = diagnose([layers.Dense(3, "softmax", name="out")], *points(rng), optimizers.Adam(10.0))
    assert found.verdict == "exploding"
    assert "times as long as the weights" in found.findings[0].text
    assert found.layer("out").update_ratio > 1


# ---- dead, saturated ------------------------------------------------------------------------


def test_dead_relus_are_called_dead(rng):
    dead = initializers.Constant(-99.0)
    stack = [layers.Dense(16, "relu", bias_initializer=dead, name=f"r{i}") for i in range(3)]
    found = diagnose([*stack, layers.Dense(3, "softmax")], *points(rng))
    assert kinds(found) == ["dead", "vanishing"]
    text = "100% of the ReLUs are 0 for every sample, and 2 more layers like this"
    assert found.findings[0].text == text


def test_saturated_activations_are_called_saturated(rng):
    large = initializers.RandomNormal(0.0, 50.0)
    stack = [layers.Dense(16, "tanh", kernel_initializer=large, name="hidden")]
    found = diagnose([*stack, layers.Dense(3, "softmax")], *points(rng))
    assert kinds(found)[0] == "saturated"
    assert found.findings[0].layer == "hidden"


def test_gates_held_shut_are_called_saturated(rng):
    x, y = sequences(rng, steps=5)
    model = Sequential([layers.LSTM(4, name="rnn"), layers.Dense(3, "softmax")])
    model.compile("sgd", CLASSES)
    model.predict(x)
    w, u, b = model.get_layer("rnn").get_weights()
    b[:4] = b[8:12] = b[12:] = -30  # i, g, o: shut, at -1, shut; f stays open
    model.get_layer("rnn").set_weights([w, u, b])
    found = model.diagnose(x, y)
    assert found.layer("rnn").gates == {"i": 1.0, "f": 0.0, "g": 1.0, "o": 1.0}
    assert found.layer("rnn").saturated == 0.75
    assert "saturated" in kinds(found)
    assert "rnn: flat gates i 100%, f 0%, g 100%, o 100%" in str(found)


# ---- no learning ----------------------------------------------------------------------------


def test_a_learning_rate_of_nearly_nothing_is_no_learning(rng):
    x, y = points(rng)
    for rate in (0.0, 1e-9):
        found = diagnose([layers.Dense(3, "softmax")], x, y, optimizers.SGD(rate))
        assert kinds(found) == ["no learning"]
        assert "times as long as the weights" in found.findings[0].text
        assert "a larger learning rate" in found.findings[0].advice


def test_no_gradient_at_all_is_no_learning(rng):
    x, y = points(rng)
    model = Sequential([layers.Dense(3, "softmax")])
    model.compile("sgd", CLASSES, loss_weights=[0.0])
    assert model.diagnose(x, y).verdict == "healthy"  # a loss of 0
    shut = layers.Dense(4, "relu", bias_initializer=initializers.Constant(-99.0))
    rest = layers.Dense(1, use_bias=False, kernel_initializer="ones")
    found = diagnose([shut, rest], x, np.ones(64), loss="mse")
    assert kinds(found) == ["dead", "no learning"]
    assert found.findings[1].layer is None
    assert found.findings[1].text == "the gradient of all weights is 0"


# ---- the text -------------------------------------------------------------------------------


def test_the_table_has_a_line_for_each_layer_and_what_to_try(rng):
    stack = [layers.Dense(32, "sigmoid", name=f"s{i}") for i in range(10)]
    found = diagnose([*stack, layers.Dense(3, "softmax", name="out")], *points(rng))
    lines = str(found).splitlines()
    assert lines[0].split() == [
        "layer",
        "(type)",
        "output",
        "rms",
        "|dy|",
        "|dw|",
        "step/w",
        "dead",
        "flat",
    ]
    row = found.layer("s3")
    line = next(line for line in lines if line.startswith("s3 (Dense)"))
    numbers = [row.output, row.gradient, row.weight_gradient, row.update_ratio]
    assert line.split()[4:] == [*(f"{number:.1e}" for number in numbers), "-", "0%"]
    assert max(map(len, lines[:-3])) <= 100
    assert f"loss {found.loss:.4g}; verdict: vanishing" in lines
    assert lines[-1] == f"    try: {advice.VANISHING}"
    assert repr(found) == f"<Diagnosis 'vanishing', 11 layers, loss {found.loss:.4g}>"
    assert all(kind in verdict.KINDS for kind in kinds(found))
