"""Saving a trained model, whole or not at all. Keras is imported by what needs it, when called."""

import contextlib
import io
import json
import logging
import os
import shutil
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from digitlib.errors import display_name
from digitlib.files import whole_file

if TYPE_CHECKING:
    import keras

SUFFIXES = (".keras", ".h5")
# Settings that Keras 3.13 writes and older versions refuse, with their defaults.
NEWER = {
    **dict.fromkeys(("input_axes", "output_axes", "quantization_config", "renorm_clipping")),
    "renorm": False,
    "renorm_momentum": 0.99,
}
NEEDED_BYTES = 100_000_000  # a model, its checkpoint and its card, several times over


def check_output(path: str | Path) -> Path:
    """Return the path that a model is to be saved under, if that can work.

    Raises
    ------
    ValueError
        If the name ends in neither .keras nor .h5.
    OSError
        If the folder does not exist, cannot be written to, or is full.
    """
    path = _check_name(path)
    if shutil.disk_usage(path.parent).free < NEEDED_BYTES:
        name = display_name(path)
        raise OSError(f"Cannot save {name}: the disk is full; training needs 100 MB there.")
    return path


def _check_name(path: str | Path) -> Path:
    path, name = Path(path), display_name(path)
    if path.suffix not in SUFFIXES:
        raise ValueError(f"Cannot save a model as {name}: the name must end in .keras or .h5.")
    if not path.parent.is_dir():
        folder = display_name(path.parent)
        raise FileNotFoundError(f"Cannot save {name}: there is no folder {folder}.")
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        raise PermissionError(f"Cannot save {name}: choose a file in a folder you may write to.")
    return path


def save(model: "keras.Model", path: str | Path) -> Path:
    """Save a Keras model without its optimizer; raises what `check_output` raises.

    The ``.keras`` or ``.h5`` file appears whole or not at all. It needs the room that it takes.
    """
    path = _check_name(path)
    logging.getLogger("absl").setLevel(logging.ERROR)  # Keras advises against .h5; it was asked for
    # The optimizer's state would treble the file.
    weights_alone = type(model).from_config(model.get_config())
    weights_alone.set_weights(model.get_weights())
    with whole_file(path) as temporary:
        weights_alone.save(temporary)
        if path.suffix == ".keras":
            _for_older_keras(temporary)
    return path


def _for_older_keras(path: Path) -> None:
    """Remove from a saved model's description the settings in NEWER that have their defaults."""

    def known(config):
        if isinstance(config, dict):
            return {k: known(v) for k, v in config.items() if k not in NEWER or v != NEWER[k]}
        return [known(part) for part in config] if isinstance(config, list) else config

    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    contents["config.json"] = json.dumps(known(json.loads(contents["config.json"]))).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)


def check_export() -> None:
    """Raise a ValueError, before hours of training, if this Keras cannot write LiteRT models."""
    from digitlib.models.backend import keras

    if tuple(int(n) for n in keras.__version__.split(".")[:2]) < (3, 13):
        raise ValueError(
            f"The reader needs Keras 3.13 or later to be exported, and this is "
            f"{keras.__version__}; run: pip install -U keras."
        )


def export_tflite(model: "keras.Model", path: str | Path) -> Path:
    """Write a model as a ``.tflite`` file for LiteRT, which runs it without TensorFlow."""
    with contextlib.redirect_stdout(io.StringIO()), whole_file(Path(path)) as temporary:
        model.export(temporary, format="litert")
    return Path(path)
