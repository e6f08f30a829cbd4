"""Convolutions of well-known networks: what bench_conv2d.py measures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from bench.case import Bound


@dataclass(frozen=True)
class Layer:
    """x (N,H,H,C), w (R,R,C/groups,K), y (N,P,P,K)"""

    name: str
    N: int
    H: int
    C: int
    K: int
    R: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1
    groups: int = 1
    passes: str = "fdw"  # forward, data, weight; a first layer needs no data gradient
    quick: bool = False

    @property
    def P(self) -> int:
        return (self.H + 2 * self.padding - (self.R - 1) * self.dilation - 1) // self.stride + 1

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {
            "x": (self.N, self.H, self.H, self.C),
            "w": (self.R, self.R, self.C // self.groups, self.K),
            "b": (self.K,),
            "dy": (self.N, self.P, self.P, self.K),
        }

    @property
    def flops(self) -> float:
        return 2.0 * self.N * self.P**2 * self.K * self.R**2 * self.C / self.groups

    @property
    def bytes(self) -> float:
        return 4.0 * sum(prod(self.shapes[name]) for name in ("x", "w", "dy"))

    @property
    def bound(self) -> Bound:
        """Filters that see one channel take fewer products than a byte takes time."""
        return "bytes" if self.groups == self.C > 1 else "flops"

    @property
    def how(self) -> tuple[int, int, int]:
        return self.stride, self.padding, self.dilation

    def parts(self) -> Iterator[tuple[slice, slice]]:
        """The channels and the filters of each group."""
        for g in range(self.groups):
            yield tuple(
                slice(g * n // self.groups, (g + 1) * n // self.groups) for n in (self.C, self.K)
            )


LAYERS = [
    Layer("lenet1", 128, 32, 1, 6, 5, passes="fw", quick=True),
    Layer("lenet2", 128, 14, 6, 16, 5, quick=True),
    Layer("r64_56", 32, 56, 64, 64, 3, padding=1, quick=True),
    Layer("r128_28", 32, 28, 128, 128, 3, padding=1),
    Layer("r256_14", 32, 14, 256, 256, 3, padding=1),
    Layer("r512_7", 32, 7, 512, 512, 3, padding=1),
    Layer("vgg64_224", 16, 224, 64, 64, 3, padding=1),
    Layer("n16_32", 32, 32, 16, 16, 3, padding=1),
    Layer("n60_12_32", 32, 32, 60, 12, 3, padding=1),
    Layer("pw256_56_64", 32, 56, 256, 64, 1),
    Layer("pw1024_14_256", 32, 14, 1024, 256, 1),
    Layer("s2_64_56_128", 32, 56, 64, 128, 3, stride=2, padding=1),
    Layer("pw2_256_56_512", 32, 56, 256, 512, 1, stride=2),
    Layer("d2_128_28", 32, 28, 128, 128, 3, padding=2, dilation=2),
    Layer("dw64_56", 32, 56, 64, 64, 3, padding=1, groups=64),
    Layer("dw512_14", 32, 14, 512, 512, 3, padding=1, groups=512),
    Layer("dw2_128_56", 32, 56, 128, 128, 3, stride=2, padding=1, groups=128),
    Layer("dw7_96_28", 32, 28, 96, 96, 7, padding=3, groups=96),
    Layer("g32_128_56", 8, 56, 128, 128, 3, padding=1, groups=32),
    Layer("g32_256_28", 8, 28, 256, 256, 3, padding=1, groups=32),
    Layer("g32_512_14", 8, 14, 512, 512, 3, padding=1, groups=32),
    Layer("g32_1024_7", 8, 7, 1024, 1024, 3, padding=1, groups=32),
    Layer("g32s2_256_56", 8, 56, 256, 256, 3, stride=2, padding=1, groups=32),
    Layer("stem7", 32, 224, 3, 64, 7, stride=2, padding=3, passes="fw"),
    Layer("alexnet1", 32, 224, 3, 96, 11, stride=4, padding=2, passes="fw"),
]
