"""Networks of the literature, ready to compile."""

from brasa.models.lenet import lenet5
from brasa.models.resnet import resnet18

__all__ = ["lenet5", "resnet18"]
