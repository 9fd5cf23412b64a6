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


def slant(image):
    rows, columns = np.mgrid[:28, :28]
    table = np.cov(rows.ravel(), columns.ravel(), aweights=image.ravel())
    return table[0, 1] / table[0, 0]


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
    assert "More similar pairs than this one: 2 of 45." in said("1.1", ordered[2])
    assert "least similar" in said("1.1", ordered[-1])
    assert "distance 0" in said("1.1", (3, 3))
    assert "divmod" in said("1.1", np.int64(49))
    assert "The answer is two digits" in said("1.1", np.array([[4, 9], [9, 4]]))


@pytest.mark.parametrize("answer", [(1, 2, 3), (4, 12), "49!", 7, "banana", [["a"], ["b"]]])
def test_no_pair(said, answer):
    assert said("1.1", answer).startswith("1.1: not yet.")


IMAGES, LABELS = DIGITS.train_images, DIGITS.train_labels
CUT = len(IMAGES) * 11 // 12
VALID = IMAGES[CUT:], LABELS[CUT:]


def means_of(images, labels):
    return np.stack([images[labels == digit].mean(axis=0).ravel() for digit in range(10)])


@pytest.fixture(scope="module")
def share():
    return nearest_mean(means_of(IMAGES[:CUT], LABELS[:CUT]), *VALID)


def test_the_nearest_mean(said, share):
    assert said("1.2", share) == said("1.2", round(share, 2)) == "1.2: right!"
    assert said("1.2", np.array([share])) == "1.2: right!"


def test_another_share(said, share):
    assert "of the nearest" in said("1.2", 0.6)
    assert "between 0 and 1" in said("1.2", 100 * share)
    assert "between 0 and 1" in said("1.2", int(share * len(VALID[0])))
    assert "between 0 and 1" in said("1.2", float("nan"))
    assert "shape (500,)" in said("1.2", np.arange(500))
    assert "share of mistakes" in said("1.2", 1 - share)
    assert "this can be called" in said("1.2", nearest_mean)
    assert said("1.2", "many").startswith("1.2: not yet.")


def test_differences_that_wrap(said):
    means = means_of(IMAGES[:CUT], LABELS[:CUT]).astype(np.uint8)
    assert "uint8 wraps" in said("1.2", nearest_mean(means, *VALID))


def test_the_share_of_other_images(said):
    means = means_of(IMAGES[:CUT], LABELS[:CUT])
    # On the stand-in these shares are close to the right one: so label the others wrongly.
    labels = DIGITS.test_labels.copy()
    labels[::3] = (labels[::3] + 1) % 10
    wrong = dataclasses.replace(DIGITS, test_labels=labels)
    share = nearest_mean(means, wrong.test_images, wrong.test_labels)
    assert "stay closed" in said("1.2", share, wrong)
    labels = LABELS.copy()
    labels[CUT::3] = (labels[CUT::3] + 1) % 10
    harder = dataclasses.replace(DIGITS, train_labels=labels)
    share = nearest_mean(means, IMAGES[:CUT], LABELS[:CUT])
    assert "that made the means" in said("1.2", share, harder)


def test_means_that_have_seen_the_validation_images(said):
    # With so few images it shows: 9 of 10 right, or all ten.
    few = dataclasses.replace(DIGITS, train_images=IMAGES[:120], train_labels=LABELS[:120])
    means = means_of(few.train_images, few.train_labels)
    share = nearest_mean(means, IMAGES[110:120], LABELS[110:120])
    assert "seen the validation images" in said("1.2", share, few)


def test_the_sum_of_absolute_differences(said):
    means = means_of(IMAGES[:CUT], LABELS[:CUT])
    guesses = [np.abs(means - image.ravel()).sum(axis=1).argmin() for image in VALID[0]]
    assert "absolute" in said("1.2", np.mean(guesses == VALID[1]))


def test_the_slant(said):
    assert said("1.3", slant) == "1.3: right!"
    assert said("1.3", lambda image: round(slant(image), 2)) == "1.3: right!"


def table(image):
    rows, columns = np.mgrid[:28, :28]
    return np.cov(rows.ravel(), columns.ravel(), aweights=image.ravel())


def changed(image):
    answer = slant(image)
    image[:] = 0
    return answer


def from_14(image):
    rows, columns = np.mgrid[-14:14, -14:14]
    return (image * rows * columns).sum() / (image * rows**2).sum()


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda image: -slant(image), "counted downwards"),
        (lambda image: table(image)[0, 1] / table(image)[1, 1], "not by that of the column"),
        (lambda image: table(image)[0, 1], "now divide"),
        (lambda image: table(image)[0, 1] / np.var(np.mgrid[:28, :28][0]), "weighted by the ink"),
        (lambda image: slant(image > 0), "ink or no ink"),
        (lambda image: table(image)[0, 1] / table(image)[0, 0] ** 0.5, "standard deviation"),
        (lambda image: slant(image.astype(float) ** 2), "by its square"),
        (from_14, "not from 14"),
        (lambda image: slant(image) + 0.1, "training image"),
        (lambda image: slant(image) - 2, "uint8 wrap"),
        (lambda image: None, "return?"),
        (table, "shape (2, 2)"),
        (changed, "work on a copy"),
        (0.3, "without calling it"),
        ([0.1] * 10, "without calling it"),
        (lambda: 0, "cannot be checked"),
    ],
)
def test_other_slants(said, wrong, hint):
    assert hint in said("1.3", wrong)


def test_the_correlation(said):
    def correlation(image):
        covariances = table(image)
        return covariances[0, 1] / np.sqrt(covariances[0, 0] * covariances[1, 1])

    assert "the correlation" in said("1.3", correlation)
