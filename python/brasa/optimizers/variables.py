"""What an optimizer remembers, one by one: as Keras lists, saves and loads it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brasa.arrays import to_array
from brasa.optimizers.phase import Phased
from brasa.parameter import Parameter


class OptimizerVariable:
    """A number or an array that an optimizer keeps: a name, a shape, and values to read and set.

    It is a view: values are always those of now.
    """

    def __init__(
        self,
        owner: str,
        name: str,
        read: Callable[[], Any],
        write: Callable[[NDArray[Any]], None],
        dtype: str = "float32",
    ) -> None:
        self.name, self.path, self.dtype = name, f"{owner}/{name}", dtype
        self.trainable = False
        self._read, self._write = read, write

    def numpy(self) -> NDArray[Any]:
        """A copy of the values."""
        return np.array(self._read(), self.dtype)

    @property
    def value(self) -> NDArray[Any]:
        """The same."""
        return self.numpy()

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape; () for numbers."""
        return np.shape(self._read())

    def assign(self, value: Any) -> None:
        """Set the values; ValueError unless the shape agrees, TypeError for what is no array."""
        array = to_array("assign", self.path, value)
        if array.shape != self.shape:
            raise ValueError(f"{self.path!r} has the shape {self.shape}, got {array.shape}")
        if self.dtype == "int64" and array.dtype.kind not in "iu":
            raise TypeError(f"{self.path!r} is a whole number, got {array.dtype}")
        self._write(array)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        values = self.numpy()
        return values if dtype is None else values.astype(dtype, copy=False)

    def __repr__(self) -> str:
        return f"OptimizerVariable({self.path!r}, {self.shape})"


class HasVariables(Phased):
    """Base of optimizers: lists what they remember."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What it is called."""

    @property
    @abstractmethod
    def learning_rate(self) -> Any:
        """The rate of the next step."""

    @property
    @abstractmethod
    def is_scheduled(self) -> bool:
        """Whether a schedule says the learning rate."""

    def build(self, var_list: Iterable[Any]) -> None:
        """Begin to remember these weights, before the first step.

        Raises:
            TypeError: an entry is no weight of a layer. ValueError: the optimizer is that of a
                model that does not train it.
        """
        own = f"{type(self).__name__}.build"
        weights = list(var_list)
        for weight in weights:
            if not isinstance(weight, Parameter):
                raise TypeError(f"{own}: wanted weights of layers, got {type(weight).__name__}")
        for weight in weights:
            self.remembered(weight)

    @property
    def built(self) -> bool:
        """Whether it remembers any weights."""
        return bool(self.trained())

    @property
    def variables(self) -> list[OptimizerVariable]:
        """All that it remembers, in the order of Keras.

        The number of steps; the learning rate, where that is no schedule; the averages of all
        weights; what is gathered of their gradients; the slots: for Adam ``m`` and ``v`` of the
        first weight, ``m`` and ``v`` of the second... Weights are there once a model is built with
        the optimizer, or after ``build`` or a first step.

        >>> from brasa import layers, optimizers
        >>> layer, optimizer = layers.Dense(2, name="head"), optimizers.SGD(0.5, momentum=0.9)
        >>> layer.build((None, 3))
        >>> optimizer.build(layer.trainable_weights)
        >>> [variable.name for variable in optimizer.variables]
        ['iteration', 'learning_rate', 'head_kernel_velocity', 'head_bias_velocity']
        """
        found = [
            OptimizerVariable(
                self.name, "iteration", lambda: self.steps, self._set_steps, dtype="int64"
            )
        ]
        if not self.is_scheduled:
            found.append(
                OptimizerVariable(
                    self.name, "learning_rate", lambda: self.learning_rate, self._set_rate
                )
            )
        weights = self.trained()
        for group in self.buffer_groups:
            found += [self._variable(weight, slot) for weight in weights for slot in group]
        return found

    def set_weights(self, weights: Iterable[Any]) -> None:
        """Set all ``variables``; errors as for ``load_own_variables``."""
        own = f"{type(self).__name__}.set_weights"
        self._set_variables(own, dict(enumerate(weights)))

    def save_own_variables(self, store: MutableMapping[str, Any]) -> None:
        """Put all ``variables`` into ``store``, as arrays under "0", "1"..."""
        for number, variable in enumerate(self.variables):
            store[str(number)] = variable.numpy()

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Set all ``variables`` to the arrays that ``save_own_variables`` put there.

        Raises:
            ValueError: they are of other weights, or of another optimizer: their number or a shape
                differs. Nothing is changed then.
        """
        own = f"{type(self).__name__}.load_own_variables"
        try:
            arrays = {int(key): array for key, array in store.items()}
        except ValueError:
            raise ValueError(f"{own}: keys must be whole numbers, got {list(store)}") from None
        self._set_variables(own, arrays)

    def _set_variables(self, own: str, arrays: Mapping[int, Any]) -> None:
        variables = self.variables
        if sorted(arrays) != list(range(len(variables))):
            raise ValueError(
                f"{own}: there are {len(variables)} variables, got {len(arrays)} arrays"
            )
        given = [to_array(own, v.path, arrays[i]) for i, v in enumerate(variables)]
        for variable, array in zip(variables, given, strict=True):
            if array.shape != variable.shape:
                raise ValueError(
                    f"{own}: {variable.path!r} has the shape {variable.shape}, got {array.shape}"
                )
        for variable, array in zip(variables, given, strict=True):
            variable.assign(array)

    def _variable(self, weight: Any, slot: str) -> OptimizerVariable:
        place = self.buffers.index(slot)

        def write(array: NDArray[Any]) -> None:
            self.remembered(weight)[place][...] = array

        name = f"{weight.name.replace('/', '_')}_{slot}"
        return OptimizerVariable(self.name, name, lambda: self.remembered(weight)[place], write)

    def _set_steps(self, array: NDArray[Any]) -> None:
        self.steps = int(array)

    def _set_rate(self, array: NDArray[Any]) -> None:
        self.learning_rate.assign(array)
