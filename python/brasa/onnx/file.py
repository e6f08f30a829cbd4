"""What ``Model.export`` does: arguments, and the file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from brasa.files import as_path, write_atomic
from brasa.onnx.export import onnx_message
from brasa.onnx.messages import OPSET
from brasa.onnx.traces import OpenShape
from brasa.onnx.wire import size_of

if TYPE_CHECKING:
    from brasa.network import Network

# Protocol Buffers have no longer messages.
_LONGEST = (1 << 31) - 1


def export(
    network: Network,
    name: str,
    path: Any,
    format: str | None,  # noqa: A002
    input_signature: Any,
    opset_version: int | None,
) -> None:
    """Write the network to an ONNX file; the arguments are those of ``Model.export``."""
    import brasa

    file = as_path(path, "export")
    _check_format(file.name, file.suffix, format)
    if opset_version not in (None, OPSET):
        raise ValueError(f"export: opset_version must be None or {OPSET}, got {opset_version!r}")
    shapes = _shapes(network, input_signature)
    message = onnx_message(network, shapes, name, brasa.__version__)
    size = size_of(message)
    if size > _LONGEST:
        raise ValueError(f"export: the file would take {size:,} bytes; ONNX files end at 2 GiB")
    write_atomic(file, message, "export")


def _check_format(file: str, suffix: str, format: str | None) -> None:  # noqa: A002
    if format is None:
        if suffix.lower() != ".onnx":
            raise ValueError(
                f"export: path must end in .onnx, or format='onnx' say what it is, got {file!r}"
            )
    elif not isinstance(format, str):
        raise TypeError(f"export: format must be a word, got {format!r}")
    elif format != "onnx":
        raise ValueError(f"export: format must be 'onnx', the only one there is, got {format!r}")


def _shapes(network: Network, signature: Any) -> list[OpenShape]:
    """The shapes of the inputs, the batch included: those of the signature, or the model's own."""
    own = [tuple(tensor.shape) for tensor in network.inputs]
    if signature is None:
        return own
    given = [signature] if _is_shape(signature) or hasattr(signature, "shape") else signature
    if not isinstance(given, (list, tuple)):
        raise TypeError(f"export: input_signature must be a list of shapes, got {signature!r}")
    if len(given) == 1 and isinstance(given[0], list):  # as Keras has it for several inputs
        given = given[0]
    shapes = [_shape(entry) for entry in given]
    if len(shapes) != len(own):
        raise ValueError(
            f"export: input_signature must have {len(own)} shapes, one for each input, got "
            f"{len(shapes)}"
        )
    for wanted, shape in zip(own, shapes, strict=True):
        fits = len(wanted) == len(shape) and all(
            a in (None, b) for a, b in zip(wanted, shape, strict=True)
        )
        if not fits:
            raise ValueError(
                f"export: input_signature has the shape {shape} for an input of the shape {wanted}"
            )
    if len({shape[0] for shape in shapes}) > 1:
        raise ValueError(
            f"export: input_signature must have one batch size, got {[s[0] for s in shapes]}"
        )
    return shapes


def _is_shape(value: Any) -> bool:
    return isinstance(value, tuple) and all(v is None or isinstance(v, int) for v in value)


def _shape(entry: Any) -> OpenShape:
    """One shape: itself, or that of an array, a tensor or a specification."""
    shape: Sequence[Any] = getattr(entry, "shape", entry)
    if not isinstance(shape, (list, tuple)):
        raise TypeError(f"export: input_signature must be a list of shapes, got {entry!r} in it")
    for extent in shape:
        if extent is not None and (isinstance(extent, bool) or not isinstance(extent, int)):
            raise TypeError(
                f"export: input_signature must have whole numbers or None, got {extent!r}"
            )
        if extent is not None and extent < 1:
            raise ValueError(f"export: input_signature must have extents >= 1, got {extent}")
    return tuple(shape)
