"""Checks for the exercises of notebooks 1, 2 and 5; see `digitlib.exercises`."""

import contextlib
import csv
import functools
import io

import numpy as np
from scipy import ndimage

from digitlib.datasets import load_digits
from digitlib.imaging import prepare
from digitlib.ink import find_ink
from digitlib.pictures import open_picture
from digitlib.recognizer import SAMPLES


@functools.cache
def _digits():
    """Return the digits at hand, loaded once; whatever notice is due, the notebook has given."""
    with contextlib.redirect_stderr(io.StringIO()):
        return load_digits()


def _means() -> np.ndarray:
    images, labels = _digits().train_images, _digits().train_labels
    return np.stack([images[labels == digit].mean(axis=0).ravel() for digit in range(10)])


def _nearest_mean_accuracy(images: np.ndarray, labels: np.ndarray) -> float:
    means = np.float32(_means())
    # |a - b|^2 = |a|^2 - 2ab + |b|^2, and |a|^2 is the same for every mean.
    far = (means**2).sum(axis=1) - 2 * images.reshape(len(images), -1).astype(np.float32) @ means.T
    return float(np.mean(far.argmin(axis=1) == labels))


def _check_1_1(answer) -> str | None:
    if len(answer) != 2 or not {int(d) for d in answer} <= set(range(10)):
        return f"The answer is two digits, such as (2, 5); this is {answer!r}."
    first, second = (int(d) for d in answer)
    if first == second:
        return "Each digit lies at distance 0 from itself; compare different digits only."
    distance = np.linalg.norm(_means()[:, None] - _means(), axis=2)
    closer = int((distance[np.triu_indices(10, 1)] < distance[first, second] - 1e-6).sum())
    if closer == 44:
        return "These two are the least similar of all pairs: look for the smallest distance."
    return f"{closer} of the 45 pairs are more similar." if closer else None


def _check_1_2(answer) -> str | None:
    if np.size(answer) != 1 or not 0 <= (share := float(np.squeeze(answer))) <= 1:
        return "The answer is one number between 0 and 1: right answers / number of test images."
    digits = _digits()
    truth = _nearest_mean_accuracy(digits.test_images, digits.test_labels)
    if abs(share - truth) < 0.0051:  # rounded to two decimals is good enough
        return None
    if abs(share - _nearest_mean_accuracy(digits.train_images, digits.train_labels)) < 0.0051:
        return "That is the accuracy on the training images; use the test images."
    return "Compare each test image with all ten means, and take the digit of the nearest one."


