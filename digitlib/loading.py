"""Saved networks, loaded with care: a file becomes a function from images to probabilities.

A saved Keras model can carry code. So its description is read as plain JSON first, and only
plain layers from a short list get as far as Keras.
"""

import functools
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from digitlib.evaluation import probabilities
from digitlib.imaging import as_network_input
from digitlib.pictures import display_name
from digitlib.quiet import quiet_native

Network = Callable[[np.ndarray], np.ndarray]
MAX_BYTES = 100_000_000
BATCH = 500  # images computed at once: more take memory and no less time

ALLOWED = {
    *("Sequential", "Functional", "InputLayer", "DTypePolicy", "__tuple__"),
    *("Conv2D", "DepthwiseConv2D", "SeparableConv2D", "Dense", "BatchNormalization"),
    *("MaxPooling2D", "AveragePooling2D", "GlobalMaxPooling2D", "GlobalAveragePooling2D"),
    *("Dropout", "SpatialDropout2D", "GaussianNoise", "Flatten", "Reshape", "ZeroPadding2D"),
    *("Activation", "ReLU", "LeakyReLU", "Softmax", "Rescaling", "Add", "Concatenate"),
    *("GlorotUniform", "GlorotNormal", "HeUniform", "HeNormal", "Zeros", "Ones", "Constant"),
    *("RandomNormal", "RandomUniform", "TruncatedNormal", "L1", "L2", "L1L2"),
}


class ModelError(ValueError):
    """A model that cannot be used; the message is one sentence for the person who gave it."""


def load_network(path: str | Path) -> Network:
    """Return a function that maps (n, 28, 28) uint8 images to (n, 10 or 11) probabilities.

    The eleventh, where a network has it, is the probability that the image is no digit.

    Parameters
    ----------
    path : str or Path
        A ``.tflite`` file, which needs LiteRT alone, or a ``.keras`` or ``.h5`` file.

    Raises
    ------
    ModelError
        If the file is missing, damaged, too large, made of layers other than plain ones, or
        takes or gives anything but one image and its probabilities.
    """
    path = Path(path)
    loaders = {".tflite": _load_tflite, ".keras": _load_keras, ".h5": _load_keras}
    if path.suffix not in loaders:
        raise ModelError(
            f"{display_name(path)} is no model: the name must end in .tflite, .keras or .h5."
        )
    if not path.is_file():
        raise ModelError(f"There is no model file {display_name(path)}; check the path.")
    if path.stat().st_size > MAX_BYTES:
        raise ModelError(
            f"{display_name(path)} is larger than any digit network; expected at most 100 MB."
        )
    return loaders[path.suffix](path)


def _load_tflite(path: Path) -> Network:
    from ai_edge_litert.interpreter import Interpreter

    try:
        with quiet_native():
            interpreter = Interpreter(model_path=str(path), num_threads=1)
        inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
    except (ValueError, RuntimeError) as error:
        raise ModelError(f"{display_name(path)} is damaged: LiteRT cannot load it.") from error
    shapes = [tuple(map(int, detail["shape"][1:])) for detail in (*inputs, *outputs)]
    _check_shapes(path, shapes[: len(inputs)], shapes[len(inputs) :])
    if inputs[0]["dtype"] != np.float32 or outputs[0]["dtype"] != np.float32:
        raise ModelError(
            f"{display_name(path)} does not compute in float32; expected a network of digitlib's."
        )
    enter, leave = inputs[0]["index"], outputs[0]["index"]
    batch = 0

    def run(images: np.ndarray) -> np.ndarray:
        nonlocal batch
        if len(images) != batch:
            batch = len(images)
            interpreter.resize_tensor_input(enter, (batch, 28, 28, 1))
            with quiet_native():
                interpreter.allocate_tensors()
        interpreter.set_tensor(enter, as_network_input(images))
        interpreter.invoke()
        return interpreter.get_tensor(leave)

    def network(images: np.ndarray) -> np.ndarray:
        parts = [run(images[i : i + BATCH]) for i in range(0, len(images), BATCH)]
        return np.concatenate([empty, *parts])

    try:
        empty = run(np.zeros((1, 28, 28), np.uint8))[:0]
    except (ValueError, RuntimeError) as error:
        raise ModelError(f"{display_name(path)} cannot be run by LiteRT.") from error
    return network


def _load_keras(path: Path) -> Network:
    try:
        config = _read_config(path)
    # Parsers raise nearly anything on damaged files; each is the same to the reader.
    except Exception as error:
        raise ModelError(
            f"{display_name(path)} is damaged: it holds no model that can be read."
        ) from error
    _check_config(path, config)
    from digitlib.backend import keras

    try:
        model = keras.models.load_model(path, compile=False, safe_mode=True)
        shapes = [tuple(model.input_shape[1:])], [tuple(model.output_shape[1:])]
    except Exception as error:
        raise ModelError(f"{display_name(path)} is damaged: Keras cannot load it.") from error
    _check_shapes(path, *shapes)
    return functools.partial(probabilities, model)


def _read_config(path: Path) -> dict:
    """Return a saved model's description without letting Keras near it."""
    if path.suffix == ".keras":
        with zipfile.ZipFile(path) as archive, archive.open("config.json") as file:
            return json.loads(file.read(MAX_BYTES))
    import h5py

    with h5py.File(path, "r") as file:
        return json.loads(file.attrs["model_config"])


def _check_config(path: Path, config) -> None:
    """Refuse a description that names a class or a function outside ALLOWED, at any depth."""
    if isinstance(config, dict):
        # How a model was compiled is not loaded, so it may name any optimizer.
        config = {k: v for k, v in config.items() if k not in ("compile_config", "optimizer")}
        name = config.get("class_name")
        module = config.get("module") or "keras"
        if name is not None and (str(name) not in ALLOWED or not _is_kerass(module)):
            raise ModelError(
                f"{display_name(path)} was refused: its part {name!r} could carry code, or is not "
                "one of the plain layers that digitlib loads."
            )
        config = list(config.values())
    if isinstance(config, list):
        for part in config:
            _check_config(path, part)


def _is_kerass(module) -> bool:
    return module in ("keras", "builtins") or str(module).startswith(("keras.", "keras_core."))


def _check_shapes(path: Path, inputs: list, outputs: list) -> None:
    if len(inputs) != 1 or tuple(inputs[0]) != (28, 28, 1):
        raise ModelError(f"{display_name(path)} takes {inputs}; expected one image of (28, 28, 1).")
    if len(outputs) != 1 or tuple(outputs[0]) not in ((10,), (11,)):
        raise ModelError(f"{display_name(path)} gives {outputs}; expected 10 probabilities, or 11.")
