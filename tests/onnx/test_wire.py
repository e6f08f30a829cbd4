"""Protocol Buffers byte for byte. The examples are those of its documentation."""

import struct

import pytest

from brasa.onnx import wire
from tests.onnx.reading import fields


def written(message):
    return b"".join(message)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "00"),
        (1, "01"),
        (127, "7f"),
        (128, "8001"),
        (150, "9601"),
        (300, "ac02"),
        (16384, "808001"),
        ((1 << 63) - 1, "ffffffffffffffff7f"),
        (-1, "ffffffffffffffffff01"),
        (-(1 << 63), "80808080808080808001"),
        ((1 << 64) - 1, "ffffffffffffffffff01"),
    ],
)
def test_whole_numbers(value, expected):
    assert wire.varint(value).hex() == expected


@pytest.mark.parametrize("value", [1 << 64, -(1 << 63) - 1])
def test_numbers_of_more_than_64_bits_are_refused(value):
    with pytest.raises(ValueError, match=f"must fit 64 bits, got {value}"):
        wire.varint(value)


def test_fields():
    assert written(wire.whole(1, 150)).hex() == "089601"
    assert written(wire.whole(16, True)).hex() == "800101"
    assert written(wire.text(2, "testing")).hex() == "120774657374696e67"
    assert written(wire.nested(3, wire.whole(1, 150))).hex() == "1a03089601"
    assert written(wire.nested(3, [])).hex() == "1a00"
    assert written(wire.wholes(4, [3, 270])).hex() == "2003208e02"
    assert written(wire.real(5, 1.5)) == b"\x2d" + struct.pack("<f", 1.5)
    assert written(wire.text(1, "é")).hex() == "0a02c3a9"


def test_pieces_of_other_memory_count_in_bytes():
    piece = memoryview(struct.pack("<3f", 1, 2, 3)).cast("f")
    message = wire.nested(9, [piece, b"\0"])
    assert wire.size_of(message) == 2 + 13
    assert written(message)[:2].hex() == "4a0d"


def test_what_is_written_is_read():
    inner = [*wire.text(1, "name"), *wire.whole(2, 1 << 40)]
    message = [*wire.nested(7, inner), *wire.whole(1, 8), *wire.nested(7, [b"x" * 200])]
    read = fields(written(message))
    assert read == {7: [written(inner), b"x" * 200], 1: [8]}
    assert fields(read[7][0]) == {1: [b"name"], 2: [1 << 40]}
