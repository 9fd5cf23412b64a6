"""Saved networks, loaded with care: a file becomes a function from images to probabilities.

`digitlib.models.inspection` judges a stranger's file before Keras sees it, and
`digitlib.models.sandbox` opens it in another process before native libraries read it in this one.
A file is copied first: what is judged is what is loaded, whoever writes to the original meanwhile.
"""

import contextlib
import functools
import importlib.util
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from digitlib.errors import ModelError, display_name
from digitlib.files import PRETRAINED, quiet_native
from digitlib.models import sandbox
from digitlib.models.inspection import MAX_BYTES, TOO_LARGE, check_description

if TYPE_CHECKING:
    import keras

Network = Callable[[np.ndarray], np.ndarray]
# The kinds of files, by the endings of names, by where a content says so, and what they need.
SUFFIXES = {".tflite": ".tflite", ".keras": ".keras", ".h5": ".h5", ".hdf5": ".h5"}
STARTS = {".tflite": (4, b"TFL3"), ".keras": (0, b"PK\3\4"), ".h5": (0, b"\x89HDF\r\n")}
KERAS = "a Keras model", ("keras", "tensorflow")
KINDS = {".tflite": ("a LiteRT model", ("ai_edge_litert",)), ".keras": KERAS, ".h5": KERAS}
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
        A ``.tflite`` file, which needs LiteRT alone, or a ``.keras`` or ``.h5`` file. What it
        holds counts, not which of these its name ends in. Threads may share the function.

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
    if path.suffix.lower() not in SUFFIXES:
        raise ModelError(f"{name} is not a model: the name must end in .tflite, .keras or .h5.")
    if not path.is_file():
        raise ModelError(f"There is no model file {name}; check the path.")
    if not os.access(path, os.R_OK):
        raise ModelError(f"You may not read {name}; ask whose file it is.")
    with _name_said(name):
        loaded = _load_copy(path)
    turns = threading.Lock()  # neither LiteRT nor Keras serves two threads at once

    def in_turn(images: np.ndarray) -> np.ndarray:
        with turns, _name_said(name):
            return loaded(images)

    network = functools.partial(_checked, in_turn, path)
    network(BLACK_AND_WHITE)
    return network


def _load_copy(path: Path) -> Network:
    """Load a copy of a model file; errors leave out the file's name."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > MAX_BYTES:
            raise ModelError(TOO_LARGE)
        content = file.read(size)
    said = [s for s, (at, start) in STARTS.items() if content[at:].startswith(start)]
    suffix = said[0] if said else SUFFIXES[path.suffix.lower()]
    kind, needed = KINDS[suffix]
    if missing := [module for module in needed if importlib.util.find_spec(module) is None]:
        are = "are" if len(missing) > 1 else "is"
        raise ModelError(
            f"is {kind}, and {' and '.join(missing)} {are} not installed; "
            f"run: pip install {' '.join(missing)}."
        )
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / f"model{suffix}"
        copy.write_bytes(content)
        trusted = path.resolve().parent == PRETRAINED
        return TFLiteNetwork(copy, trusted) if suffix == ".tflite" else _load_keras(copy, trusted)


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


@contextlib.contextmanager
def _name_said(name: str) -> Iterator[None]:
    """Put the name of the file before what is wrong with it: what is opened is a copy."""
    try:
        yield
    except ModelError as error:
        raise ModelError(f"{name} {error}") from error.__cause__


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
    """A LiteRT file's network, called with (n, 28, 28) uint8 images, by one thread at a time."""

    def __init__(self, path: Path, trusted: bool) -> None:
        from ai_edge_litert.interpreter import Interpreter

        if not trusted:
            sandbox.check(path, MAX_BYTES, BATCH)
        damaged = "is damaged: LiteRT cannot load it."
        with _faults_said(damaged, (ValueError, RuntimeError)), quiet_native():
            self.interpreter = Interpreter(model_content=path.read_bytes(), num_threads=1)
            inputs = self.interpreter.get_input_details()
            outputs = self.interpreter.get_output_details()
        shapes = [[tuple(map(int, end["shape"][1:])) for end in ends] for ends in (inputs, outputs)]
        _check_shapes(*shapes)
        if inputs[0]["dtype"] != np.float32 or outputs[0]["dtype"] != np.float32:
            raise ModelError("does not compute in float32; expected one of digitlib's.")
        self.input, self.output = inputs[0]["index"], outputs[0]["index"]
        self.nothing = np.empty((0, *shapes[1][0]), np.float32)
        self.batch = 0  # images for which there is room
        with quiet_native():  # the first room that it makes is what LiteRT writes about
            self(BLACK_AND_WHITE)

    def __call__(self, images: np.ndarray) -> np.ndarray:
        with _faults_said("cannot be run by LiteRT.", RuntimeError):
            return _in_batches(self._run, images)

    def _run(self, images: np.ndarray) -> np.ndarray:
        if len(images) == 0:
            return self.nothing
        if len(images) != self.batch:
            self.batch = len(images)
            self.interpreter.resize_tensor_input(self.input, (self.batch, 28, 28, 1))
            self.interpreter.allocate_tensors()
        self.interpreter.set_tensor(self.input, as_network_input(images))
        self.interpreter.invoke()
        return self.interpreter.get_tensor(self.output)


def _load_keras(path: Path, trusted: bool) -> Network:
    if path.suffix == ".h5" and not trusted:  # the description itself lies in HDF5
        sandbox.check(path, MAX_BYTES, BATCH)
    with _faults_said("is damaged: it holds no model that can be read."):
        check_description(path)
    if path.suffix == ".keras" and not trusted:
        sandbox.check(path, MAX_BYTES, BATCH)
    from digitlib.models.backend import keras

    damaged = f"is damaged, or made by a newer Keras than {keras.__version__}: it cannot be loaded "
    with _faults_said(damaged + "and run."):
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
        _check_shapes(inputs, outputs, INPUTS)
        model(tf.zeros((BATCH, *inputs[0])))
    sizes = [t.shape.num_elements() or 0 for op in graph.get_operations() for t in op.outputs]
    if max(sizes) > MAX_VALUES:
        raise ModelError(TOO_LARGE)


def _check_shapes(inputs: list, outputs: list, may_take=INPUTS[:1]) -> None:
    if len(inputs) != 1 or tuple(inputs[0]) not in may_take:
        expected = " or ".join(map(str, may_take))
        raise ModelError(f"takes {inputs}; expected one image of {expected}.")
    if len(outputs) != 1 or tuple(outputs[0]) not in ((10,), (11,)):
        raise ModelError(f"gives {outputs}; expected 10 probabilities, or 11.")
