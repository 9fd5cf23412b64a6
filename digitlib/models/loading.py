"""Saved networks, loaded with care: a file becomes a function from images to probabilities.

`digitlib.models.inspection` judges a stranger's file before Keras sees it, and
`digitlib.models.sandbox` opens it in another process before native libraries read it in this one.
"""

import contextlib
import functools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from digitlib.errors import ModelError, display_name
from digitlib.files import PRETRAINED, quiet_native
from digitlib.models import sandbox
from digitlib.models.inspection import MAX_BYTES, check_description, too_large

if TYPE_CHECKING:
    import keras

Network = Callable[[np.ndarray], np.ndarray]
MAX_VALUES = 250_000_000  # that any step of a network may give for a batch: 1 GB
BATCH = 500  # images computed at once: more take memory and no less time
INPUTS = ((28, 28, 1), (28, 28), (784,))  # that a Keras network may take
# The scale of a Rescaling layer below which it takes pixels of 0..255 as they are, not of 0..1.
PIXEL_SCALE = 0.1
BLACK_AND_WHITE = np.repeat(np.array([0, 255], np.uint8), 28 * 28).reshape(2, 28, 28)


def as_network_input(images: np.ndarray) -> np.ndarray:
    """Return (n, 28, 28) uint8 images as the networks take them: (n, 28, 28, 1) float32, 0..1.

    >>> as_network_input(BLACK_AND_WHITE)[:, 0, 0].tolist()
    [[0.0], [1.0]]
    """
    return images[..., None].astype(np.float32) / 255


def probabilities(model: "keras.Model", images: np.ndarray) -> np.ndarray:
    """Return a Keras model's probabilities, (n, 10 or 11), for (n, 28, 28) uint8 images.

    The model may take images of any shape in INPUTS, with values from 0 to 1; or from 0 to 255,
    where it scales them itself.
    """
    shape = model.input_shape[1:]
    most = 255 if _scales_pixels(model) else 1

    def run(some: np.ndarray) -> np.ndarray:
        return model.predict_on_batch((as_network_input(some) * most).reshape(len(some), *shape))

    return _in_batches(run, images)


def _scales_pixels(model: "keras.Model") -> bool:
    """Return whether a model has a layer such as Rescaling(1 / 255), in a part of it too."""
    layers = list(model.layers)
    for layer in layers:
        layers += getattr(layer, "layers", [])
        scale = getattr(layer, "scale", 1) if type(layer).__name__ == "Rescaling" else 1
        if np.max(np.abs(scale)) < PIXEL_SCALE:
            return True
    return False


