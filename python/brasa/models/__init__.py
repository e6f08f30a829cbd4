"""Networks of the literature, ready to compile."""

from brasa.models.lenet import lenet5

__all__ = ["lenet5"]
