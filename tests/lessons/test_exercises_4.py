"""Each check of notebook 04 knows a right answer, a wrong one, and nonsense."""

import numpy as np
import pytest
from scipy import ndimage

from digitlib.datasets.digits import load_digits
from digitlib.lessons import exercises


@pytest.fixture(scope="module")
def validation():
    """Return the stand-in's validation images, labels and probabilities, and the network."""
    images, labels, network = exercises._validation(load_digits("uci"))
    return images, labels, network, network(images)


def test_turned_images(said, validation):
    images, labels, network, _ = validation
    right = []
    for angle in (0, 10, 20, 30, 40):
        turned = ndimage.rotate(images[:500], angle, axes=(1, 2), reshape=False, order=1)
        right.append(np.mean(network(turned).argmax(axis=1) == labels[:500]))
    assert said("4.1", right) == "4.1: right!"
    assert "At 0 degrees the accuracy is" in said("4.1", [right[0] - 0.1, *right[1:]])
    assert "Five accuracies" in said("4.1", right[:3])
    assert "cannot be checked" in said("4.1", "high")


def test_occlusion_map(said, validation):
    images, labels, network, probabilities = validation
    doubted = probabilities.max(axis=1).argmin()
    right = np.zeros((7, 7))
    for row in range(7):
        for column in range(7):
            covered = images[doubted].copy()
            covered[4 * row : 4 * row + 4, 4 * column : 4 * column + 4] = 0
            right[row, column] = network(covered[None])[0, labels[doubted]]
    assert said("4.2", right) == "4.2: right!"
    assert "exchanged" in said("4.2", right.T)
    assert "off by up to" in said("4.2", 1 - right)
    assert "(7, 7) array is asked for" in said("4.2", right.ravel())


def test_passing_on(said, validation):
    _, labels, _, probabilities = validation
    order = np.argsort(probabilities.max(axis=1), kind="stable")
    wrong = (probabilities.argmax(axis=1) != labels)[order]
    right = next(n for n in range(len(wrong) + 1) if n == len(wrong) or wrong[n:].mean() <= 0.001)
    assert said("4.3", right) == "4.3: right!"
    assert "too many mistakes" in said("4.3", right - 1)
    assert "fewer would do" in said("4.3", right + 1)
    assert "whole number" in said("4.3", 0.1)


@pytest.mark.parametrize("name", ["4.1", "4.2", "4.3"])
def test_unanswered(said, name):
    assert said(name, ...) == f"{name}: not answered yet"


def test_an_unknown_exercise():
    with pytest.raises(ValueError, match="There is no exercise"):
        exercises.check("9.9", 1)
