"""Checks that tell a reader whether the answer to an exercise is right, or what is wrong with it.

`_check_3_2` checks exercise 3.2. It computes the truth from the digits at hand, so that it holds
on MNIST and on the stand-in, and returns None, or a sentence that helps if the answer is wrong.
"""

import csv
from collections.abc import Callable

import numpy as np
from PIL import Image
from scipy import ndimage

from digitlib import training
from digitlib.datasets import Dataset, load_digits
from digitlib.files import PRETRAINED, SAMPLES
from digitlib.models import load_network
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


def _check_4_1(answer, digits: Dataset) -> str | None:
    images, labels, network = _validation(digits)
    given = np.asarray(answer, float).ravel()
    if given.shape != (5,):
        return f"Five accuracies are asked for, one an angle; these are {given.size} numbers."
    for angle, accuracy in zip((0, 10, 20, 30, 40), given, strict=True):
        turned = ndimage.rotate(images[:500], angle, axes=(1, 2), reshape=False, order=1)
        true = np.mean(network(turned).argmax(axis=1) == labels[:500])
        if abs(true - accuracy) > 0.02:
            return f"At {angle} degrees the accuracy is {true:.1%}, not {accuracy:.1%}."
    return None


def _check_4_2(answer, digits: Dataset) -> str | None:
    images, labels, network = _validation(digits)
    doubted = np.argsort(network(images).max(axis=1), kind="stable")[0]
    covered = np.repeat(images[doubted : doubted + 1], 49, axis=0)
    for i in range(49):
        row, column = divmod(i, 7)
        covered[i, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4] = 0
    true = network(covered)[:, labels[doubted]].reshape(7, 7)
    given = np.asarray(answer, float)
    if given.shape != (7, 7):
        return f"A (7, 7) array is asked for; this one is {given.shape}."
    if np.allclose(given, true.T, atol=0.01) and not np.allclose(given, true, atol=0.01):
        return "Rows and columns are exchanged."
    far = np.abs(given - true).max()
    return None if far < 0.01 else f"It is off by up to {far:.2f}; cover with 0, one at a time."


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
    return f"After passing on {answer}, the error rate of the rest is {left:.2%}: {what}."


# Notebook 5: your own pictures

MIDDLE, OFF = 13.75, 1.25  # where the centre of mass lies in 28 pixels, and how far it may be off
LONGER_SIDE = (18, 22)  # pixels of a digit that was scaled to 20
MOST_INK = 0.4  # of an image's pixels; these digits have a quarter of that
INKED = 60  # of 255: darker pixels of a prepared image are an edge's
CRUMBS = ((0.92, 0.06), (0.1, 0.07), (0.93, 0.92))  # (row, column), as shares of the picture
CRUMB = 1 / 50  # a crumb's side, as a share of the picture's longer one


def _single() -> dict[str, str]:
    with (SAMPLES / "labels.csv").open(encoding="utf-8") as file:
        return {row["path"]: row["text"] for row in csv.DictReader(file) if len(row["text"]) == 1}


def _open_grey(name: str) -> np.ndarray:
    """Return a sample as notebook 5 opens it."""
    picture = Image.open(SAMPLES / name).convert("RGBA")
    paper = Image.new("RGBA", picture.size, "white")
    picture = Image.alpha_composite(paper, picture).convert("L")
    picture.thumbnail((400, 400))
    return np.asarray(picture, float)


def _ink_of(grey: np.ndarray) -> np.ndarray:
    return find_ink(np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2)) > 0.5


def _check_5_1(answer, digits: Dataset) -> str | None:
    single = _single()
    if isinstance(answer, str) or not isinstance(answer, tuple | list) or len(answer) != 2:
        return "The answer is a pair: the picture's name, and the ink that you found in it."
    name, ink = answer
    if name not in single:
        return f"{name} is none of the six pictures with one digit: {', '.join(single)}."
    grey, ink = _open_grey(name), np.asarray(ink)
    if ink.shape != grey.shape or ink.dtype != bool:
        return f"The ink is {ink.dtype} of shape {ink.shape}; expected bool of {grey.shape}."
    dark = grey < (grey.min() + grey.max()) / 2
    fewer = dark if dark.mean() < 0.5 else ~dark
    if (ink == fewer).mean() < 0.01:
        return "That is the side with more pixels; take the other one."
    if (ink != fewer).mean() > 0.01:
        return "That is not one side of the half-way value, (grey.min() + grey.max()) / 2."
    true = _ink_of(grey)
    if (true & ink).sum() > 0.5 * (true | ink).sum():
        return f"In {name} the threshold does find the digit; look at the ink of the others."
    return None


