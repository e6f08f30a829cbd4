"""Parameters: named arrays that layers create and optimizers change."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from brasa.arrays import FloatArray, to_array, to_float32
from brasa.graph.of_weights import OfWeights
from brasa.graph.recording import recorder

if TYPE_CHECKING:
    from brasa.buffers import Buffer
    from brasa.constraints import Constraint
    from brasa.initializers import Initializer
    from brasa.regularizers import Regularizer


class Writes:
    """Counts what writes into any parameter: a plan keeps what it made from them until then.

    ``moves`` counts those that gave a parameter another place.
    """

    count = moves = 0


class Parameter(OfWeights):
    """A weight: a name, a shape, and values in float32.

    In the ``call`` of a layer, ops and operators on it belong to the model, with gradients.

    Once its model is built, ``value`` is a view into the model's one flat buffer, which the
    optimizer updates in place. It is read-only: ``assign`` writes, and tells the plans. Where the
    model lives on a device, ``value`` is brought from there each time it is asked for.
    """

    def __init__(
        self,
        name: str,
        shape: tuple[int, ...],
        initializer: Initializer,
        *,
        trainable: bool = True,
        regularizer: Regularizer | None = None,
        constraint: Constraint | None = None,
    ) -> None:
        self.name = name
        self.shape = shape
        self.trainable = trainable
        self.regularizer = regularizer
        self.constraint = constraint
        self.move_to(np.asarray(initializer(shape), np.float32, order="C"))

    def __getstate__(self) -> dict[str, Any]:
        """What a copy begins with: the values alone, not the buffer of a model."""
        place = ("_storage", "_buffer", "_view")
        own = {name: value for name, value in vars(self).items() if name not in place}
        return {**own, "values": self.numpy()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        values = state["values"]
        self.__dict__.update({name: v for name, v in state.items() if name != "values"})
        self.move_to(values.copy())

    @property
    def value(self) -> FloatArray:
        """The values as they are now, read-only.

        TypeError in the ``call`` of a layer, where a model would never see other values.
        """
        self._refuse_constant()
        return self.now()

    def now(self) -> FloatArray:
        """The values as they are now, read-only, wherever they are asked for."""
        if self._buffer is not None:
            self._buffer.host()
        return self._view

    def _refuse_constant(self) -> None:
        if recorder() is not None:
            raise TypeError(
                f"weight {self.name!r} has no values while a model is made: use brasa.ops on the "
                "weight itself, so that it has gradients, or numpy() for the values of now"
            )

    def move_to(self, storage: FloatArray, buffer: Buffer | None = None) -> None:
        """Have ``storage``, a part of ``buffer``, hold the values from now on."""
        self._storage, self._buffer = storage, buffer
        self._view: FloatArray = storage.view()
        self._view.flags.writeable = False
        Writes.count += 1
        Writes.moves += 1

    def lies_in(self, storage: FloatArray) -> bool:
        """Whether this very array holds the values."""
        return self._storage is storage

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """The values of now for NumPy: ``np.asarray(layer.kernel)``; see ``value``."""
        self._refuse_constant()
        values = self.now() if copy is False else self.numpy()
        return values if dtype is None else values.astype(dtype, copy=False)

    @property
    def dtype(self) -> str:
        """Always "float32"."""
        return "float32"

    @property
    def path(self) -> str:
        """Keras's name for ``name``, which begins with that of the layer."""
        return self.name

    @property
    def size(self) -> int:
        """The number of elements."""
        return self._view.size

    def assign(self, value: Any) -> None:
        """Overwrite the values in place; ValueError unless the shape agrees."""
        array = to_float32("assign", self.name, to_array("assign", self.name, value))
        if array.shape != self.shape:
            raise ValueError(
                f"weight {self.name!r} has the shape {self.shape}, got an array of {array.shape}"
            )
        self.to_write()[...] = array

    def to_write(self) -> FloatArray:
        """The very array that holds the values, which the caller changes now."""
        if self._buffer is not None:
            self._buffer.to_write()
        Writes.count += 1
        return self._storage

    def numpy(self) -> FloatArray:
        """A copy of the values."""
        values: FloatArray = self.now().copy()
        return values

    def __repr__(self) -> str:
        return f"Parameter({self.name!r}, {self.shape})"


def constrained(parameter: Parameter, values: Any) -> Any:
    """What the constraint of a weight makes of values for it, which are a tensor of any kind.

    Raises:
        ValueError: that has another shape, or cannot be computed. TypeError: it is no tensor.
    """
    constraint = parameter.constraint
    assert constraint is not None
    what = f"weight {parameter.name!r}: the constraint {constraint!r}"
    try:
        wanted = constraint(values)
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{what} cannot be computed: {error}") from error
    if not hasattr(wanted, "shape"):
        raise TypeError(f"{what} must return a tensor, got {type(wanted).__name__}")
    if tuple(wanted.shape) != parameter.shape:
        raise ValueError(
            f"{what} must keep the shape {parameter.shape}, and returns one of {wanted.shape}"
        )
    return wanted


class HasWeights(ABC):
    """What layers and models say of their weights, under both of Keras's names."""

    @property
    @abstractmethod
    def weights(self) -> list[Parameter]:
        """All weights."""

    @property
    @abstractmethod
    def trainable_weights(self) -> list[Parameter]:
        """Those that training changes by their gradients."""

    @property
    def non_trainable_weights(self) -> list[Parameter]:
        """The weights that training leaves, or moves without gradients."""
        chosen = set(self.trainable_weights)
        return [p for p in self.weights if p not in chosen]

    @property
    def variables(self) -> list[Parameter]:
        """Keras's other name for ``weights``."""
        return self.weights

    @property
    def trainable_variables(self) -> list[Parameter]:
        """Keras's other name for ``trainable_weights``."""
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Parameter]:
        """Keras's other name for ``non_trainable_weights``."""
        return self.non_trainable_weights
