"""What a model runs on: its network, its flat buffers, its objective and its cached plans."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from brasa import runtime
from brasa.buffers import aligned_zeros
from brasa.feeds import DataSet
from brasa.graph.lower import CompiledPlan
from brasa.graph.settings import settings
from brasa.network import Network
from brasa.optimizers import Optimizer
from brasa.optimizers.phase import AVERAGE, Phase
from brasa.plan_cache import forget_the_oldest
from brasa.plan_key import FORWARD, OUTPUTS, Objective, PlanKey, Reading
from brasa.plans import PlanBuilder
from brasa.states import state_buffers
from brasa.store import ParameterStore
from brasa.there import lies_there, upload

if TYPE_CHECKING:
    from brasa.parameter import Parameter
    from brasa.readings import Readings

Arrays = dict[str, NDArray[Any]]

# What weights and layers add to the loss: the last sum, at 0 in plans without, under a free name.
_BESIDE = "beside the losses"


class Engine:
    """The state of training, and the plans that change it.

    ``seed`` decides the order of the epochs and the masks of dropout; with the weights, the slots
    and the two counters it is all that a resumed run needs to equal an uninterrupted one.
    """

    def __init__(self, network: Network, seed: int, device: str = "cpu") -> None:
        self.network = network
        self.seed = seed
        self.device = device
        self.epochs_trained = 0
        self.objective: Objective | None = None
        self.store = ParameterStore(network.parameters, network.trainable, device)
        self._plans: dict[PlanKey, CompiledPlan] = {}
        self.steps: dict[Any, Any] = {}  # what step.py keeps beside a plan
        self.reading: Readings | None = None  # whose states the metrics in Python are in
        self._hyper = aligned_zeros(2, "float64")
        self._random = aligned_zeros(2, "int64")
        self._zero = aligned_zeros(1)

    def set_objective(
        self, objective: Objective, trainable: Sequence[Parameter] | None = None
    ) -> None:
        """Choose what training minimises. Weights that became (un)trainable change places.

        ``trainable``: what is trained. Default: what the layers say now. An optimizer that goes on
        keeps what it remembers of the weights.
        """
        self._plans.clear()
        self.steps.clear()
        optimizer, network = objective.optimizer, self.network
        weights = network.trainable if trainable is None else trainable
        spared = optimizer.spared(weights) if optimizer.weight_decay else ()
        store = ParameterStore(network.parameters, weights, self.device, spared)
        store.prepare_training(optimizer.buffers, optimizer.first_values)
        if optimizer.use_ema:
            store.copy_values(AVERAGE)
        if self.objective is not None and self.objective.optimizer is optimizer:
            store.copy_slots(self.store)
        for weight, slots in optimizer.hand_over().items():
            if store.trains(weight):
                for name, values in zip(optimizer.buffers, slots, strict=True):
                    store.set_slot(name, weight, values)
        self.store, self.objective = store, objective

    def move(self, device: str) -> None:
        """Live on another device. The plans are made anew, and bind its memory."""
        if device == self.device:
            return
        self.store.move(device)
        self.device = device
        self._plans.clear()
        self.steps.clear()

    @property
    def optimizer(self) -> Optimizer:
        """The optimizer of the objective."""
        assert self.objective is not None
        return self.objective.optimizer

    def key_of(self, mode: str, batch: int, data: DataSet, *, indexed: bool = False) -> PlanKey:
        """What the plan for one batch of a data set is cached under."""
        objective = self.objective if mode == "train" else None
        return PlanKey(
            mode,
            batch,
            data.inputs,
            data.targets,
            data.weights,
            indexed,
            *self.choices(),
            None if objective is None else objective.optimizer.phase,
        )

    def choices(self) -> tuple[int, str, bool | str, str, int]:
        """What the user chose in brasa.runtime, compile() and layers, and a plan depends on."""
        on_cpu = self.device == "cpu"
        kernels = runtime.implementation() if on_cpu else self.device
        precision = "float32" if self.objective is None else self.objective.precision
        return runtime.threads(), kernels, runtime.winograd(), precision, settings()

    def plan_for(
        self,
        mode: str,
        batch: int,
        data: DataSet,
        *,
        indexed: bool = False,
        phase: Phase | None = None,
    ) -> CompiledPlan:
        """The plan for one batch of a data set, from the cache or made now.

        ``phase``: what the step does beside the optimizer's op. Default: what the next one does.
        """
        key = self.key_of(mode, batch, data, indexed=indexed)
        if phase is not None:
            key = key._replace(phase=phase)
        plan = self._plans.get(key)
        if plan is None:
            self.forget([p for k, p in list(self._plans.items()) if k.settings != key.settings])
            with runtime.device(self.device):
                plan = PlanBuilder(self.network, self.store, self.objective, key).build()
            if self.device != "cpu":
                given = plan.constants.items()
                plan.constants = {name: upload(array, self.device) for name, array in given}
            self._plans[key] = plan
            self.forget(forget_the_oldest(self._plans, lambda plan: plan.arena_bytes))
        return plan

    def ask_layers(self) -> None:
        """Let go of plans for calls as in training where other layers are frozen by now."""
        calls = [plan for key, plan in list(self._plans.items()) if key.mode == FORWARD]
        old = [plan for plan in calls if not plan.is_of_now]
        self.forget(old)

    def forget(self, plans: Collection[CompiledPlan]) -> None:
        """Let go of some plans, their steps and their memory."""
        if plans:
            self._plans = {k: plan for k, plan in list(self._plans.items()) if plan not in plans}
            self.steps = {k: step for k, step in list(self.steps.items()) if step.plan not in plans}

    def memory(self, plan: CompiledPlan, *, training: bool) -> int:
        """The bytes that a plan and the flat buffers take."""
        slots = self.optimizer.buffers if training else ()
        return plan.arena_bytes + self.store.bytes(slots, training=training)

    def arrays(self) -> Arrays:
        """The arrays that plans read and write, beside the data."""
        self.store.claim()
        own = {"hyper": self._hyper, "random": self._random, "zero": self._zero}
        return {**self.store.bound(), **own}

    def arrays_of(self, plan: CompiledPlan) -> Arrays:
        """A plan's own arrays, by segment: constants, and what layers keep from batch to batch."""
        buffers = state_buffers(plan, self.device).items()
        return {**plan.constants, **{name: buffer.bound() for name, buffer in buffers}}

    def load(self, data: DataSet) -> dict[str, Any] | None:
        """A data set as plans bind it that pick its rows: on the device, None if it takes too much.

        Half of what is free there is left to plans. What lies there already stays, and has the rest
        follow it.
        """
        if self.device == "cpu":
            return dict(data.arrays)
        here = {n: array for n, array in data.arrays.items() if not lies_there(array)}
        total = sum(array.nbytes for array in here.values())
        if total > runtime.free_memory(self.device) // 2 and not data.is_there:
            return None
        return data.arrays | {name: upload(array, self.device) for name, array in here.items()}

    @contextmanager
    def unchanged(self, plan: CompiledPlan) -> Iterator[None]:
        """Weights, slots and states are after the block what they were before."""
        store, buffers = self.store, state_buffers(plan, self.device).values()
        store.claim()
        saved, states = store.snapshot(), [buffer.host().copy() for buffer in buffers]
        try:
            yield
        finally:
            store.restore(saved)
            for buffer, values in zip(buffers, states, strict=True):
                buffer.to_write()[:] = values

    def begin_step(self) -> None:
        """Set what changes from step to step: learning rate, step number, dropout's seed."""
        optimizer, hyper, random = self.optimizer, self._hyper, self._random
        hyper[0], hyper[1] = optimizer.hyper()
        random[0], random[1] = self.seed, optimizer.steps

    def end_run(self, mode: str, plan: CompiledPlan) -> None:
        """Note what a run wrote, and count the step where it was one."""
        if mode == "train":
            self.optimizer.count_step()
            self.store.wrote()
        elif mode == "gradients":
            self.store.wrote_gradients()
        elif plan.moves:
            self.store.wrote()
        if plan.states and self.device != "cpu":
            for buffer in state_buffers(plan, self.device).values():
                buffer.written()

    def epoch_order(
        self, rows: int, number: int | None = None, *, shuffle: bool
    ) -> NDArray[np.int64]:
        """The order of the samples in a pass: a function of the seed and its number alone.

        Default: that of the next epoch.
        """
        number = self.epochs_trained if number is None else number
        return epoch_order(self.seed, number, rows, shuffle=shuffle)

    def readouts(self, mode: str) -> list[str | Reading]:
        """What logs are made of, in the order of the sums that plans keep: losses, and metrics.

        Those metrics are among them that no plan computes.
        """
        if mode in OUTPUTS or self.objective is None:
            return []
        several = len(self.objective.losses) > 1
        names: list[str | Reading] = []
        for i, output in enumerate(self.network.output_names):
            prefix = f"{output}_" if several else ""
            if self.objective.has_loss(i):
                names.append(f"{prefix}loss")
            if mode != "gradients":
                names += self.objective.readings(i, prefix)
        return [*names, _BESIDE]

    def logs(self, means: dict[str, Any]) -> dict[str, Any]:
        """Logs as callbacks see them: the total loss first, then those of several outputs."""
        objective = self.objective
        beside = means.pop(_BESIDE, 0.0)
        if objective is None:
            return means
        if len(objective.losses) == 1:
            total = objective.loss_weights[0] * means.pop("loss", 0.0)
            return {"loss": total + beside, **means}
        names = [f"{name}_loss" for name in self.network.output_names]
        weights = zip(objective.loss_weights, names, strict=True)
        total = sum(weight * means[name] for weight, name in weights if name in means)
        each = {name: means.pop(name) for name in names if name in means}
        each = each if len(each) > 1 else {}  # the only one is the total
        return {"loss": total + beside, **each, **means}


def epoch_order(seed: int, epoch: int, rows: int, *, shuffle: bool) -> NDArray[np.int64]:
    """The order of the samples in an epoch."""
    if not shuffle:
        return np.arange(rows, dtype=np.int64)
    return np.random.Generator(np.random.Philox(key=[seed, epoch])).permutation(rows)
