"""Models as files of other runtimes."""

from __future__ import annotations

from typing import Any

from brasa.compiling import Compiling


class Exporting(Compiling):
    """Models that write what they predict for others to compute."""

    def export(
        self,
        filepath: Any,
        format: str | None = None,  # noqa: A002
        verbose: bool | None = None,
        input_signature: Any = None,
        *,
        opset_version: int | None = None,
    ) -> None:
        """Write the forward pass, that of ``predict``, as an ONNX file for other runtimes.

        Inputs and outputs have the names, the axes and the order that they have here; the batch is
        open, and so are open axes of inputs. Nothing of training is written. Ops are those of ONNX
        opset 18, weights float32.

        Args:
            filepath: Where to write. An old file is replaced when the new one is complete.
            format: "onnx". It may be left out where the name ends in ".onnx".
            verbose: Whether to print where the file is. Default: not.
            input_signature: The shapes of the inputs with the batch, None for what is open, or
                anything that has a ``shape``. Default: the model's own. It may close open axes.
            opset_version: 18, or None.

        Raises:
            ValueError: the model does not know its input shape, an op has no rule (one that draws
                at random), a layer is stateful, or an argument is out of range.
            OSError: the file cannot be written.

        >>> import os, tempfile
        >>> from brasa import models
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     models.lenet5().export(os.path.join(folder, "lenet.onnx"))
        ...     os.listdir(folder)
        ['lenet.onnx']
        """
        from brasa.onnx.file import export

        export(self.network, self.name, filepath, format, input_signature, opset_version)
        if verbose:
            print(f"{self.name} is in {filepath}")
