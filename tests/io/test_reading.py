"""Files that are refused with a reason, and unusual ones that load."""

import json
import pickle
import struct

import numpy as np
import pytest

from brasa import io
from brasa.errors import FormatError
from brasa.io import header

F32 = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
BRASA = {"brasa.format": "1", "brasa.config": '{"layers": []}'}


def pack(header, data=b"\0" * 8, length=None):
    """A file from a header (str, bytes, or a dict that gets brasa's metadata) and its data."""
    if isinstance(header, dict):
        header = json.dumps({"__metadata__": BRASA, **header})
    text = header if isinstance(header, bytes) else header.encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def tensor(data=b"\0" * 8, **changes):
    return pack({"w": {**F32, **changes}}, data)


OK = pack({"__metadata__": BRASA, "w": F32})
TWO = {"a": {**F32, "data_offsets": [0, 8]}, "b": {**F32, "data_offsets": [8, 16]}}


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("code from a file was run",))


REJECT = {
    "empty_file": (b"", "too short"),
    **{f"trunc_{n}": (OK[:n], "too short|truncated|header claims") for n in (1, 7, 8, 9, 20)},
    "trunc_data": (OK[:-1], "must rise and stay within"),
    "trunc_all_data": (OK[:-8], "must rise and stay within"),
    "hdr_huge_u64": (pack("{}", length=2**64 - 1), "over the limit"),
    "hdr_gt_file": (pack("{}", length=1000), "only 10 follow"),
    "hdr_neg_i64": (pack("{}", length=2**63 + 5), "over the limit"),
    "hdr_zero": (pack("", b""), "must begin with"),
    "hdr_not_json": (pack("{nonsense"), "not JSON"),
    "hdr_not_utf8": (pack(b'{"\xff": 1}'), "not UTF-8"),
    "hdr_array": (pack("[]"), "must begin with"),
    "hdr_leading_space": (pack(" {}", b""), "must begin with"),
    "hdr_dup_key": (
        pack(f'{{"w": {json.dumps(F32)}, "w": {json.dumps(F32)}}}'),
        "'w' appears twice",
    ),
    "hdr_dup_field": (
        pack('{"w": {"dtype": "F32", "dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}'),
        "'dtype' appears twice",
    ),
    "hdr_deep_nest": (pack('{"w": ' + "[" * 100_000 + "]" * 100_000 + "}"), "nested too deeply"),
    "hdr_utf16": (pack('{"w": 1}'.encode("utf-16-le")), "not JSON"),
    "hdr_nan": (pack('{"w": NaN}'), "only integers"),
    "hdr_many_digits": (pack('{"w": 1' + "0" * 10_000 + "}"), "10001 digits"),
    "hdr_meta_nonstring": (pack({"__metadata__": {"a": 1}, "w": F32}), "must be a string"),
    "hdr_meta_list": (pack({"__metadata__": [], "w": F32}), "must be an object"),
    "name_surrogate": (pack({"\ud800": F32}), "safetensors"),
    "entry_extra_field": (tensor(more=1), "must have exactly"),
    "entry_not_object": (pack({"w": 1}), "must have exactly"),
    "shape_negative": (tensor(shape=[-2]), "sizes >= 0"),
    "shape_float": (tensor(shape=[2.0]), "only integers"),
    "shape_bool": (tensor(shape=[True, 2]), "sizes >= 0"),
    "shape_overflow": (tensor(b"", shape=[2**32, 2**32], data_offsets=[0, 0]), "too large"),
    "shape_overflow2": (tensor(b"", shape=[2**62], data_offsets=[0, 0]), "too large"),
    "shape_overflow_empty": (
        tensor(b"", shape=[0, 2**40, 2**40], data_offsets=[0, 0]),
        "too large",
    ),
    "shape_gt_u64": (tensor(shape=[2**70]), "digits"),
    "shape_rank_33": (tensor(b"\0" * 4, shape=[1] * 33, data_offsets=[0, 4]), "at most 32"),
    "shape_mismatch": (tensor(shape=[3]), "takes 12 bytes"),
    "shape_string": (tensor(shape="2"), "sizes >= 0"),
    "off_reversed": (tensor(data_offsets=[8, 0]), "must rise"),
    "off_past_end": (tensor(shape=[4], data_offsets=[0, 16]), "must rise and stay within"),
    "off_negative": (tensor(data_offsets=[-8, 0]), "data_offsets must be"),
    "off_overlap": (pack({"a": F32, "b": F32}), "overlaps"),
    "off_hole": (tensor(b"\0" * 12, data_offsets=[4, 12]), "leaves a hole"),
    "off_trailing": (tensor(b"\0" * 9), "1 bytes lie behind"),
    "off_one": (tensor(data_offsets=[0]), "data_offsets must be"),
    "dtype_unknown": (tensor(dtype="F31"), "dtype must be one of"),
    "dtype_bf16": (tensor(dtype="BF16", shape=[4]), "dtype must be one of"),
    "dtype_missing": (pack({"w": {"shape": [2], "data_offsets": [0, 8]}}), "must have exactly"),
    "dtype_list": (tensor(dtype=["F32"]), "dtype must be one of"),
    "is_pickle": (pickle.dumps(Bomb()), "a Python pickle"),
    "is_zip": (b"PK\x03\x04" + b"\0" * 60, "a zip archive"),
    "is_gzip": (b"\x1f\x8b\x08" + b"\0" * 60, "a gzip file"),
    "is_hdf5": (b"\x89HDF\r\n\x1a\n" + b"\0" * 60, "an HDF5 file"),
    "is_npy": (b"\x93NUMPY\x01\x00" + b"\0" * 60, "a NumPy .npy"),
}

