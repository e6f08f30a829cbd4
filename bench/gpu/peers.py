"""PyTorch on the same GPU, in full float32: tensors, nets, and a step in three forms."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any


class Torch:
    """PyTorch on its GPU, or on the CPU where there is none (only to see whether this runs)."""

    def __init__(self) -> None:
        import torch

        self.torch = torch
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.allow_tf32 = False
        torch.backends.cudnn.benchmark = True

    def sync(self) -> None:
        """Wait for the GPU."""
        if self.device == "cuda":
            self.torch.cuda.synchronize()

    def of(self, array: Any) -> Any:
        """A tensor on the GPU with the values of an array."""
        return self.torch.from_numpy(array).to(self.device)

    def random(self, *shape: int) -> Any:
        """Normal numbers."""
        return self.torch.randn(*shape, device=self.device)

    def bind(self, name: str, *arrays: Any, **options: Any) -> Callable[[], Any]:
        """A function of torch with its operands on the GPU."""
        function, operands = getattr(self.torch, name), [self.of(array) for array in arrays]
        return lambda: function(*operands, **options)

    def _images_and_filters(self, x: Any, w: Any) -> tuple[Any, Any]:
        filters = self.of(w).permute(3, 2, 0, 1)
        channels_last = filters.contiguous(memory_format=self.torch.channels_last)
        return self.of(x).permute(0, 3, 1, 2), channels_last

    def convolution(self, x: Any, w: Any, padding: str) -> Callable[[], Any]:
        """cuDNN's, channels last: the result comes as (N, H, W, K), like brasa's."""
        images, filters = self._images_and_filters(x, w)
        convolve = self.torch.nn.functional.conv2d
        return lambda: convolve(images, filters, padding=padding).permute(0, 2, 3, 1)

    def convolution_gradient(self, dy: Any, x: Any, w: Any, padding: str, by: str) -> Any:
        """Its gradient by "data" or "weight", at unit stride and for odd filters, in our layout."""
        images, filters = self._images_and_filters(x, w)
        slope = self.of(dy).permute(0, 3, 1, 2)
        pads = [size // 2 if padding == "same" else 0 for size in w.shape[:2]]
        window = [[1, 1], pads, [1, 1], False, [0, 0], 1]
        backward = self.torch.ops.aten.convolution_backward
        wanted = [by == "data", by == "weight", False]
        if by == "data":
            return lambda: backward(slope, images, filters, None, *window, wanted)[0].permute(
                0, 2, 3, 1
            )
        return lambda: backward(slope, images, filters, None, *window, wanted)[1].permute(
            2, 3, 1, 0
        )

    def steps(self, net: Any, batch: Callable[[], tuple[Any, Any]]) -> dict[str, Callable[[], Any]]:
        """What makes a function of one training step with Adam: eager, compiled, a CUDA graph."""
        torch = self.torch
        options = {
            "lr": 1e-3,
            "eps": 1e-7,
            **({"capturable": True} if self.device == "cuda" else {}),
        }
        loss = torch.nn.CrossEntropyLoss()

        def step_of(model: Any) -> Callable[[], Any]:
            optimizer = torch.optim.Adam(net.parameters(), foreach=True, **options)

            def step() -> None:
                x, y = batch()
                optimizer.zero_grad(set_to_none=False)
                loss(model(x), y).backward()
                optimizer.step()

            return step

        return {
            "torch (eager)": lambda: step_of(net),
            "torch (compile)": lambda: step_of(torch.compile(net)),
            "torch (CUDA graph)": lambda: self.graph_of(step_of(net)),
        }

    def graph_of(self, step: Callable[[], Any]) -> Callable[[], Any]:
        """The step as one launch."""
        torch = self.torch
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                step()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            step()
        replay: Callable[[], Any] = graph.replay
        return replay

    def lenet(self, size: int) -> Any:
        """LeNet-5 as brasa.models.lenet5 makes it, for 28 or 32 pixels."""
        nn = self.torch.nn
        return nn.Sequential(
            *(nn.Conv2d(1, 6, 5, padding=2 if size == 28 else 0), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
            *(nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)),
        ).to(self.device)

    def lstm(self, features: int, units: int, classes: int) -> Any:
        """One LSTM of cuDNN's and a dense layer over its last output."""
        nn = self.torch.nn

        class Last(nn.Module):  # type: ignore[misc, name-defined]
            def __init__(self) -> None:
                super().__init__()
                self.lstm = nn.LSTM(features, units, batch_first=True)
                self.dense = nn.Linear(units, classes)

            def forward(self, x: Any) -> Any:
                return self.dense(self.lstm(x)[0][:, -1])

        return Last().to(self.device)


@functools.cache
def torch_on() -> Torch:
    """The one instance."""
    return Torch()
