"""Networks for ONNX Runtime. Needs the package onnx, too, to write them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from bench.case import Array, Variant


class OnnxNetwork:
    """Nodes one after the other; every ``add`` returns the name of its result."""

    def __init__(self, image: tuple[int, int, int]) -> None:
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        height, width, channels = image
        shape = ["N", channels, height, width]
        self._input = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)

    def add(self, op: str, inputs: Sequence[str | Array], **attributes: Any) -> str:
        """Arrays among the inputs become constants; filters (R,S,C,K) go to ONNX's order."""
        names = [name if isinstance(name, str) else self._constant(name) for name in inputs]
        result = f"t{len(self._nodes)}"
        self._nodes.append(helper.make_node(op, names, [result], **attributes))
        return result

    def _constant(self, array: Array) -> str:
        layout = array.transpose(3, 2, 0, 1) if array.ndim == 4 else array
        name = f"c{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(layout), name))
        return name

    def variant(self, output: str, classes: int, x: Array, threads: int) -> Variant:
        """A session that predicts the images x (N,H,W,C)."""
        y = helper.make_tensor_value_info(output, TensorProto.FLOAT, ["N", classes])
        graph = helper.make_graph(self._nodes, "network", [self._input], [y], self._constants)
        opset = [helper.make_opsetid("", 17)]
        model = helper.make_model(graph, ir_version=8, opset_imports=opset)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        # Its pool would spin while others are timed; it may spin while it runs.
        options.add_session_config_entry("session.force_spinning_stop", "1")
        providers = ["CPUExecutionProvider"]
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers)
        feed = {"x": np.ascontiguousarray(x.transpose(0, 3, 1, 2))}
        return Variant(lambda: session.run(None, feed)[0], lambda y: {"y": y})
