"""One entry for every op: on arrays it runs now, on symbols it records a node."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brasa import _core
from brasa.arrays import as_floats, check_output, is_elsewhere, is_exact
from brasa.graph.recording import recorder
from brasa.graph.symbol import Symbol
from brasa.graph.trace import Graph, graph_of
from brasa.parameter import Parameter
from brasa.there import lent, lies_there, whole_numbers

Tensor = Any  # a NumPy array, or a Symbol inside a layer's call()
Out = Any  # None, an array, or a tuple of arrays to write into


def floats(op: str, name: str, value: Any) -> Any:
    """A float operand as the ops take it: symbols and parameters pass, arrays are checked."""
    if is_exact(value) or isinstance(value, Symbol):
        return value
    if isinstance(value, Parameter):
        return lifted(value)
    if is_elsewhere(value):
        return on_device(op, name, value)
    return as_floats(op, name, value)


def lifted(value: Any) -> Any:
    """A weight as its symbol in the graph that records now; all else, and outside, as it is."""
    if not isinstance(value, Parameter):
        return value
    graph = recorder()
    return value if graph is None else graph.source(value, value.shape)


def on_device(op: str, name: str, value: Any) -> _core.DeviceArray:
    """Floats that lie on a device, without copying them."""
    array: _core.DeviceArray = where_it_lies(op, name, value)
    if array.dtype != "float32":
        raise TypeError(f"{op}: {name} must be float32 on a device, got {array.dtype}: convert it")
    return array


def where_it_lies(op: str, name: str, value: Any) -> Any:
    """An array on a device as brasa's, without copying it; what is the host's as it is.

    It is looked for on the device in use, else on "cuda".
    """
    if not is_elsewhere(value):
        return value
    device = str(_core.current_device())
    return lent(op, name, value, "cuda" if device == "cpu" else device)


def numbers(op: str, name: str, value: Any, check: Callable[[Any], NDArray[np.int32]]) -> Any:
    """Whole numbers as int32 once ``check`` has seen them, here or on a device. Symbols pass.

    Where the values of those come from the data, they are checked as they are fed.
    """
    if isinstance(value, Symbol):
        return value
    value = where_it_lies(op, name, value)
    return whole_numbers(value, check) if lies_there(value) else check(value)


def optional_floats(op: str, name: str, value: Any) -> Any:
    """Like ``floats``; None stays None."""
    return None if value is None else floats(op, name, value)


def is_symbolic(*values: Any) -> bool:
    """Whether any value belongs to a graph."""
    return graph_of(values) is not None


def run(
    op: str,
    inputs: Sequence[Any],
    attributes: dict[str, Any] | None = None,
    out: Out = None,
    caller: str | None = None,
) -> tuple[Any, ...]:
    """Call an op of the registry; returns the tuple of its outputs.

    Arrays that kernels take as they are run at once: that is all that a small op can afford. Where
    anything else is among the operands, ``_run`` finds out what it is, or what is wrong with it.

    ``caller`` is the function that the user called, where its name is not the op's: errors begin
    with it.
    """
    try:
        results = _core.run_exact(op, inputs, attributes, out)
        return _run(op, inputs, attributes, out) if results is None else results
    except (ValueError, TypeError, MemoryError) as error:
        caller, text = caller or op, str(error)
        if text.startswith(f"{caller}: "):
            raise
        kind = next(k for k in (ValueError, TypeError, MemoryError) if isinstance(error, k))
        raise kind(f"{caller}: {text.removeprefix(f'{op}: ')}") from None


def _run(
    op: str, inputs: Sequence[Any], attributes: dict[str, Any] | None, out: Out
) -> tuple[Any, ...]:
    """A call of any kind: on symbols, on parameters, on a device, or one that is refused."""
    graph = graph_of(inputs) or graph_of([*map(lifted, inputs)])
    if graph is not None:
        if out is not None:
            raise ValueError(f"{op}: out= cannot be given for symbolic tensors")
        return graph.add(op, [_symbol(graph, op, value) for value in inputs], attributes)
    arrays = [value.value if isinstance(value, Parameter) else value for value in inputs]
    outputs = None if out is None else _outputs(op, out, tuple(arrays))
    results: tuple[Any, ...] = _core.run(op, arrays, attributes, outputs)
    return results


def _symbol(graph: Graph, op: str, value: Any) -> Symbol | None:
    if value is None or isinstance(value, Symbol):
        if isinstance(value, Symbol) and value.graph is not graph:
            raise ValueError(f"{op}: the operands belong to different graphs")
        return value
    if isinstance(value, Parameter):
        return graph.source(value, value.shape)
    if isinstance(value, np.ndarray):
        return graph.constant(value)
    raise TypeError(
        f"{op}: inside a model, operands are symbols, weights of a layer, or arrays of the host, "
        f"got {type(value).__name__}"
    )


def _outputs(op: str, out: Out, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    given = out if isinstance(out, tuple) else (out,)
    return tuple(
        None if array is None else check_output(op, "out", array, inputs) for array in given
    )
