"""Protocol Buffers, read: a second opinion on what was written."""


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def fields(data):
    """{number: [values]} of one message; what is nested comes as bytes."""
    found, at = {}, 0
    while at < len(data):
        key, at = varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, at = varint(data, at)
        else:
            length = 4
            if kind == 2:
                length, at = varint(data, at)
            assert kind in (2, 5)
            assert at + length <= len(data)
            value, at = bytes(data[at : at + length]), at + length
        found.setdefault(number, []).append(value)
    return found
