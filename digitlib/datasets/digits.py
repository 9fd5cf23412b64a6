"""Where digits come from: one function loads them, whatever there is to load them from.

Where MNIST cannot be had, scikit-learn's bundled digits stand in, and a notice says so.
"""

import hashlib
import sys
from dataclasses import dataclass

import numpy as np

from digitlib.datasets import mirrors, mnist

_HOW_TO = (
    "To have MNIST, connect to the internet and run 'digitlib data' once, or put its four files "
    "into a folder and name that folder in the environment variable DIGITLIB_DATA."
)


@dataclass(frozen=True)
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
    """Return the SHA-256 of each of the four parts, taken over its IDX bytes."""
    return {part: mnist.digest(getattr(dataset, part)) for part in mnist.PARTS}


def dataset_digest(dataset: Dataset) -> str:
    """Return one SHA-256 for a whole dataset: that of its four digests, joined in order."""
    return hashlib.sha256("".join(part_digests(dataset).values()).encode()).hexdigest()


def load_digits(name: str = "auto") -> Dataset:
    """Load a dataset of handwritten digits.

    Parameters
    ----------
    name : {"auto", "mnist", "uci"}
        "mnist" insists on MNIST, "uci" takes scikit-learn's small bundled set, and "auto"
        takes MNIST where it can be found or downloaded and the bundled set, with a notice
        on standard error, where it cannot.

    Raises
    ------
    FileNotFoundError
        If MNIST was insisted on and cannot be had; the message lists what was tried.
    ValueError
        If the name is unknown, or ``DIGITLIB_DATA`` is not an absolute path.
    """
    if name == "uci":
        return _load_uci()
    if name not in ("auto", "mnist"):
        raise ValueError(f"There is no dataset {name!r}: choose 'auto', 'mnist' or 'uci'.")
    problems: list[str] = []
    found = mnist.find(problems) or mirrors.download(problems)
    if found is not None:
        for problem in problems:
            print(f"digitlib: {problem}", file=sys.stderr)
        return _mnist(*found)
    if name == "mnist":
        raise FileNotFoundError("MNIST could not be had. " + " ".join(problems) + " " + _HOW_TO)
    dataset = _load_uci()
    count = len(dataset.train_labels) + len(dataset.test_labels)
    lines = [
        f"NOTICE: these are not MNIST's digits, but {count:,} smaller ones (UCI) that stand in.",
        *problems,
        _HOW_TO,
    ]
    print("", "=" * 78, *lines, "=" * 78, "", sep="\n", file=sys.stderr)
    return dataset


def _mnist(parts: mnist.Parts, source: str) -> Dataset:
    return Dataset(
        name="MNIST",
        **parts,
        source=source,
        citation="Y. LeCun, C. Cortes, C. J. C. Burges: The MNIST database of handwritten digits.",
        licence="CC BY-SA 3.0",
    )


def _load_uci() -> Dataset:
    """Return scikit-learn's 8 x 8 digits in MNIST's look, 1,297 to learn from and 500 to test."""
    from sklearn.datasets import load_digits as load_bundled
    from sklearn.model_selection import train_test_split

    bundled = load_bundled()
    images = np.stack([_in_mnists_look(image) for image in bundled.images])
    labels = bundled.target.astype(np.uint8)
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
    """Enlarge an 8 x 8 image of values 0..16 to 20 x 20, centred by mass in 28 x 28."""
    from PIL import Image

    grey = Image.fromarray(np.uint8(image * (255 / 16)))
    large = np.asarray(grey.resize((20, 20), Image.Resampling.BICUBIC), float)
    large = np.clip((large - 50) * 1.5, 0, 255)  # enlarging blurs; MNIST's strokes have edges
    weights = large / large.sum()
    row, column = (round((weights.sum(axis) * np.arange(20)).sum()) for axis in (1, 0))
    top, left = np.clip((14 - row, 14 - column), 0, 8)
    placed = np.zeros((28, 28), np.uint8)
    placed[top : top + 20, left : left + 20] = large
    return placed
