"""Saved networks, loaded with care: a file becomes a function from images to probabilities.

Files from strangers are judged by `digitlib.models.inspection` before Keras sees them, and read by
`digitlib.models.sandbox` in another process before native libraries read them in this one.
"""

import functools
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from digitlib.errors import ModelError, display_name
from digitlib.files import PRETRAINED, quiet_native
from digitlib.models import sandbox
from digitlib.models.inspection import MAX_BYTES, check_description, too_large

Network = Callable[[np.ndarray], np.ndarray]
MAX_VALUES = 250_000_000  # that any step of a network may give for a batch: 1 GB
BATCH = 500  # images computed at once: more take memory and no less time
BLACK_AND_WHITE = np.repeat(np.array([0, 255], np.uint8), 28 * 28).reshape(2, 28, 28)


def as_network_input(images: np.ndarray) -> np.ndarray:
    """Return (n, 28, 28) uint8 images as the networks take them: (n, 28, 28, 1) float32, 0..1."""
    return images[..., None].astype(np.float32) / 255


def probabilities(model, images: np.ndarray) -> np.ndarray:
    """Return a Keras model's probabilities, (n, 10 or 11), for (n, 28, 28) uint8 images."""
    starts = range(0, max(1, len(images)), 500)  # not all at once: floats take four times as much
    return np.concatenate(
        [model.predict_on_batch(as_network_input(images[i : i + 500])) for i in starts]
    )


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
        takes or gives anything but one image and its probabilities. The function raises it where
        what a network gives are no probabilities.
    """
    path = Path(path)
    loaders = {".tflite": _load_tflite, ".keras": _load_keras, ".h5": _load_keras}
    if path.suffix not in loaders:
        raise ModelError(
            f"{display_name(path)} is no model: the name must end in .tflite, .keras or .h5."
        )
    if not path.is_file():
        raise ModelError(f"There is no model file {display_name(path)}; check the path.")
    if not os.access(path, os.R_OK):
        raise ModelError(f"You may not read {display_name(path)}; ask whose file it is.")
    if path.stat().st_size > MAX_BYTES:
        raise too_large(path)
    run = loaders[path.suffix](path)

    def network(images: np.ndarray) -> np.ndarray:
        probs = run(images)
        right = probs.shape in ((len(images), 10), (len(images), 11))
        # Compared the other way round, NaN would pass.
        if not (right and np.all(probs >= 0) and np.all(abs(probs.sum(axis=1) - 1) < 0.05)):
            raise ModelError(
                f"{display_name(path)} gives no probabilities: its weights are damaged, or its "
                "last layer is no softmax."
            )
        return probs

    network(BLACK_AND_WHITE)
    return network


def _try_first(path: Path) -> None:
    """Have another process read a file that might crash, or fill the memory of, this one."""
    if path.resolve().parent != PRETRAINED and (fault := sandbox.fault(path, MAX_BYTES)):
        raise ModelError(f"{display_name(path)} {fault}")


def _load_tflite(path: Path) -> Network:
    from ai_edge_litert.interpreter import Interpreter

    _try_first(path)
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
    nothing = np.empty((0, *shapes[1]), np.float32)
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
        try:
            parts = [run(images[i : i + BATCH]) for i in range(0, len(images), BATCH)]
        except RuntimeError as error:
            raise ModelError(f"{display_name(path)} cannot be run by LiteRT.") from error
        return np.concatenate([nothing, *parts])

    return network


def _load_keras(path: Path) -> Network:
    if path.suffix == ".h5":  # the description itself lies in HDF5
        _try_first(path)
    try:
        check_description(path)
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(
            f"{display_name(path)} is damaged: it holds no model that can be read."
        ) from error
    if path.suffix == ".keras":
        _try_first(path)
    from digitlib.models.backend import keras

    try:
        _check_size(path)
        model = keras.models.load_model(path, compile=False, safe_mode=True)
        probabilities(model, BLACK_AND_WHITE)
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(
            f"{display_name(path)} is damaged, or made by a newer Keras than {keras.__version__}: "
            "it cannot be loaded and run."
        ) from error
    return functools.partial(probabilities, model)


def _check_size(path: Path) -> None:
    """Refuse a network that would take much memory, or whose weights are not as described."""
    from digitlib.models.backend import keras, tf

    with tf.Graph().as_default() as graph:  # where nothing is computed, and nothing takes memory
        model = keras.models.load_model(path, compile=False, safe_mode=True)
        shapes = [[tuple(t.shape[1:]) for t in ends] for ends in (model.inputs, model.outputs)]
        _check_shapes(path, *shapes)
        model(tf.zeros((BATCH, 28, 28, 1)))
    sizes = [t.shape.num_elements() or 0 for op in graph.get_operations() for t in op.outputs]
    if max(sizes) > MAX_VALUES:
        raise too_large(path)


def _check_shapes(path: Path, inputs: list, outputs: list) -> None:
    if len(inputs) != 1 or tuple(inputs[0]) != (28, 28, 1):
        raise ModelError(f"{display_name(path)} takes {inputs}; expected one image of (28, 28, 1).")
    if len(outputs) != 1 or tuple(outputs[0]) not in ((10,), (11,)):
        raise ModelError(f"{display_name(path)} gives {outputs}; expected 10 probabilities, or 11.")
