"""One function that loads digits: MNIST or, with a notice, scikit-learn's in its place."""

import hashlib
import sys
import textwrap
from dataclasses import dataclass

import numpy as np

from digitlib.datasets import mirrors, mnist
from digitlib.errors import display_name, say

NAMES = ("auto", "mnist", "uci")  # what `load_digits` takes
HOW_TO = (
    "To have MNIST, connect to the internet and run 'digitlib data' once, or put its four files "
    "into a folder and name that folder in the environment variable DIGITLIB_DATA."
)
WIDTH = 78  # characters: what a page of a notebook shows without scrolling
CITATION = "Y. LeCun, C. Cortes, C. J. C. Burges: The MNIST database of handwritten digits."
# How MNIST's digits were made: scaled to 20 x 20, and placed with their centre of mass at (14, 14).
SIDE, CENTRE = 20, 14
# Enlarging blurs, and MNIST's strokes have edges: levels below BLUR go, the rest are stretched.
BLUR, CONTRAST = 50, 1.5


@dataclass(frozen=True, eq=False)  # arrays do not compare as one value: see `dataset_digest`
class Dataset:
    """Labelled images of digits, split into training and test.

    Images are (n, 28, 28) uint8, white ink (255) on black paper (0); labels are (n,) uint8 in 0..9.
    """

    name: str
    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    source: str
    citation: str
    licence: str


def part_digests(dataset: Dataset) -> dict[str, str]:
    """Return the SHA-256 of each of the four parts, as an IDX file."""
    return {part: mnist.digest(getattr(dataset, part)) for part in mnist.PARTS}


def dataset_digest(dataset: Dataset) -> str:
    """Return one SHA-256 for a whole dataset: that of its four digests, joined in order.

    >>> len(dataset_digest(load_digits("uci")))
    64
    """
    return hashlib.sha256("".join(part_digests(dataset).values()).encode()).hexdigest()


def load_digits(name: str = "auto") -> Dataset:
    """Load a dataset of handwritten digits.

    Parameters
    ----------
    name : {"auto", "mnist", "uci"}
        "mnist" insists on MNIST, "uci" takes scikit-learn's small bundled set, and "auto" takes
        MNIST where it can be found or downloaded, or else the bundled set, with a notice on
        standard error.

    Raises
    ------
    FileNotFoundError
        If MNIST was insisted on and cannot be had; the message lists what was tried.
    ValueError
        If the name is unknown, or ``DIGITLIB_DATA`` is not an absolute path.

    Examples
    --------
    >>> digits = load_digits("uci")
    >>> digits.train_images.shape, digits.train_labels[:5].tolist()
    ((1297, 28, 28), [2, 1, 2, 5, 1])
    """
    if name not in NAMES:
        raise ValueError(f"There is no dataset {name!r}: choose 'auto', 'mnist' or 'uci'.")
    if name == "uci":
        return _load_uci()
    parts, source, problems = mnist.find(mirrors.user_cache())
    if parts is None:
        parts, source, more = mirrors.download()
        problems += more
    if parts is not None:
        for problem in problems:
            say(problem)
        return _of_mnist(parts, source)
    if name == "mnist":
        raise FileNotFoundError(" ".join(["MNIST could not be had.", *problems, HOW_TO]))
    dataset = _load_uci()
    count = len(dataset.train_labels) + len(dataset.test_labels)
    notice = (
        f"NOTICE: these are not MNIST's digits: {count:,} smaller ones (UCI) stand in.\n"
        "The numbers in the notebooks' text are MNIST's."
    )
    if sys.stderr is not None:
        said = [*map(display_name, problems), textwrap.fill(HOW_TO, WIDTH)]
        print("", "=" * WIDTH, notice, *said, "=" * WIDTH, "", sep="\n", file=sys.stderr)
    return dataset


def digits_at_hand() -> Dataset:
    """Return MNIST if it is on this machine, or else the bundled set; nothing is downloaded."""
    found = mnist.find(mirrors.user_cache())
    return _of_mnist(found.parts, found.source) if found.parts else _load_uci()


def _of_mnist(parts: mnist.Parts, source: str) -> Dataset:
    return Dataset("MNIST", **parts, source=source, citation=CITATION, licence="CC BY-SA 3.0")


def small_digits() -> tuple[np.ndarray, np.ndarray]:
    """Return scikit-learn's digits as they are: images (1797, 8, 8) of 0..16, labels (1797,)."""
    from sklearn.datasets import load_digits as load_bundled

    bundled = load_bundled()
    return bundled.images, bundled.target


def _load_uci() -> Dataset:
    """Return scikit-learn's 8 x 8 digits in MNIST's look, 1,297 for training and 500 for test."""
    from sklearn.model_selection import train_test_split

    small, targets = small_digits()
    images = np.stack([_in_mnists_look(image) for image in small])
    labels = targets.astype(np.uint8)
    train_images, test_images, train_labels, test_labels = train_test_split(
        images, labels, test_size=500, stratify=labels, random_state=0
    )
    return Dataset(
        name="UCI digits",
        train_images=train_images,
        train_labels=train_labels,
        test_images=test_images,
        test_labels=test_labels,
        source="scikit-learn",
        citation="E. Alpaydin, C. Kaynak: Optical Recognition of Handwritten Digits, UCI, 1998.",
        licence="CC BY 4.0",
    )


def _in_mnists_look(image: np.ndarray) -> np.ndarray:
    """Enlarge an 8 x 8 image of values 0..16 to SIDE x SIDE, centred by mass in 28 x 28."""
    from PIL import Image
    from scipy.ndimage import center_of_mass

    grey = Image.fromarray((image * (255 / 16)).astype(np.uint8))
    large = np.asarray(grey.resize((SIDE, SIDE), Image.Resampling.BICUBIC), float)
    large = np.clip((large - BLUR) * CONTRAST, 0, 255)
    margin = 28 - SIDE
    top, left = np.clip(CENTRE - np.rint(center_of_mass(large)).astype(int), 0, margin)
    return np.pad(large, ((top, margin - top), (left, margin - left))).astype(np.uint8)
