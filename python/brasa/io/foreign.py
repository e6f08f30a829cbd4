"""Recognise files of other libraries, to say what to do with them instead of "not JSON"."""

from pathlib import PurePath

from brasa.errors import FormatError

_MAGIC = (
    (b"PK\x03\x04", "a zip archive (PyTorch .pt, Keras .keras or NumPy .npz)"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file (Keras .h5)"),
    (b"\x1f\x8b", "a gzip file"),
    (b"\x93NUMPY", "a NumPy .npy file"),
)
_SUFFIXES = {
    ".pt": "PyTorch",
    ".pth": "PyTorch",
    ".bin": "PyTorch",
    ".ckpt": "PyTorch",
    ".keras": "Keras",
    ".h5": "Keras",
    ".hdf5": "Keras",
    ".npz": "NumPy",
    ".npy": "NumPy",
}
_ADVICE = {
    "PyTorch": 'safetensors.torch.save_file(model.state_dict(), "weights.safetensors")',
    "Keras": "brasa.load_model, or load_weights of a model, which read files of Keras 3",
    "NumPy": "safetensors.numpy.save_file on the arrays",
}


def reject(head: bytes, name: str) -> None:
    """Raise FormatError when ``head``, the first 9 bytes of file ``name``, is of another format.

    Example:
        >>> reject(bytes.fromhex("1f8b08"), "net.brasa.gz")
        Traceback (most recent call last):
        brasa.errors.FormatError: a gzip file: not supported, unpack it with gunzip
    """
    if head[8:9] == b"{":
        return  # a safetensors header may begin with the same bytes as a pickle
    kind = next((text for magic, text in _MAGIC if head.startswith(magic)), None)
    if kind is None and head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        kind = "a Python pickle, which could run any code when it is loaded"
    if kind is None and len(head) > 8 and head.decode("latin-1").isprintable():
        kind = "a text"  # a header of 8 printable bytes would be longer than any file
    if kind is None:
        return
    if kind == "a text":
        raise FormatError(f"{kind}, not a file that brasa wrote")
    if kind == "a gzip file":
        raise FormatError(f"{kind}: not supported, unpack it with gunzip")
    library = _SUFFIXES.get(PurePath(name).suffix.lower(), "")
    advice = _ADVICE.get(library, "safetensors in the library that wrote it")
    verb = "give it to" if library == "Keras" else "convert with"
    raise FormatError(f"{kind}: not supported here, {verb} {advice}")
