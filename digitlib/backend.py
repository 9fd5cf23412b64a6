"""TensorFlow and Keras, imported in silence: `from digitlib.backend import keras, tf`.

As it is loaded, TensorFlow's C++ side writes about processors and absent GPUs to the process's
standard error, and no setting stops all of it. A beginner takes these lines for errors.
"""

import contextlib
import os
from collections.abc import Iterator


@contextlib.contextmanager
def _native_stderr_to(path: str) -> Iterator[None]:
    """Redirect file descriptor 2, which C++ writes to; Python's errors are raised as ever."""
    kept = os.dup(2)
    target = os.open(path, os.O_WRONLY)
    try:
        os.dup2(target, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(target)


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
with _native_stderr_to(os.devnull):
    import keras
    import tensorflow as tf

    tf.constant(0)  # the first operation looks for devices, and writes about those too

__all__ = ["keras", "tf"]
