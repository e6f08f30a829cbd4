"""Characters as numbers, and back."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brasa.errors import FormatError
from brasa.files import AnyPath, open_regular, write_atomic

_FORMAT = "brasa.characters"


class CharVocabulary:
    """The characters of a text, each with a number: what a language model reads and writes.

    Args:
        characters: Each character once, in the order of their numbers.
        padding: Keep 0 for padding, which stands for no character: for
            ``Embedding(mask_zero=True)``. Default False: the first character is 0.

    Raises:
        ValueError: a character occurs twice, or there is none. TypeError: no text.

    Example:
        >>> vocabulary = CharVocabulary.from_text("hello")
        >>> vocabulary.characters, len(vocabulary)
        ('ehlo', 4)
        >>> vocabulary.encode("hole")
        array([1, 3, 2, 0], dtype=int32)
        >>> vocabulary.decode([1, 3, 2, 0])
        'hole'
    """

    def __init__(self, characters: str, padding: bool = False) -> None:
        if not isinstance(characters, str):
            raise TypeError(f"CharVocabulary: characters must be a text, got {characters!r}")
        if not characters:
            raise ValueError("CharVocabulary: at least one character is needed")
        self.characters = characters
        self.padding = bool(padding)
        codes = _codes(characters)
        self._order = np.argsort(codes)
        self._codes = codes[self._order]
        twice = np.flatnonzero(np.diff(self._codes) == 0)
        if len(twice):
            raise ValueError(
                f"CharVocabulary: the character {chr(self._codes[twice[0]])!r} occurs twice"
            )

    @classmethod
    def from_text(cls, text: str, padding: bool = False) -> CharVocabulary:
        """All characters of a text, in the order of Unicode."""
        return cls("".join(sorted(set(text))), padding)

    def __len__(self) -> int:
        """How many numbers there are: ``input_dim`` of an Embedding."""
        return len(self.characters) + self.padding

    def encode(self, text: str) -> NDArray[np.int32]:
        """The number of each character.

        Raises:
            ValueError: a character is not in the vocabulary; the message says which, and where.
        """
        codes = _codes(text)
        places = np.searchsorted(self._codes, codes)
        found = self._codes[np.minimum(places, len(self._codes) - 1)] == codes
        if not found.all():
            at = int(np.argmin(found))
            raise ValueError(
                f"CharVocabulary: {chr(codes[at])!r} at position {at} is none of its "
                f"{len(self.characters)} characters"
            )
        return (self._order[places] + self.padding).astype(np.int32)

    def decode(self, ids: Any) -> str:
        """The text of a row of numbers; padding is left out.

        Raises:
            TypeError: the numbers are not whole. ValueError: not a single row.
            IndexError: a number stands for nothing.
        """
        array = np.asarray(ids)
        if array.ndim != 1:
            raise ValueError(f"CharVocabulary: decode one row of numbers, got {array.shape}")
        if array.size and array.dtype.kind not in "iu":
            raise TypeError(f"CharVocabulary: numbers must be whole, got {array.dtype}")
        wrong = (array < 0) | (array >= len(self))
        if wrong.any():
            raise IndexError(
                f"CharVocabulary: there is no character {array[wrong][0]}: numbers go from 0 to "
                f"{len(self) - 1}"
            )
        numbers = array[array > 0] - 1 if self.padding else array
        return "".join(self.characters[number] for number in numbers.tolist())

    def save(self, path: AnyPath) -> None:
        """Write the vocabulary as JSON, beside the model that needs it."""
        content = {"format": _FORMAT, "characters": self.characters, "padding": self.padding}
        write_atomic(path, [json.dumps(content).encode()], "CharVocabulary.save")

    @classmethod
    def load(cls, path: AnyPath) -> CharVocabulary:
        """Read what ``save`` wrote.

        Raises:
            FormatError: the file is something else. OSError: it is missing or may not be read.
        """
        where = "CharVocabulary.load"
        with open_regular(path, where) as file:
            data = file.read()
        try:
            content = json.loads(data)
            if content["format"] != _FORMAT:
                raise ValueError(f"format {content['format']!r}")
            return cls(content["characters"], content["padding"])
        except (KeyError, RecursionError, TypeError, ValueError) as error:
            raise FormatError(f"{where}: {str(path)!r} is no vocabulary: {error}") from None

    def __repr__(self) -> str:
        return f"<CharVocabulary of {len(self.characters)} characters>"


def _codes(text: str) -> NDArray[np.uint32]:
    # "surrogatepass": half of a pair is a character like any other.
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
