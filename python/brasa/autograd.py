"""Gradients of functions of one's own, by their arguments and by weights. JAX's names."""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brasa import runtime
from brasa.arrays import is_exact, to_array, to_float32
from brasa.function_plan import FunctionPlan, FunctionPlanner, Wanted
from brasa.graph.settings import settings
from brasa.graph.symbol import Symbol
from brasa.ops.arguments import truth, whole
from brasa.parameter import HasWeights, Parameter
from brasa.plan_cache import forget_the_oldest
from brasa.whole_numbers import as_ids, as_int32

Array = NDArray[Any]


def value_and_grad(
    function: Callable[..., Any], argnums: Any = None, weights: Any = None, has_aux: bool = False
) -> ValueAndGrad:
    """A function that gives what ``function`` gives, and its gradients.

    ``function`` takes tensors and returns one, made of :mod:`brasa.ops`, operators, layers, losses
    and models called on tensors: ``model(x)``, ``model(x, training=True)``. It is called once for
    each set of shapes and types: the plan that is made then is run on the arrays from there on.
    A NumPy array that it takes from outside stays what it was then: what changes is an argument.
    Weights, whether layers are frozen, and what they are set to, such as a dropout's rate, are
    looked up at each run. An array as the value stands for its sum.

    With ``training=True`` dropout draws new numbers at each call, which follow from
    :func:`brasa.set_seed`, and normalizations move their statistics. What layers and weights add to
    the loss of ``fit`` (``add_loss``, regularizers) is no part of the value.

    Args:
        function: Of one array or several; whole numbers are int32, all others float32.
        argnums: By which arguments: a number, or several. Default: the first, and none where
            weights are given.
        weights: By which weights, too: a model or layer, whose trainable ones are meant, or a list.
        has_aux: Whether the function returns ``(value, other)``: a tensor, or lists and
            dictionaries of them, which are given as arrays.

    Returns:
        A function of the same arguments, whose result is ``(value, gradients)``, or with has_aux
        ``((value, other), gradients)``. The value is a float, or an array. The gradients are an
        array for a single argnum, a tuple for several; with weights alone a list in their order,
        and with both ``(of arguments, of weights)``.

    Raises:
        TypeError: an argument to differentiate by is not float32, or the function does not return
            a tensor. There are no gradients of gradients. ValueError: argnums is out of range.

    >>> import numpy as np
    >>> import brasa
    >>> from brasa import layers, ops
    >>> f = brasa.value_and_grad(lambda x: ops.sum(x * x))
    >>> f(np.float32([1.0, 3.0]))
    (10.0, array([2., 6.], dtype=float32))
    >>> dense = layers.Dense(1, kernel_initializer="ones", input_shape=(2,))
    >>> dense.build((None, 2))
    >>> step = brasa.value_and_grad(lambda x, y: ops.mean((dense(x) - y) ** 2), weights=dense)
    >>> loss, gradients = step([[1.0, 2.0]], [[1.0]])
    >>> loss, [gradient.tolist() for gradient in gradients]
    (4.0, [[[4.0], [8.0]], [4.0]])
    """
    return ValueAndGrad("value_and_grad", function, argnums, weights, has_aux)


def grad(
    function: Callable[..., Any], argnums: Any = None, weights: Any = None, has_aux: bool = False
) -> Callable[..., Any]:
    """As :func:`value_and_grad`, without the value: gradients, or ``(gradients, other)``.

    >>> import numpy as np
    >>> import brasa
    >>> brasa.grad(lambda x, y: x * y, argnums=(0, 1))(np.float32(2), np.float32(3))
    (array(3., dtype=float32), array(2., dtype=float32))
    """
    both = ValueAndGrad("grad", function, argnums, weights, has_aux)

    @functools.wraps(function, updated=())
    def gradients(*arguments: Any) -> Any:
        value, found = both(*arguments)
        return (found, value[1]) if has_aux else found

    return gradients


