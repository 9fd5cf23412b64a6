"""Checks that tell a reader whether the answer to an exercise is right, or what is wrong with it.

`_check_3_2` checks exercise 3.2. It computes the truth from the digits at hand, so that it holds
on MNIST and on the stand-in, and returns None, or a sentence that helps if the answer is wrong.
"""

import csv
from collections.abc import Callable

import numpy as np
from scipy import ndimage

from digitlib import training
from digitlib.datasets import Dataset, load_digits
from digitlib.files import PRETRAINED, SAMPLES
from digitlib.models import load_network
from digitlib.reading import open_picture, prepare
from digitlib.reading.ink import find_ink

ROUNDED = 0.0051  # an answer that is rounded to two decimals is good enough


def check(name: str, answer=..., digits: Dataset | None = None) -> None:
    """Print whether an answer is right, and if not, what may be wrong with it.

    Parameters
    ----------
    name : str
        The exercise's number, such as "1.2": notebook 1, exercise 2.
    answer : optional
        What the exercise asks for; `...` or None while it is not answered.
    digits : Dataset, optional
        The digits that the answer was found on; those of `digitlib.load_digits` unless given.

    Raises
    ------
    ValueError
        If there is no such exercise.

    Examples
    --------
    >>> from digitlib import load_digits
    >>> check("2.2", 527_946, load_digits("uci"))
    2.2: not yet. That is the network as it is, with a pool of 3 x 3.
    """
    if name not in CHECKS:
        raise ValueError(f"There is no exercise {name!r}; there are {', '.join(CHECKS)}.")
    if answer is None or answer is ...:
        print(f"{name}: not answered yet")
        return
    try:
        wrong = CHECKS[name](answer, digits or load_digits())
    except Exception as error:  # whatever a reader gives, the notebook goes on
        wrong = f"this answer cannot be checked ({type(error).__name__}: {error}); see the exercise"
    print(f"{name}: right!" if wrong is None else f"{name}: not yet. {wrong}")


# Notebook 1: the data
def _means(digits: Dataset) -> np.ndarray:
    images, labels = digits.train_images, digits.train_labels
    return np.stack([images[labels == digit].mean(axis=0).ravel() for digit in range(10)])


def _nearest_mean_accuracy(means: np.ndarray, images: np.ndarray, labels: np.ndarray) -> float:
    means = means.astype(np.float32)
    # |a - b|^2 = |a|^2 - 2ab + |b|^2, and |a|^2 is the same for every mean.
    far = (means**2).sum(axis=1) - 2 * images.reshape(len(images), -1).astype(np.float32) @ means.T
    return float(np.mean(far.argmin(axis=1) == labels))


def _check_1_1(answer, digits: Dataset) -> str | None:
    if len(answer) != 2 or not {int(d) for d in answer} <= set(range(10)):
        return f"The answer is two digits, such as (2, 5); this is {answer!r}."
    first, second = (int(d) for d in answer)
    if first == second:
        return "Each digit lies at distance 0 from itself; compare different digits only."
    means = _means(digits)
    distance = np.linalg.norm(means[:, None] - means, axis=2)
    closer = int((distance[np.triu_indices(10, 1)] < distance[first, second] - 1e-6).sum())
    if closer == 44:
        return "These two are the least similar of all pairs: look for the smallest distance."
    return f"{closer} of the 45 pairs are more similar." if closer else None


def _check_1_2(answer, digits: Dataset) -> str | None:
    if np.size(answer) != 1 or not 0 <= (share := float(np.squeeze(answer))) <= 1:
        return "The answer is one number between 0 and 1: right answers / number of test images."
    means = _means(digits)
    truth = _nearest_mean_accuracy(means, digits.test_images, digits.test_labels)
    if abs(share - truth) < ROUNDED:
        return None
    training = _nearest_mean_accuracy(means, digits.train_images, digits.train_labels)
    if abs(share - training) < ROUNDED:
        return "That is the accuracy on the training images; use the test images."
    return "Compare each test image with all ten means, and take the digit of the nearest one."


