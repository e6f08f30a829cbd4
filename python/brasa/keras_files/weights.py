"""Weights of a model, read from files of Keras 3 and written for them."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from brasa.errors import FormatError
from brasa.files import write_atomic
from brasa.parameter import Parameter

from . import archive, hdf5
from .hdf5 import Arrays
from .places import Place, flat_places_of, places_of

if TYPE_CHECKING:
    from brasa.model import Model

_READING, _WRITING = "load_weights", "save_weights"

# Counters of random numbers, which files of some versions have beside the weights.
_NO_WEIGHTS = "seed_generator"


def load_weights(model: Model, path: Any, kind: str, *, skip_mismatch: bool = False) -> None:
    """Read the weights of a ``.weights.h5``, or those in a ``.keras``: all, or none.

    With ``skip_mismatch`` those of the layers that fit; a warning names the others.
    """
    names = model.network.names
    try:
        with hdf5.opened(archive.weights_data(path, kind, _READING), _READING) as arrays:
            taken, problems = _fitting(model, arrays, skip_mismatch=skip_mismatch)
            found = {p: _values(arrays, place) for place in taken if (p := place.parameter)}
    except FormatError as error:
        raise FormatError(f"{_READING}: {str(path)!r}: {error}") from None
    if problems and not (skip_mismatch and found):
        raise FormatError(
            f"{path} does not fit model {model.name!r}: {'; '.join(problems[:_MOST_TOLD])}"
            + (f"; and {len(problems) - _MOST_TOLD} more" if len(problems) > _MOST_TOLD else "")
        )
    for parameter, values in found.items():
        parameter.assign(values)
    if problems:
        left = sorted({_layer_of(name) for p, name in names.items() if p not in found})
        warnings.warn(
            f"load_weights: {path} does not fit these layers of model {model.name!r}, or they are "
            f"on one side alone: {', '.join(left)}. They keep their weights",
            UserWarning,
            stacklevel=4,
        )


_MOST_TOLD = 20


def _fitting(model: Model, arrays: Arrays, *, skip_mismatch: bool) -> tuple[list[Place], list[str]]:
    """The places that can be read, and what is wrong with the file; see ``_problems``.

    A model that holds others is as they are in Keras, or, in files that brasa wrote, made of layers
    alone.
    """
    names = model.network.names
    wanted = places_of(model)
    problems = _problems(model, arrays, wanted)
    if problems and not _problems(model, arrays, flat := flat_places_of(model)):
        return flat, []
    if not problems or not skip_mismatch:
        return ([] if problems else wanted), problems
    wrong = {
        _layer_of(names[place.parameter])
        for place in wanted
        if place.parameter and not (place.path in arrays and _fits(arrays, place))
    }
    fit = [p for p in wanted if p.parameter and _layer_of(names[p.parameter]) not in wrong]
    return fit, problems


def _problems(model: Model, arrays: Arrays, places: list[Place]) -> list[str]:
    names = model.network.names
    problems = []
    for place in places:
        who = _told(place.parameter, names) if place.parameter else "what Keras has"
        if place.path not in arrays:
            problems.append(f"{who} {place.shape} is missing at {place.path}")
        elif not _fits(arrays, place):
            got = arrays.shape(place.path)
            problems.append(f"{who} at {place.path} has the shape {got}, wanted {place.shape}")
    starts = {place.path.partition("/")[0] for place in places} or {"layers"}
    own = {place.path for place in places}
    problems += [
        f"unexpected {path} {arrays.shape(path)}"
        for path in arrays
        if path.partition("/")[0] in starts and path not in own and _NO_WEIGHTS not in path
    ]
    return problems


def _told(parameter: Parameter, names: dict[Parameter, str]) -> str:
    layer, _, weight = names.get(parameter, parameter.name).partition("/")
    return f"layer {layer!r}: {weight}"


def _layer_of(name: str) -> str:
    return name.partition("/")[0]


def _fits(arrays: Arrays, place: Place) -> bool:
    return arrays.shape(place.path) == place.shape


def _values(arrays: Arrays, place: Place) -> NDArray[Any]:
    assert place.parameter is not None
    values = arrays.read(place.path).astype(np.float32)
    return np.broadcast_to(values, place.parameter.shape)


def save_weights(model: Model, path: Any) -> None:
    """Write a ``.weights.h5`` that ``load_weights`` of the same model in Keras 3 reads."""
    write_atomic(path, [weights_file(model, places_of(model), _WRITING)], _WRITING)


def weights_file(
    model: Model,
    places: list[Place],
    where: str,
    more: Mapping[str, Mapping[str, NDArray[Any]]] | None = None,
) -> bytes:
    """The HDF5 file of all weights, and more groups.

    ValueError where Keras has no place for a weight.
    """
    left = model.network.names.keys() - {place.parameter for place in places}
    if left:
        names = ", ".join(sorted(model.network.names[p] for p in left))
        raise ValueError(
            f"{where}: model {model.name!r}: files of Keras have no place for {names}, which no "
            "attribute of a layer or model holds: write a '.brasa' file"
        )
    groups: dict[str, dict[str, NDArray[Any]]] = {}
    for place in places:
        group, _, key = place.path.rpartition("/")
        groups.setdefault(group, {})[key] = place.values()
    return hdf5.packed({**groups, **(more or {})}, where)
