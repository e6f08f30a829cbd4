"""Where the time of a training step goes: ``python -m bench.profile [--into PAGE]``.

Every step of two plans, LeNet-5 and a VGG block, with its share of this machine's measured limit.
Each step is timed alone, between two barriers, so that the sum is a little more than the whole.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from bench import machine
from bench.table import write_between_markers

# Steps below this share of the whole are summed up in one row.
_SMALL = 0.01

_ROUNDS, _REPEATS = 8, 9


def _lenet() -> tuple[Any, Any, Any]:
    from brasa import models

    rng = np.random.default_rng(0)
    x = rng.standard_normal((128, 32, 32, 1), dtype="f")
    return models.lenet5(input_shape=(32, 32, 1)), x, rng.integers(0, 10, 128)


def _vgg_block() -> tuple[Any, Any, Any]:
    from brasa import Sequential, layers

    rng = np.random.default_rng(0)
    conv = {"padding": "same", "activation": "relu"}
    model = Sequential(
        [
            layers.Input((56, 56, 64)),
            layers.Conv2D(128, 3, **conv),
            layers.Conv2D(128, 3, **conv),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    return model, rng.standard_normal((16, 56, 56, 64), dtype="f"), rng.integers(0, 10, 16)


MODELS = {"LeNet-5, batch 128": _lenet, "VGG block, batch 16": _vgg_block}


def _fastest(model: Any, x: Any, y: Any) -> list[dict[str, Any]]:
    """Each step at its fastest: what others took from the machine is no part of it."""
    rounds = [model.profile(x, y, repeats=_REPEATS) for _ in range(_ROUNDS)]
    return [min(steps, key=lambda step: step["seconds"]) for steps in zip(*rounds, strict=True)]


def _table(title: str, steps: list[dict[str, Any]], peak: float) -> list[str]:
    total = sum(step["seconds"] for step in steps)
    lines = [
        f"**{title}**: {1e3 * total:.3g} ms, {_share(steps, total, peak)} of the FMA limit",
        "",
    ]
    lines += ["| step | us | share | GF/s | of FMA limit | GB/s |", "|---|--:|--:|--:|--:|--:|"]
    small = [step for step in steps if step["seconds"] < _SMALL * total]
    for step in steps:
        if step in small:
            continue
        seconds = step["seconds"]
        lines.append(
            f"| {step['name']} | {1e6 * seconds:.0f} | {seconds / total:.0%} "
            f"| {step['flops'] / seconds / 1e9:.0f} | {_share([step], seconds, peak)} "
            f"| {step['bytes'] / seconds / 1e9:.0f} |"
        )
    rest = sum(step["seconds"] for step in small)
    lines.append(f"| {len(small)} small ones | {1e6 * rest:.0f} | {rest / total:.0%} | | | |")
    return [*lines, ""]


def _share(steps: list[dict[str, Any]], seconds: float, peak: float) -> str:
    return f"{sum(step['flops'] for step in steps) / seconds / 1e9 / peak:.0%}" if peak else ""


def main() -> None:
    """Measure, print, and write the tables into a page if one is named."""
    from brasa import optimizers, runtime

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, metavar="PAGE", help="between its markers")
    options = parser.parse_args()
    peak = machine.flops_limit(machine.limits(runtime.threads())) / 1e9
    lines: list[str] = []
    for title, build in MODELS.items():
        model, x, y = build()
        model.compile(optimizers.SGD(0.01, momentum=0.9), "sparse_categorical_crossentropy")
        lines += _table(title, _fastest(model, x, y), peak)
    what = machine.describe()
    lines.append(
        f"{what['date']}, commit {what['commit']}; {what['cpu']}, {runtime.threads()} threads, "
        f"{runtime.implementation()}; FMA limit {peak:.0f} GF/s."
    )
    text = "\n".join(lines)
    print(text)
    if options.into is not None:
        write_between_markers(text, options.into)


if __name__ == "__main__":
    main()
