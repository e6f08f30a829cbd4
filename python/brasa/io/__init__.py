"""Files: the ``.brasa`` container, and the safetensors format under it."""

from .container import FORMAT_VERSION, Container, read, write
from .state_dict import weights_of_modules
from .tensors import read_tensors, write_tensors

__all__ = [
    "FORMAT_VERSION",
    "Container",
    "read",
    "read_tensors",
    "weights_of_modules",
    "write",
    "write_tensors",
]
