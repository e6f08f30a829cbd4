"""What flows between layers while a model is put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from brasa.graph.deferred import Deferred, NoValuesYetError
from brasa.graph.indexing import Entry
from brasa.graph.recording import recorder
from brasa.layers.tracing import OpenShape

if TYPE_CHECKING:
    from brasa.layers.base import Layer


class Undecided:
    """``training`` while a model is put together: each plan decides."""

    def __bool__(self) -> bool:
        raise NoValuesYetError("whether this is training is not known before the model runs")

    def __eq__(self, other: object) -> bool:
        return bool(self)

    __hash__ = None  # type: ignore[assignment]  # nothing looks it up


UNDECIDED: Any = Undecided()


@dataclass(eq=False)
class LayerTensor(Deferred):
    """What flows between layers while a model is put together: a shape and its origin.

    Operators stand for layers: ``x + y`` for Add, ``x * y`` for Multiply, ``x - y`` for Subtract,
    those with numbers (``2 * x - 1``, ``x / 255``) for Rescaling, and ``x[:, -1]`` for GetItem.
    ``x / y``, ``1 / x``, ``x ** 2``, ``x @ y``, ``x < y``, ``abs(x)``, operators with arrays and
    the functions of :mod:`brasa.ops`, for Operation.
    """

    shape: OpenShape
    call: LayerCall | None = None  # None for an Input
    index: int = 0
    dtype: str = "float32"
    name: str = "input"
    mask_shape: OpenShape | None = None  # of the mask that comes with it (layers/masking.py)
    dtype_is_open: bool = False  # of an Input that did not say it: its first layer decides
    is_whole: bool = False  # whole numbers in float32, as ops.cast and ops.argmax leave them

    def __repr__(self) -> str:
        # Not the dataclass's: with all that came before, it doubles with every residual block.
        return f"<LayerTensor {self.name!r} {self.shape} {self.dtype}>"

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise NoValuesYetError(
            "the output of a layer has no values before the model runs: use predict(), or "
            "brasa.ops between Input and Model; the call() of a layer gets it as an input"
        )

    def __bool__(self) -> bool:
        raise TypeError(
            "the output of a layer is neither true nor false before the model runs: let "
            "attributes, shapes or `is None` decide"
        )

    def _joins(self, other: Any) -> bool:
        return isinstance(other, (LayerTensor, np.ndarray))

    def _plus(self, other: Any) -> Any:
        if not isinstance(other, LayerTensor):
            return self._operated("add", self, other)
        from brasa.layers.merge import Add

        return Add()([self, other])

    def _minus(self, other: Any) -> Any:
        if not isinstance(other, LayerTensor):
            return self._operated("subtract", self, other)
        from brasa.layers.merge import Subtract

        return Subtract()([self, other])

    def _times(self, other: Any) -> Any:
        if not isinstance(other, LayerTensor):
            return self._operated("multiply", self, other)
        from brasa.layers.merge import Multiply

        return Multiply()([self, other])

    def _over(self, other: Any) -> Any:
        return self._operated("divide", self, other)

    def _under(self, other: Any) -> Any:
        return self._operated("divide", other, self)

    def __matmul__(self, other: Any) -> Any:
        return self._operated("matmul", self, other) if self._joins(other) else NotImplemented

    def __rmatmul__(self, other: Any) -> Any:
        return self._operated("matmul", other, self) if self._joins(other) else NotImplemented

    def _power(self, exponent: float) -> Any:
        return self._operated("power", self, exponent)

    def __abs__(self) -> Any:
        return self._operated("abs", self)

    def _compared(self, op: str, other: Any) -> Any:
        return self._operated(op, self, other)

    def _operated(self, op: str, *arguments: Any) -> Any:
        if recorder() is not None:  # the model's call() is one layer
            self.__array__()
        return self.applied(f"ops.{op}", arguments, {})

    def applied(self, op: str, arguments: Sequence[Any], options: Mapping[str, Any]) -> Any:
        """The output of an :class:`~brasa.layers.Operation`."""
        from brasa.layers.operation import apply

        return apply(op, arguments, options)

    def _scaled(self, factor: float, offset: float = 0.0) -> Any:
        from brasa.layers.rescaling import Rescaling

        return Rescaling(factor, offset)(self)

    def _part(self, entries: list[Entry]) -> Any:
        from brasa.layers.get_item import GetItem

        return GetItem(entries)(self)


@dataclass(eq=False)
class Part:
    """A model inside of others: one object for all of its uses."""

    name: str
    kind: str  # its class
    model: Any = field(default=None, repr=False)


@dataclass(eq=False)
class Use:
    """One use of a model inside of another."""

    part: Part
    inputs: list[LayerTensor]


@dataclass(eq=False)
class LayerCall:
    """One use of a layer: the node of a model's graph of layers."""

    layer: Layer
    inputs: Any  # a LayerTensor, or a list of them for layers such as Add
    outputs: list[LayerTensor] = field(default_factory=list)
    training: bool | None = None  # True: as in training, in predictions too; False: never
    options: dict[str, Any] = field(default_factory=dict)  # what else ``call`` was told
    uses: tuple[Use, ...] = ()  # of the models inside the whole that it came with, outermost first

    def __repr__(self) -> str:
        return f"<LayerCall {self.layer.name!r} {[tensor.shape for tensor in self.outputs]}>"

    @property
    def within(self) -> tuple[Part, ...]:
        """The models inside the whole that it came with, outermost first."""
        return tuple(use.part for use in self.uses)

    @property
    def input_list(self) -> list[LayerTensor]:
        """The inputs as a list."""
        return list(self.inputs) if isinstance(self.inputs, (list, tuple)) else [self.inputs]