def _in_batches(run: Network, images: np.ndarray) -> np.ndarray:
    starts = range(0, max(1, len(images)), BATCH)
    return np.concatenate([run(images[i : i + BATCH]) for i in starts])


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
        If the file is missing, damaged, too large, made of layers other than plain ones, or takes
        or gives anything but one image and its probabilities. The function raises it where what
        the network gives are not probabilities, and a ValueError where it is not given images.

    Examples
    --------
    >>> from digitlib.files import SHIPPED_MODEL
    >>> load_network(SHIPPED_MODEL)(np.zeros((3, 28, 28), np.uint8)).shape
    (3, 11)
    """
    path, name = Path(path), display_name(path)
    if path.suffix not in (".tflite", ".keras", ".h5"):
        raise ModelError(f"{name} is not a model: the name must end in .tflite, .keras or .h5.")
    if not path.is_file():
        raise ModelError(f"There is no model file {name}; check the path.")
    if not os.access(path, os.R_OK):
        raise ModelError(f"You may not read {name}; ask whose file it is.")
    if path.stat().st_size > MAX_BYTES:
        raise too_large(path)
    loaded = TFLiteNetwork(path) if path.suffix == ".tflite" else _load_keras(path)
    network = functools.partial(_checked, loaded, path)
    network(BLACK_AND_WHITE)
    return network


def _checked(network: Network, path: Path, images: np.ndarray) -> np.ndarray:
    """Return the probabilities that a network gives for images, once both are known to be such."""
    shape, kind = np.shape(images), getattr(images, "dtype", type(images).__name__)
    if len(shape) != 3 or shape[1:] != (28, 28) or kind != np.uint8:
        raise ValueError(f"Expected images as uint8 of shape (n, 28, 28), not {kind} of {shape}.")
    probs = network(images)
    shaped = probs.shape in ((len(images), 10), (len(images), 11))
    # Compared the other way round, NaN would pass.
    if not (shaped and np.all(probs >= 0) and np.all(abs(probs.sum(axis=1) - 1) < 0.05)):
        raise ModelError(
            f"{display_name(path)} gives no probabilities: its last layer is not a softmax, or its "
            "weights are damaged; a network ends with Dense(10, activation='softmax')."
        )
    return probs


def _try_first(path: Path) -> None:
    """Have another process read a file that might crash this one, or fill its memory."""
    if path.resolve().parent != PRETRAINED:
        sandbox.check(path, MAX_BYTES, BATCH)


@contextlib.contextmanager
def _faults_said(sentence: str, faults=Exception) -> Iterator[None]:
    """Raise a ModelError with a sentence in place of whatever a library raises."""
    try:
        yield
    except ModelError:
        raise
    except faults as error:
        raise ModelError(sentence) from error


class TFLiteNetwork:
    """A LiteRT file's network, called with (n, 28, 28) uint8 images."""

    def __init__(self, path: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        _try_first(path)
        name = display_name(path)
        damaged = f"{name} is damaged: LiteRT cannot load it."
        with _faults_said(damaged, (ValueError, RuntimeError)), quiet_native():
            self.interpreter = Interpreter(model_path=str(path), num_threads=1)
            inputs = self.interpreter.get_input_details()
            outputs = self.interpreter.get_output_details()
        shapes = [[tuple(map(int, end["shape"][1:])) for end in ends] for ends in (inputs, outputs)]
        _check_shapes(path, *shapes)
        if inputs[0]["dtype"] != np.float32 or outputs[0]["dtype"] != np.float32:
            raise ModelError(f"{name} does not compute in float32; expected one of digitlib's.")
        self.fault = f"{name} cannot be run by LiteRT."
        self.input, self.output = inputs[0]["index"], outputs[0]["index"]
        self.nothing = np.empty((0, *shapes[1][0]), np.float32)
        self.batch = 0  # images for which there is room

    def __call__(self, images: np.ndarray) -> np.ndarray:
        with _faults_said(self.fault, RuntimeError):
            return _in_batches(self._run, images)

    def _run(self, images: np.ndarray) -> np.ndarray:
        if len(images) == 0:
            return self.nothing
        if len(images) != self.batch:
            self.batch = len(images)
            self.interpreter.resize_tensor_input(self.input, (self.batch, 28, 28, 1))
            with quiet_native():
                self.interpreter.allocate_tensors()
        self.interpreter.set_tensor(self.input, as_network_input(images))
        self.interpreter.invoke()
        return self.interpreter.get_tensor(self.output)


def _load_keras(path: Path) -> Network:
    name = display_name(path)
    if path.suffix == ".h5":  # the description itself lies in HDF5
        _try_first(path)
    with _faults_said(f"{name} is damaged: it holds no model that can be read."):
        check_description(path)
    if path.suffix == ".keras":
        _try_first(path)
    from digitlib.models.backend import keras

    damaged = f"{name} is damaged, or made by a newer Keras than {keras.__version__}: it cannot "
    with _faults_said(damaged + "be loaded and run."):
        _check_size(path)
        model = keras.models.load_model(path, compile=False, safe_mode=True)
        probabilities(model, BLACK_AND_WHITE)
    return functools.partial(probabilities, model)


def _check_size(path: Path) -> None:
    """Refuse a network that would take much memory, or whose weights are not as described."""
    from digitlib.models.backend import keras, tf

    with tf.Graph().as_default() as graph:  # here nothing is computed, and nothing takes memory
        model = keras.models.load_model(path, compile=False, safe_mode=True)
        inputs, outputs = ([tuple(t.shape[1:]) for t in e] for e in (model.inputs, model.outputs))
        _check_shapes(path, inputs, outputs, INPUTS)
        model(tf.zeros((BATCH, *inputs[0])))
    sizes = [t.shape.num_elements() or 0 for op in graph.get_operations() for t in op.outputs]
    if max(sizes) > MAX_VALUES:
        raise too_large(path)


def _check_shapes(path: Path, inputs: list, outputs: list, may_take=INPUTS[:1]) -> None:
    if len(inputs) != 1 or tuple(inputs[0]) not in may_take:
        expected = " or ".join(map(str, may_take))
        raise ModelError(f"{display_name(path)} takes {inputs}; expected one image of {expected}.")
    if len(outputs) != 1 or tuple(outputs[0]) not in ((10,), (11,)):
        raise ModelError(f"{display_name(path)} gives {outputs}; expected 10 probabilities, or 11.")
