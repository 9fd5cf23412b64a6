"""Model files as strangers might make them, for the tests of loading."""

import io
import json
import zipfile
from pathlib import Path

import h5py
import pytest

from digitlib.errors import ModelError
from digitlib.models.backend import keras
from digitlib.models.loading import load_network

WEIGHTS = "model.weights.h5"


def small_network(*layers):
    """Return an untrained network that digitlib takes, with more layers at its start if given."""
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            *layers,
            keras.layers.Conv2D(3, 5, strides=4, activation="relu"),
            keras.layers.BatchNormalization(),
            keras.layers.Flatten(),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )


def refused(path: Path, words: str = "was refused") -> None:
    """Make sure that a model is refused with one sentence, and that these words are in it."""
    with pytest.raises(ModelError, match=words) as caught:
        load_network(path)
    is_a_sentence(caught.value)


def is_a_sentence(error: ModelError) -> None:
    sentence = str(error)
    assert sentence.endswith(".") and "\n" not in sentence and len(sentence) < 400


def saved(network, path: Path) -> Path:
    network.save(path)
    return path


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(path: Path, parts, method=zipfile.ZIP_STORED) -> Path:
    """Write an archive of (name, content) pairs; a name may come twice."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in parts:
            archive.writestr(name, content)
    return path


def description(path: Path) -> str:
    if path.suffix == ".keras":
        return members(path)["config.json"].decode()
    with h5py.File(path) as file:
        return file.attrs["model_config"]


def described(path: Path, into: Path, text: str) -> Path:
    """Write a copy of a model with another description."""
    if path.suffix == ".keras":
        return zipped(into, (members(path) | {"config.json": text}).items())
    into.write_bytes(path.read_bytes())
    with h5py.File(into, "r+") as file:
        file.attrs["model_config"] = text
    return into


def changed(path: Path, into: Path, change) -> Path:
    """Write a copy of a model after `change` of its description, a dict."""
    content = json.loads(description(path))
    change(content)
    return described(path, into, json.dumps(content))


def with_weights(path: Path, into: Path, change) -> Path:
    """Write a copy of a model after `change` of its HDF5 file, and of where one array lies."""
    content = members(path)[WEIGHTS] if path.suffix == ".keras" else path.read_bytes()
    memory = io.BytesIO(content)
    with h5py.File(memory, "r+") as file:
        names = []
        file.visititems(lambda name, part: names.append((getattr(part, "size", 0), name)))
        change(file, max(names)[1])
    if path.suffix == ".keras":
        return zipped(into, (members(path) | {WEIGHTS: memory.getvalue()}).items())
    into.write_bytes(memory.getvalue())
    return into
