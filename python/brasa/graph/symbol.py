"""What a graph is made of. No arithmetic happens here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from numpy.typing import NDArray

from brasa.graph.arithmetic import Arithmetic, is_number
from brasa.graph.indexing import Entry

if TYPE_CHECKING:
    from brasa.graph.trace import Graph

Shape = tuple[int, ...]
Attributes = Mapping[str, Any]

_NO_VALUES = (
    "a symbolic tensor has no values: it stands for what a plan will compute. "
    "Use brasa.ops on it instead of NumPy."
)
_UNDECIDED = (
    "a symbolic tensor has no values, and is neither true nor false: let attributes, shapes or "
    "`is None` decide. ops.where(x, a, b) takes a where x is not 0, ops.where(x > y, a, b) where "
    "x > y, and ops.equal compares."
)


class Operations(Protocol):
    """The ops behind the operators; ``brasa.ops`` says which they are."""

    def add(self, *xs: Any) -> Any: ...
    def multiply(self, a: Any, b: Any) -> Any: ...
    def scale(self, x: Any, factor: float, offset: float = 0.0) -> Any: ...
    def divide(self, a: Any, b: Any) -> Any: ...
    def matmul(self, a: Any, b: Any) -> Any: ...
    def power(self, x: Any, exponent: float) -> Any: ...
    def abs(self, x: Any) -> Any: ...
    def less(self, a: Any, b: Any) -> Any: ...
    def less_equal(self, a: Any, b: Any) -> Any: ...
    def greater(self, a: Any, b: Any) -> Any: ...
    def greater_equal(self, a: Any, b: Any) -> Any: ...
    def part(self, x: Any, entries: Sequence[Entry]) -> Any: ...


class OfOps(Arithmetic):
    """Operators that are ops."""

    operations: ClassVar[Operations]

    def _plus(self, other: Any) -> Any:
        return self.operations.add(self, other)

    def _times(self, other: Any) -> Any:
        return self.operations.multiply(self, other)

    def _over(self, other: Any) -> Any:
        return self.operations.divide(self, other)

    def _under(self, other: Any) -> Any:
        return self.operations.divide(other, self)

    def __matmul__(self, other: Any) -> Any:
        return self.operations.matmul(self, other) if self._joins(other) else NotImplemented

    def __rmatmul__(self, other: Any) -> Any:
        return self.operations.matmul(other, self) if self._joins(other) else NotImplemented

    def _power(self, exponent: float) -> Any:
        return self.operations.power(self, exponent)

    def __abs__(self) -> Any:
        return self.operations.abs(self)

    def _compared(self, op: str, other: Any) -> Any:
        return getattr(self.operations, op)(self, other)

    def _scaled(self, factor: float, offset: float = 0.0) -> Any:
        return self.operations.scale(self, factor, offset)

    def _part(self, entries: list[Entry]) -> Any:
        return self.operations.part(self, entries)


@dataclass(eq=False)
class Symbol(OfOps):
    """A tensor that will exist when the plan runs: a shape, a type, and where it comes from.

    Exactly one of ``node`` (an op's output) and ``source`` (a parameter, an input, a piece of
    state) is set. The batch is the first axis of inputs; shapes are always concrete.
    """

    graph: Graph
    shape: Shape
    dtype: str = "float32"
    node: Node | None = None
    index: int = 0
    source: Any = None
    mask: Symbol | None = (
        None  # which steps count, where layers carry that along (layers/masking.py)
    )

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def _is_batched(self) -> bool:
        return self.graph.batched

    def _joins(self, other: Any) -> bool:
        return True  # the op says what it does not take

    def _minus(self, other: Any) -> Any:
        return self._scaled(-1.0)._plus(other)._scaled(-1.0)  # weights cannot be negated alone

    def __bool__(self) -> bool:
        raise TypeError(_UNDECIDED)

    def __eq__(self, other: object) -> bool:
        if is_number(other) or (hasattr(other, "__array__") and not isinstance(other, Symbol)):
            raise TypeError(_UNDECIDED)
        return self is other  # as tables of symbols need it

    __hash__ = object.__hash__

    def __float__(self) -> float:
        raise TypeError(_NO_VALUES)

    def __repr__(self) -> str:
        origin = self.node.name if self.node else repr(self.source)
        return f"Symbol({origin}, {self.shape}, {self.dtype})"

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError(_NO_VALUES)


@dataclass(eq=False)
class Node:
    """One op call: a name from the registry in csrc/ops, operands, constants, results."""

    op: str
    name: str
    inputs: tuple[Symbol | None, ...]
    attributes: Attributes
    outputs: tuple[Symbol, ...] = field(default=())


@dataclass(frozen=True)
class External:
    """A source that the caller binds at each run, by name: a data set, labels, a row index."""

    name: str


@dataclass(frozen=True)
class State:
    """A source that a layer keeps from batch to batch: its ``index``-th one."""

    owner: Any
    index: int


@dataclass(frozen=True)
class Constant:
    """A source whose values the plan has: an array beside tensors, as it was when that was read.

    Arrays of the same elements are one.
    """

    dtype: str
    shape: Shape
    digest: str
    values: NDArray[Any] = field(compare=False, repr=False)

    @classmethod
    def of(cls, array: NDArray[Any]) -> Constant:
        """The constant of the array's values of now."""
        values = array.copy()
        digest = blake2b(values, digest_size=16).hexdigest()
        return cls(values.dtype.name, values.shape, digest, values)


def spec_of(symbol: Symbol | None) -> tuple[str, Shape] | None:
    """Dtype and shape as the extension takes them."""
    return None if symbol is None else (symbol.dtype, symbol.shape)


def consumers(nodes: Sequence[Node]) -> dict[Symbol, list[Node]]:
    """The nodes that read each symbol, in order."""
    readers: dict[Symbol, list[Node]] = {}
    for node in nodes:
        for symbol in node.inputs:
            if symbol is not None:
                readers.setdefault(symbol, []).append(node)
    return readers
