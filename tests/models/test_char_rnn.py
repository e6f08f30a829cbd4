"""The character model: its shape, that it learns a text by heart, and what it writes."""

import numpy as np
import pytest

import brasa
from brasa import layers
from brasa.datasets import CharVocabulary, load_builtin_text, stateful_batches
from brasa.models import char_rnn, generate_text, stream_text
from brasa.models.generation import Sampler


@pytest.mark.parametrize(
    ("cell", "kind", "gates", "biases"),
    [("lstm", layers.LSTM, 4, 1), ("gru", layers.GRU, 3, 2), ("rnn", layers.SimpleRNN, 1, 1)],
)
def test_sizes(cell, kind, gates, biases):
    model = char_rnn(30, units=20, layers=3, cell=cell, embedding=7, dropout=0.1)
    recurrent = [layer for layer in model.layers if isinstance(layer, kind)]
    assert len(recurrent) == 3
    assert sum(isinstance(layer, layers.Dropout) for layer in model.layers) == 3
    inner = sum(gates * 20 * (inputs + 20 + biases) for inputs in (7, 20, 20))
    assert model.count_params() == 30 * 7 + inner + 20 * 30 + 30
    assert model.output_shape == (None, None, 30)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"cell": "lstn"}, ValueError, "char_rnn: cell.*'lstm'"),
        ({"layers": 0}, ValueError, "char_rnn: layers must be >= 1"),
        ({"units": 0}, ValueError, "LSTM: units must be >= 1"),
        ({"dropout": 1.0}, ValueError, "rate must be in"),
        ({"embedding": 2.5}, TypeError, "output_dim must be a whole number"),
    ],
    ids=str,
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        char_rnn(10, **arguments)


@pytest.fixture(scope="module")
def learned():
    """A model that knows 200 characters by heart."""
    brasa.set_seed(3)
    text = load_builtin_text()[:201]
    vocabulary = CharVocabulary.from_text(text)
    x, y = stateful_batches(vocabulary.encode(text), 1, 50)
    model = char_rnn(len(vocabulary), units=48, layers=2, stateful=True)
    model.compile(
        brasa.optimizers.Adam(1e-2, global_clipnorm=1.0), "sparse_categorical_crossentropy"
    )
    for _ in range(250):
        model.reset_states()
        loss = model.fit(x, y, batch_size=1, shuffle=False, verbose=0).history["loss"][-1]
        if loss < 0.02:
            break
    return model, vocabulary, text, loss


def test_200_characters_are_learned_by_heart(learned):
    model, vocabulary, text, loss = learned
    assert loss < 0.05
    written = generate_text(model, vocabulary, text[:20], 150, temperature=0)
    assert written == text[20:170]


def test_a_seed_reproduces_what_is_written(learned):
    model, vocabulary, text, _ = learned
    several = [
        generate_text(model, vocabulary, text[:5], 60, temperature=2.0, seed=seed)
        for seed in (1, 1, 2)
    ]
    assert several[0] == several[1] != several[2]
    streamed = "".join(stream_text(model, vocabulary, text[:5], 60, 2.0, seed=1))
    assert streamed == several[0]


def test_what_is_written_before_changes_nothing(learned):
    model, vocabulary, text, _ = learned
    first = generate_text(model, vocabulary, text[:5], 30, temperature=0)
    model.predict(np.zeros((1, 9), np.int32), verbose=0)
    assert generate_text(model, vocabulary, text[:5], 30, temperature=0) == first


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"prompt": ""}, ValueError, "the prompt must have at least one character"),
        ({"prompt": "\x00"}, ValueError, "is none of its"),
        ({"temperature": -1.0}, ValueError, "temperature must be >= 0, got -1.0"),
        ({"temperature": "hot"}, TypeError, "temperature must be a number"),
        ({"top_k": 0}, ValueError, "top_k must be >= 1"),
        ({"length": 1.5}, TypeError, "length must be a whole number"),
    ],
    ids=str,
)
def test_bad_arguments_of_generate_text(learned, arguments, error, message):
    model, vocabulary, *_ = learned
    with pytest.raises(error, match=message):
        generate_text(model, vocabulary, **{"prompt": "A", **arguments})


def test_a_model_that_forgets_is_refused():
    with pytest.raises(ValueError, match=r"not stateful.*stateful=True"):
        generate_text(char_rnn(2, 4, 1), CharVocabulary("ab"), "a")


# ---- drawing -------------------------------------------------------------------------------

P = np.array([0.1, 0.5, 0.0, 0.4], np.float32)


def shares(draw, count=20_000):
    return np.bincount([draw(P) for _ in range(count)], minlength=len(P)) / count


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_draws_follow_the_probabilities(temperature):
    want = P ** (1 / temperature) / (P ** (1 / temperature)).sum()
    # Four standard deviations of a share of 20,000 draws.
    np.testing.assert_allclose(shares(Sampler(temperature, 4, 1)), want, atol=0.015)


def test_top_k_leaves_the_others_out():
    np.testing.assert_allclose(shares(Sampler(1.0, 2, 1)), [0, 5 / 9, 0, 4 / 9], atol=0.015)
    assert {Sampler(1.0, 1, seed)(P) for seed in range(20)} == {1}


def test_temperature_0_takes_the_likeliest():
    assert {Sampler(0.0, 4, seed)(P) for seed in range(20)} == {1}
