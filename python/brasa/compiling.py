"""``compile``: optimizer, losses and metrics of a model, and whose optimizer it is."""

from __future__ import annotations

from typing import Any

from brasa import optimizers
from brasa.arrays import FloatArray
from brasa.objective import make_objective
from brasa.optimizers import Optimizer
from brasa.own_training import OwnTraining
from brasa.runtime import require_precision
from brasa.spellings import check_compile


class Compiling(OwnTraining):
    """Base of models: takes what training needs, before or after the graph is known."""

    def compile(
        self,
        optimizer: Any = "adam",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        device: str | None = None,
        precision: str = "float32",
        *,
        run_eagerly: bool | None = None,
        jit_compile: bool | str | None = None,
        steps_per_execution: int | None = None,
        auto_scale_loss: bool | None = None,
    ) -> None:
        """Choose optimizer, loss and metrics; warn when a loss and its output disagree.

        ValueError where the optimizer is that of another model: it counts the steps of one.

        ``metrics`` count every sample once; in ``weighted_metrics`` it counts as often as its
        ``sample_weight`` or ``class_weight`` says.

        ``device`` moves the model there first, as ``to`` does.

        ``precision`` is that of the products in dense layers and ungrouped convolutions, and of
        their gradients: one of ``brasa.runtime.precisions()``. "bf16" rounds both operands of a
        product, "bf16x3" is as exact as float32 by other means, and pays on AMX alone; both need a
        processor with AMX or AVX512-BF16, or a RuntimeError says what is missing. Products that
        float32 computes faster on this machine stay in it, as do weights, sums and all else.

        The last four are Keras's: taken where they ask for what plans do anyway.
        """
        check_compile(run_eagerly, jit_compile, steps_per_execution, auto_scale_loss)
        self._forget_steps()
        if device is not None:
            self.to(device)
        arguments = {
            "optimizer": optimizer,
            "loss": loss,
            "loss_weights": loss_weights,
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
            "precision": require_precision("compile", precision),
        }
        if isinstance(optimizer, Optimizer):
            optimizer.require_free_for(self)
        if self._engine is None:
            chosen = optimizers.get(optimizer)  # to be read and set before the input shape is known
            chosen.belong_to(self)
            self._compile_arguments = {**arguments, "optimizer": chosen}
            return
        self._set_objective(arguments)

    def _compile_again(self, arguments: dict[str, Any]) -> None:
        """As it was; a subclass's own ``compile`` takes what it likes."""
        Compiling.compile(self, **arguments)

    def _set_objective(self, arguments: dict[str, Any]) -> None:
        objective, self._complaints = make_objective(
            self.network, **arguments, needs_loss=not self._has_own_steps
        )
        if not self._is_in_change:
            self._tell_complaints(stacklevel=4)
        self._compile_arguments = arguments
        self.engine.set_objective(objective)
        objective.optimizer.belong_to(self)

    def _holds(self, optimizer: Optimizer) -> bool:
        """Whether steps of this model are that optimizer's."""
        objective = self.objective
        waiting = self._compile_arguments.get("optimizer")
        return optimizer is (waiting if objective is None else objective.optimizer)

    def _trained(self) -> list[Any]:
        """The weights that the optimizer has buffers of."""
        return self.store.trainable

    def _slots_of(self, weight: Any) -> tuple[FloatArray, ...]:
        """What the optimizer remembers of a weight, to be changed by a step now."""
        store = self.store
        if not store.trains(weight):
            raise ValueError(
                f"{type(self.optimizer).__name__}.apply: the optimizer is that of model "
                f"{self.name!r}, which does not train {weight.name!r}: use another optimizer"
            )
        return store.slots_to_write(self.optimizer.buffers, weight)
