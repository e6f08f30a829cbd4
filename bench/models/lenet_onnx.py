"""LeNet-5 for ONNX Runtime. Needs the package onnx, too, to write the model."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from bench.case import Array, Arrays, Variant, Variants
from bench.models import lenet


def _model(weights: list[Array]) -> Any:
    nodes: list[Any] = []
    constants: list[Any] = []
    value = "x"

    def add(op: str, i: int | None = None, **attributes: Any) -> None:
        nonlocal value
        parameters = [] if i is None else [f"w{i}", f"w{i + 1}"]
        result = f"t{len(nodes)}"
        nodes.append(helper.make_node(op, [value, *parameters], [result], **attributes))
        value = result

    for i in (0, 2):
        add("Conv", i)
        add("Relu")
        add("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    add("Transpose", perm=[0, 2, 3, 1])  # flattened in brasa's order, so w4 stays as it is
    add("Flatten")
    for i in (4, 6, 8):
        add("Gemm", i)
        add("Relu" if i < 8 else "Softmax")
    for i, w in enumerate(weights):
        layout = w.transpose(3, 2, 0, 1) if w.ndim == 4 else w
        constants.append(numpy_helper.from_array(np.ascontiguousarray(layout), f"w{i}"))
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 1, 32, 32])
    y = helper.make_tensor_value_info(value, TensorProto.FLOAT, ["N", lenet.CLASSES])
    graph = helper.make_graph(nodes, "lenet", [x], [y], constants)
    return helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)])


def infer(data: Arrays, threads: int) -> Variants:
    def build() -> Variant:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        # Its pool would spin while others are timed; it may spin while it runs.
        options.add_session_config_entry("session.force_spinning_stop", "1")
        model = _model(lenet.weights(data)).SerializeToString()
        session = onnxruntime.InferenceSession(model, options, ["CPUExecutionProvider"])
        x = {"x": np.ascontiguousarray(data["x"].transpose(0, 3, 1, 2))}
        return Variant(lambda: session.run(None, x)[0], lambda y: {"y": y})

    return {"session": build}