def _slants(images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    places, images = np.arange(28), images / images.sum(axis=(1, 2), keepdims=True)
    row, column = images.sum(axis=2) @ places, images.sum(axis=1) @ places
    covariance = images @ places @ places - row * column
    slant = covariance / (images.sum(axis=2) @ places**2 - row**2)
    return np.array([slant[labels == digit].mean() for digit in range(10)])


def _check_1_3(answer, digits: Dataset) -> str | None:
    if np.shape(answer) != (10,):
        return f"The answer is ten numbers, one a digit; this has shape {np.shape(answer)}."
    answer = np.asarray(answer, float)
    truth = _slants(digits.test_images, digits.test_labels)
    if np.allclose(answer, truth, atol=ROUNDED):
        return None
    if np.allclose(answer, -truth, atol=ROUNDED):
        return "The sign is the other way round: rows are counted downwards."
    if np.allclose(answer, _slants(digits.train_images, digits.train_labels), atol=ROUNDED):
        return "These are the slants of the training images; use the test images."
    worst = np.abs(answer - truth).argmax()
    return f"The digit {worst} is furthest off. Weigh each pixel by its ink / all ink of its image."


# Notebook 2: the network

CONVOLUTION = 32 * (5 * 5 + 1)  # parameters of the first layer
LAST = 10 * (256 + 1)  # and of the last


def _check_2_1(answer, digits: Dataset) -> str | None:
    window = np.squeeze(np.asarray(answer, float))
    if window.shape != (5, 5):
        return f"The answer has 5 rows of 5 weights; this has shape {np.shape(answer)}."
    row, column = np.mgrid[-2:3, -2:3]
    strokes = {"a rising": row + column, "an upright": column, "a level": row}
    strokes |= {"a falling": row - column, "a patch that is all ink, without a": row * 0}
    found = {name: window[np.abs(off) < 2].sum() for name, off in strokes.items()}
    rising = found.pop("a rising")
    best = max(found, key=lambda name: found[name])
    if not rising > 0:
        return "To a rising stroke it answers with zero or less, and ReLU leaves nothing of that."
    hint = f"It answers as much to {best} stroke: take weight away where / is not."
    return None if rising > found[best] else hint


def _parameters(pool: int, convolved: int = 24, bias: int = 1) -> int:
    flat = 32 * (convolved // pool) ** 2
    return 32 * (5 * 5 + bias) + 256 * (flat + bias) + 10 * (256 + bias)


def _check_2_2(answer, digits: Dataset) -> str | None:
    likely = {
        _parameters(3): "That is the network as it is, with a pool of 3 x 3.",
        _parameters(2, bias=0): "Nearly: each filter and each unit has a bias as well.",
        _parameters(2, convolved=28): "A window of 5 x 5 fits into 28 x 28 at 24 x 24 places only.",
        _parameters(2) - CONVOLUTION: "Nearly: the convolution has parameters, too.",
        _parameters(2) - LAST: "Nearly: the last layer has parameters, too.",
        _parameters(2): None,
    }
    hint = "Convolution: 24 x 24 x 32. What does a pool of 2 leave of it, and who weighs that?"
    return likely.get(int(answer), hint)


def _check_2_3(answer, digits: Dataset) -> str | None:
    if not hasattr(answer, "predict"):
        return "The answer is the fitted model itself, not its score or its predictions."
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


# Notebook 3: training
def _check_3_1(steps, digits: Dataset) -> str | None:
    recipe, total = training.recipe_for("classic", digits), len(digits.train_labels)
    each = int(total * (1 - recipe.validation_fraction)) // recipe.batch_size
    likely = {
        each: "That is one epoch; the recipe has more of them.",
        (each + 1) * recipe.epochs: "A last batch that is not full is left out.",
        total // recipe.batch_size * recipe.epochs: "The validation images are not learned from.",
        each * recipe.epochs: None,
    }
    return likely.get(steps, "Steps an epoch: images to learn from // images a batch.")


def _check_3_2(cross_entropy, digits: Dataset) -> str | None:
    rng = np.random.default_rng(0)
    probabilities, labels = rng.dirichlet(np.ones(10), 40), rng.integers(0, 10, 40)
    given = np.asarray(cross_entropy(probabilities.copy(), labels.copy()))
    if given.shape != ():
        return f"The function returns shape {given.shape}; expected one number, the mean."
    right = -np.log(probabilities[np.arange(40), labels]).mean()
    if np.isclose(given, right, rtol=1e-3):
        return None
    likely = [(-1.0, "a sign"), (40.0, "sum, not mean")]
    likely += [(1 / np.log(10), "log10"), (1 / np.log(2), "log2")]
    why = next((f" ({hint}?)" for f, hint in likely if np.isclose(given, f * right)), "")
    return f"For 40 made-up images you get {given:.3f}{why}; it should be {right:.3f}."


def _check_3_3(best_epoch, digits: Dataset) -> str | None:
    history = {"accuracy": [0.5, 0.7, 0.8, 0.9, 0.97], "val_accuracy": [0.6, 0.7, 0.9, 0.8, 0.9]}
    history |= {"loss": [2.0, 1.0, 0.8, 0.6, 0.3], "val_loss": [1.9, 0.8, 0.7, 0.5, 0.9]}
    likely = {
        3: None,
        2: "Epochs are counted from 1.",
        4: "That is the epoch of the lowest validation loss; asked for is accuracy.",
        5: "That is the last epoch: look at validation, and of equals take the first.",
    }
    epoch = best_epoch(history)
    return likely.get(epoch, f"You get {epoch}; expected is a whole number, 1 or more.")


# Notebook 4: its mistakes
def _validation(digits: Dataset) -> tuple[np.ndarray, np.ndarray, Callable]:
    """Return notebook 4's validation images, their labels, and its network."""
    _, validate = training.split(digits, training.recipe_for("classic", digits))
    network = load_network(PRETRAINED / "classic.keras")
    images, labels = digits.train_images[validate], digits.train_labels[validate].astype(int)
    return images, labels, network


def _turned(images: np.ndarray, angle: float) -> np.ndarray:
    return ndimage.rotate(images, angle, axes=(1, 2), reshape=False, order=1)


def _check_4_1(answer, digits: Dataset) -> str | None:
    images, labels, network = _validation(digits)
    given = np.asarray(answer, float).ravel()
    if given.shape != (5,):
        return f"Five accuracies are asked for, one an angle; these are {given.size} numbers."
    if given.max() > 1:
        return "Accuracies are asked for as shares of 1, as np.mean gives them."
    images, labels, angles = images[:500], labels[:500], (0, 10, 20, 30, 40)

    def accuracies(turned) -> np.ndarray:
        return np.array([np.mean(network(one).argmax(axis=1) == labels) for one in turned])

    true = accuracies(_turned(images, angle) for angle in angles)
    wrong = np.abs(given - true) > ROUNDED
    if not wrong.any():
        return None
    if np.allclose(given, 1 - true, atol=ROUNDED):
        return "These are the shares of mistakes; asked for are those read right."
    if np.allclose(given, true[::-1], atol=ROUNDED):
        return "These are in the reverse order: begin with the upright images."
    if np.allclose(given, accuracies(_turned(images, -angle) for angle in angles), atol=ROUNDED):
        return "You turn the other way: take positive angles, and axes=(1, 2) in this order."
    which = ", ".join(f"{angle}" for angle, bad in zip(angles, wrong, strict=True) if bad)
    return f"Wrong at {which} degrees. Turn the first 500 images, each time from upright."


def _check_4_2(answer, digits: Dataset) -> str | None:
    images, labels, network = _validation(digits)
    probabilities = network(images)
    doubted = np.argsort(probabilities.max(axis=1), kind="stable")[0]
    given = np.asarray(answer, float).squeeze()
    if given.shape != (7, 7):
        return f"A (7, 7) array is asked for; this one is {given.shape}."
    if given.max() > 1.01:
        return "These are no probabilities, which lie between 0 and 1."
    covered = np.repeat(images[doubted : doubted + 1], 49, axis=0)
    in_place, image = covered.copy(), images[doubted].copy()
    for i in range(49):
        row, column = divmod(i, 7)
        square = slice(4 * row, 4 * row + 4), slice(4 * column, 4 * column + 4)
        covered[i][square] = image[square] = 0
        in_place[i] = image
    maps, read = network(covered), probabilities[doubted].argmax()
    true = maps[:, labels[doubted]].reshape(7, 7)
    again = "Your image is black by now: run the cell that makes valid_images once more."
    black = network(image[None])[0]
    likely = [
        (true, None),
        (true.T, "Rows and columns are exchanged."),
        (maps[:, read], f"That is how sure it is of {read}, its answer; the label is asked for."),
        (maps.max(axis=1), "That is its largest probability each time; the label's is asked for."),
        (network(in_place)[:, labels[doubted]], f"The squares add up: cover a copy. {again}"),
        (np.full(49, black[labels[doubted]]), f"It is the same wherever you cover. {again}"),
    ]
    for values, hint in likely:
        if np.allclose(given, values.reshape(7, 7), atol=0.01):
            return hint
    if np.ptp(given) < 0.01:
        return "It is the same wherever you cover: is the covered image the one that you ask about?"
    return "Cover 4 x 4 pixels with 0, one square at a time, in the image that is order[0]."


def _check_4_3(answer, digits: Dataset) -> str | None:
    images, labels, network = _validation(digits)
    probabilities = network(images)
    wrong = probabilities.argmax(axis=1) != labels
    wrong = wrong[np.argsort(probabilities.max(axis=1), kind="stable")]
    rates = np.cumsum(wrong[::-1])[::-1] / np.arange(len(wrong), 0, -1)
    true = int(np.argmax(np.append(rates, 0) <= 0.001))
    if not isinstance(answer, int | np.integer):
        return f"A whole number of images is asked for, not {answer!r}."
    if answer == true:
        return None
    left = wrong[int(answer) :].mean() if 0 <= answer < len(wrong) else 0
    what = "fewer would do" if left <= 0.001 else "that leaves too many mistakes"
    return f"After handing on {answer}, the error rate of the rest is {left:.3%}: {what}."


ENOUGH = 0.95  # of upright and of turned images that the network of exercise 4.4 has to read


def _check_4_4(answer, digits: Dataset) -> str | None:
    if not hasattr(answer, "predict") and hasattr(answer, "history"):
        return "That is what fit returns, its history; give the network that was trained."
    if not hasattr(answer, "predict"):
        return "The answer is the trained network itself, not its accuracy or its predictions."
    images, labels, _ = _validation(digits)

    def accuracy(images: np.ndarray) -> float:
        x = images[..., None] / np.float32(255)
        given = answer.predict(x, batch_size=500, verbose=0)[:, :10].argmax(axis=1)
        return float(np.mean(given == labels))

    upright, right = accuracy(images), accuracy(_turned(images, 30))
    if min(upright, right) >= ENOUGH:
        return None
    scores = f"It reads {upright:.1%} of the upright images, {right:.1%} turned by 30 degrees: "
    if upright < 0.5:
        return scores + "has it learned from pixels between 0 and 1, with each image's own label?"
    if upright < ENOUGH <= right:
        return scores + "it has forgotten the upright ones; show it those as well."
    if accuracy(_turned(images, -30)) > right:
        return scores + "you have turned the other way; turn by positive angles, or both ways."
    return scores + "let it learn from more turned images, or for another epoch."


# Notebook 5: your own pictures
def _check_5_1(centred, digits: Dataset) -> str | None:
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
    return None


def _check_5_2(answer, digits: Dataset) -> str | None:
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
    return None


def _check_5_3(whole, digits: Dataset) -> str | None:
    numbers = [0.9, 0.8, 0.5]
    given, right = float(whole(list(numbers))), float(np.prod(numbers))
    if np.isclose(given, right, atol=1e-3):
        return None
    likely = {"mean": np.mean(numbers), "least": np.min(numbers), "largest": np.max(numbers)}
    like = next((f", their {n}" for n, v in likely.items() if np.isclose(given, v)), "")
    return f"For {numbers} you get {given:.2f}{like}; all three have to be right at once."


EXERCISES = (
    (_check_1_1, _check_1_2, _check_1_3),
    (_check_2_1, _check_2_2, _check_2_3),
    (_check_3_1, _check_3_2, _check_3_3),
    (_check_4_1, _check_4_2, _check_4_3, _check_4_4),
    (_check_5_1, _check_5_2, _check_5_3),
)
CHECKS = {f"{n}.{i}": one for n, row in enumerate(EXERCISES, 1) for i, one in enumerate(row, 1)}