class ValueAndGrad:
    """See :func:`value_and_grad`; keeps a plan for each set of shapes, and forgets the oldest."""

    def __init__(
        self, caller: str, function: Callable[..., Any], argnums: Any, weights: Any, has_aux: bool
    ) -> None:
        if not callable(function):
            raise TypeError(f"{caller}: function must be a function, got {function!r}")
        functools.update_wrapper(self, function, updated=())
        self._caller, self._function = caller, function
        name = getattr(function, "__name__", type(function).__name__)
        self._what = f"{caller}: function {name!r}"
        self._has_aux = truth(caller, "has_aux", has_aux)
        self._weights_of = _weights_of(caller, weights)
        self._has_weights = weights is not None
        if argnums is None:
            argnums = () if self._has_weights else 0
        self._is_single = not isinstance(argnums, (tuple, list))
        given = [argnums] if self._is_single else argnums
        self._argnums = [whole(caller, "argnums", number) for number in given]
        if not self._argnums and not self._has_weights:
            raise ValueError(f"{caller}: argnums names no argument, and there are no weights")
        self._plans: dict[tuple[Hashable, ...], FunctionPlan] = {}

    def __call__(self, *arguments: Any) -> Any:
        """The value and the gradients."""
        arrays = [self._array(i, argument) for i, argument in enumerate(arguments)]
        plan = self._plan_for(arrays)
        for i, array in enumerate(arrays):
            if array.dtype != np.float32:
                arrays[i] = self._whole_numbers(i, array, plan.limits[i])
        value, other, gradients = plan.run(arrays)
        shown = value if value.shape else value.item()
        return ((shown, other) if self._has_aux else shown), self._arranged(gradients)

    def __copy__(self) -> ValueAndGrad:
        """The same, as a copy of a function is: what it takes from outside is not copied."""
        return self

    def __deepcopy__(self, memo: Any) -> ValueAndGrad:
        return self

    def __reduce__(self) -> Any:
        raise TypeError(
            f"{self._what} cannot be pickled with its plans: pickle the function and the weights, "
            f"and call brasa.{self._caller} where they are loaded"
        )

    def _arranged(self, gradients: list[Array]) -> Any:
        count = len(self._argnums)
        by_arguments: Any = gradients[0] if self._is_single else tuple(gradients[:count])
        if not self._has_weights:
            return by_arguments
        return (by_arguments, gradients[count:]) if count else gradients

    def _plan_for(self, arrays: Sequence[Array]) -> FunctionPlan:
        specs = tuple([("float32" if a.dtype == np.float32 else "int32", a.shape) for a in arrays])
        weights = self._weights_of()
        choices = runtime.threads(), runtime.implementation(), runtime.winograd()
        key = (settings(), specs, weights, choices, runtime.current_device())
        plan = self._plans.get(key)
        if plan is None or not plan.plan.is_of_now:
            self._plans.pop(key, None)
            self._plans = {k: p for k, p in list(self._plans.items()) if k[0] == key[0]}
            wanted = Wanted(self._numbers(arrays), weights, self._has_aux)
            plan = FunctionPlanner(self._what).build(self._function, specs, wanted)
            self._plans[key] = plan
            forget_the_oldest(self._plans, lambda each: each.plan.arena_bytes)
        return plan

    def _numbers(self, arrays: Sequence[Array]) -> tuple[int, ...]:
        """``argnums`` from 0 on, each checked."""
        numbers = []
        for given in self._argnums:
            if not -len(arrays) <= given < len(arrays):
                raise ValueError(
                    f"{self._caller}: argnums is {given}, but there are {len(arrays)} arguments"
                )
            numbers.append(given % len(arrays))
            if arrays[numbers[-1]].dtype != np.float32:
                raise TypeError(
                    f"{self._caller}: argument {numbers[-1]} holds whole numbers, by which there "
                    "is no gradient: convert it by astype('float32'), or choose argnums"
                )
        if len(set(numbers)) < len(numbers):
            raise ValueError(f"{self._caller}: argnums {self._argnums} names an argument twice")
        return tuple(numbers)

    def _array(self, number: int, value: Any) -> Array:
        """An argument as float32, or of whole numbers."""
        op, name = self._caller, f"argument {number}"
        if is_exact(value):
            array: Array = value
        elif isinstance(value, Symbol):
            raise TypeError(
                f"{op}: {name} is a tensor without values: gradients are of arrays, there are no "
                "gradients of gradients, nor in the call() of layers"
            )
        else:
            array = to_array(op, name, value)
            if array.dtype.kind not in "iu":  # booleans are 0 and 1
                array = to_float32(op, name, array)
        if not array.size:
            raise ValueError(f"{op}: {name} of the shape {array.shape} is empty")
        return array

    def _whole_numbers(self, number: int, array: Array, limit: int | None) -> NDArray[np.int32]:
        """An argument of whole numbers as int32, where they name something with a look at each."""
        name = f"arguments[{number}]"
        if limit is None:
            return as_int32(self._caller, name, array)
        return as_ids(self._caller, name, array, limit, f"there are {limit} rows or classes")


def _weights_of(caller: str, given: Any) -> Callable[[], tuple[Parameter, ...]]:
    """What gives the weights of now: layers may be frozen between two calls."""
    if given is None:
        return tuple
    if isinstance(given, HasWeights):
        return lambda: tuple(given.trainable_weights)
    weights = tuple(given) if isinstance(given, (list, tuple)) else (given,)
    for weight in weights:
        if not isinstance(weight, Parameter):
            raise TypeError(
                f"{caller}: weights must be a model, a layer, or a list of weights such as "
                f"model.trainable_weights, got {weight!r}"
            )
    if len(set(weights)) < len(weights):
        raise ValueError(f"{caller}: weights holds one of them twice")
    return lambda: weights
