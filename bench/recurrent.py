"""What the benchmarks of the recurrent ops share: layers, inputs, the truth, brasa and PyTorch.

"inf" is a forward pass that keeps nothing; "train" a forward and a backward pass, all gradients.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from bench.case import Array, Arrays, Case, Expected, Variant, Variants
from bench.data import empty, normal

SIZES = {  # T, N, D, U
    "t28_n128_d28_u128": (28, 128, 28, 128),
    "t100_n64_d128_u256": (100, 64, 128, 256),
    "t100_n64_d512_u512": (100, 64, 512, 512),
    "t256_n32_d512_u1024": (256, 32, 512, 1024),
    "t50_n1_d128_u256": (50, 1, 128, 256),
    "t50_n32_d16_u64": (50, 32, 16, 64),
}
QUICK = ("t28_n128_d28_u128", "t100_n64_d128_u256")


@dataclass(frozen=True)
class Cell:
    """One recurrent op.

    Args:
        op: Its name in ``brasa.ops`` and in ``brasa.testing.reference``.
        gates: Blocks of columns in its weights.
        biases: Rows of its bias.
        states: 1 for h, 2 for h and c.
        layer: Its name in ``torch.nn``.
        load: Copies our weights into such a layer.
        ours: A gradient of its weights with our order of the gates.
    """

    op: str
    gates: int
    biases: int
    states: int
    layer: str
    load: Callable[[Any, Arrays], None]
    ours: Callable[[Array], Array] = field(default=lambda gradient: gradient)

    def cases(self, sizes: Mapping[str, tuple[int, int, int, int]]) -> list[Case]:
        return [
            Case(
                op=self.op,
                name=f"{name}/{one}",
                spec={"size": list(size), "pass": one},
                flops=2.0 * T * N * self.gates * U * (D + U) * (1 if one == "inf" else 3),
                quick=name in QUICK,
                data=name,
            )
            for name, size in sizes.items()
            for T, N, D, U in [size]
            for one in ("inf", "train")
        ]

    def inputs(self, case: Case, rng: np.random.Generator) -> Arrays:
        T, N, D, U = case.spec["size"]
        columns = self.gates * U
        bias = (columns,) if self.biases == 1 else (self.biases, columns)
        scale = np.float32(U**-0.5)
        return {
            "x": normal(rng, N, T, D),
            "w": normal(rng, D, columns) * scale,
            "u": normal(rng, U, columns) * scale * np.float32(0.5),
            "b": normal(rng, *bias) * scale,
            "dy": normal(rng, N, T, U),
        }

    def reference(self, case: Case, data: Arrays) -> dict[str, Expected]:
        """Of the first and last sequence; of all of them where that takes no minute."""
        from brasa.testing import reference

        T, N, _, _ = case.spec["size"]
        small = case.flops < 3e10
        some = np.arange(N) if small else np.unique([0, N - 1])
        x, dy = data["x"][some], data["dy"][some]
        w, u, b = data["w"], data["u"], data["b"]
        y, *_, saved = getattr(reference, self.op)(x, w, u, b)
        bound = 2e-5
        if case.spec["pass"] == "inf":
            return {"y": Expected(y, bound, some)}
        backward = getattr(reference, f"{self.op}_backward")
        dx, dw, du, *_ = backward(dy, *[None] * self.states, saved, x, w, u)
        expected = {"dx": Expected(dx, bound * float(np.abs(dx).max()), some)}
        if small:
            rounding = 4e-7 * (T * N) ** 0.5
            expected["dw"] = Expected(dw, rounding * float(np.abs(dw).max()))
            expected["du"] = Expected(du, rounding * float(np.abs(du).max()))
        return expected

    def brasa(self, case: Case, data: Arrays) -> Variants:
        return {"out": partial(self._brasa, case, data)}

    def _brasa(self, case: Case, data: Arrays) -> Variant:
        from brasa import ops

        forward, backward = getattr(ops, self.op), getattr(ops, f"{self.op}_backward")
        x, w, u, b, dy = (data[name] for name in ("x", "w", "u", "b", "dy"))
        train = case.spec["pass"] == "train"
        like = forward(x, w, u, b, training=train)
        out = tuple(empty(array.shape) for array in like)
        if not train:
            run = partial(forward, x, w, u, b, training=False, out=out)
            return Variant(run, lambda results: {"y": results[0]}, list(out))
        none = [None] * self.states
        slopes = tuple(empty(a.shape) for a in backward(dy, *none, like[-1], x, w, u))

        def both() -> Any:
            forward(x, w, u, b, out=out)
            return backward(dy, *none, out[-1], x, w, u, out=slopes)

        return Variant(both, lambda g: dict(zip(("dx", "dw", "du"), g, strict=False)), list(slopes))

    def torch(self, case: Case, data: Arrays) -> Variants:
        return {"batch_first": partial(self._torch, case, data)}

    def _torch(self, case: Case, data: Arrays) -> Variant:
        import torch

        from bench.peers.torch_tensors import back, tensor

        _, _, D, U = case.spec["size"]
        layer = getattr(torch.nn, self.layer)(D, U, batch_first=True)
        with torch.no_grad():
            self.load(layer, data)
        x, dy = tensor(data["x"]), tensor(data["dy"])
        if case.spec["pass"] == "inf":

            def inference() -> Any:
                with torch.inference_mode():
                    return layer(x)[0]

            return Variant(inference, lambda y: {"y": back(y)})
        for parameter in (x, *layer.parameters()):
            parameter.requires_grad_()

        def train() -> Any:
            layer.zero_grad(set_to_none=True)
            x.grad = None
            with torch.enable_grad():
                layer(x)[0].backward(dy)
            return x.grad

        def arrays(dx: Any) -> dict[str, Array]:
            names = {"dw": "weight_ih_l0", "du": "weight_hh_l0"}
            found = {key: getattr(layer, name).grad.numpy() for key, name in names.items()}
            return {"dx": back(dx), **{key: self.ours(grad).T for key, grad in found.items()}}

        return Variant(train, arrays)


def copy_weights(layer: Any, w: Array, u: Array, b: Array) -> None:
    """Our weights into PyTorch's layer, whose gates have the same order."""
    import torch

    layer.weight_ih_l0.copy_(torch.from_numpy(np.ascontiguousarray(w.T)))
    layer.weight_hh_l0.copy_(torch.from_numpy(np.ascontiguousarray(u.T)))
    layer.bias_ih_l0.copy_(torch.from_numpy(b))
    layer.bias_hh_l0.zero_()
