"""CIFAR-10 under Keras's name."""

from brasa.datasets.cifar import load_cifar10
from brasa.datasets.splits import TrainTest


def load_data() -> TrainTest:
    """What ``load_cifar10`` gives, in Keras's shapes: x (N, 32, 32, 3), y (N, 1)."""
    (x, y), (x_test, y_test) = load_cifar10()
    return (x, y[:, None]), (x_test, y_test[:, None])
