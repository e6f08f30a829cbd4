"""Plain recurrent layers over whole sequences: MNIST row by row, and a text model."""

from __future__ import annotations

from typing import Any

from bench.case import Arrays
from bench.recurrent import QUICK, SIZES, Cell, copy_weights


def _load(layer: Any, data: Arrays) -> None:
    copy_weights(layer, data["w"], data["u"], data["b"])


_CELL = Cell("simple_rnn", gates=1, biases=1, states=1, layer="RNN", load=_load)

CASES = _CELL.cases({name: SIZES[name] for name in QUICK})
inputs = _CELL.inputs
reference = _CELL.reference
PEERS = {"brasa": _CELL.brasa, "torch": _CELL.torch}
