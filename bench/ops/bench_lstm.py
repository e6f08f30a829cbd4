"""LSTM layers over whole sequences: MNIST row by row, two sizes of text models, one sequence."""

from __future__ import annotations

from typing import Any

from bench.case import Arrays
from bench.recurrent import SIZES, Cell, copy_weights


def _load(layer: Any, data: Arrays) -> None:
    copy_weights(layer, data["w"], data["u"], data["b"])


_CELL = Cell("lstm", gates=4, biases=1, states=2, layer="LSTM", load=_load)

CASES = _CELL.cases(SIZES)
inputs = _CELL.inputs
reference = _CELL.reference
PEERS = {"brasa": _CELL.brasa, "torch": _CELL.torch}
