"""Checks that tell a reader whether the answer to an exercise is right, or what is wrong with it.

`_check_3_2` checks exercise 3.2. It computes the truth from the digits at hand, so that it holds
on MNIST and on the stand-in, and returns None, or a sentence that helps if the answer is wrong.
"""

import csv
from collections.abc import Callable

import numpy as np
from PIL import Image
from scipy import ndimage, spatial

from digitlib import training
from digitlib.datasets import Dataset, load_digits
from digitlib.datasets.digits import small_digits
from digitlib.files import PRETRAINED, SAMPLES
from digitlib.models import load_network
from digitlib.reading.ink import find_ink, written

NO_RETURN = "It returns None: does its last line say return?"
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
    if callable(answer) and name not in CALLABLE:
        print(f"{name}: not yet. The answer is a value, and this can be called: what does it give?")
        return
    try:
        wrong = CHECKS[name](answer, digits or load_digits())
    except Exception as error:  # whatever a reader gives, the notebook goes on
        why = f"{type(error).__name__}: {error}"
        wrong = f"This answer cannot be checked ({why}); see the exercise."
    print(f"{name}: right!" if wrong is None else f"{name}: not yet. {wrong}")


def _failed(error: Exception, given: str) -> str:
    return f"The function fails ({type(error).__name__}: {error}); it gets {given}"