def _slants(images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    places, images = np.arange(28), images / images.sum(axis=(1, 2), keepdims=True)
    row, column = images.sum(axis=2) @ places, images.sum(axis=1) @ places
    covariance = images @ places @ places - row * column
    slant = covariance / (images.sum(axis=2) @ places**2 - row**2)
    return np.array([slant[labels == digit].mean() for digit in range(10)])


def _check_1_3(answer) -> str | None:
    if np.shape(answer) != (10,):
        return f"The answer is ten numbers, one a digit; this has shape {np.shape(answer)}."
    digits, answer = _digits(), np.asarray(answer, float)
    truth = _slants(digits.test_images, digits.test_labels)
    if np.allclose(answer, truth, atol=0.0051):
        return None
    if np.allclose(answer, -truth, atol=0.0051):
        return "The sign is the other way round: rows are counted downwards."
    if np.allclose(answer, _slants(digits.train_images, digits.train_labels), atol=0.0051):
        return "These are the slants of the training images; use the test images."
    worst = np.abs(answer - truth).argmax()
    return f"The digit {worst} is furthest off. Weigh each pixel by its ink / all ink of its image."


def _check_2_1(answer) -> str | None:
    window = np.squeeze(np.asarray(answer, float))
    if window.shape != (5, 5):
        return f"The answer has 5 rows of 5 weights; this has shape {np.shape(answer)}."
    row, column = np.mgrid[-2:3, -2:3]
    strokes = {"a rising": row + column, "an upright": column, "a level": row}
    strokes |= {"a falling": row - column, "a patch that is all ink, without a": row * 0}
    found = {name: window[np.abs(off) < 2].sum() for name, off in strokes.items()}
    rising = found.pop("a rising")
    best = max(found, key=found.get)
    if not rising > 0:
        return "To a rising stroke it answers with zero or less, and ReLU leaves nothing of that."
    hint = f"It answers as much to {best} stroke: take weight away where / is not."
    return None if rising > found[best] else hint


def _parameters(pool: int, convolved: int = 24, bias: int = 1) -> int:
    flat = 32 * (convolved // pool) ** 2
    return 32 * (5 * 5 + bias) + 256 * (flat + bias) + 10 * (256 + bias)


def _check_2_2(answer) -> str | None:
    answer, right = int(answer), _parameters(2)
    likely = {
        _parameters(3): "That is the network as it is, with a pool of 3 x 3.",
        _parameters(2, bias=0): "Nearly: each filter and each unit has a bias as well.",
        _parameters(2, convolved=28): "A window of 5 x 5 fits into 28 x 28 at 24 x 24 places only.",
        _parameters(2) - 832: "Nearly: the convolution has parameters, too.",
        _parameters(2) - 2570: "Nearly: the last layer has parameters, too.",
    }
    hint = "Convolution: 24 x 24 x 32. What does a pool of 2 leave of it, and who weighs that?"
    return None if answer == right else likely.get(answer, hint)


def _check_2_3(answer) -> str | None:
    if not hasattr(answer, "predict"):
        return "The answer is the fitted model itself, not its score or its predictions."
    digits = _digits()
    order = np.random.default_rng(0).permutation(len(digits.train_labels))
    held_out = order[: min(1000, len(order) // 4)]
    images, labels = digits.train_images[held_out] / np.float32(255), digits.train_labels[held_out]
    moved = np.roll(images, 3, axis=2)
    still, right = (np.mean(answer.predict(x.reshape(-1, 784)) == labels) for x in (images, moved))
    scores = f"It reads {still:.0%} of the held-out images as they are, {right:.0%} moved by 3: "
    if max(still, right) < 0.5:
        return scores + "does it learn from pixels between 0 and 1, with the labels in order?"
    if right < still - 0.1:
        return scores + "let it learn from images that are moved as far."
    return scores + "keep the unmoved images, too." if still < right - 0.1 else None


def _check_5_1(centred) -> str | None:
    image = prepare(SAMPLES / "dark_on_light.png").lines[0].glyphs[0, 1].image
    rows, columns = (np.flatnonzero(image.any(axis)) for axis in (1, 0))
    for shift in ((1 - rows[0], 26 - columns[-1]), (26 - rows[-1], 1 - columns[0]), (0, 0)):
        moved = np.roll(image, shift, axis=(0, 1))
        result = np.asarray(centred(moved.copy()), float)
        if result.shape != (28, 28):
            return f"The function returns shape {result.shape}; expected an image, (28, 28)."
        if abs(result.sum() / moved.sum() - 1) > 0.05:
            return "The ink itself has changed: the sum of all pixels should stay the same."
        off = max(abs(c - 13.75) for c in ndimage.center_of_mass(result))
        if off > 1.25:
            return f"The ink is {off:.1f} pixels off. Do rows come first? Which way is down?"


def _check_5_2(answer) -> str | None:
    name, ink = answer
    with (SAMPLES / "labels.csv").open(encoding="utf-8") as file:
        single = [row["path"] for row in csv.DictReader(file) if len(row["text"]) == 1]
    if name not in single:
        return f"{name} is none of the six pictures with one digit: {', '.join(single)}."
    colours = open_picture(SAMPLES / name).colours
    grey, ink, found = colours.mean(axis=2), np.asarray(ink), find_ink(colours) > 0.5
    if ink.shape != grey.shape or ink.dtype != bool:
        return f"The ink is {ink.dtype} of shape {ink.shape}; expected bool of {grey.shape}."
    dark = grey < (grey.min() + grey.max()) / 2
    if (ink != (dark if dark.mean() < 0.5 else ~dark)).mean() > 0.01:
        return "That is not the side of the half-way grey value that has fewer pixels."
    if (found & ink).sum() > 0.5 * (found | ink).sum():
        return f"In {name} the threshold does find the digit; look at the ink of the others."


def _check_5_3(whole) -> str | None:
    numbers = [0.9, 0.8, 0.5]
    given, right = float(whole(list(numbers))), float(np.prod(numbers))
    likely = {"mean": np.mean(numbers), "least": np.min(numbers), "largest": np.max(numbers)}
    if not np.isclose(given, right, atol=1e-3):
        like = next((f", their {n}" for n, v in likely.items() if np.isclose(given, v)), "")
        return f"For {numbers} you get {given:.2f}{like}; all three have to be right at once."


CHECKS = {
    "1.1": _check_1_1,
    "1.2": _check_1_2,
    "1.3": _check_1_3,
    "2.1": _check_2_1,
    "2.2": _check_2_2,
    "2.3": _check_2_3,
    "5.1": _check_5_1,
    "5.2": _check_5_2,
    "5.3": _check_5_3,
}
