"""The constraint arguments of layers: which weight each is for, and what files hold of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from brasa import constraints
from brasa.constraints import Constraint


class TakesConstraints:
    """What has weights that may have to stay somewhere. ``**options`` pass the arguments here."""

    _constrained: ClassVar[tuple[tuple[str, str], ...]] = ()
    """Arguments, and the weights that they are for."""

    def _take_constraints(self, options: dict[str, Any]) -> None:
        """Take the arguments for constraints out of the options."""
        for argument, _ in self._constrained:
            what = f"{type(self).__name__}: {argument}"
            setattr(self, argument, constraint_of(options.pop(argument, None), what))

    def _constraint_for(self, weight: str) -> Constraint | None:
        for argument, name in self._constrained:
            if name == weight:
                found: Constraint | None = getattr(self, argument)
                return found
        return None

    def _constraints(self) -> dict[str, Constraint]:
        """Those that were given, by argument."""
        given = {argument: getattr(self, argument) for argument, _ in self._constrained}
        return {argument: one for argument, one in given.items() if one is not None}

    def _constraint_config(self) -> dict[str, Any]:
        """What files hold of them; nothing where there are none."""
        return {name: constraints.serialize(one) for name, one in self._constraints().items()}


def constraint_of(identifier: Any, what: str) -> Constraint | None:
    """What an argument stands for; a config may name a class among ``custom_objects``."""
    from brasa.layers.sharing import custom_object

    name = identifier.get("class_name") if isinstance(identifier, Mapping) else None
    own = custom_object(name) if isinstance(name, str) else None
    is_own = isinstance(own, type) and issubclass(own, Constraint)
    return constraints.get(identifier, what, own if is_own else None)
