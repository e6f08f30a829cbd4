"""The weights of a layer: made once, listed in Keras's order, read and overwritten as arrays."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from brasa.arrays import to_array, to_float32
from brasa.parameter import Parameter

if TYPE_CHECKING:
    from brasa.initializers import Initializer
    from brasa.regularizers import Regularizer


class Weighted:
    """What has weights. ``trainable`` is for all of them."""

    name: str
    trainable: bool
    parameters: list[Parameter]
    _inner_layers: list[Weighted]

    def add_weight(
        self,
        name: str | None = None,
        shape: Sequence[int] = (),
        initializer: str | Initializer = "glorot_uniform",
        regularizer: str | Regularizer | None = None,
        *,
        trainable: bool = True,
    ) -> Parameter:
        """Create a weight. Weights keep the order of creation, which names those without a name."""
        from brasa import initializers, regularizers

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
            initializers.get(initializer),
            trainable=trainable,
            regularizer=regularizers.get(regularizer),
        )
        self.parameters.append(parameter)
        return parameter

    def _adopt(self, attributes: Iterable[Any]) -> None:
        """Own the weights of the layers that are attributes, or stand in lists of them."""
        taken: set[str] = set()
        own = set(self.parameters)
        for inner in _layers_in(attributes):
            if not inner.parameters or own.issuperset(inner.parameters):
                continue
            prefix = free_name(inner.name, taken)
            taken.add(prefix)
            for parameter in inner.parameters:
                parameter.name = f"{self.name}/{prefix}/{parameter.name.partition('/')[2]}"
            self._inner_layers.append(inner)
            self.parameters += inner.parameters
            own.update(inner.parameters)
        for parameter in self.parameters:  # a wrapped layer found its own only now
            if not parameter.name.startswith(f"{self.name}/"):
                parameter.name = f"{self.name}/{parameter.name.partition('/')[2]}"

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
    def non_trainable_weights(self) -> list[Parameter]:
        """The weights that no optimizer changes."""
        chosen = set(self.trainable_weights)
        return [p for p in self.parameters if p not in chosen]

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


def _layers_in(values: Iterable[Any]) -> Iterator[Weighted]:
    for value in values:
        if isinstance(value, Weighted):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from _layers_in(value)
        elif isinstance(value, dict):
            yield from _layers_in(value.values())


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
