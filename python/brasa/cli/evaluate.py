"""``brasa evaluate``: loss and accuracy of a saved model on a data set's test images."""

from __future__ import annotations

import argparse
from typing import Any

from brasa.cli.data import DATA


def add_command(commands: Any) -> None:
    """Add ``evaluate``."""
    evaluate = commands.add_parser("evaluate", help="test a saved model")
    evaluate.add_argument("model", help="a .brasa file")
    evaluate.add_argument("--data", choices=sorted(DATA), default="digits", help="the data set")
    evaluate.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Print loss and metrics."""
    import brasa

    model = brasa.load_model(options.model)
    (_, _), (x, y) = DATA[options.data].load()
    for name, value in model.evaluate(x, y, batch_size=256, return_dict=True).items():
        print(f"{name:12s} {value:.4f}")
