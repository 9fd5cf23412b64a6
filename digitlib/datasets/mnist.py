"""MNIST's four files: the folders that they may be in, and the proof that it is them.

What counts is the content, the SHA-256 of the four published IDX files. A broken, interrupted or
altered file is passed over with a reason; it is never taken for data.
"""

import contextlib
import gzip
import hashlib
import math
import os
import struct
import zipfile
from collections.abc import Callable
from functools import partial
from io import BufferedIOBase
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

CHECKOUT = Path(__file__).parents[2]
PARTS = ("train_images", "train_labels", "test_images", "test_labels")
KERAS_NAMES = dict(zip(PARTS, ("x_train", "y_train", "x_test", "y_test"), strict=True))
IDX_NAMES = dict(
    train_images="train-images-idx3-ubyte",
    train_labels="train-labels-idx1-ubyte",
    test_images="t10k-images-idx3-ubyte",
    test_labels="t10k-labels-idx1-ubyte",
)
SHAPES = dict(zip(PARTS, ((60000, 28, 28), (60000,), (10000, 28, 28), (10000,)), strict=True))
# SHA-256 of the IDX files' bytes, header included, as published at yann.lecun.com/exdb/mnist.
MNIST_SHA256 = dict(
    train_images="ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    train_labels="65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    test_images="0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    test_labels="ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
)

Parts = dict[str, np.ndarray]
T = TypeVar("T")


class Found(NamedTuple):
    """What a search for MNIST came to."""

    parts: Parts | None  # None where nothing was found
    source: str  # the folder or the mirror that had them
    problems: list[str]  # a sentence for each place that failed, or looked like MNIST and was not


def idx_bytes(array: np.ndarray) -> bytes:
    """Return a uint8 array as the bytes of an IDX file: its sizes, big-endian, then the data."""
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def digest(array: np.ndarray) -> str:
    """Return the SHA-256 of a uint8 array's IDX bytes."""
    return hashlib.sha256(idx_bytes(array)).hexdigest()


TORCHVISION = Path("MNIST", "raw")  # where torchvision's examples leave it


def _given() -> list[Path]:
    """Return the folders that DIGITLIB_DATA names."""
    if not (given := os.environ.get("DIGITLIB_DATA")):
        return []
    folder = Path(given)
    if not folder.is_absolute():
        said = f"DIGITLIB_DATA is {given!r}, a relative path; set it to an absolute one."
        raise ValueError(said)
    return [folder, folder / "mnist", folder / TORCHVISION]


def _usual(cache: Path | None) -> list[Path]:
    """Return the other folders that may hold MNIST, in the order in which they are searched."""
    cwd = Path.cwd()
    folders = [CHECKOUT / "data" / "mnist", *([cache] if cache else [])]
    folders += [cwd / TORCHVISION, cwd / "data" / TORCHVISION]
    with contextlib.suppress(RuntimeError):  # a user whom the system does not know has no home
        folders[-2:-2] = [Path.home() / ".keras" / "datasets"]
        folders.append(Path.home() / "data" / TORCHVISION)
    return folders


def find(cache: Path | None) -> Found:
    """Look for MNIST in the folders that may hold it, one of which is `cache`, if there is one."""
    found = _search(given := _given())
    if found.parts is not None:
        return found
    problems = found.problems
    if given and not problems:
        problems.append(f"DIGITLIB_DATA is {given[0]}, where there is no MNIST.")
    found = _search(_usual(cache))
    return found._replace(problems=problems + found.problems)


def _search(folders: list[Path]) -> Found:
    problems: list[str] = []
    for folder in folders:
        for read in (_find_idx, _find_npz):
            try:
                if (parts := read(folder)) is not None:
                    return Found(parts, str(folder), problems)
            except (OSError, ValueError) as error:
                problems.append(f"Passed over {folder}: {error}.")
    return Found(None, "", problems)


def _find_idx(folder: Path) -> Parts | None:
    """Read the four IDX files of a folder, plain or gzipped; None where there is none."""
    paths = {}
    for part, name in IDX_NAMES.items():
        dotted = name.replace("-idx", ".idx")
        for candidate in (name, f"{name}.gz", dotted, f"{dotted}.gz"):
            if part not in paths and (folder / candidate).is_file():
                paths[part] = folder / candidate
    if not paths:
        return None
    if missing := [name for part, name in IDX_NAMES.items() if part not in paths]:
        raise FileNotFoundError(f"{missing[0]} is missing beside the others")
    return {part: _opened(path, partial(read_idx, part)) for part, path in paths.items()}


def _find_npz(folder: Path) -> Parts | None:
    """Read the ``mnist.npz`` that Keras distributes; None where there is none."""
    path = folder / "mnist.npz"
    return _opened(path, read_npz) if path.exists() else None


def _opened(path: Path, read: Callable[[BufferedIOBase], T]) -> T:
    """Return what `read` makes of a file, or raise a ValueError that names the file."""
    try:
        if not path.is_file():  # opening a pipe would wait without end
            raise ValueError("it is not a file")
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            return read(file)
    # Damaged files make gzip and zipfile raise nearly anything; it is all the same to the reader.
    except Exception as error:
        reason = str(error) or type(error).__name__
        raise ValueError(f"{path.name} could not be read as MNIST ({reason})") from error


def read_idx(part: str, file: BufferedIOBase) -> np.ndarray:
    """Read one part from an open IDX file that is no longer gzipped."""
    shape = SHAPES[part]
    start = 4 + 4 * len(shape)
    content = file.read(start + math.prod(shape) + 1)  # no more: a gzip bomb stays packed
    array = _verified(part, memoryview(content)[start:])
    if idx_bytes(array) != content:
        raise ValueError("its header is not MNIST's")
    return array


def read_npz(file: BufferedIOBase) -> Parts:
    """Read the four parts from an open ``mnist.npz``.

    The header that NumPy wrote before each array is not interpreted, since a damaged one may
    say anything, such as that the bytes are signed; the shapes and digests are known.
    """
    parts = {}
    with zipfile.ZipFile(file) as archive:
        for part, key in KERAS_NAMES.items():
            size = math.prod(SHAPES[part])
            info = archive.getinfo(f"{key}.npy")
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise ValueError(f"{info.filename} is packed in a way that NumPy does not use")
            with archive.open(info) as member:
                content = member.read(size + 4096)  # no more: a zip bomb stays packed
            parts[part] = _verified(part, memoryview(content)[-size:])
    return parts


def _verified(part: str, content: memoryview) -> np.ndarray:
    """Return the bytes of one part as an array, once they are known to be MNIST's."""
    size = math.prod(SHAPES[part])
    if len(content) != size:
        raise ValueError(f"its {part} are not {size:,} bytes")
    array = np.frombuffer(content, np.uint8).reshape(SHAPES[part])
    if digest(array) != MNIST_SHA256[part]:
        raise ValueError(f"the SHA-256 of its {part} is not MNIST's")
    return array
