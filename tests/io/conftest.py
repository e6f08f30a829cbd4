"""What the tests of files share."""

import numpy as np
import pytest

from brasa import io


@pytest.fixture
def model(tmp_path):
    """A small valid file."""
    path = tmp_path / "model.brasa"
    io.write(path, {"layers": ["Dense"]}, {"w": np.arange(6, dtype=np.float32).reshape(2, 3)})
    return path
