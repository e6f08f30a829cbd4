"""The messages of an ONNX file: by themselves, and beside those of the package onnx."""

import numpy as np
import pytest

from brasa import Sequential, layers
from brasa.onnx import messages
from brasa.onnx.messages import OnnxNode, ValueInfo
from tests.onnx.reading import fields


def written(message):
    return b"".join(message)


def test_a_tensor_byte_for_byte():
    golden = bytes.fromhex("0802 0801 1001 420177 4a08 0000803f 00000040")
    array = np.array([[1.0], [2.0]], np.float32)
    assert written(messages.tensor("w", array)) == golden


def test_a_node_byte_for_byte():
    node = OnnxNode("Softmax", "n", ["x"], ["y"], {"axis": -1})
    operands = "0a0178 120179 1a016e 2207536f66746d6178"
    axis = "2a14 0a0461786973 18ffffffffffffffffff01 a00102"
    assert written(messages.node(node)) == bytes.fromhex(f"{operands} {axis}")


def test_an_input_byte_for_byte():
    value = ValueInfo("x", "float32", ("N", 4, None))
    golden = bytes.fromhex("0a0178 1211 0a0f 0801 120b 0a03 12014e 0a02 0804 0a00")
    assert written(messages.value_info(value)) == golden


ARRAYS = [
    np.float32(0.5),
    np.arange(6, dtype=np.float32).reshape(2, 3).T,
    np.array([-1, 1 << 40], np.int64),
    np.zeros((0, 3), np.float32),
    np.arange(3, dtype=">i4"),
]


@pytest.mark.parametrize("array", ARRAYS, ids=str)
def test_onnx_reads_tensors(array):
    onnx = pytest.importorskip("onnx")
    read = onnx.TensorProto.FromString(written(messages.tensor("t", np.asarray(array))))
    values = onnx.numpy_helper.to_array(read)
    assert read.name == "t"
    assert values.shape == np.shape(array)
    assert (values == array).all()


@pytest.mark.parametrize("value", [3, -1, 0.25, "SAME_UPPER", [1, -2], [0.5, 1.0], ["Tanh"]])
def test_attributes_are_those_of_onnx(value):
    onnx = pytest.importorskip("onnx")
    theirs = onnx.helper.make_attribute("a", value)
    assert written(messages.attribute("a", value)) == theirs.SerializeToString(deterministic=True)


def test_nodes_and_inputs_are_those_of_onnx():
    onnx = pytest.importorskip("onnx")
    node = OnnxNode("Clip", "n", ["x", "", "high"], ["y"])
    theirs = onnx.helper.make_node("Clip", ["x", "", "high"], ["y"], name="n")
    assert written(messages.node(node)) == theirs.SerializeToString(deterministic=True)
    value = ValueInfo("x", "int32", ("N", 4, None))
    theirs = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.INT32, ["N", 4, None])
    assert written(messages.value_info(value)) == theirs.SerializeToString(deterministic=True)


def test_a_file_is_read_without_any_package(tmp_path):
    model = Sequential([layers.Dense(3, "relu", input_shape=(4,)), layers.Dense(2)], name="net")
    model.export(tmp_path / "net.onnx")
    file = fields((tmp_path / "net.onnx").read_bytes())
    assert (file[1], file[2]) == ([messages.IR_VERSION], [b"brasa"])
    assert fields(file[8][0]) == {1: [b""], 2: [messages.OPSET]}
    graph = fields(file[7][0])
    assert graph[2] == [b"net"]
    assert [fields(node)[4][0] for node in graph[1]] == [b"Gemm", b"Relu", b"Gemm", b"Identity"]
    weights = {tensor[8][0]: tensor for tensor in map(fields, graph[5])}
    assert set(weights) == {p.name.encode() for p in model.network.parameters}
    for parameter in model.network.parameters:
        tensor = weights[parameter.name.encode()]
        assert tuple(tensor[1]) == parameter.shape
        assert tensor[2] == [1]
        values = np.frombuffer(tensor[9][0], "<f4").reshape(parameter.shape)
        assert (values == parameter.value).all()
    (given,), (result,) = map(fields, graph[11]), map(fields, graph[12])
    assert given[1] == [model.network.input_names[0].encode()]
    assert result[1] == [model.network.output_names[0].encode()]
