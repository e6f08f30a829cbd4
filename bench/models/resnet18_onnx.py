"""ResNet-18 for ONNX Runtime."""

from __future__ import annotations

from bench.case import Arrays, Variant, Variants
from bench.models import resnet18
from bench.models.onnx_session import OnnxNetwork
from bench.models.residual import EPSILON, Unit, scale_of


def infer(data: Arrays, threads: int) -> Variants:
    def build() -> Variant:
        net = OnnxNetwork(resnet18.SIZES.image)

        def unit(x: str, u: Unit) -> str:
            pads = [u.size // 2] * 4
            y = net.add("Conv", [x, data[f"{u.name}_w"]], strides=[u.stride] * 2, pads=pads)
            scale = scale_of(u, data)
            return net.add("BatchNormalization", [y, *scale], epsilon=EPSILON)

        x = net.add("Relu", [unit("x", resnet18.STEM)])
        x = net.add("MaxPool", [x], kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
        for block in resnet18.BLOCKS:
            y = unit(net.add("Relu", [unit(x, block.first)]), block.second)
            x = net.add("Relu", [net.add("Add", [y, unit(x, block.side) if block.side else x])])
        x = net.add("Flatten", [net.add("GlobalAveragePool", [x])])
        x = net.add("Gemm", [x, data["dense_w"], data["dense_b"]])
        return net.variant(net.add("Softmax", [x]), resnet18.SIZES.classes, data["x"], threads)

    return {"session": build}
