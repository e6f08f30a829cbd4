"""Objects that a name or a small dictionary describes: initializers, losses, metrics, optimizers.

Classes come from closed tables. No name read from a file is ever imported.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from brasa import registered
from brasa.suggest import check_arguments, find, unknown

if TYPE_CHECKING:
    from typing_extensions import Self  # typing has it from Python 3.11 on

C = TypeVar("C", bound="Configurable")


class Configurable:
    """What ``get_config`` describes, ``from_config`` makes again."""

    def __new__(cls, *_: Any, **arguments: Any) -> Self:
        check_arguments(cls, arguments)
        return super().__new__(cls)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, as JSON can hold them."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The object that ``get_config`` described."""
        return cls(**config)

    @property
    def custom_name(self) -> str | None:
        """Where ``custom_objects`` of load_model has what this is made of; None: it is brasa's."""
        cls = type(self)
        return None if cls.__module__.startswith("brasa.") else cls.__name__

    def __repr__(self) -> str:
        arguments = ", ".join(f"{key}={value!r}" for key, value in self.get_config().items())
        return f"{type(self).__name__}({arguments})"


def serialize(item: Any) -> dict[str, Any]:
    """Class and arguments of an object with a ``get_config``.

    >>> from brasa import losses
    >>> losses.serialize(losses.Huber(delta=2.0))["config"]["delta"]
    2.0
    """
    return {"class_name": type(item).__name__, "config": item.get_config()}


def described(item: Configurable) -> dict[str, Any]:
    """As ``serialize``; what brasa does not have by the name that custom_objects gives it."""
    name = item.custom_name
    return {**serialize(item), **({} if name is None else {"custom_object": name})}


def custom_names(config: Any) -> set[str]:
    """What of a config, and of all within it, ``custom_objects`` must have."""
    if isinstance(config, Mapping):
        inner = custom_names(list(config.values()))
        name = config.get("custom_object")
        return inner | {name} if isinstance(name, str) else inner
    return set().union(*map(custom_names, config)) if isinstance(config, list) else set()


def with_custom(config: Any, objects: Mapping[str, Any]) -> Any:
    """The config with what ``custom_objects`` has in place of the names: instances, functions."""
    if isinstance(config, list):
        return [with_custom(item, objects) for item in config]
    if not isinstance(config, Mapping):
        return config
    made = {key: with_custom(value, objects) for key, value in config.items()}
    if "custom_object" not in config:
        return made
    item = objects[config["custom_object"]]
    if not isinstance(item, type) or not issubclass(item, Configurable):
        return item
    return item.from_config(dict(made["config"]))


def deserialize(
    what: str, config: Any, classes: Mapping[str, Any], custom_objects: Any = None
) -> Any:
    """The object that ``serialize`` described; ``classes`` are all that may be made.

    ``custom_objects`` are more of them, by the names of the classes.

    Raises:
        ValueError: ``config`` is no such description, or names an unknown class.
    """
    if not isinstance(config, Mapping) or not isinstance(config.get("class_name"), str):
        raise ValueError(
            f"{what}: a config is a dictionary with class_name and config, got {config!r}"
        )
    own = {**_classes_of(registered.in_scope(None)), **custom_classes(what, custom_objects)}
    classes = {**_classes_of(registered.by_name()), **classes, **own}
    name, arguments = config["class_name"], config.get("config", {})
    if name not in classes:
        hint = f"a class of your own comes by custom_objects={{{name!r}: ...}}"
        raise ValueError(f"{unknown(what, name, sorted(classes))}; {hint}")
    if not isinstance(arguments, Mapping):
        raise ValueError(f"{what}: the config of {name} must be a dictionary, got {arguments!r}")
    return classes[name].from_config(dict(arguments))


def _classes_of(objects: Mapping[str, Any]) -> dict[str, Any]:
    """Those of them that configs may be of."""
    return {
        name: item
        for name, item in objects.items()
        if isinstance(item, type) and hasattr(item, "from_config")
    }


def custom_classes(what: str, given: Any) -> Mapping[str, Any]:
    """A ``custom_objects=``: TypeError unless it is a dictionary of classes with a from_config."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise TypeError(f"{what}: custom_objects must be a dictionary by name, got {given!r}")
    for name, cls in given.items():
        if not isinstance(cls, type) or not hasattr(cls, "from_config"):
            raise TypeError(
                f"{what}: custom_objects[{name!r}] must be a class with from_config(), got {cls!r}"
            )
    return given


def made_by(table: Mapping[str, type[C]]) -> dict[str, type[C]]:
    """The classes of a table of names, by their own names, as configs have them."""
    return {cls.__name__: cls for cls in table.values()}


def resolve(what: str, identifier: Any, base: type[C], table: Mapping[str, type[C]]) -> C:
    """The object that an argument stands for: a name, a config, or the object itself.

    Args:
        what: What errors call it.
        identifier: The argument.
        base: What the result is an instance of.
        table: Name to class; the names' classes are all that a config may describe.

    Raises:
        ValueError: a name is unknown; the message suggests the nearest.
        TypeError: ``identifier`` is none of the three.
    """
    if isinstance(identifier, base):
        return identifier
    if isinstance(identifier, str):
        return find(what, identifier, table)()
    if isinstance(identifier, Mapping):
        made = deserialize(what, identifier, made_by(table))
        assert isinstance(made, base)
        return made
    raise TypeError(
        f"{what} must be one of the names {', '.join(table)}, or an instance or config of "
        f"{base.__name__}, got {identifier!r}"
    )
