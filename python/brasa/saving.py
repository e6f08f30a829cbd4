"""Models as files: architecture as JSON, weights and training state as named tensors."""

from __future__ import annotations

import copy
import os
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from brasa import keras_files, registered
from brasa.descriptions import model_from_config
from brasa.errors import FormatError
from brasa.files import as_path
from brasa.io import container, read_tensors
from brasa.training_state import restore_slots, restore_training, spared_in, training_content

if TYPE_CHECKING:
    from brasa.model import Model

Tensors = dict[str, Any]


def save(model: Model, path: Any, *, overwrite: bool = True) -> None:
    """Write everything that load_model needs to go on as if nothing had happened.

    Where the name ends as Keras's do, what Keras needs.
    """
    _may_write("save", path, overwrite)
    if keras_files.ending_for_models(path):
        keras_files.save(model, path)
        return
    container.write(path, *content(model))


def content(model: Model) -> tuple[dict[str, Any], Tensors]:
    """What a file of the model holds: its description, and arrays by name."""
    config, slots = training_content(model)
    spared = spared_in(config)
    if spared:  # weights may have longer names here, as parts of another model's layer
        names = {p.name: name for p, name in model.network.names.items()}
        spared[:] = [names.get(name, name) for name in spared]
    config["weights"] = list(model.network.names.values())
    return {"model": model.description(), **config}, {**weights_of(model), **slots}


def save_weights(model: Model, path: Any, *, overwrite: bool = True) -> None:
    """Write the weights alone; for Keras where the name ends as there."""
    _may_write("save_weights", path, overwrite)
    if keras_files.ending_for_weights(path):
        keras_files.save_weights(model, path)
        return
    container.write(path, {"model": None}, weights_of(model))


def _may_write(op: str, path: Any, overwrite: bool) -> None:
    if not overwrite and os.path.lexists(as_path(path, op)):
        raise FileExistsError(f"{op}: there is a file {str(path)!r}, and overwrite is False")


def load_weights(
    model: Model, path: Any, *, skip_mismatch: bool = False, by_name: bool = False
) -> None:
    """Read the weights from a file of any kind: all, or those of the layers that fit."""
    kind = keras_files.kind_of(path, "load_weights")
    if kind is not None:
        if by_name:
            raise ValueError(
                f"load_weights: {path} is a file of Keras 3, where weights go by their places: "
                "by_name is for files that brasa wrote"
            )
        keras_files.load_weights(model, path, kind, skip_mismatch=skip_mismatch)
        return
    tensors = sort_tensors(model, read_tensors(path)[0])[0]
    if not (skip_mismatch or by_name):
        assign(model, path, tensors)
        return
    parameters = {name: p for p, name in model.network.names.items()}
    alien = parameters.keys() ^ tensors.keys()
    wrong = {n for n in parameters.keys() & tensors if tensors[n].shape != parameters[n].shape}
    left = {_layer_of(n) for n in alien | wrong}  # a kernel without its bias is no layer
    taken = {n: p for n, p in parameters.items() if _layer_of(n) not in left}
    if not taken or (wrong and not skip_mismatch):
        assign(model, path, tensors)  # says what does not fit
        return
    for name, parameter in taken.items():
        parameter.assign(tensors[name])
    if skip_mismatch and left:
        warnings.warn(
            f"load_weights: {path} does not fit these layers of model {model.name!r}, or they are "
            f"on one side alone: {', '.join(sorted(left))}. They keep their weights",
            UserWarning,
            stacklevel=3,
        )


def _layer_of(name: str) -> str:
    return name.partition("/")[0]


def load_model(
    path: Any, custom_objects: Mapping[str, Any] | None = None, compiled: bool = True
) -> Model:
    """Rebuild a model from a file; compiled as it was, or not at all."""
    kind = keras_files.kind_of(path, "load_model")
    if kind == "keras":
        return keras_files.load_model(path, custom_objects, compiled)
    if kind == "h5":
        raise FormatError(
            f"{path} is an HDF5 file of Keras: where it holds weights alone, build the model, then "
            f"model.load_weights({str(path)!r}); whole models come from '.keras' files"
        )
    file = container.read(path)
    if file.config.get("model") is None:
        raise FormatError(
            f"{path} holds weights alone: build the model, then model.load_weights({str(path)!r})"
        )
    config = file.config if compiled else {**file.config, "compile": None}
    return rebuild(path, config, file.tensors, custom_objects)


