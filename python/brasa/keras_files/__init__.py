"""Files of Keras 3, read and written without it: ``.weights.h5`` and ``.keras``. Needs h5py.

Nothing in them is ever executed: classes come from closed tables, and code is refused.
"""

from .archive import ending_for_models, ending_for_weights, kind_of
from .reading import load_model
from .weights import load_weights, save_weights
from .writing import save

__all__ = [
    "ending_for_models",
    "ending_for_weights",
    "kind_of",
    "load_model",
    "load_weights",
    "save",
    "save_weights",
]
