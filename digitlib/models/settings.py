"""Keras takes settings from the environment and the home folder; digitlib's are always the same."""

import functools
import json
import multiprocessing
import os
from pathlib import Path

from digitlib.errors import display_name, say

OURS = {
    "backend": "tensorflow",
    "image_data_format": "channels_last",
    "floatx": "float32",
    "epsilon": 1e-7,
}
# What Keras refuses in keras.json, with a traceback and before anything can be set aside.
ALLOWED = {
    "floatx": ("float16", "float32", "float64"),
    "image_data_format": ("channels_last", "channels_first"),
}
# For trying a program quickly; Keras then ends each training early.
LIMITS = ("KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH")


@functools.cache
def settle() -> None:
    """Set aside what another project has set for Keras, and name it, once; Keras is not loaded."""
    others = [f"{name}={os.environ.pop(name)}" for name in LIMITS if name in os.environ]
    backend = os.environ.get("KERAS_BACKEND")
    file = Path(os.path.expanduser(os.environ.get("KERAS_HOME", "~/.keras")), "keras.json")
    in_file = _read(file) if backend is None else _read(file) | {"backend": OURS["backend"]}
    if backend not in (None, OURS["backend"]):
        others.append(f"KERAS_BACKEND={backend}")
    strange = [f"{n}={in_file[n]}" for n in OURS if in_file.get(n, OURS[n]) != OURS[n]]
    others += [f"{', '.join(strange)} in {file}"] if strange else []
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if others and multiprocessing.parent_process() is None:  # workers need not say it again
        what = display_name(", ".join(others))
        say(f"{what}: set aside, as digitlib always uses TensorFlow and Keras's own settings.")


def _read(file: Path) -> dict:
    """Return what keras.json says; Keras passes over one that it cannot read, too.

    Raises
    ------
    ImportError
        If it can be read, but Keras would end with it.
    """
    try:
        said = json.loads(file.read_text())
    except (OSError, ValueError, RecursionError):
        return {}
    if not (
        isinstance(said, dict)
        and all(said.get(name, OURS[name]) in values for name, values in ALLOWED.items())
        and isinstance(said.get("epsilon", OURS["epsilon"]), float)
    ):
        raise ImportError(
            f"Keras cannot start with what {display_name(str(file))} says; "
            "delete that file, and Keras writes a new one."
        )
    return said
