"""Writing text with a character model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from brasa.layers.arguments import positive
from brasa.ops.arguments import number, whole

if TYPE_CHECKING:
    from brasa.model import Model


class Vocabulary(Protocol):
    """Characters as numbers and back: :class:`brasa.datasets.CharVocabulary`."""

    def __len__(self) -> int: ...
    def encode(self, text: str) -> Any: ...
    def decode(self, ids: Any) -> str: ...


def generate_text(
    model: Model,
    vocabulary: Vocabulary,
    prompt: str = "\n",
    length: int = 500,
    temperature: float = 1.0,
    top_k: int | None = None,
    seed: int | None = None,
) -> str:
    """The text that a character model writes after a prompt, one character at a time.

    The model reads the prompt, draws a character from the probabilities that it gives, reads that,
    and so on. It draws from ``p ** (1 / temperature)``, normalized, of the ``top_k`` largest.

    Args:
        model: A stateful model such as ``char_rnn(..., stateful=True)``; its states are reset.
        vocabulary: Its characters.
        prompt: What it reads first, at least one character. Not part of the result.
        length: How many characters to write.
        temperature: Below 1 the likely characters become likelier; 0 always takes the likeliest.
        top_k: Draw among so many characters only. Default all.
        seed: Reproduces the text. Default: another text each time.

    Raises:
        ValueError: an argument is out of range, the model is not stateful, or a character of the
            prompt is none of the vocabulary. TypeError: of another type.

    >>> from brasa.datasets import CharVocabulary
    >>> from brasa.models import char_rnn, generate_text
    >>> vocabulary = CharVocabulary("ab")
    >>> len(generate_text(char_rnn(2, 4, 1, stateful=True), vocabulary, "a", 10, seed=1))
    10
    """
    return "".join(
        stream_text(model, vocabulary, prompt, length, temperature, top_k=top_k, seed=seed)
    )


def stream_text(
    model: Model,
    vocabulary: Vocabulary,
    prompt: str = "\n",
    length: int = 500,
    temperature: float = 1.0,
    *,
    top_k: int | None = None,
    seed: int | None = None,
) -> Iterator[str]:
    """The characters of ``generate_text`` one by one, as they are drawn."""
    temperature = number("generate_text", "temperature", temperature)
    if not temperature >= 0:
        raise ValueError(f"generate_text: temperature must be >= 0, got {temperature}")
    choices = len(vocabulary) if top_k is None else positive("generate_text", "top_k", top_k)
    if not prompt:
        raise ValueError("generate_text: the prompt must have at least one character")
    if not any(getattr(layer, "stateful", False) for layer in model.layers):
        raise ValueError(
            f"generate_text: the model {model.name!r} is not stateful: it would forget what it has "
            "read. Build it with stateful=True and load the weights into it"
        )
    draw = Sampler(temperature, min(choices, len(vocabulary)), seed)
    count, ids = whole("generate_text", "length", length), vocabulary.encode(prompt)
    return _characters(model, vocabulary, ids, count, draw)


def _characters(
    model: Model, vocabulary: Vocabulary, prompt: Any, count: int, draw: Sampler
) -> Iterator[str]:
    model.reset_states()
    probabilities = model.predict_on_batch(prompt[None])
    now = np.empty((1, 1), np.int32)
    for _ in range(count):
        now[0, 0] = draw(probabilities[0, -1])
        yield vocabulary.decode(now[0])
        probabilities = model.predict_on_batch(now)
    model.reset_states()


class Sampler:
    """Draws a number from probabilities."""

    def __init__(self, temperature: float, top_k: int, seed: int | None) -> None:
        self.temperature, self.top_k = temperature, top_k
        self.generator = np.random.default_rng(seed)

    def __call__(self, probabilities: Any) -> int:
        """One draw from probabilities (V,), which need not add up to 1."""
        if self.temperature == 0:
            return int(probabilities.argmax())
        p = probabilities.astype(np.float64)
        if self.top_k < len(p):
            p[np.argpartition(p, -self.top_k)[: -self.top_k]] = 0
        if self.temperature != 1:
            p = (p / p.max()) ** (1 / self.temperature)
        steps = p.cumsum()
        return int(steps.searchsorted(self.generator.random() * steps[-1], side="right"))
