"""Exceptions of brasa that the standard library does not already name."""


class FormatError(ValueError):
    """A file is damaged, not of the expected format, or of a version that this brasa cannot read.

    Example:
        >>> try:
        ...     raise FormatError("brasa.io.read: 'model.brasa': the file is empty")
        ... except ValueError as error:
        ...     print(error)
        brasa.io.read: 'model.brasa': the file is empty
    """
