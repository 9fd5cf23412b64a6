"""MNIST's four files: the folders and mirrors they may come from, and the proof that it is them.

What counts is the content, the SHA-256 of the four published IDX files. A broken, interrupted or
altered file is passed over with a reason; it is never taken for data.
"""

import gzip
import hashlib
import logging
import os
import struct
import tempfile
import threading
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

CHECKOUT = Path(__file__).parents[1]
PARTS = ("train_images", "train_labels", "test_images", "test_labels")
KERAS_NAMES = dict(zip(PARTS, ("x_train", "y_train", "x_test", "y_test"), strict=True))
IDX_NAMES = dict(
    train_images="train-images-idx3-ubyte",
    train_labels="train-labels-idx1-ubyte",
    test_images="t10k-images-idx3-ubyte",
    test_labels="t10k-labels-idx1-ubyte",
)
SHAPES = dict(
    train_images=(60000, 28, 28),
    train_labels=(60000,),
    test_images=(10000, 28, 28),
    test_labels=(10000,),
)
# SHA-256 of the IDX files' bytes, header included, as published at yann.lecun.com/exdb/mnist.
MNIST_SHA256 = dict(
    train_images="ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    train_labels="65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    test_images="0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    test_labels="ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
)
NPZ_FILES = {"mnist.npz": "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"}
_GZ_SHA256 = (  # of the four files as published, in the order of PARTS
    "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
)
GZ_FILES = {f"{name}.gz": sha for name, sha in zip(IDX_NAMES.values(), _GZ_SHA256, strict=True)}
MIRRORS = (
    ("https://storage.googleapis.com/tensorflow/tf-keras-datasets/", NPZ_FILES),
    ("https://storage.googleapis.com/cvdf-datasets/mnist/", GZ_FILES),
    ("https://ossci-datasets.s3.amazonaws.com/mnist/", GZ_FILES),
)
CONNECT_SECONDS, PROBE_SECONDS, STALL_SECONDS = 3, 6, 8
UNREADABLE = (OSError, EOFError, ValueError, KeyError, RuntimeError, zlib.error, zipfile.BadZipFile)

Parts = dict[str, np.ndarray]


def idx_header(array: np.ndarray) -> bytes:
    """Return what an IDX file of a uint8 array begins with: its sizes, big-endian."""
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)


def idx_bytes(array: np.ndarray) -> bytes:
    """Return a uint8 array as the bytes of an IDX file (big-endian sizes, then the data)."""
    return idx_header(array) + array.tobytes()


def digest(array: np.ndarray) -> str:
    """Return the SHA-256 of a uint8 array's IDX bytes."""
    sha256 = hashlib.sha256(idx_header(array))
    sha256.update(np.ascontiguousarray(array))  # not joined: a copy of MNIST is 47 MB
    return sha256.hexdigest()


def user_cache() -> Path:
    """Return the folder of this user in which downloads are kept."""
    import pooch

    return Path(pooch.os_cache("digitlib")) / "mnist"


def _folders() -> Iterator[Path]:
    """Yield the folders that may hold MNIST, in the order in which they are looked at."""
    if given := os.environ.get("DIGITLIB_DATA"):
        folder = Path(given)
        if not folder.is_absolute():
            raise ValueError(
                f"DIGITLIB_DATA is {given!r}, a relative path; set it to an absolute one."
            )
        yield from (folder, folder / "mnist")
    yield CHECKOUT / "data" / "mnist"
    yield user_cache()
    yield Path.home() / ".keras" / "datasets"
    for parent in (Path.cwd(), Path.cwd() / "data", Path.home() / "data"):
        yield parent / "MNIST" / "raw"  # where torchvision's examples leave it


def find(problems: list[str]) -> tuple[Parts, str] | None:
    """Return MNIST's four parts and the folder they were in, or None.

    Parameters
    ----------
    problems : list of str
        Gets a sentence for each file that looked like MNIST and was not.
    """
    for folder in _folders():
        for read in (_read_idx, _read_npz):
            try:
                parts = read(folder)
                if parts is not None:
                    return _verified(parts), str(folder)
            except UNREADABLE as error:
                problems.append(f"Passed over {folder}: {error}.")
    return None


