"""Single ops against cuBLAS, cuDNN and the speed of a copy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bench.gpu.one_op import OneOp, check
from bench.gpu.peers import torch_on
from bench.gpu.results import Results, arguments
from bench.gpu.timing import measure

# (N, H, W, C, K, size, padding): the 3x3 layers of a ResNet, one of a small net, and LeNet's two.
_CONVS = [
    (32, 56, 56, 64, 64, 3, "same"),
    (32, 28, 28, 128, 128, 3, "same"),
    (32, 14, 14, 256, 256, 3, "same"),
    (128, 32, 32, 3, 32, 3, "same"),
    (128, 28, 28, 1, 6, 5, "same"),
    (128, 14, 14, 6, 16, 5, "valid"),
]
_QUICK_CONVS = [(2, 8, 8, 4, 8, 3, "same"), (2, 9, 8, 33, 8, 3, "valid")]


def main() -> None:
    given = arguments(__doc__ or "")
    results, rng = Results(given.out), np.random.default_rng(1)
    _limits(results, given.quick)
    _products(results, rng, given)
    _convolutions(results, rng, given)
    _memory_bound(results, rng, given)


def _pair(
    results: Results,
    case: str,
    make: Callable[[], OneOp],
    peer: Callable[[Any], Any],
    **about: Any,
) -> None:
    """Measure brasa and the peer; brasa's first output must be the peer's result."""
    peers = torch_on()
    answer: list[Any] = []

    def theirs() -> dict[str, Any]:
        run = peer(peers)
        answer.append(run().detach().cpu().numpy())
        return measure(run, peers.sync)

    def ours() -> dict[str, Any]:
        op = make()
        op.run()
        error = check(op.outputs[0].numpy(), answer[0].reshape(op.outputs[0].shape))
        return {**measure(op.run, op.sync), "error": error}

    results.measure(case, f"torch ({about.pop('library', 'eager')})", theirs, **about)
    results.measure(case, "brasa", ours, **about)


def _limits(results: Results, quick: bool) -> None:
    peers = torch_on()
    count = 1 << (16 if quick else 28)
    x = peers.random(count)
    y = peers.torch.empty_like(x)
    copy = lambda: y.copy_(x)  # noqa: E731
    results.measure("copy", "device", lambda: measure(copy, peers.sync), bytes=8 * count)


def _products(results: Results, rng: np.random.Generator, given: Any) -> None:
    for n in [64] if given.quick else [1024, 4096]:
        a, b = _normal(rng, n, n), _normal(rng, n, n)
        _pair(
            results,
            f"gemm {n}",
            lambda a=a, b=b: OneOp(given.device, "matmul", [a, b, None], {}),
            lambda t, a=a, b=b: _torch_product(t, a, b),
            library="cuBLAS",
            flops=2.0 * n**3,
        )


def _torch_product(peers: Any, a: Any, b: Any) -> Any:
    left, right = peers.of(a), peers.of(b)
    return lambda: left @ right


def _convolutions(results: Results, rng: np.random.Generator, given: Any) -> None:
    for N, H, W, C, K, size, padding in _QUICK_CONVS if given.quick else _CONVS:
        cut = size - 1 if padding == "valid" else 0
        x, w = _normal(rng, N, H, W, C), _normal(rng, size, size, C, K)
        dy = _normal(rng, N, H - cut, W - cut, K)
        for name, op, operands, attributes, peer in _passes(x, w, dy, padding):
            _pair(
                results,
                f"conv{size}x{size} {N}x{H}x{W}x{C} to {K}{name}",
                lambda o=op, i=operands, a=attributes: OneOp(given.device, o, i, a),
                peer,
                library="cuDNN",
                flops=2.0 * dy.size * C * size**2,
            )


_Pass = tuple[str, str, list[Any], dict[str, Any], Callable[[Any], Any]]


def _passes(x: Any, w: Any, dy: Any, padding: str) -> list[_Pass]:
    """The passes of a convolution: name, brasa's op, its operands and attributes, the peer's."""
    window = {"strides": [1, 1], "padding": padding}
    for_data, for_weight = {"x_shape": list(x.shape)}, {"w_shape": list(w.shape)}
    return [
        ("", "conv2d", [x, w, None], window, lambda t: t.convolution(x, w, padding)),
        (
            " data gradient",
            "conv2d_backward_data",
            [dy, w],
            {**window, **for_data},
            lambda t: t.convolution_gradient(dy, x, w, padding, "data"),
        ),
        (
            " weight gradient",
            "conv2d_backward_weight",
            [dy, x],
            {**window, **for_weight},
            lambda t: t.convolution_gradient(dy, x, w, padding, "weight"),
        ),
    ]


def _memory_bound(results: Results, rng: np.random.Generator, given: Any) -> None:
    rows, columns = (8, 16) if given.quick else (65_536, 1024)
    x = _normal(rng, rows, columns)
    other = _normal(rng, rows, columns)
    device = given.device
    cases: dict[str, Any] = {
        "relu": ("activation", [x], {"activation": "relu"}, lambda t: t.bind("relu", x), 2),
        "add": ("add", [x, other], {}, lambda t: t.bind("add", x, other), 3),
        "softmax": ("softmax", [x], {}, lambda t: t.bind("softmax", x, dim=-1), 2),
    }
    for name, (op, inputs, attributes, peer, passes) in cases.items():
        _pair(
            results,
            f"{name} {rows}x{columns}",
            lambda o=op, i=inputs, a=attributes: OneOp(device, o, i, a),
            peer,
            library="eager",
            bytes=4.0 * passes * x.size,
        )


def _normal(rng: np.random.Generator, *shape: int) -> Any:
    return rng.standard_normal(shape, dtype=np.float32)


if __name__ == "__main__":
    main()
