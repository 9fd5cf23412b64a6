"""Each check of notebook 04 knows a right answer, a wrong one, and nonsense."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import ndimage
from sklearn.model_selection import train_test_split

from digitlib.datasets.digits import load_digits
from digitlib.lessons import exercises


@pytest.fixture(scope="module")
def validation():
    """Return the stand-in's validation images, labels and probabilities, and the network."""
    images, labels, network = exercises._validation(load_digits("uci"))
    return images, labels, network, network(images)


def accuracies(network, images, labels, angles=(0, 10, 20, 30, 40)):
    turned = [
        ndimage.rotate(images[:500], angle, axes=(1, 2), reshape=False, order=1) for angle in angles
    ]
    return np.array([np.mean(network(one).argmax(axis=1) == labels[:500]) for one in turned])


def test_the_validation_images_are_those_of_the_notebook():
    digits = load_digits("uci")
    labels = digits.train_labels
    _, held = train_test_split(
        np.arange(len(labels)), test_size=1 / 12, stratify=labels, random_state=0
    )
    images, given, _ = exercises._validation(digits)
    assert np.array_equal(images, digits.train_images[held])
    assert np.array_equal(given, labels[held])


def test_turned_images(said, validation):
    images, labels, network, _ = validation
    right = accuracies(network, images, labels)
    assert said("4.1", right) == "4.1: right!"
    assert said("4.1", right.round(2)) == "4.1: right!"
    assert "Wrong at 0, 30 degrees" in said("4.1", right - [0.1, 0, 0, 0.1, 0])
    assert "Wrong at 0, 10, 20, 30, 40 degrees" in said("4.1", [np.nan] * 5)
    assert "Give five accuracies" in said("4.1", right[:3])
    assert "shares of 1" in said("4.1", 100 * right)
    assert "shares of mistakes" in said("4.1", 1 - right)
    assert "reverse order" in said("4.1", right[::-1])
    other_way = accuracies(network, images, labels, (0, -10, -20, -30, -40))
    assert "the other way" in said("4.1", other_way)
    assert "cannot be checked" in said("4.1", "high")


def test_the_hint_on_turned_images_does_not_give_them_away(said, validation):
    images, labels, network, _ = validation
    right = accuracies(network, images, labels)
    hint = said("4.1", right - 0.1).replace("500", "")
    assert not any(f"{100 * share:.0f}" in hint for share in right if share > 0.4)


def occlusion(network, image, in_place=False):
    """Return the probabilities (7, 7, 10) with one square covered after the other."""
    maps = np.zeros((7, 7, 10))
    for row in range(7):
        for column in range(7):
            covered = image if in_place else image.copy()
            covered[4 * row : 4 * row + 4, 4 * column : 4 * column + 4] = 0
            maps[row, column] = network(covered[None])[0]
    return maps


def test_occlusion_map(said, validation, monkeypatch):
    images, labels, network, probabilities = validation
    doubted = probabilities.max(axis=1).argmin()
    image, read = images[doubted], probabilities[doubted].argmax()
    labels = labels.copy()
    label = labels[doubted] = probabilities[doubted].argsort()[-2]  # as on MNIST, it is misread
    monkeypatch.setattr(exercises, "_validation", lambda digits: (images, labels, network))
    maps = occlusion(network, image)
    right = maps[..., label]
    assert said("4.2", right) == "4.2: right!"
    assert "exchanged" in said("4.2", right.T)
    assert f"how sure it is of {read}" in said("4.2", maps[..., read])
    assert "largest probability" in said("4.2", maps.max(axis=2))
    assert "no probabilities" in said("4.2", maps.argmax(axis=2))
    assert "one square at a time" in said("4.2", 1 - right)
    assert "(7, 7) array is asked for" in said("4.2", right.ravel())
    assert "the same wherever you cover: is" in said("4.2", np.full((7, 7), 0.777))


def test_an_occlusion_map_of_an_image_changed_in_place(said, validation):
    images, labels, network, probabilities = validation
    doubted = probabilities.max(axis=1).argmin()
    image, label = images[doubted].copy(), labels[doubted]
    first, second = (occlusion(network, image, in_place=True)[..., label] for _ in range(2))
    assert not image.any()
    assert "The squares add up. Take a fresh copy inside the loops." in said("4.2", first)
    assert "covered valid_images itself, run the cell" in said("4.2", second)


def test_passing_on(said, validation):
    _, labels, _, probabilities = validation
    order = np.argsort(probabilities.max(axis=1), kind="stable")
    wrong = (probabilities.argmax(axis=1) != labels)[order]
    right = next(n for n in range(len(wrong) + 1) if n == len(wrong) or wrong[n:].mean() <= 0.001)
    assert said("4.3", right) == "4.3: right!"
    assert said("4.3", float(right)) == "4.3: right!"
    assert "too many mistakes" in said("4.3", right - 1)
    assert "fewer would do" in said("4.3", right + 1)
    assert "whole number" in said("4.3", 0.1)


class Reads:
    """Stands for a network that reads shares of upright images, and of those turned either way."""

    def __init__(self, labels, upright, turned, other_way):
        self.labels, self.shares = labels, [upright, turned, other_way]

    def predict(self, x, batch_size, verbose):
        assert x.shape[1:] == (28, 28, 1)
        if x.max() > 1:  # it has not learned from such pixels
            return np.eye(10)[(self.labels + 1) % 10]
        share = self.shares.pop(0)  # upright, then turned, and then perhaps the other way
        right = np.arange(len(x)) < share * len(x)
        return np.eye(10)[np.where(right, self.labels, (self.labels + 1) % 10)]


@pytest.mark.parametrize(
    ("shares", "hint"),
    [
        ((0.96, 0.96, 0.5), "right!"),
        ((0.99, 0.9, 0.8), "more turned images"),
        ((0.99, 0.8, 0.9), "turned the other way"),
        ((0.9, 0.97, 0.8), "forgotten the upright ones"),
        ((0.1, 0.1, 0.1), "pixels between 0 and 1"),
    ],
)
def test_a_network_that_reads_what_is_turned(said, validation, shares, hint):
    assert hint in said("4.4", Reads(validation[1], *shares))


def test_what_is_no_network(said):
    assert "what fit returns" in said("4.4", SimpleNamespace(history={}))
    assert "the trained network itself" in said("4.4", 0.96)


@pytest.mark.parametrize("name", ["4.1", "4.2", "4.3", "4.4"])
def test_unanswered(said, name):
    assert said(name, ...) == f"{name}: not answered yet"


def test_an_unknown_exercise():
    with pytest.raises(ValueError, match="There is no exercise"):
        exercises.check("9.9", 1)
