"""LeNet-5 for ONNX Runtime."""

from __future__ import annotations

from bench.case import Arrays, Variant, Variants
from bench.models import lenet
from bench.models.onnx_session import OnnxNetwork


def infer(data: Arrays, threads: int) -> Variants:
    def build() -> Variant:
        net, w = OnnxNetwork(lenet.IMAGE), lenet.weights(data)
        value = "x"
        for i in (0, 2):
            value = net.add("Relu", [net.add("Conv", [value, w[i], w[i + 1]])])
            value = net.add("MaxPool", [value], kernel_shape=[2, 2], strides=[2, 2])
        # Flattened in brasa's order, so w[4] stays as it is.
        value = net.add("Flatten", [net.add("Transpose", [value], perm=[0, 2, 3, 1])])
        for i in (4, 6, 8):
            value = net.add("Gemm", [value, w[i], w[i + 1]])
            value = net.add("Relu" if i < 8 else "Softmax", [value])
        return net.variant(value, lenet.CLASSES, data["x"], threads)

    return {"session": build}
