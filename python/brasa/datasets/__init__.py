"""Ready-made data sets: one comes with the package, the others are fetched once and then kept.

A loader of images returns ``(x, y), (x_test, y_test)``: images uint8 (N, H, W, C), labels uint8
(N,). A loader of text returns a string; ``CharVocabulary`` makes numbers of it. Sequences become
arrays with ``pad_sequences``, ``bucket_by_length`` and ``stateful_batches``.
"""

from . import cifar10, cifar100, fashion_mnist, mnist
from .cifar import (
    CIFAR10_CLASSES,
    CIFAR100_CLASSES,
    CIFAR100_SUPERCLASSES,
    load_cifar10,
    load_cifar100,
)
from .digits import load_digits
from .fetch import data_dir
from .idx import read_idx
from .mnist import FASHION_MNIST_CLASSES, load_fashion_mnist, load_mnist
from .sequences import Batch, bucket_by_length, pad_sequences, stateful_batches
from .text import load_builtin_text, load_text, load_tiny_shakespeare
from .vocabulary import CharVocabulary

__all__ = [
    "CIFAR10_CLASSES",
    "CIFAR100_CLASSES",
    "CIFAR100_SUPERCLASSES",
    "FASHION_MNIST_CLASSES",
    "Batch",
    "CharVocabulary",
    "bucket_by_length",
    "cifar10",
    "cifar100",
    "data_dir",
    "fashion_mnist",
    "load_builtin_text",
    "load_cifar10",
    "load_cifar100",
    "load_digits",
    "load_fashion_mnist",
    "load_mnist",
    "load_text",
    "load_tiny_shakespeare",
    "mnist",
    "pad_sequences",
    "read_idx",
    "stateful_batches",
]
