"""The two exceptions that a person meets, and file names and reasons fit to be printed."""

import errno
import os
import sys


class PictureError(ValueError):
    """A picture that cannot be read; the message is one sentence for the person who gave it."""


class ModelError(ValueError):
    """A model that cannot be used; the message is one sentence for the person who gave it."""


def display_name(path: str | bytes | os.PathLike) -> str:
    r"""Return a path for people: control characters and undecodable bytes escaped.

    >>> display_name("scan\n1.png")
    'scan\\n1.png'
    """
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in os.fsdecode(path))


def say(sentence: str) -> None:
    """Print a sentence of digitlib's to standard error, if the program has one."""
    if sys.stderr is not None:  # print would take standard output instead
        print(f"digitlib: {display_name(sentence)}", file=sys.stderr)


def reason(error: BaseException) -> str:
    """Return what went wrong, in a line, as part of a sentence.

    >>> reason(FileNotFoundError(2, "No such file or directory", "x.png"))
    'No such file or directory'
    >>> reason(OSError(28, "Unable to synchronously create file (file write failed: time = …"))
    'No space left on device'
    """
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    if isinstance(error, OSError) and error.errno and error.errno in errno.errorcode:
        text = os.strerror(error.errno)  # HDF5's own text is long, and names no reason but this
    return " ".join(text.split()).rstrip(".")
