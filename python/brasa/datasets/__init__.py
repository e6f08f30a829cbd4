"""Ready-made data sets: one comes with the package, the others are fetched once and then kept.

Each loader returns ``(x, y), (x_test, y_test)``: images uint8 (N, H, W, C), labels uint8 (N,).
"""

from .cifar import CIFAR10_CLASSES, load_cifar10
from .digits import load_digits
from .fetch import data_dir
from .idx import read_idx
from .mnist import FASHION_MNIST_CLASSES, load_fashion_mnist, load_mnist

__all__ = [
    "CIFAR10_CLASSES",
    "FASHION_MNIST_CLASSES",
    "data_dir",
    "load_cifar10",
    "load_digits",
    "load_fashion_mnist",
    "load_mnist",
    "read_idx",
]