# Notebook 1: the data
def _means(images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return np.stack([images[labels == digit].mean(axis=0).ravel() for digit in range(10)])


def _nearest_mean_accuracy(means: np.ndarray, images: np.ndarray, labels: np.ndarray) -> float:
    means = means.astype(np.float32)
    # |a - b|^2 = |a|^2 - 2ab + |b|^2, and |a|^2 is the same for every mean.
    far = (means**2).sum(axis=1) - 2 * images.reshape(len(images), -1).astype(np.float32) @ means.T
    return float(np.mean(far.argmin(axis=1) == labels))


def _check_1_1(answer, digits: Dataset) -> str | None:
    if isinstance(answer, int | np.integer):
        return "The answer is a pair: divmod(place, 10) makes one of a place in a table of 10 x 10."
    pair = np.array(list(answer)).ravel().tolist()
    if len(pair) != 2 or not set(pair) <= set(range(10)):
        return f"The answer is two digits, such as (2, 5); this is {answer!r}."
    first, second = map(int, pair)
    if first == second:
        return "Each digit lies at distance 0 from itself; compare different digits only."
    means = _means(digits.train_images, digits.train_labels)
    distance = np.linalg.norm(means[:, None] - means, axis=2)
    closer = int((distance[np.triu_indices(10, 1)] < distance[first, second] - 1e-6).sum())
    if closer == 44:
        return "These two are the least similar of all pairs: look for the smallest distance."
    return f"More similar pairs than this one: {closer} of 45." if closer else None


def _check_1_2(answer, digits: Dataset) -> str | None:
    if np.size(answer) != 1:
        return f"The answer is one number; this has shape {np.shape(answer)}. Take the mean?"
    share = float(np.squeeze(answer))
    if not 0 <= share <= 1:
        return "The answer is between 0 and 1: images read right / all validation images."
    images, labels = digits.train_images, digits.train_labels
    cut = len(images) * 11 // 12
    means, valid = _means(images[:cut], labels[:cut]), (images[cut:], labels[cut:])
    truth = _nearest_mean_accuracy(means, *valid)
    if abs(share - truth) < 1e-6:
        return None
    if abs(share - _nearest_mean_accuracy(_means(images, labels), *valid)) < 1e-6:
        return "Your means have seen the validation images, too: leave the last 5,000 out of them."
    if abs(share - truth) < ROUNDED:
        return None
    if abs(1 - share - truth) < ROUNDED:
        return "That is the share of mistakes; asked for is the share read right."
    if share < 0.5:
        return (
            "So few? The nearest mean has the smallest distance, and a difference between arrays "
            "of uint8 wraps below 0: convert to float32 first."
        )
    if abs(share - _nearest_mean_accuracy(means, images[:cut], labels[:cut])) < ROUNDED:
        return "That is the accuracy on the images that made the means; use the last 5,000."
    if abs(share - _nearest_mean_accuracy(means, digits.test_images, digits.test_labels)) < ROUNDED:
        return "That is the accuracy on the test images; they stay closed until notebook 3."
    flat = [images.reshape(len(images), -1) for images in (means, valid[0])]
    summed = spatial.distance.cdist(flat[1], flat[0], "cityblock").argmin(axis=1)
    if abs(share - np.mean(summed == valid[1])) < ROUNDED:
        return "That is the sum of absolute differences; square them, add them up, take the root."
    return "Compare each of the last 5,000 with all ten means, and take the digit of the nearest."


def _covariances(image: np.ndarray) -> np.ndarray:
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    return np.cov(rows.ravel(), columns.ravel(), aweights=image.ravel(), ddof=0)


def _check_1_3(slant, digits: Dataset) -> str | None:
    if not callable(slant):
        return "The answer is a function of one image: give its name, without calling it."
    images = digits.train_images[:50]
    given = []
    for image in images:
        result = slant(passed := image.copy())
        if result is None:
            return NO_RETURN
        if np.shape(result) != ():
            return f"For one image it returns shape {np.shape(result)}; expected is one number."
        if not np.array_equal(passed, image):
            return "It changes the image that it is given: work on a copy."
        given.append(float(result))
    if np.ptp(given) == 0:
        return "It gives the same number for every image: does it use its argument?"
    tables = np.array([_covariances(image) for image in images])
    row, both, column = tables[:, 0, 0], tables[:, 0, 1], tables[:, 1, 1]
    if np.allclose(given, both / row, atol=ROUNDED):
        return None
    inked = np.array([_covariances(image > 0) for image in images])
    squared = np.array([_covariances(image.astype(float) ** 2) for image in images])
    down, across = np.transpose([ndimage.center_of_mass(image) for image in images]) - 14
    likely = [
        (-both / row, "The sign is the other way round: rows are counted downwards."),
        (both / column, "Divide by the variance of the row, not by that of the column."),
        (both, "That is the covariance; now divide it by the variance of the row."),
        (both / np.sqrt(row), "Divide by the variance of the row, not by its standard deviation."),
        (both / np.sqrt(row * column), "That is the correlation; divide by the row's variance."),
        (both / np.var(np.arange(28)), "The variance of the row must be weighted by the ink, too."),
        (inked[:, 0, 1] / inked[:, 0, 0], "Weight each pixel by its value, not by ink or no ink."),
        (squared[:, 0, 1] / squared[:, 0, 0], "Weight each pixel by its value, not by its square."),
        (
            (both + down * across) / (row + down**2),
            "Measure rows and columns from the centre of mass of each image, not from 14.",
        ),
    ]
    for wrong, hint in likely:
        if np.allclose(given, wrong, rtol=0.03, atol=ROUNDED):
            return hint
    worst = np.abs(given - both / row).argmax()
    true = both[worst] / row[worst]
    wraps = " Does a product of uint8 wrap?" if abs(given[worst] - true) > 1 else ""
    return f"For training image {worst} you get {given[worst]:.3f}; it is {true:.3f}.{wraps}"


# Notebook 2: the network

CONVOLUTION = 32 * (5 * 5 + 1)  # parameters of the first layer
LAST = 10 * (256 + 1)  # and of the last
HELD = 297  # of scikit-learn's images score in exercise 2.3; 1,500 are to learn from
WELL = 0.9  # of them are read by a network that has learned


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
        hint = f"To a rising stroke it answers with {rising:.1f}, and ReLU leaves nothing of that. "
        if window[row + column == 0].min() > 0:
            return hint + "The stroke is three pixels wide: weights beside the diagonal count, too."
        return hint + "Where does / lie? Row 0 is the upper one."
    what = f"{best} stroke".replace(", without a stroke", "")
    hint = f"It answers to {what} with {found[best]:.1f}, to a rising stroke with {rising:.1f}: "
    return None if rising > found[best] else hint + "take weight away where / is not."


def _parameters(pool: int, convolved: int = 24, bias: int = 1, maps: int = 32) -> int:
    flat = maps * (convolved // pool) ** 2
    return 32 * (5 * 5 + bias) + 256 * (flat + bias) + 10 * (256 + bias)


def _check_2_2(answer, digits: Dataset) -> str | None:
    if np.size(answer) != 1:
        return f"The answer is one number, the sum for all layers; these are {np.size(answer)}."
    likely = {
        _parameters(3): "That is the network as it is, with a pool of 3 x 3.",
        _parameters(2, bias=0): "Nearly: each filter and each unit has a bias as well.",
        _parameters(2, convolved=28): "A window of 5 x 5 fits into 28 x 28 at 24 x 24 places only.",
        _parameters(2, maps=1): "The pool leaves 32 maps, one for each filter, and not one.",
        _parameters(1): "That is without any pool: what do 2 x 2 leave of 24 x 24 numbers?",
        _parameters(2) - CONVOLUTION: "Nearly: the convolution has parameters, too.",
        _parameters(2) - LAST: "Nearly: the last layer has parameters, too.",
        _parameters(2): None,
    }
    hint = "Convolution: 24 x 24 x 32. What does a pool of 2 leave of it, and who weighs that?"
    return likely.get(int(answer), hint)


def _divides(network) -> bool:
    """Return whether a network divides its pixels itself, by a layer Rescaling(1 / 255)."""
    scaling = [one for one in getattr(network, "layers", ()) if type(one).__name__ == "Rescaling"]
    return any(np.max(layer.scale) < 1 for layer in scaling)


def _check_2_3(network, digits: Dataset) -> str | None:
    if not hasattr(network, "predict") or not hasattr(network, "layers"):
        if hasattr(network, "history"):
            return "That is what fit returns; the answer is the network that it was called on."
        return "The answer is the network itself, not its score or what it predicts."
    if not network.built:
        return "It does not know the shape of its images: begin with a keras.Input."
    if tuple(network.input_shape[1:]) not in ((8, 8, 1), (8, 8)):
        return f"It takes images of {network.input_shape[1:]}; these are (8, 8, 1)."
    if not any("Conv2D" in type(layer).__name__ for layer in network.layers):
        return "It has no convolution: it may read well, but it has to have a Conv2D layer."
    images, labels = (part[:HELD] for part in small_digits())
    images = images[..., None] / (1 if _divides(network) else 16)
    probabilities = np.asarray(network.predict(images, verbose=0))
    if probabilities.shape != (len(images), 10):
        return f"For an image it gives shape {probabilities.shape[1:]}; there are ten classes."
    if probabilities.min() < 0 or not np.allclose(probabilities.sum(axis=1), 1, atol=1e-3):
        return "Its ten outputs do not sum to 1: which activation makes them probabilities?"
    share = np.mean(probabilities.argmax(axis=1) == labels)
    if share >= WELL:
        return None
    unscaled = np.asarray(network.predict(16 * images, verbose=0)).argmax(axis=1)
    scores = f"It reads {share:.0%} of the first {len(images)} images: "
    if np.mean(unscaled == labels) >= WELL:
        return scores + "it has learned from values up to 16; divide by 16."
    if share < 0.3:
        return scores + "a guess. Has this network been fitted, to images and labels in one order?"
    return scores + "more epochs or more filters may help."


# Notebook 3: training
def _check_3_1(cross_entropy, digits: Dataset) -> str | None:
    if not callable(cross_entropy):
        return "Give the function itself, without calling it: answer = cross_entropy."
    rng = np.random.default_rng(0)
    probabilities, labels = rng.dirichlet(np.ones(10), 40), rng.integers(0, 10, 40)
    inputs = probabilities.copy(), labels.copy()
    try:
        given = cross_entropy(*inputs)
    except Exception as error:  # whatever a reader's function does
        return _failed(error, "probabilities (40, 10) and labels (40,).")
    if given is None:
        return NO_RETURN
    given = np.asarray(given)
    if not (np.array_equal(inputs[0], probabilities) and np.array_equal(inputs[1], labels)):
        return "The function changes the arrays that it is given; let it work on a copy."
    if given.shape != ():
        return f"The function returns shape {given.shape}; expected one number, the average."
    right = -np.log(probabilities[np.arange(40), labels]).mean()
    if np.isclose(given, right, rtol=1e-4):
        return None
    if np.isclose(given, -np.log(probabilities[:, labels]).mean()):
        return (
            f"You get {given:.3f}, it should be {right:.3f}. probabilities[:, labels] takes forty "
            "columns of every row; take one number a row: its row number and its label."
        )
    if np.isclose(given, -np.log(probabilities.max(axis=1)).mean()):
        return f"You get {given:.3f}: that takes the largest probability, not the right digit's."
    likely = [(-1.0, "a sign"), (40.0, "sum, not mean"), (0.1, "averaged over digits, too")]
    likely += [(1 / np.log(10), "log10"), (1 / np.log(2), "log2")]
    why = next((f" ({hint}?)" for f, hint in likely if np.isclose(given, f * right)), "")
    return f"For 40 made-up images you get {given:.3f}{why}; it should be {right:.3f}."


def _check_3_2(epochs, digits: Dataset) -> str | None:
    def steps(batch: int, images: int = len(digits.train_labels) * 11 // 12) -> int:
        return -(-images // batch)  # the last batch need not be full

    wanted, each, floored = 4 * steps(64), steps(640), len(digits.train_labels) * 11 // 12 // 640
    likely: dict[float, str | None] = {
        -(-wanted // each): None,
        4: "As many epochs show each image as often, but in a tenth of the steps.",
        wanted: "That many steps the four epochs have; asked for are epochs.",
        each: "That many steps one epoch has with batches of 640; asked for are epochs.",
    }
    likely.setdefault(-(-wanted // floored), "A last batch that is not full is a step, too.")
    hint = "Count the steps of four epochs with 64, and those of one epoch with 640."
    return likely.get(float(epochs), hint)


def _check_3_3(network, digits: Dataset) -> str | None:
    if isinstance(network, type) or not hasattr(network, "count_params"):
        return "Give the trained network itself, not what fit or evaluate returned."
    if not network.built:
        return "It has no weights yet: begin with keras.Input((28, 28, 1)), and fit it."
    if tuple(network.input_shape[1:]) != (28, 28, 1) or tuple(network.output_shape) != (None, 10):
        shapes = f"{network.input_shape} and gives {network.output_shape}"
        return f"The network takes {shapes}; expected are (None, 28, 28, 1) and (None, 10)."
    if (count := network.count_params()) > 100_000:
        return f"It has {count:,} parameters. Which layer has most of them, and what feeds it?"
    cut, few = len(digits.train_labels) * 11 // 12, len(digits.train_labels) < 10_000
    accuracy = 0.0
    for scale in (1, 255):  # either the network divides, or the learner did
        x = digits.train_images[cut:, ..., None] / np.float32(scale)
        probabilities = np.asarray(network.predict(x, verbose=0))
        if not np.allclose(probabilities.sum(axis=1), 1, atol=0.01):
            return "Its ten outputs do not add up to 1: the last layer needs softmax."
        right = probabilities.argmax(axis=1) == digits.train_labels[cut:]
        accuracy = max(accuracy, float(np.mean(right)))
    wanted = 0.85 if few else 0.97  # from a few hundred images one learns less
    if accuracy >= wanted:
        return None
    said = f"It reads {accuracy:.1%} of the validation images; {wanted:.0%} are asked for. "
    if accuracy < 0.3:
        return said + "Has it been fitted, and to one-hot labels?"
    if not _divides(network):
        return said + "Pixels from 0 to 1 are easier to learn from: put Rescaling(1 / 255) first."
    return said + "Let it train for another epoch, or give it more filters."


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
        return f"Give five accuracies, one per angle, in a list; this has {given.size}."
    if given.max() > 1:
        return "Accuracies are asked for as shares of 1, as np.mean gives them."
    images, labels, angles = images[:500], labels[:500], (0, 10, 20, 30, 40)

    def accuracies(turned) -> np.ndarray:
        return np.array([np.mean(network(one).argmax(axis=1) == labels) for one in turned])

    true = accuracies(_turned(images, angle) for angle in angles)
    wrong = ~(np.abs(given - true) <= ROUNDED)  # what is not a number is wrong, too
    if not wrong.any():
        return None
    if np.allclose(given, 1 - true, atol=ROUNDED):
        return "These are the shares of mistakes; asked for are those read right."
    if np.allclose(given, true[::-1], atol=ROUNDED):
        return "These are in the reverse order: begin with the upright images."
    if np.allclose(given, accuracies(_turned(images, -angle) for angle in angles), atol=ROUNDED):
        return "You turn the other way: take positive angles, and axes=(1, 2) in this order."
    which = ", ".join(f"{angle}" for angle, bad in zip(angles, wrong, strict=True) if bad)
    return (
        f"Wrong at {which} degrees. Turn valid_images[:500], each time from upright, and let ask "
        "divide the pixels."
    )


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
    again = (
        "Take a fresh copy inside the loops. If you covered valid_images itself, run the cell that "
        "makes it once more."
    )
    black = network(image[None])[0]
    likely = [
        (true, None),
        (true.T, "Rows and columns are exchanged."),
        (maps[:, read], f"That is how sure it is of {read}, its answer; the label is asked for."),
        (maps.max(axis=1), "That is its largest probability each time; the label's is asked for."),
        (network(in_place)[:, labels[doubted]], f"The squares add up. {again}"),
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
    if np.size(answer) != 1 or float(np.squeeze(answer)) % 1:
        return "The answer is one whole number, how many images to hand on."
    answer = int(np.squeeze(answer))
    if answer == true:
        return None
    left = wrong[answer:].mean() if 0 <= answer < len(wrong) else 0
    what = "fewer would do" if left <= 0.001 else "that leaves too many mistakes"
    return f"After handing on {answer}, the error rate of the rest is {left:.3%}: {what}."


ENOUGH = 0.95  # of upright and of turned images that the network of exercise 4.4 has to read


def _check_4_4(answer, digits: Dataset) -> str | None:
    if not hasattr(answer, "predict") and hasattr(answer, "history"):
        return "That is what fit returns, its history; give the network that was trained."
    if not hasattr(answer, "predict"):
        return "The answer is the trained network itself, not its accuracy or its predictions."
    images, labels, _ = _validation(digits)

    highest = 1 if _divides(answer) else 255

    def accuracy(images: np.ndarray, highest=highest) -> float:
        x = images[..., None] / np.float32(highest)
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
    if not _divides(answer) and accuracy(images, highest=1) > upright:
        return scores + "it has learned from pixels up to 255; divide them, as ask does."
    return scores + "let it learn from more turned images, or for another epoch."


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
    found, _ = find_ink(np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2))
    return written(found) > 0.5


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
            image = without_crumbs(given)
        except Exception as error:  # whatever a reader's function does
            return _failed(error, "what open_grey returns, an array.")
        if image is None:
            return NO_RETURN
        image = np.asarray(image)
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
    for numbers in ([0.8, 0.9, 0.5], [0.7, 0.6]):
        result = whole(passed := list(numbers))
        if result is None:
            return NO_RETURN
        if passed != numbers:
            return "It changes the list that it is given: let it only read it."
        given, right = float(result), float(np.prod(numbers))
        if not np.isclose(given, right, atol=1e-3):
            break
    else:
        return None
    likely = {"their mean": np.mean(numbers), "their least": np.min(numbers)}
    likely |= {
        "the first one": numbers[0],
        "their largest": np.max(numbers),
        "1 minus what it should be": 1 - right,
    }
    likely["how sure it is that any of them is right"] = 1 - np.prod(1 - np.array(numbers))
    like = next((f", {n}" for n, v in likely.items() if np.isclose(given, v, atol=1e-3)), "")
    return f"For {numbers} you get {given:.2f}{like}; all of them have to be right at once."


EXERCISES = (
    (_check_1_1, _check_1_2, _check_1_3),
    (_check_2_1, _check_2_2, _check_2_3),
    (_check_3_1, _check_3_2, _check_3_3),
    (_check_4_1, _check_4_2, _check_4_3, _check_4_4),
    (_check_5_1, _check_5_2, _check_5_3),
)
CALLABLE = {"1.3", "2.3", "3.1", "3.3", "4.4", "5.2", "5.3"}  # functions and networks
CHECKS = {f"{n}.{i}": one for n, row in enumerate(EXERCISES, 1) for i, one in enumerate(row, 1)}
