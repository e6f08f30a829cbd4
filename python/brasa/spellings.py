"""Arguments of Keras that say how to run: taken where they change nothing, refused elsewhere."""

from __future__ import annotations

from typing import Any


def check_compile(
    run_eagerly: Any, jit_compile: Any, steps_per_execution: Any, auto_scale_loss: Any
) -> None:
    """ValueError for what a compiled plan, called once for each step, does not do."""
    _require("compile", "jit_compile", jit_compile, (None, True, False, "auto"), "plans are made")
    _require(
        "compile",
        "run_eagerly",
        run_eagerly,
        (None, False),
        "fit runs plans, whose ops have no Python between them. model.plan().describe() lists "
        "them, model.diagnose(x, y) and profile(x, y) look at a step",
    )
    _require(
        "compile",
        "steps_per_execution",
        steps_per_execution,
        (None, 1),
        "every step is one call of a plan, and callbacks hear of each. Larger batches, or no "
        "hooks of batches, save Python's time",
    )
    _require(
        "compile",
        "auto_scale_loss",
        auto_scale_loss,
        (None, True, False),
        "no loss needs scaling, as sums and gradients are float32",
    )


def check_workers(
    op: str, workers: Any = None, use_multiprocessing: Any = None, max_queue_size: Any = None
) -> None:
    """ValueError where batches would have to be made beside the training; a queue of any length."""
    instead = "batches are made one by one, between the steps; torch's DataLoader has workers"
    _require(op, "workers", workers, (None, 0, 1), instead)
    _require(op, "use_multiprocessing", use_multiprocessing, (None, False), instead)
    if max_queue_size is not None and type(max_queue_size) is not int:
        raise TypeError(f"{op}: max_queue_size must be a whole number, got {max_queue_size!r}")


def _require(op: str, name: str, value: Any, taken: tuple[Any, ...], instead: str) -> None:
    # True is no 1, and an array is nothing to compare with.
    if not any(type(value) is type(each) and value == each for each in taken):
        choices = ", ".join(map(repr, taken))
        raise ValueError(f"{op}: {name} may be {choices}, got {value!r}: {instead}")
