"""Silence for libraries that write to the terminal from C++, where Python cannot stop them."""

import contextlib
import os
from collections.abc import Iterator


@contextlib.contextmanager
def quiet_native() -> Iterator[None]:
    """Discard what is written to file descriptor 2; Python's errors are raised as ever."""
    kept = os.dup(2)
    nothing = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)
