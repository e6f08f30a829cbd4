"""The state of an interrupted ``fit``: what it needs to go on as if nothing had happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from brasa.errors import FormatError
from brasa.io import container
from brasa.saving import assign, sort_tensors, weights_of
from brasa.training_state import require_alike, resume_training, training_content

if TYPE_CHECKING:
    from brasa.model import Model


def write(model: Model, path: Any, epochs: int) -> None:
    """Weights and the state of training after so many epochs of a fit; not the layers."""
    config, slots = training_content(model)
    config = {"model": None, **config, "fit": {"epochs": epochs}}
    container.write(path, config, {**weights_of(model), **slots})


def restore(model: Model, path: Any) -> int:
    """Have a model, compiled as it was, be as it was then; returns how many epochs were done.

    FormatError where it is another model, or another optimizer: nothing is changed then.
    """
    file = container.read(path)
    if "fit" not in file.config:
        raise FormatError(f"{path} is no backup of a fit")
    weights, slots = sort_tensors(model, file.tensors)
    require_alike(model, path, file.config)
    assign(model, path, weights)
    resume_training(model, path, file.config, slots)
    epochs: int = file.config["fit"]["epochs"]
    return epochs
