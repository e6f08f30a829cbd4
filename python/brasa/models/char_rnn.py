"""A character model: recurrent layers that guess the next character of a text."""

from __future__ import annotations

from typing import Any

from brasa import Sequential
from brasa.layers import GRU, LSTM, Dense, Dropout, Embedding, Input, Layer, SimpleRNN
from brasa.layers.arguments import positive
from brasa.suggest import find

_CELLS: dict[str, Any] = {"lstm": LSTM, "gru": GRU, "rnn": SimpleRNN}


def char_rnn(
    vocabulary: int,
    units: int = 128,
    layers: int = 2,
    cell: str = "lstm",
    embedding: int = 64,
    dropout: float = 0.0,
    stateful: bool = False,
) -> Sequential:
    """A character model, not yet compiled: ``embedding, layers x cell, vocabulary, softmax``.

    It reads the numbers of characters (N, T), for any T, and gives for every step the probability
    of each next character, (N, T, vocabulary).

    Args:
        vocabulary: How many characters there are.
        units: Size of the state of each recurrent layer. Default 128.
        layers: How many recurrent layers. Default 2.
        cell: "lstm" (default), "gru" or "rnn".
        embedding: Features of a character. Default 64.
        dropout: Share of what goes from layer to layer that training drops. Default 0.
        stateful: Begin each batch where the one before ended: for truncated backpropagation through
            a long text, and for :func:`brasa.models.generate_text`. Default False.

    Raises:
        ValueError: an argument is out of range. TypeError: it is of another type.

    Source: Karpathy, The Unreasonable Effectiveness of Recurrent Neural Networks, 2015.

    >>> from brasa.models import char_rnn
    >>> model = char_rnn(65)
    >>> model.output_shape, model.count_params()
    ((None, None, 65), 242945)
    """
    kind = find("char_rnn: cell", cell, _CELLS)
    network: list[Layer] = [Embedding(vocabulary, embedding)]
    for _ in range(positive("char_rnn", "layers", layers)):
        network.append(kind(units, return_sequences=True, stateful=stateful))
        network += [Dropout(dropout)] if dropout else []
    network.append(Dense(vocabulary, activation="softmax"))
    return Sequential([Input((None,), dtype="int32"), *network])
