"""The type that every loader returns."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Split: TypeAlias = tuple[NDArray[np.uint8], NDArray[np.uint8]]
TrainTest: TypeAlias = tuple[Split, Split]
