"""Texts for language models: one comes with the package, one is fetched, the others are yours."""

from pathlib import Path

from brasa.errors import FormatError
from brasa.files import AnyPath, open_regular

from .fetch import RemoteFile, fetch

_FOLDER = Path(__file__).parent / "text_data"

_TINY_SHAKESPEARE = RemoteFile(
    "tiny-shakespeare",
    "input.txt",
    "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
    ("https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/",),
)
_TINY_SHAKESPEARE_LENGTH = 1_115_394


def load_builtin_text() -> str:
    """The first three acts of Romeo and Juliet, which come with the package: no download.

    96,739 characters, 61 different ones: enough for a small network to learn spelling from.

    Source: W. Shakespeare, public domain; see ``text_data/SOURCE.md``.

    Example:
        >>> text = load_builtin_text()
        >>> len(text), text[:8]
        (96739, 'SAMPSON:')
    """
    return (_FOLDER / "romeo_and_juliet.txt").read_text(encoding="ascii")


def load_tiny_shakespeare() -> str:
    """Dialogue from Shakespeare's plays, 1,115,394 characters; 1.1 MB are fetched on first use.

    The file ``input.txt`` is looked for in ``$BRASA_DATA/tiny-shakespeare``; see
    :func:`brasa.datasets.data_dir` for the default. It has 65 different characters.

    Raises:
        ConnectionError: the file is not there and cannot be fetched; the message says what to do.
        ImportError: the file is not there and pooch is not installed.
        FormatError: the file holds something else.

    Source: A. Karpathy, https://github.com/karpathy/char-rnn; the plays are in the public domain
    """
    path = fetch(_TINY_SHAKESPEARE, "load_tiny_shakespeare")
    text = _read(path, "load_tiny_shakespeare")
    if len(text) != _TINY_SHAKESPEARE_LENGTH or not text.startswith("First Citizen:\n"):
        raise FormatError(
            f"load_tiny_shakespeare: {str(path)!r}: expected {_TINY_SHAKESPEARE_LENGTH:,} "
            f"characters from 'First Citizen:' on, got {len(text):,}: this is not the original file"
        )
    return text


def load_text(path: AnyPath) -> str:
    """A text file in UTF-8, with ends of lines as ``\\n`` and without a byte order mark.

    Raises:
        FormatError: the file is not UTF-8, or no regular file.
        OSError: the file is missing or may not be read.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from brasa.datasets import load_text
    >>> folder = TemporaryDirectory()
    >>> path = Path(folder.name) / "verse.txt"
    >>> _ = path.write_bytes(b"to be,\\r\\nor not")
    >>> load_text(path)
    'to be,\\nor not'
    >>> folder.cleanup()
    """
    return _read(path, "load_text")


def _read(path: AnyPath, where: str) -> str:
    with open_regular(path, where) as file:
        data = file.read()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(
            f"{where}: {str(path)!r} is not UTF-8: byte {error.start:,} is "
            f"{data[error.start]:#04x}. Convert it, or read it yourself: "
            "open(path, encoding=...).read()"
        ) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")