def rebuild(
    path: Any,
    config: Mapping[str, Any],
    tensors: Tensors,
    custom_objects: Mapping[str, Any] | None,
) -> Model:
    """The model of which this is the ``content``; errors say that it came from ``path``."""
    try:
        custom = registered.in_scope(custom_objects)
        described = config["model"]
        if config.get("compile") is None:  # it is not to be trained: steps of its own do not count
            described = {name: item for name, item in described.items() if name != "own_steps"}
        model = model_from_config(described, custom)
        config, tensors = _as_named_now(model, config, tensors)
        weights, slots = sort_tensors(model, tensors)
        restore_training(model, path, config, {**registered.by_name(), **custom})
    except FormatError:
        raise
    except (
        AttributeError,
        LookupError,
        OverflowError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        raise FormatError(f"{path}: the model cannot be rebuilt: {error}") from error
    assign(model, path, weights)
    restore_slots(model, path, slots)
    return model


def _as_named_now(
    model: Model, config: Mapping[str, Any], tensors: Tensors
) -> tuple[Mapping[str, Any], Tensors]:
    """Both with the names that the weights have in the model just made.

    They are others where a layer got its last name after the one that holds it had been built; the
    order is the same.
    """
    names = model.network.names
    for p, name in names.items():
        p.name = name
    written, now = config.get("weights"), list(names.values())
    if written in (None, now) or len(set(written)) != len(now):
        return config, tensors
    new: dict[str, str] = dict(zip(written, now, strict=True))

    def renamed(name: str) -> str:
        if name in new:
            return new[name]
        start = name.split("/", 2)[:2]  # "optimizer", and which of its slots
        own = name.split("/", 2)[2:]
        return "/".join([*start, *(new.get(w, w) for w in own)]) if "optimizer" in start else name

    config = copy.deepcopy(dict(config))
    for names_there in (spared_in(config), config.get("training", {}).get("trained")):
        if names_there:
            names_there[:] = map(renamed, names_there)
    return config, {renamed(name): array for name, array in tensors.items()}


def weights_of(model: Model) -> Tensors:
    """All weights by their names."""
    return {name: p.value for p, name in model.network.names.items()}


def sort_tensors(model: Model, tensors: Tensors) -> tuple[Tensors, Tensors]:
    """The weights, and the state of the optimizer; a layer may be named "optimizer", too."""
    own = set(model.network.names.values())
    slots = {n: a for n, a in tensors.items() if n.startswith("optimizer/") and n not in own}
    return {n: a for n, a in tensors.items() if n not in slots}, slots


def assign(model: Model, path: Any, tensors: Tensors) -> None:
    """Check all names and shapes, then copy: all weights are assigned, or none."""
    parameters = {name: p for p, name in model.network.names.items()}
    problems = [f"missing {name} {parameters[name].shape}" for name in parameters.keys() - tensors]
    problems += [f"unexpected {name} {tensors[name].shape}" for name in tensors.keys() - parameters]
    problems += [
        f"{name} has the shape {tensors[name].shape}, wanted {parameters[name].shape}"
        for name in parameters.keys() & tensors
        if tuple(tensors[name].shape) != parameters[name].shape
    ]
    if problems:
        text = f"{path} does not fit model {model.name!r}: {'; '.join(sorted(problems))}"
        have, want = (
            sorted(tuple(a.shape) for a in group.values()) for group in (tensors, parameters)
        )
        if have == want:
            text += (
                ". The names alone differ: layers get others where models are made of models. Give "
                "them name=..., or keep whole models by save() and load_model()"
            )
        raise FormatError(text)
    for name, parameter in parameters.items():
        parameter.assign(tensors[name])
