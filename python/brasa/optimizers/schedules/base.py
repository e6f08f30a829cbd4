"""What a schedule is: the learning rate as a function of the step."""

from __future__ import annotations

from brasa.configurable import Configurable


class LearningRateSchedule(Configurable):
    """Base class: ``__call__`` says the learning rate of a step.

    A model that is saved keeps the class's name and ``get_config``: the arguments of its
    constructor. ``load_model`` finds a class of your own in ``custom_objects``.

    >>> from brasa.optimizers import SGD, schedules
    >>> class Halves(schedules.LearningRateSchedule):
    ...     def __call__(self, step):
    ...         return 0.5**step
    >>> SGD(Halves()).learning_rate
    1.0
    """

    def __call__(self, step: int) -> float:
        """The learning rate of the step."""
        raise NotImplementedError(f"{type(self).__name__} does not define __call__()")
