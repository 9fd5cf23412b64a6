"""Checks for the exercises of notebooks 3 and 4; see `digitlib.exercises`."""

import numpy as np
from scipy import ndimage

from digitlib.checks_images import _digits
from digitlib.recipes import recipe_for


def _check_3_1(steps) -> str | None:
    recipe, total = recipe_for("classic", _digits()), len(_digits().train_labels)
    each = int(total * (1 - recipe.validation_fraction)) // recipe.batch_size
    likely = {
        each: "That is one epoch; the recipe has more of them.",
        (each + 1) * recipe.epochs: "A last batch that is not full is left out.",
        total // recipe.batch_size * recipe.epochs: "The validation images are not learned from.",
    }
    if steps != each * recipe.epochs:
        return likely.get(steps, "Steps an epoch: images to learn from // images a batch.")


def _check_3_2(cross_entropy) -> str | None:
    rng = np.random.default_rng(0)
    probabilities, labels = rng.dirichlet(np.ones(10), 40), rng.integers(0, 10, 40)
    given = np.asarray(cross_entropy(probabilities.copy(), labels.copy()))
    if given.shape != ():
        return f"The function returns shape {given.shape}; expected one number, the mean."
    right = -np.log(probabilities[np.arange(40), labels]).mean()
    likely = {-1: "a sign", 40: "sum, not mean", np.log10(np.e): "log10", np.log2(np.e): "log2"}
    if not np.isclose(given, right, rtol=1e-3):
        why = next((f" ({w}?)" for f, w in likely.items() if np.isclose(given, f * right)), "")
        return f"For 40 made-up images you get {given:.3f}{why}; it should be {right:.3f}."


def _check_3_3(best_epoch) -> str | None:
    history = {"accuracy": [0.5, 0.7, 0.8, 0.9, 0.97], "val_accuracy": [0.6, 0.7, 0.9, 0.8, 0.9]}
    history |= {"loss": [2.0, 1.0, 0.8, 0.6, 0.3], "val_loss": [1.9, 0.8, 0.7, 0.5, 0.9]}
    likely = {
        2: "Epochs are counted from 1.",
        4: "That is the epoch of the lowest validation loss; asked for is accuracy.",
        5: "That is the last epoch: look at validation, and of equals take the first.",
    }
    if (epoch := best_epoch(history)) != 3:
        return likely.get(epoch, f"You get {epoch}; expected is a whole number from 1.")


def _validation():
    """Return notebook 4's validation images, labels and probabilities, and its network."""
    from digitlib.loading import load_network
    from digitlib.recognizer import PRETRAINED
    from digitlib.training import split

    digits = _digits()
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


CHECKS = {
    "3.1": _check_3_1,
    "3.2": _check_3_2,
    "3.3": _check_3_3,
    "4.1": _check_4_1,
    "4.2": _check_4_2,
    "4.3": _check_4_3,
}
