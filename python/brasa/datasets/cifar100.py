"""CIFAR-100 under Keras's name."""

from brasa.datasets.cifar import load_cifar100
from brasa.datasets.splits import TrainTest


def load_data(label_mode: str = "fine") -> TrainTest:
    """What ``load_cifar100`` gives, in Keras's shapes: x (N, 32, 32, 3), y (N, 1)."""
    (x, y), (x_test, y_test) = load_cifar100(label_mode)
    return (x, y[:, None]), (x_test, y_test[:, None])
