"""Whole models from ``.keras`` files: architecture, weights, and what they were compiled with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from brasa.errors import FormatError

from . import archive
from .compiling import compile_as_described
from .objects import Reader
from .state import restore_state
from .weights import load_weights

if TYPE_CHECKING:
    from brasa.model import Model

_WHERE = "load_model"


def load_model(
    path: Any, custom_objects: Mapping[str, Any] | None = None, compiled: bool = True
) -> Model:
    """The model that Keras 3 saved; FormatError says what brasa does not have.

    A warning says what of ``compile`` was left out.
    """
    description = config_of(path)
    try:
        model: Model = Reader(custom_objects or {}).item(description)
    except (
        AttributeError,
        LookupError,
        OverflowError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        raise FormatError(f"{path}: the model cannot be built: {error}") from error
    if not hasattr(model, "load_weights"):
        kind = description.get("class_name")
        raise FormatError(f"{path} holds no model, but something of class {kind!r}")
    if model._engine is not None:
        load_weights(model, path, "keras")
    if compiled and isinstance(description.get("compile_config"), Mapping):
        compile_as_described(model, path, description["compile_config"], custom_objects or {})
        restore_state(model, path, archive.members(path, (archive.WEIGHTS,), _WHERE)[0])
    return model


def config_of(path: Any) -> dict[str, Any]:
    """What ``config.json`` says."""
    try:
        text = archive.members(path, (archive.CONFIG,), _WHERE)[0]
        config = json.loads(text.decode("utf-8"))
    except FormatError as error:
        raise FormatError(f"{_WHERE}: {str(path)!r}: {error}") from None
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{_WHERE}: {str(path)!r}: config.json is not JSON: {error}") from None
    if not isinstance(config, dict):
        raise FormatError(f"{_WHERE}: {str(path)!r}: config.json must be a JSON object")
    return config
