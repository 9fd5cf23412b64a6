"""Checks that tell a reader whether the answer to an exercise is right, or what is wrong with it.

A check computes the truth from the digits at hand, so that it holds on MNIST and on the stand-in.
It returns None where the answer is right, and otherwise a sentence that helps.
"""

import numpy as np
from scipy import ndimage

from digitlib.datasets import load_digits


def check(name: str, answer=...) -> None:
    """Print whether an answer is right.

    Parameters
    ----------
    name : str
        The exercise's number, such as "1.2": notebook 1, exercise 2.
    answer : optional
        What the exercise asks for; `...` or None while it is not answered.

    Raises
    ------
    ValueError
        If there is no such exercise.
    """
    if name not in CHECKS:
        raise ValueError(f"There is no exercise {name!r}; there are {', '.join(CHECKS)}.")
    if answer is None or answer is ...:
        print(f"{name}: not answered yet")
        return
    try:
        wrong = CHECKS[name](answer)
    except Exception as error:  # whatever a reader gives, the notebook goes on
        wrong = f"this answer cannot be checked ({type(error).__name__}: {error}); see the exercise"
    print(f"{name}: right!" if wrong is None else f"{name}: not yet. {wrong}")


def _validation():
    """Return notebook 4's validation images, labels and probabilities, and its network."""
    from digitlib.loading import load_network
    from digitlib.recipes import recipe_for
    from digitlib.recognizer import PRETRAINED
    from digitlib.training import split

    digits = load_digits()
    _, validate = split(digits, recipe_for("classic", digits))
    network = load_network(PRETRAINED / "classic.keras")
    images, labels = digits.train_images[validate], digits.train_labels[validate].astype(int)
    return images, labels, network


def _check_4_1(answer):
    images, labels, network = _validation()
    given = np.asarray(answer, float).ravel()
    if given.shape != (5,):
        return f"Five accuracies are asked for, one an angle; these are {given.size} numbers."
    for angle, accuracy in zip((0, 10, 20, 30, 40), given, strict=True):
        turned = ndimage.rotate(images[:500], angle, axes=(1, 2), reshape=False, order=1)
        true = np.mean(network(turned).argmax(axis=1) == labels[:500])
        if abs(true - accuracy) > 0.02:
            return f"At {angle} degrees the accuracy is {true:.1%}, not {accuracy:.1%}."
    return None


def _check_4_2(answer):
    images, labels, network = _validation()
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


def _check_4_3(answer):
    images, labels, network = _validation()
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


def _check_5_1(centred):
    from digitlib.imaging import prepare
    from digitlib.recognizer import SAMPLES

    image = prepare(SAMPLES / "dark_on_light.png").lines[0].glyphs[0, 1].image
    rows, columns = (np.flatnonzero(image.any(axis)) for axis in (1, 0))
    for shift in ((1 - rows[0], 26 - columns[-1]), (26 - rows[-1], 1 - columns[0]), (0, 0)):
        moved = np.roll(image, shift, axis=(0, 1))
        result = np.asarray(centred(moved.copy()))
        if result.shape != (28, 28):
            return f"The function returns shape {result.shape}; expected an image, (28, 28)."
        if abs(result.sum(dtype=float) / moved.sum(dtype=float) - 1) > 0.05:
            return "The ink itself has changed: the sum of all pixels should stay the same."
        off = np.abs(_centre(result) - 13.75).max()
        if off > 1.25:
            return f"The centre of mass is {off:.1f} pixels off. Rows first? Which way is down?"


def _centre(image):
    return np.array(np.nonzero(image)) @ image[np.nonzero(image)] / image.sum(dtype=float)


def _check_5_2(answer):
    from digitlib.ink import find_ink
    from digitlib.pictures import open_picture
    from digitlib.recognizer import SAMPLES

    name, ink = answer
    colours = open_picture(SAMPLES / name).colours
    grey, ink = colours.mean(axis=2), np.asarray(ink)
    if ink.shape != grey.shape or ink.dtype != bool:
        return f"The ink is {ink.dtype} of shape {ink.shape}; expected bool of {grey.shape}."
    expected = grey < (float(grey.min()) + float(grey.max())) / 2
    expected = expected if expected.mean() < 0.5 else ~expected
    if (ink == expected).mean() < 0.001:
        return "That is the paper: ink is on the side with fewer pixels."
    if (ink != expected).mean() > 0.01:
        return "That is not what lies on one side of the grey value half way."
    found = find_ink(colours) > 0.5
    if (found & ink).sum() > 0.5 * (found | ink).sum():
        return f"In {name} the threshold does find the digit; look at the ink of the others."


def _check_5_3(whole):
    numbers = [0.9, 0.8, 0.5]
    given, right = float(whole(list(numbers))), float(np.prod(numbers))
    if not np.isclose(given, right, atol=1e-3):
        likely = {"mean": np.mean(numbers), "least": np.min(numbers), "largest": np.max(numbers)}
        like = next((f", their {n}" for n, v in likely.items() if np.isclose(given, v)), "")
        return f"For {numbers} you get {given:.2f}{like}; all three have to be right at once."


CHECKS = {
    "4.1": _check_4_1,
    "4.2": _check_4_2,
    "4.3": _check_4_3,
    "5.1": _check_5_1,
    "5.2": _check_5_2,
    "5.3": _check_5_3,
}