def _slimness(ink: np.ndarray) -> float:
    rows, columns = np.nonzero(ink)
    return float(np.ptp(rows) / np.ptp(columns))


def _fault_of_prepared(image: np.ndarray, text: str, network: Callable) -> str | None:
    """Return what keeps an image from being read as MNIST's are, if anything does."""
    if image.shape != (28, 28):
        return f"the function returns shape {image.shape}; expected an image, (28, 28)."
    if image.max() <= 1:
        return "no pixel is above 1; scale the ink to 255."
    if image.dtype != np.uint8:
        return f"the image is {image.dtype}; expected uint8."
    if image.mean() > 127:
        return "the image is black on white; ink should be white."
    if np.mean(image > INKED) > MOST_INK:
        return "most of what is white must be the paper; it is piece 0, and often the largest."
    rows, columns = np.nonzero(image > INKED)
    pieces = ndimage.label(image > INKED, np.ones((3, 3)))[1]
    if pieces > 1:
        return f"there are {pieces} pieces in the image; the digit is one. Look at it."
    longer = max(np.ptp(rows), np.ptp(columns)) + 1
    if not LONGER_SIDE[0] <= longer <= LONGER_SIDE[1]:
        return f"the digit's longer side is {longer} pixels, not 20; crop it without the crumbs."
    boxes = np.array([(rows.min() + rows.max()) / 2, (columns.min() + columns.max()) / 2])
    off = np.abs(np.array(ndimage.center_of_mass(image)) - MIDDLE).max()
    if off > OFF:
        if np.abs(boxes - MIDDLE).max() <= OFF:
            return "the middle of its box is in the middle, and not its centre of mass."
        return f"its centre of mass is {off:.1f} pixels off the middle."
    best = network(image[None])[0].argmax()
    return None if str(best) == text else f"it is read as {best}; look at your image of it."


def _check_5_2(without_crumbs, digits: Dataset) -> str | None:
    if not callable(without_crumbs):
        return "Give the function itself, without calling it: answer = without_crumbs."
    network = load_network(PRETRAINED / "classic.tflite")
    for name, text in _single().items():
        grey = _open_grey(name)
        ink, side = _ink_of(grey), round(CRUMB * max(grey.shape))
        darker = np.median(grey[ink]) - np.median(grey[~ink])  # than paper; positive for chalk
        for place in CRUMBS:
            top, left = (int(share * n) for share, n in zip(place, grey.shape, strict=True))
            grey[top : top + side, left : left + side] += darker
        given = grey.copy()
        try:
            image = np.asarray(without_crumbs(given))
        except Exception as error:  # whatever a reader's function does
            said = f"{type(error).__name__}: {error}"
            return f"The function fails ({said}); it gets what open_grey returns, an array."
        if not np.array_equal(given, grey):
            return f"{name}: the function changes the picture that it is given; let it copy."
        if fault := _fault_of_prepared(image, text, network):
            return f"{name} with crumbs: {fault}"
    five = _open_grey("coloured.png")
    five[84:100] = np.median(five)  # between its bar and its bow
    image = np.asarray(without_crumbs(five.copy()))
    if _slimness(image > INKED) < 0.8 * _slimness(_ink_of(five)):
        return "A 5 in two parts has lost one: leave out crumbs, not all but the largest piece."
    return None


def _check_5_3(whole, digits: Dataset) -> str | None:
    if not callable(whole):
        return "Give the function itself, without calling it: answer = whole."
    numbers = [0.9, 0.8, 0.5]
    given, right = float(whole(list(numbers))), float(np.prod(numbers))
    if np.isclose(given, right, atol=1e-3):
        return None
    likely = {"their mean": np.mean(numbers), "their least": np.min(numbers)}
    likely |= {"their largest": np.max(numbers), "1 minus what it should be": 1 - right}
    likely["how sure it is that any of them is right"] = 1 - np.prod(1 - np.array(numbers))
    like = next((f", {n}" for n, v in likely.items() if np.isclose(given, v, atol=1e-3)), "")
    return f"For {numbers} you get {given:.2f}{like}; all three have to be right at once."


EXERCISES = (
    (_check_1_1, _check_1_2, _check_1_3),
    (_check_2_1, _check_2_2, _check_2_3),
    (_check_3_1, _check_3_2, _check_3_3),
    (_check_4_1, _check_4_2, _check_4_3),
    (_check_5_1, _check_5_2, _check_5_3),
)
CHECKS = {f"{n}.{i}": one for n, row in enumerate(EXERCISES, 1) for i, one in enumerate(row, 1)}
