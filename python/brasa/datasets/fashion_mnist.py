"""Fashion-MNIST under Keras's name."""

from brasa.datasets.mnist import load_fashion_mnist, without_channel
from brasa.datasets.splits import TrainTest


def load_data() -> TrainTest:
    """What ``load_fashion_mnist`` gives, in Keras's shapes: x (N, 28, 28), y (N,)."""
    return without_channel(load_fashion_mnist())
