"""The weights of a layer: made once, listed in Keras's order, read and overwritten as arrays."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from brasa.arrays import to_array, to_float32
from brasa.layers.added_losses import AddsLosses
from brasa.layers.composed import Composed
from brasa.layers.constrained import TakesConstraints, constraint_of
from brasa.layers.running import running
from brasa.parameter import HasWeights, Parameter

if TYPE_CHECKING:
    from brasa.constraints import Constraint
    from brasa.initializers import Initializer
    from brasa.regularizers import Regularizer


# The arguments of add_weight that may come without their names, and all.
_NAME_FIRST = ("name", "shape", "initializer", "regularizer")
_SHAPE_FIRST = ("shape", "initializer", "dtype", "trainable")
_BY_NAME = (*_NAME_FIRST, "trainable", "dtype", "constraint")


def require_float32(owner: str, dtype: Any) -> None:
    """ValueError for another type: Keras's argument may say what holds anyway."""
    if dtype not in (None, "float32", np.float32):
        raise ValueError(
            f"{owner}: dtype must be 'float32', which all layers compute in, got {dtype!r}: "
            "compile(precision=...) is for products in bf16"
        )


class Weighted(TakesConstraints, AddsLosses, HasWeights):
    """What has weights. ``trainable`` is for all of them."""

    name: str
    trainable: bool
    parameters: list[Parameter]
    _inner_layers: list[Weighted]
    _is_held: bool  # by another layer, which names its weights
    _names_here: dict[Parameter, str]

    def add_weight(self, *given: Any, **options: Any) -> Parameter:
        """Create a weight. Weights keep the order of creation, which names those without a name.

        Args:
            *given: ``name, shape, initializer, regularizer``, as in Keras 2, or, where the first
                one is a shape, ``shape, initializer, dtype, trainable``, as in Keras 3.
            **options: The same by name, and ``constraint``, which says where optimizers have to
                leave it: see :mod:`brasa.constraints`.

        Raises:
            TypeError, ValueError: an argument is unknown, given twice, or not what it should be.
        """
        starts = bool(given) and isinstance(given[0], (tuple, list))
        names = _SHAPE_FIRST if starts else _NAME_FIRST
        for name, value in zip(names, given, strict=False):
            if name in options:
                raise TypeError(f"add_weight: {name} is given twice, {value!r} and by its name")
            options[name] = value
        if len(given) > len(names):
            raise TypeError(f"add_weight: takes {names} without their names, got {len(given)}")
        unknown = next((name for name in options if name not in _BY_NAME), None)
        if unknown is not None:
            raise TypeError(
                f"add_weight: the argument {unknown!r} is unknown: it takes {', '.join(_BY_NAME)}"
            )
        return self._add_weight(**options)

    def _add_weight(
        self,
        name: str | None = None,
        shape: Sequence[int] = (),
        initializer: str | Initializer | None = "glorot_uniform",
        regularizer: str | Regularizer | None = None,
        trainable: bool = True,
        dtype: str | None = None,
        constraint: str | Constraint | None = None,
    ) -> Parameter:
        from brasa import initializers, regularizers

        require_float32("add_weight", dtype)
        if name is None:
            name = f"weight_{len(self.parameters)}"
        elif not isinstance(name, str):
            raise TypeError(
                f"add_weight: name must be a string, got {name!r}: give shape=... by its name"
            )
        name = free_name(name, {p.name.partition("/")[2] for p in self.parameters})
        parameter = Parameter(
            f"{self.name}/{name}",
            tuple(shape),
            initializers.get("glorot_uniform" if initializer is None else initializer),
            trainable=trainable,
            regularizer=regularizers.get(regularizer),
            constraint=constraint_of(constraint, "add_weight: constraint")
            or self._constraint_for(name),
        )
        self.parameters.append(parameter)
        self._names_here[parameter] = name
        return parameter

    def name_of(self, parameter: Parameter) -> str:
        """What a weight is called in this layer, whoever else holds it."""
        return self._names_here.get(parameter) or parameter.name.partition("/")[2]

    def _name_inner(self, parameter: Parameter, inner: Weighted, name: str) -> None:
        """Call a weight of a layer inside so."""
        inner._names_here.setdefault(parameter, inner.name_of(parameter))
        inner._is_held = True
        self._names_here[parameter] = name
        parameter.name = f"{self.name}/{name}"

    def _adopt(self, attributes: Iterable[Any]) -> None:
        """Own the weights of layers that are attributes, or stand in lists or models that are.

        A layer that holds this one, or calls it now, is no part of it.
        """
        taken: set[str] = set()
        own = set(self.parameters)
        for inner in layers_in(attributes, set()):
            if not inner.parameters or own.issuperset(inner.parameters):
                continue
            if inner in running() or inner._holds(self):
                continue
            prefix = free_name(inner.name, taken)
            taken.add(prefix)
            for parameter in inner.parameters:
                self._name_inner(parameter, inner, f"{prefix}/{inner.name_of(parameter)}")
            self._inner_layers.append(inner)
            self.parameters += inner.parameters
            own.update(inner.parameters)
        for parameter in self.parameters:  # a wrapped layer found its own only now
            if not parameter.name.startswith(f"{self.name}/"):
                parameter.name = f"{self.name}/{parameter.name.partition('/')[2]}"

    def _holds(self, other: Weighted) -> bool:
        return any(inner is other or inner._holds(other) for inner in self._inner_layers)

    @property
    def weights(self) -> list[Parameter]:
        """All weights, in the order of creation (Keras's order)."""
        return list(self.parameters)

    @property
    def trainable_weights(self) -> list[Parameter]:
        """The weights that an optimizer changes."""
        frozen = {p for inner in self._inner_layers for p in inner.non_trainable_weights}
        return [p for p in self.parameters if self.trainable and p.trainable and p not in frozen]

    @property
    def losses(self) -> list[float]:
        """What the regularizers of the weights add to the loss now, one number for each weight."""
        return penalties_of(self.trainable_weights)

    def count_params(self) -> int:
        """The number of elements of all weights."""
        return sum(p.size for p in self.parameters)

    def get_weights(self) -> list[Any]:
        """Copies of the weights."""
        return [p.numpy() for p in self.parameters]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Overwrite the weights; ValueError unless number and shapes agree."""
        assign_weights(f"layer {self.name!r}", self.parameters, weights)


def free_name(first: str, taken: Collection[str]) -> str:
    """The first of "x", "x_1", "x_2", ... that is not taken."""
    name, count = first, 0
    while name in taken:
        count += 1
        name = f"{first}_{count}"
    return name


def layers_in(values: Iterable[Any], seen: set[int]) -> Iterator[Weighted]:
    """The layers among the values, in lists and models among them too."""
    for value in values:
        if isinstance(value, Weighted):
            yield value
        elif isinstance(value, (list, tuple, dict, Composed)) and id(value) not in seen:
            seen.add(id(value))  # lists may hold themselves
            if isinstance(value, Composed):
                yield from layers_in(value.parts, seen)
            else:
                yield from layers_in(value.values() if isinstance(value, dict) else value, seen)


def assign_weights(owner: str, parameters: Sequence[Parameter], weights: Sequence[Any]) -> None:
    """Copy arrays into parameters after checking all of them: all are assigned, or none."""
    if len(weights) != len(parameters):
        raise ValueError(f"{owner} has {len(parameters)} weights, got {len(weights)} arrays")
    arrays = [
        to_float32(owner, parameter.name, to_array(owner, parameter.name, weight))
        for parameter, weight in zip(parameters, weights, strict=True)
    ]
    for parameter, array in zip(parameters, arrays, strict=True):
        if array.shape != parameter.shape:
            raise ValueError(
                f"{owner}: weight {parameter.name!r} has the shape {parameter.shape}, "
                f"got an array of {array.shape}"
            )
    for parameter, array in zip(parameters, arrays, strict=True):
        parameter.assign(array)


def penalties_of(weights: Sequence[Parameter]) -> list[float]:
    """What the regularizers of weights add to the loss now."""
    return [float(p.regularizer(p.numpy())) for p in weights if p.regularizer is not None]
