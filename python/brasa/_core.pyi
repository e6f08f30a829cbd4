"""
Kernels, plans and runtime of brasa. Use brasa.ops, brasa.runtime and the models instead.
"""

from __future__ import annotations
import collections.abc
import numpy
import typing

__all__: list[str] = [
    "DeviceArray",
    "Plan",
    "all_below",
    "borrow",
    "build_info",
    "cuda_reason",
    "current_device",
    "device_room",
    "enter_device",
    "finish",
    "force_implementation",
    "implementation",
    "implementations",
    "infer",
    "is_exact",
    "lanes",
    "op_names",
    "precision_lacks",
    "precisions",
    "run",
    "run_exact",
    "runs",
    "set_thread_count",
    "set_winograd",
    "thread_count",
    "winograd",
]

class DeviceArray:
    """
    A dense array in the memory of a device.
    """
    def __dlpack__(
        self,
        *,
        stream: typing.Any = None,
        max_version: typing.Any = None,
        dl_device: typing.Any = None,
        copy: typing.Any = None,
    ) -> typing.Any: ...
    def __dlpack_device__(self) -> tuple[int, int]: ...
    def __init__(self, device: str, spec: tuple) -> None:
        """
        Memory for a (dtype, shape), not set.
        """
    def __repr__(self) -> str: ...
    def copy_from(self, array: typing.Any) -> None:
        """
        Copy a NumPy array of as many bytes here; it may change when this returns.
        """
    def copy_to(self, array: typing.Any) -> None:
        """
        Copy into a NumPy array of as many bytes.
        """
    def numpy(self) -> typing.Any:
        """
        A copy in the host's memory.
        """
    def reshape(self, shape: collections.abc.Sequence) -> DeviceArray:
        """
        The same memory in another shape.
        """
    def rows(
        self,
        start: typing.SupportsInt | typing.SupportsIndex,
        stop: typing.SupportsInt | typing.SupportsIndex,
    ) -> DeviceArray:
        """
        Some rows, in the same memory.
        """
    @property
    def __cuda_array_interface__(self) -> dict: ...
    @property
    def device(self) -> str: ...
    @property
    def dtype(self) -> str:
        """
        The name of the element type.
        """
    @property
    def nbytes(self) -> int: ...
    @property
    def ndim(self) -> int: ...
    @property
    def shape(self) -> typing.Any: ...
    @property
    def size(self) -> int: ...

class Plan:
    """
    A flat list of op calls over one arena, run in one call.
    """
    def __init__(
        self,
        steps: collections.abc.Sequence,
        arena_bytes: typing.SupportsInt | typing.SupportsIndex,
        segment_bytes: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex],
        constant_steps: typing.SupportsInt | typing.SupportsIndex = 0,
    ) -> None: ...
    def prepare(self, segments: collections.abc.Sequence) -> None:
        """
        Run the constant steps: before the first run, and after an input of theirs has changed.
        """
    def profile(self, segments: collections.abc.Sequence) -> None:
        """
        Like run, and time each step (see steps()).
        """
    def reserve(self, of_host: collections.abc.Sequence[bool]) -> None:
        """
        Allocate the places on the device of the segments that will be arrays of the host.
        """
    def run(self, segments: collections.abc.Sequence) -> None:
        """
        Run all steps but the constant ones; segments are the arrays bound to them.
        """
    def steps(self) -> list:
        """
        Name, op, flops, bytes, threads and last profiled seconds of each step.
        """
    @property
    def arena_bytes(self) -> int:
        """
        Bytes of the arena, scratch included.
        """
    @property
    def capture_failure(self) -> str:
        """
        Why the steps could not be captured; empty if nothing failed.
        """
    @property
    def captures(self) -> int:
        """
        How many graphs were captured.
        """
    @property
    def constant_steps(self) -> int:
        """
        How many steps, the first ones, prepare runs.
        """
    @property
    def replays(self) -> int:
        """
        How many runs replayed a graph of the device.
        """
    @property
    def scratch_bytes(self) -> int:
        """
        Bytes of scratch in the arena.
        """
    @property
    def staged_bytes(self) -> int:
        """
        Bytes on the device for segments of the host.
        """

def all_below(array: numpy.ndarray, limit: typing.SupportsInt | typing.SupportsIndex) -> bool:
    """
    Whether all numbers of an int32 or int64 array are in [0, limit).
    """

def borrow(array: typing.Any, device: str) -> DeviceArray:
    """
    An array of another library on a device, without copying (DLPack, CUDA array interface).
    """

def build_info() -> dict:
    """
    Version, compiler and instruction sets.
    """

def cuda_reason() -> str:
    """
    Why CUDA cannot be used, in one sentence.
    """

def current_device() -> str:
    """
    The device that this thread has entered.
    """

def device_room(name: str) -> int:
    """
    Bytes that can still be allocated on a device.
    """

def enter_device(name: str) -> None:
    """
    What this thread makes plans for, and runs ops on, from now on.
    """

def finish(device: str) -> None:
    """
    Wait for all that a device was asked for.
    """

def force_implementation(name: str) -> None:
    """
    Use one table; '' for the default.
    """

def implementation() -> str:
    """
    The table in use.
    """

def implementations() -> list[str]:
    """
    Tables that this machine can run, preferred first.
    """

def infer(op: str, inputs: collections.abc.Sequence, attributes: dict) -> list:
    """
    Dtype and shape of each output of an op, from (dtype, shape) of each input or None.
    """

def is_exact(value: typing.Any) -> bool:
    """
    Whether a value is an array that kernels can read as it is, in float32.
    """

def lanes() -> int:
    """
    Images that share a vector in it.
    """

def op_names() -> list[str]:
    """
    Names of all ops.
    """

def precision_lacks() -> str:
    """
    What is missing where there is float32 alone.
    """

def precisions() -> list[str]:
    """
    Of products, in the table in use.
    """

def run(
    op: str,
    inputs: collections.abc.Sequence,
    attributes: dict | None = None,
    outputs: typing.Any = None,
) -> tuple:
    """
    Run one op on arrays and return its outputs, written into `outputs` where they are given.
    """

def run_exact(
    op: str,
    inputs: collections.abc.Sequence,
    attributes: dict | None = None,
    outputs: typing.Any = None,
) -> typing.Any:
    """
    The same where all operands are exact and no output overlaps an input; else None.
    """

def runs(op: str) -> bool:
    """
    Whether the table in use has kernels for an op.
    """

def set_thread_count(threads: typing.SupportsInt | typing.SupportsIndex) -> None:
    """
    0 returns to the default.
    """

def set_winograd(choice: str) -> None:
    """
    For what is prepared from now on: 'never', 'auto' or 'always'.
    """

def thread_count() -> int:
    """
    Threads that ops and plans use.
    """

def winograd() -> str:
    """
    'never', 'auto' or 'always'.
    """
