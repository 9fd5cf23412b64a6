"""The checks of notebook 1's exercises, on the stand-in."""

import dataclasses

import numpy as np
import pytest

from digitlib.datasets.digits import load_digits

DIGITS = load_digits("uci")


@pytest.fixture(scope="module")
def means():
    images, labels = DIGITS.train_images, DIGITS.train_labels
    return np.stack([images[labels == digit].mean(axis=0).ravel() for digit in range(10)])


def pairs_by_distance(means):
    pairs = [(i, j) for i in range(10) for j in range(i)]
    return sorted(pairs, key=lambda pair: np.linalg.norm(means[pair[0]] - means[pair[1]]))


def nearest_mean(means, images, labels):
    guesses = [np.linalg.norm(means - image.ravel(), axis=1).argmin() for image in images]
    return np.mean(guesses == labels)


def slants(images, labels):
    """Return the mean slant of each digit, by NumPy's own weighted covariance."""
    rows, columns = (axis.ravel() for axis in np.mgrid[:28, :28])
    tables = [np.cov(rows, columns, aweights=image.ravel(), ddof=0) for image in images]
    slant = np.array([table[0, 1] / table[0, 0] for table in tables])
    return [slant[labels == digit].mean() for digit in range(10)]


def test_unanswered(said):
    for name in ("1.1", "1.2", "1.3"):
        assert said(name, ...) == f"{name}: not answered yet"


def test_the_most_similar_pair(said, means):
    first, second = pairs_by_distance(means)[0]
    assert said("1.1", (first, second)) == "1.1: right!"
    assert said("1.1", [np.int64(second), np.int64(first)]) == "1.1: right!"
    assert said("1.1", {first, second}) == "1.1: right!"


def test_another_pair(said, means):
    ordered = pairs_by_distance(means)
    assert "2 of the 45 pairs are more similar" in said("1.1", ordered[2])
    assert "least similar" in said("1.1", ordered[-1])
    assert "distance 0" in said("1.1", (3, 3))


@pytest.mark.parametrize("answer", [(1, 2, 3), (4, 12), "49!", 7, "banana", [["a"], ["b"]]])
def test_no_pair(said, answer):
    assert said("1.1", answer).startswith("1.1: not yet.")


def test_the_nearest_mean(said, means):
    share = nearest_mean(means, DIGITS.test_images, DIGITS.test_labels)
    assert said("1.2", share) == said("1.2", round(share, 2)) == "1.2: right!"
    assert said("1.2", np.array([share])) == "1.2: right!"


def test_another_share(said, means):
    assert "nearest one" in said("1.2", 0.1)
    assert "between 0 and 1" in said("1.2", 90.0)
    assert "between 0 and 1" in said("1.2", np.arange(500))
    assert said("1.2", "many").startswith("1.2: not yet.")
    assert "between 0 and 1" in said("1.2", float("nan"))


def test_the_share_of_the_training_images(said, means):
    # On the stand-in both shares round to the same: so label the test images wrongly.
    wrong = dataclasses.replace(DIGITS, test_labels=(DIGITS.test_labels + 1) % 10)
    share = nearest_mean(means, DIGITS.train_images, DIGITS.train_labels)
    assert "use the test images" in said("1.2", share, wrong)


def test_the_slants(said):
    right = slants(DIGITS.test_images, DIGITS.test_labels)
    assert said("1.3", right) == said("1.3", np.round(right, 2)) == "1.3: right!"


def test_other_slants(said):
    right = np.array(slants(DIGITS.test_images, DIGITS.test_labels))
    assert "counted downwards" in said("1.3", -right)
    training = slants(DIGITS.train_images, DIGITS.train_labels)
    assert "use the test images" in said("1.3", training)
    off = right + 0.01 * np.arange(10)
    assert "digit 9 is furthest off" in said("1.3", off)
    assert "shape (3,)" in said("1.3", [1, 2, 3])
    assert said("1.3", ["a"] * 10).startswith("1.3: not yet.")
