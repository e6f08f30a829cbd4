"""The wire format of Protocol Buffers, as far as a file needs it: it is written, never read.

A message is one field after the other: a key, ``number * 8 + kind``, and a value. Of the kinds
three are used: 0, a whole number as a varint; 5, a float32; 2, bytes after their number. Text, and
messages inside others, are such bytes. Source: protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

# Pieces that follow each other in the file: large arrays are written from where they lie.
Chunk = bytes | memoryview
Message = list[Chunk]

_VARINT, _BYTES, _FLOAT = 0, 2, 5


def varint(value: int) -> bytes:
    """A whole number, seven bits to a byte, the lowest first; the last byte is below 128.

    Numbers below 0 are written as the 64 bits of their two's complement.

    >>> varint(300).hex()
    'ac02'
    """
    if not -(1 << 63) <= value < 1 << 64:
        raise ValueError(f"varint: the value must fit 64 bits, got {value}")
    value &= (1 << 64) - 1
    written = bytearray()
    while value >= 128:
        written.append(value & 127 | 128)
        value >>= 7
    written.append(value)
    return bytes(written)


def whole(number: int, value: int) -> Message:
    """The field ``number`` with a whole number, or a boolean.

    >>> b"".join(whole(1, 150)).hex()
    '089601'
    """
    return [_key(number, _VARINT) + varint(int(value))]


def wholes(number: int, values: Iterable[int]) -> Message:
    """A repeated field of whole numbers, each with a key of its own."""
    return [chunk for value in values for chunk in whole(number, value)]


def real(number: int, value: float) -> Message:
    """A field with a float32."""
    return [_key(number, _FLOAT) + struct.pack("<f", value)]


def text(number: int, value: str) -> Message:
    """A field with text.

    >>> b"".join(text(2, "testing")).hex()
    '120774657374696e67'
    """
    return nested(number, [value.encode()])


def nested(number: int, message: Message) -> Message:
    """A field with bytes, or with another message."""
    return [_key(number, _BYTES) + varint(size_of(message)), *message]


def size_of(message: Message) -> int:
    """The bytes that a message takes."""
    return sum(chunk.nbytes if isinstance(chunk, memoryview) else len(chunk) for chunk in message)


def _key(number: int, kind: int) -> bytes:
    return varint(number << 3 | kind)
