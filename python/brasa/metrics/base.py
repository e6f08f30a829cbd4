"""What all metrics have in common, and what one of your own is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from brasa.configurable import Configurable
from brasa.metrics.variables import Variable

if TYPE_CHECKING:
    from typing_extensions import Self  # typing has it from Python 3.11 on


class Metric(Configurable):
    """Base class. A metric of your own remembers what it saw, and gives a value of all of that.

    It defines ``update_state(y_true, y_pred, sample_weight=None)``, which gets NumPy's arrays of a
    batch, and ``result()``; its variables are made by ``add_weight``. ``reset_state()`` makes them
    what they were at first: define it where you keep something else.

    Given to ``compile``, it is updated after every batch with the targets as the loss takes them
    (float32, or int32 class numbers) and the predictions, beside the plan: these are copied out of
    it, and Python runs between two batches: as long as the training step of a small net, or
    longer. ``sample_weight`` comes to ``weighted_metrics``, and where a mask leaves steps out.
    Metrics made of ops (functions, and those of this package that are means) are a part of the plan
    and cost no such copy.

    Args:
        dtype: Accepted as Keras has it; sums are float64.
        name: What logs call it. Default: the class's name, as in ``"mean_length"``.

    >>> import numpy as np
    >>> from brasa import metrics
    >>> class Largest(metrics.Metric):
    ...     def __init__(self, **options):
    ...         super().__init__(**options)
    ...         self.error = self.add_weight(name="error")
    ...
    ...     def update_state(self, y_true, y_pred, sample_weight=None):
    ...         self.error.assign(max(self.error, np.abs(y_true - y_pred).max()))
    ...
    ...     def result(self):
    ...         return self.error
    >>> largest = Largest()
    >>> largest.update_state(np.array([1.0, 2.0]), np.array([1.5, 2.0]))
    >>> largest(np.array([1.0]), np.array([0.0]))
    1.0
    """

    default_name: ClassVar[str] = "metric"
    name: str
    _variables: list[Variable]

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "default_name" not in cls.__dict__:
            cls.default_name = _snake(cls.__name__)

    def __new__(cls, *arguments: Any, **options: Any) -> Self:
        self = super().__new__(cls, *arguments, **options)
        self._variables = []
        self.name = cls.default_name
        return self

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        if not isinstance(name, (str, type(None))):
            raise TypeError(f"{type(self).__name__}: name must be a string, got {name!r}")
        self.dtype = "float32" if dtype is None else dtype
        if name is not None:
            self.name = name

    @property
    def in_plan(self) -> bool:
        """Whether plans compute it, rather than ``update_state``."""
        return False

    def add_variable(
        self,
        shape: Sequence[int],
        initializer: Any = None,
        dtype: Any = None,
        aggregation: str = "sum",
        name: str | None = None,
    ) -> Variable:
        """An array to remember: zeros, or what an initializer or a function of the shape gives.

        ``aggregation`` is Keras's, for many machines; here is one.
        """
        name = f"variable_{len(self._variables)}" if name is None else name
        variable = Variable(shape, initializer, dtype, name)
        self._variables.append(variable)
        return variable

    def add_weight(
        self,
        shape: Sequence[int] = (),
        initializer: Any = None,
        dtype: Any = None,
        name: str | None = None,
    ) -> Variable:
        """The same, of one number by default."""
        return self.add_variable(shape, initializer, dtype, name=name)

    @property
    def variables(self) -> list[Variable]:
        """What ``add_weight`` made, of metrics that are attributes, too."""
        parts = [item for item in vars(self).values() if isinstance(item, Metric)]
        return [*self._variables, *(variable for part in parts for variable in part.variables)]

    def update_state(self, *arguments: Any, **options: Any) -> Any:
        """See one batch more."""
        raise NotImplementedError(f"{type(self).__name__} does not define update_state()")

    def result(self) -> Any:
        """The value of all batches seen since the last ``reset_state()``."""
        raise NotImplementedError(f"{type(self).__name__} does not define result()")

    def reset_state(self) -> None:
        """Forget all batches."""
        for variable in self.variables:
            variable.reset()
        for part in vars(self).values():
            if isinstance(part, Metric):
                part.reset_state()

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Update, and tell the result."""
        self.update_state(*arguments, **options)
        return plain(self.result())

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name}


def plain(value: Any) -> Any:
    """A result as logs have it: a float where it is one number, else an array or a dictionary."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    array = np.asarray(value)
    return float(array) if array.ndim == 0 else array


def _snake(name: str) -> str:
    """``"MeanIoU"`` becomes ``"mean_io_u"``: as Keras calls them."""
    apart = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", apart).lower()