ACCEPT = {
    "ok_basic": (tensor(), {"w": (2,)}),
    "ok_empty_header": (pack("{}", b""), {}),
    "ok_zero_dim": (tensor(b"", shape=[0, 3], data_offsets=[0, 0]), {"w": (0, 3)}),
    "ok_scalar": (tensor(b"\0" * 4, shape=[], data_offsets=[0, 4]), {"w": ()}),
    "ok_metadata": (pack({"__metadata__": {"a": "b"}, "w": F32}), {"w": (2,)}),
    "ok_trailing_space": (pack(json.dumps({"w": F32}) + "   "), {"w": (2,)}),
    "ok_nan": (tensor(struct.pack("<2f", float("nan"), float("inf"))), {"w": (2,)}),
    "ok_any_order": (pack({"b": TWO["b"], "a": TWO["a"]}, b"\0" * 16), {"b": (2,), "a": (2,)}),
    "name_empty": (pack({"": F32}), {"": (2,)}),
    "name_nul": (pack({"a\0b": F32}), {"a\0b": (2,)}),
    "name_traversal": (pack({"../../etc/passwd": F32}), {"../../etc/passwd": (2,)}),
    "length_like_pickle": (pack(json.dumps({"w": F32}).ljust(0x280)), {"w": (2,)}),
    "many_tensors": (
        pack(
            {f"t{i}": {**F32, "data_offsets": [8 * i, 8 * i + 8]} for i in range(5000)},
            b"\0" * 40_000,
        ),
        {f"t{i}": (2,) for i in range(5000)},
    ),
}


@pytest.mark.parametrize("row", REJECT, ids=str)
def test_damaged_file_is_refused_with_its_name_and_the_reason(row, tmp_path):
    content, reason = REJECT[row]
    path = tmp_path / "odd\nname.brasa"
    path.write_bytes(content)
    for function in (io.read, io.read_tensors):
        with pytest.raises(FormatError, match=reason) as caught:
            function(path)
        assert f"brasa.io.{function.__name__}: {str(path)!r}" in str(caught.value)


@pytest.mark.parametrize("row", ACCEPT, ids=str)
def test_unusual_but_valid_file_loads(row, tmp_path):
    content, shapes = ACCEPT[row]
    path = tmp_path / "file.safetensors"
    path.write_bytes(content)
    tensors, _ = io.read_tensors(path)
    assert [(name, array.shape) for name, array in tensors.items()] == list(shapes.items())
    assert all(array.flags.writeable for array in tensors.values())


def test_header_over_the_limit_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "big.brasa"
    with path.open("wb") as file:
        file.write(struct.pack("<Q", 100_000_001) + b"{")
        file.truncate(100_000_100)  # sparse: takes no disk
    with pytest.raises(FormatError, match=r"over the limit of 100,000,000"):
        io.read(path)


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ({}, "no brasa.format.*brasa.io.read_tensors"),
        ({"brasa.format": "1"}, "brasa.config is missing"),
        ({**BRASA, "brasa.format": "2"}, "written by a newer brasa .format 2; .* up to 1"),
        ({**BRASA, "brasa.format": "0"}, "must be a positive integer"),
        ({**BRASA, "brasa.format": "-1"}, "must be a positive integer"),
        ({**BRASA, "brasa.format": ""}, "must be a positive integer"),
        ({**BRASA, "brasa.format": "one"}, "must be a positive integer"),
        ({**BRASA, "brasa.format": "٢"}, "must be a positive integer"),
        ({**BRASA, "brasa.format": "9" * 5000}, "must be a positive integer"),
        ({**BRASA, "brasa.config": "{"}, "not JSON"),
        ({**BRASA, "brasa.config": "[1]"}, "must be a JSON object"),
        ({**BRASA, "brasa.config": '{"rate": NaN}'}, "not JSON"),
        ({**BRASA, "brasa.config": '{"a":' * 100_000}, "not JSON"),
    ],
)
def test_file_without_a_readable_model_is_refused(metadata, reason, tmp_path):
    path = tmp_path / "file.brasa"
    path.write_bytes(pack({"__metadata__": metadata, "w": F32}))
    with pytest.raises(FormatError, match=reason):
        io.read(path)
    assert list(io.read_tensors(path)[0]) == ["w"]


def test_newer_version_is_named_even_when_its_tensors_are_unknown(tmp_path):
    path = tmp_path / "file.brasa"
    newer = {"__metadata__": {"brasa.format": "7"}, "w": {**F32, "dtype": "F4"}}
    path.write_bytes(pack(newer))
    with pytest.raises(FormatError, match="newer brasa"):
        io.read(path)


@pytest.mark.parametrize(
    ("name", "head", "advice"),
    [
        ("net.pt", b"PK\x03\x04", "safetensors.torch.save_file"),
        ("net.keras", b"PK\x03\x04", "brasa.load_model"),
        ("net.H5", b"\x89HDF\r\n\x1a\n", "load_weights of a model"),
        ("net.pth", b"\x80\x02}", "safetensors.torch.save_file"),
        ("net", b"\x80\x04}", "the library that wrote it"),
    ],
)
def test_file_of_another_library_says_how_to_convert(name, head, advice, tmp_path):
    path = tmp_path / name
    path.write_bytes(head + b"\0" * 100)
    with pytest.raises(FormatError, match=rf"not supported here, .* .*{advice}"):
        io.read(path)


def test_file_that_changes_while_it_is_read_is_refused(model, monkeypatch):
    io.write(model, {}, {"w": np.ones(1_000_000)})
    original = header.entries_of

    def shrink(*arguments):
        with model.open("r+b") as file:
            file.truncate(model.stat().st_size - 4)
        return original(*arguments)

    monkeypatch.setattr(header, "entries_of", shrink)
    with pytest.raises(FormatError, match="changed while it was being read"):
        io.read(model)