def _read_idx(folder: Path) -> Parts | None:
    """Read the four IDX files of a folder, plain or gzipped; None where there is none."""
    parts = {}
    for part, name in IDX_NAMES.items():
        names = (
            name,
            name + ".gz",
            name.replace("-idx", ".idx"),
            name.replace("-idx", ".idx") + ".gz",
        )
        paths = [folder / n for n in names if (folder / n).is_file()]
        if not paths:
            if parts:
                raise FileNotFoundError(f"{name} is missing beside the others")
            return None
        opener = gzip.open if paths[0].suffix == ".gz" else open
        shape = SHAPES[part]
        size = 4 + 4 * len(shape) + int(np.prod(shape))
        with opener(paths[0], "rb") as file:
            content = file.read(size + 1)  # no more: a gzip bomb stays packed
        if len(content) != size:
            raise ValueError(f"{paths[0].name} does not hold the {size:,} bytes of MNIST's")
        array = np.frombuffer(content, np.uint8, offset=4 + 4 * len(shape)).reshape(shape)
        if idx_header(array) != content[: 4 + 4 * len(shape)]:
            raise ValueError(f"{paths[0].name} has another header than MNIST's")
        parts[part] = array
    return parts


def _read_npz(folder: Path) -> Parts | None:
    """Read the ``mnist.npz`` that Keras distributes; None where there is none."""
    path = folder / "mnist.npz"
    if not path.is_file():
        return None
    with zipfile.ZipFile(path) as archive:
        largest = max((member.file_size for member in archive.infolist()), default=0)
    if largest > np.prod(SHAPES["train_images"]) + 4096:
        raise ValueError(f"{path.name} holds more than MNIST's bytes")
    with np.load(path, allow_pickle=False) as arrays:
        return {part: arrays[key] for part, key in KERAS_NAMES.items()}


def _verified(parts: Parts) -> Parts:
    for part, array in parts.items():
        if digest(array) != MNIST_SHA256[part]:
            raise ValueError(f"the content of {IDX_NAMES[part]} is not MNIST's (SHA-256 differs)")
    return parts


def download(problems: list[str]) -> tuple[Parts, str] | None:
    """Return MNIST's four parts from the first mirror that delivers them whole, or None.

    They are kept in `user_cache`. A network that cannot be reached costs PROBE_SECONDS at most;
    ``DIGITLIB_OFFLINE=1`` forbids the attempt. `problems` is filled as in `find`.
    """
    if os.environ.get("DIGITLIB_OFFLINE") == "1":
        problems.append("No download was tried, because DIGITLIB_OFFLINE is 1.")
        return None
    reachable = _reachable([base for base, _ in MIRRORS])
    if not reachable:
        problems.append("None of MNIST's mirrors could be reached.")
        return None
    cache = user_cache()
    try:
        cache.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=cache).close()
    except OSError as error:
        problems.append(f"{cache} cannot be written to ({error.strerror}): MNIST is not kept.")
        with tempfile.TemporaryDirectory() as folder:
            return _from_mirrors(reachable, Path(folder), problems)
    return _from_mirrors(reachable, cache, problems)


def _from_mirrors(
    reachable: set[str], folder: Path, problems: list[str]
) -> tuple[Parts, str] | None:
    import pooch

    pooch.get_logger().setLevel(logging.ERROR)
    for base, files in MIRRORS:
        if base not in reachable:
            continue
        try:
            downloader = pooch.HTTPDownloader(
                progressbar=True, timeout=(CONNECT_SECONDS, STALL_SECONDS)
            )
            for name, digest in files.items():
                pooch.retrieve(base + name, digest, fname=name, path=folder, downloader=downloader)
            read = _read_npz if files is NPZ_FILES else _read_idx
            return _verified(read(folder)), base
        except UNREADABLE as error:
            problems.append(f"The mirror {base} failed: {type(error).__name__}.")
    return None


def _reachable(urls: list[str]) -> set[str]:
    """Return the addresses that answer anything at all within PROBE_SECONDS.

    Asked side by side, in threads that may be left behind: looking a name up without a network
    can hang for longer than anybody waits, and nothing in Python can interrupt it.
    """
    import requests

    answered: set[str] = set()

    def probe(url: str) -> None:
        try:
            requests.head(url, timeout=CONNECT_SECONDS)
            answered.add(url)
        except requests.RequestException:
            pass

    threads = [threading.Thread(target=probe, args=(url,), daemon=True) for url in urls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PROBE_SECONDS / len(threads))
    return set(answered)
