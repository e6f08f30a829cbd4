"""Data sets by the names that the command line uses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class DataChoice:
    """Where the images come from, how bright their brightest pixel is, what the classes are.

    ``mirrors``: whether an image seen in a mirror shows the same class.
    """

    load: Callable[[], Any]
    white: int
    classes: tuple[str, ...]
    mirrors: bool = False


def _digits() -> Any:
    from brasa.datasets import load_digits

    return load_digits()


def _mnist() -> Any:
    from brasa.datasets import load_mnist

    return load_mnist()


def _fashion_mnist() -> Any:
    from brasa.datasets import load_fashion_mnist

    return load_fashion_mnist()


def _cifar10() -> Any:
    from brasa.datasets import load_cifar10

    return load_cifar10()


_DIGITS = tuple("0123456789")
_CLOTHES = (
    "T-shirt",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "boot",
)
_PICTURES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)

DATA = {
    "cifar10": DataChoice(_cifar10, 255, _PICTURES, mirrors=True),
    "digits": DataChoice(_digits, 16, _DIGITS),
    "mnist": DataChoice(_mnist, 255, _DIGITS),
    "fashion_mnist": DataChoice(_fashion_mnist, 255, _CLOTHES, mirrors=True),
}
